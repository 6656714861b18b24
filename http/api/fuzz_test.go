package api_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"entrepot"
	"entrepot/http/api/apitest"
)

// FuzzCursor: whatever is sent as a cursor is a page or a 400 that names it.
func FuzzCursor(f *testing.F) {
	w := apitest.New(f)
	next := w.Want(f, 200, "", "GET", "/api/products?limit=1", nil).Text("nextCursor")
	for _, seed := range []string{"", "x", next, next[:len(next)/2], strings.Repeat("A", 2000), "\x00", "e30", "%", "{\"$gt\":1}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, cursor string) {
		r := w.Call(t, "", "GET", "/api/products?limit=1&cursor="+url.QueryEscape(cursor), nil)
		if r.Status != 200 && (r.Status != 400 || !apitest.Names(r, "cursor")) {
			t.Errorf("%q answered %d %s", cursor, r.Status, r.Raw)
		}
	})
}

// FuzzAmount: whatever is sent as a price is stored exactly or refused by name.
func FuzzAmount(f *testing.F) {
	w := apitest.New(f)
	for _, seed := range []string{"1", "0.01", "19.990", "-1", "1e2", "1E+2", "01", ".5", "1.", "null", `"1"`, "9007199254740993.01", "1e400", "{}", "9223372036854.77"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, amount string) {
		r := w.Call(t, "company_admin", "PATCH", "/api/products/"+w.Mug, `{"price":`+amount+`}`)
		switch r.Status {
		case 400:
			return
		case 200:
		default:
			t.Fatalf("%q answered %d %s", amount, r.Status, r.Raw)
		}
		var sent struct{ Price *entrepot.Amount }
		if err := json.Unmarshal([]byte(`{"price":`+amount+`}`), &sent); err != nil || sent.Price == nil {
			return // null: nothing to change
		}
		want, err := entrepot.ParseMoney("price", string(*sent.Price), "EUR")
		if err != nil || !strings.Contains(string(r.Raw), `"price":`+want.String()+`,`) {
			t.Errorf("%q was stored as %s (%v)", amount, r.Raw, err)
		}
	})
}

package inventory_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"entrepot"
	"entrepot/grains/ecommerce/product"
	"entrepot/grains/inventory/stock"
	"entrepot/http/api/apitest"
)

func TestAdjustAndSettings(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	one := "/api/inventory/items/" + stock.ID(w.Mug, w.ShopA)
	adjust := map[string]any{"delta": -96, "reason": "damaged", "note": "water"}
	for range 2 { // the same request again
		if r := w.Want(t, 200, "shop_manager", "POST", one+"/adjust", adjust, "Idempotency-Key", "a1"); r.At("onHand") != 4.0 || r.At("adjusted") != -96.0 {
			t.Fatalf("adjusted: %s", r.Raw)
		}
	}
	r := w.Want(t, 409, "shop_manager", "POST", one+"/adjust", map[string]any{"delta": -5, "reason": "lost"})
	if r.Text("code") != "out_of_stock" || !strings.Contains(r.Text("detail"), "4 available") {
		t.Errorf("took more than there is: %s", r.Raw)
	}
	for field, body := range map[string]any{
		"delta":  map[string]any{"delta": 0, "reason": "other"},
		"reason": map[string]any{"delta": 1, "reason": "because"},
		"note":   map[string]any{"delta": 1, "reason": "other", "note": strings.Repeat("x", 501)},
	} {
		if r := w.Want(t, 400, "shop_manager", "POST", one+"/adjust", body); r.Text("errors.0.field") != field {
			t.Errorf("%v answered %s", body, r.Raw)
		}
	}
	w.Want(t, 403, "shop_staff", "POST", one+"/adjust", adjust)

	etag := w.Want(t, 200, "shop_manager", "GET", one, nil).Header.Get("ETag")
	set := map[string]any{"reorderPoint": 5, "reorderQuantity": 40}
	r = w.Want(t, 200, "shop_manager", "PATCH", one, set, "If-Match", etag)
	if r.At("reorderPoint") != 5.0 || r.At("reorderQuantity") != 40.0 || r.At("safetyStock") != 0.0 || r.Text("alert") != "low" {
		t.Fatalf("settings: %s", r.Raw)
	}
	w.Want(t, 409, "shop_manager", "PATCH", one, set, "If-Match", etag)
	r = w.Want(t, 200, "shop_manager", "PATCH", one, map[string]any{"backorder": map[string]any{"limit": 50, "until": "2999-12-01T00:00:00Z"}})
	if r.At("backorder.limit") != 50.0 || r.Text("backorder.until") != "2999-12-01T00:00:00.000Z" || r.At("reorderPoint") != 5.0 {
		t.Errorf("backorders: %s", r.Raw)
	}
	if r := w.Want(t, 200, "shop_manager", "GET", one, nil); r.At("promisable") != 54.0 || r.At("available") != 4.0 {
		t.Errorf("promisable: %s", r.Raw)
	}
	if r := w.Want(t, 400, "shop_manager", "PATCH", one, map[string]any{"backorder": map[string]any{"limit": 10001}}); r.Text("errors.0.field") != "backorder.limit" {
		t.Errorf("a limit without measure: %s", r.Raw)
	}
	for path, n := range map[string]int{"": 1, "?level=low": 1, "?level=out": 0, "?locationId=" + w.ShopB: 0} {
		if l := w.Want(t, 200, "shop_staff", "GET", "/api/inventory/alerts"+path, nil); len(l.List("items")) != n {
			t.Errorf("alerts%s are %s", path, l.Raw)
		}
	}
	if l := w.Want(t, 200, "other_admin", "GET", "/api/inventory/alerts", nil); len(l.List("items")) != 0 {
		t.Errorf("another company's alerts: %s", l.Raw)
	}
	w.Want(t, 400, "shop_staff", "GET", "/api/inventory/alerts?level=high", nil)
}

func TestStockOfVariants(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	small, big := entrepot.NewID(), entrepot.NewID()
	shirt := entrepot.NewID()
	w.Tell(t, product.Name, shirt, product.Create{Product: product.Product{CompanyID: w.Company, ShopIDs: []string{w.ShopA}, SKU: "SHIRT", Name: "Shirt", Price: 100, Currency: "EUR"}})
	body := map[string]any{"productId": shirt, "shopId": w.ShopA, "quantity": 3, "reason": "purchase"}
	r := w.Want(t, 201, "shop_manager", "POST", "/api/inventory/items", body)
	if r.Text("variantId") != shirt || r.Text("productId") != shirt {
		t.Errorf("a product is its own variant: %s", r.Raw)
	}
	body["variantId"] = small
	if r := w.Want(t, 404, "shop_manager", "POST", "/api/inventory/items", body); r.Text("errors.0.field") != "variantId" {
		t.Errorf("a variant that is not there: %s", r.Raw)
	}
	if l := w.Want(t, 200, "shop_manager", "GET", "/api/inventory/items?variantId="+shirt, nil); len(l.List("items")) != 1 {
		t.Errorf("by variant: %s", l.Raw)
	}
	if l := w.Want(t, 200, "shop_manager", "GET", "/api/inventory/items?variantId="+big, nil); len(l.List("items")) != 0 {
		t.Errorf("by another variant: %s", l.Raw)
	}
}

// What was it at a time, and why is it what it is: from the ledger's rows.
func TestStockHistoryAndExplanation(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	w.SetNow(time.Now().Truncate(time.Millisecond).Add(time.Hour))
	one := "/api/inventory/items/" + stock.ID(w.Mug, w.ShopA)
	var times []time.Time
	for i, delta := range []int{-10, 5, -48} { // 100, 90, 95, 47
		w.SetNow(w.Now().Add(time.Minute))
		times = append(times, w.Now())
		reason := map[bool]string{true: "found", false: "lost"}[delta > 0]
		w.Want(t, 200, "shop_manager", "POST", one+"/adjust", map[string]any{"delta": delta, "reason": reason, "note": string(rune('a' + i))})
	}
	at := func(at time.Time) string { return one + "/history?at=" + url.QueryEscape(at.Format(time.RFC3339Nano)) }
	// The rows are not there yet: not answered rather than answered wrongly.
	w.Want(t, 503, "shop_staff", "GET", at(times[0]), nil)
	if r := w.Want(t, 200, "shop_staff", "GET", at(times[2]), nil); r.At("onHand") != 47.0 {
		t.Errorf("now: %s", r.Raw)
	}
	w.Project(t)
	for _, c := range []struct {
		at               time.Time
		onHand, sequence float64
	}{
		{times[0].Add(-time.Millisecond), 100, 1},
		{times[0], 90, 2},
		{times[1].Add(time.Second), 95, 3},
		{times[2].Add(-time.Millisecond), 95, 3},
		{times[2], 47, 4},
		{times[0].AddDate(-1, 0, 0), 0, 0},
		{times[0].AddDate(100, 0, 0), 47, 4},
	} {
		if r := w.Want(t, 200, "shop_staff", "GET", at(c.at), nil); r.At("onHand") != c.onHand || r.At("sequence") != c.sequence {
			t.Errorf("at %s: %s, want %v", c.at, r.Raw, c)
		}
	}
	w.Want(t, 400, "shop_staff", "GET", one+"/history", nil)
	w.Want(t, 400, "shop_staff", "GET", one+"/history?at=yesterday", nil)

	r := w.Want(t, 200, "shop_staff", "GET", one+"/explain", nil)
	if r.At("onHand") != 47.0 || r.At("sums.received") != 100.0 || r.At("sums.adjusted") != -53.0 || r.Text("latest.0.note") != "c" ||
		r.At("check.consistent") != true || r.At("check.complete") != true || r.At("check.checked") != 4.0 {
		t.Errorf("explained: %s", r.Raw)
	}
	if r := w.Want(t, 200, "shop_staff", "GET", one+"/explain?before=3", nil); r.At("check.consistent") != true || r.At("check.checked") != 2.0 {
		t.Errorf("explained before: %s", r.Raw)
	}
	for query, n := range map[string]int{
		"?kind=adjusted": 3, "?kind=sold": 0,
		"?from=" + url.QueryEscape(times[1].Format(time.RFC3339Nano)):                                                               2,
		"?kind=adjusted&to=" + url.QueryEscape(times[1].Format(time.RFC3339Nano)):                                                   1,
		"?from=" + url.QueryEscape(times[1].Format(time.RFC3339Nano)) + "&to=" + url.QueryEscape(times[2].Format(time.RFC3339Nano)): 1,
	} {
		if l := w.Want(t, 200, "shop_staff", "GET", one+"/movements"+query, nil); len(l.List("items")) != n {
			t.Errorf("movements%s: %s", query, l.Raw)
		}
	}
	w.Want(t, 400, "shop_staff", "GET", one+"/movements?kind=eaten", nil)
}

// A ledger that lacks a row, or has another one, is told with the place.
func TestExplainFindsTheGap(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	id := stock.ID(w.Mug, w.ShopA)
	for range 4 {
		w.Want(t, 200, "shop_manager", "POST", "/api/inventory/items/"+id+"/adjust", map[string]any{"delta": 1, "reason": "found"})
	}
	explain := func() *apitest.Reply {
		return w.Want(t, 200, "shop_manager", "GET", "/api/inventory/items/"+id+"/explain", nil)
	}
	if r := explain(); r.At("check.pending") != 5.0 || r.At("check.consistent") != true {
		t.Errorf("rows on their way: %s", r.Raw)
	}
	w.SetNow(time.Now().Add(2 * time.Minute))
	w.Deps.Now = w.Now
	w.Mount()
	if r := explain(); r.At("check.consistent") != false {
		t.Errorf("rows that never came: %s", r.Raw)
	}
	w.ProjectBut(t, func(item entrepot.ID, movement int64) bool { return item == id && movement == 3 })
	if r := explain(); r.At("check.consistent") != false || r.At("check.firstGap.sequence") != 3.0 || r.At("check.complete") != false {
		t.Errorf("a row is missing: %s", r.Raw)
	}
}

func TestCostsAndBatches(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	one := "/api/inventory/items/" + stock.ID(w.Mug, w.ShopA)
	goods := map[string]any{
		"quantity": 10, "reason": "purchase", "unitCost": 1.25, "currency": "EUR", "batch": "L1", "expiresOn": "2999-01-01T00:00:00Z", "reference": "PO-1",
	}
	for range 2 { // the same delivery told twice
		r := w.Want(t, 200, "shop_manager", "POST", one+"/receive", goods)
		if r.At("onHand") != 110.0 || r.Text("batches.0.batch") != "L1" || r.At("valuation.pieces") != 10.0 || r.At("valuation.fifo") != 12.5 {
			t.Fatalf("received: %s", r.Raw)
		}
	}
	goods["quantity"] = 11
	w.Want(t, 409, "shop_manager", "POST", one+"/receive", goods) // the same reference, another quantity
	for field, body := range map[string]map[string]any{
		"currency":  {"quantity": 1, "reason": "a", "unitCost": 1},
		"unitCost":  {"quantity": 1, "reason": "a", "unitCost": 1.001, "currency": "EUR"},
		"batch":     {"quantity": 1, "reason": "a", "expiresOn": "2999-01-01T00:00:00Z"},
		"expiresOn": {"quantity": 1, "reason": "a", "batch": "L2", "expiresOn": "2001-01-01T00:00:00Z"},
	} {
		if r := w.Want(t, 400, "shop_manager", "POST", one+"/receive", body); r.Text("errors.0.field") != field {
			t.Errorf("%v answered %s", body, r.Raw)
		}
	}
	for _, method := range []string{"fifo", "average"} {
		r := w.Want(t, 200, "company_admin", "GET", "/api/inventory/valuation?method="+method+"&locationId="+w.ShopA, nil)
		if r.At("totals.0.value") != 12.5 || r.At("totals.0.pieces") != 10.0 || r.At("unvaluedPieces") != 100.0 || r.At("items") != 1.0 {
			t.Errorf("worth by %s: %s", method, r.Raw)
		}
	}
	if r := w.Want(t, 200, "other_admin", "GET", "/api/inventory/valuation", nil); len(r.List("totals")) != 0 {
		t.Errorf("another company's worth: %s", r.Raw)
	}
	w.Want(t, 403, "shop_staff", "GET", "/api/inventory/valuation", nil)
	w.Want(t, 400, "company_admin", "GET", "/api/inventory/valuation?method=lifo", nil)
	if r := w.Want(t, 200, "shop_manager", "POST", one+"/adjust", map[string]any{"delta": -3, "reason": "damaged", "batch": "L1"}); r.At("batches.0.quantity") != 7.0 {
		t.Errorf("adjusted: %s", r.Raw)
	}
}

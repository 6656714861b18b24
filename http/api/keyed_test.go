package api_test

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"

	"entrepot/cmd/entrepot/services"
	"entrepot/http/api/apitest"
)

// unkeyed are the POSTs that take no Idempotency-Key, each with its reason.
var unkeyed = map[string]string{
	"login":           "moves nothing; every login is a session of its own",
	"register":        "the e-mail address makes it once",
	"refresh-token":   "a refresh token is good once",
	"logout":          "ends what has ended",
	"change-password": "the current password makes it once",
	"create-company":  "the slug makes it once",
	"restore-company": "restores what is restored",
	"add-image":       "the image's content makes it once",
	"import-products": "its Idempotency-Key names the import; the file is not kept in memory for an answer",
	"create-category": "the slug makes it once",

	"create-api-key":       "answers a secret, which is not kept",
	"create-user":          "the e-mail address makes it once",
	"invite-user":          "the e-mail address makes it once",
	"accept-invitation":    "an invitation is good once",
	"request-verification": "moves nothing",
	"verify-email":         "the mail's token is good once",
	"change-email":         "the mail's token is good once",
	"forgot-password":      "moves nothing",
	"reset-password":       "the mail's token is good once",
	"estimate-cart":        "changes nothing",
	"open-guest-cart":      "answers a secret, which is not kept",
	"add-wishlist-item":    "the product makes it once",
	"notify-me":            "the product and the customer make it once",
	"approve-review":       "publishes what is published",
	"reject-review":        "refuses what is refused",
	"begin-totp":           "answers a secret, which is not kept",
	"confirm-totp":         "answers secrets, which are not kept",
}

// TestPostsAreKeyed: what makes something or moves money can be sent again.
func TestPostsAreKeyed(t *testing.T) {
	t.Parallel()
	for _, s := range apitest.Routes(services.Deps{}) {
		for _, r := range s.List {
			_, exempt := unkeyed[r.ID]
			if r.Method == http.MethodPost && r.Keyed == exempt {
				t.Errorf("%s: keyed is %v, exempt %v", r.ID, r.Keyed, exempt)
			}
		}
	}
}

// TestAKeyOutlivesTheEntitysMemory: an entity remembers 32 commands, the key is
// kept for a day, with the whole answer.
func TestAKeyOutlivesTheEntitysMemory(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	first := w.Receive(t, "first", 5)
	if first.Status != 201 || first.Header.Get("Idempotent-Replayed") != "" {
		t.Fatalf("%d %v %s", first.Status, first.Header, first.Raw)
	}
	for i := range 40 {
		if r := w.Receive(t, fmt.Sprintf("other-%d", i), 1); r.Status != 201 {
			t.Fatalf("%d %s", r.Status, r.Raw)
		}
	}
	again := w.Receive(t, "first", 5)
	if again.Status != 201 || string(again.Raw) != string(first.Raw) || again.Header.Get("Idempotent-Replayed") != "true" {
		t.Fatalf("again: %d %v %s, first %s", again.Status, again.Header, again.Raw, first.Raw)
	}
	for _, h := range []string{"Location", "Content-Type"} {
		if again.Header.Get(h) != first.Header.Get(h) || first.Header.Get(h) == "" {
			t.Errorf("%s: %q, first %q", h, again.Header.Get(h), first.Header.Get(h))
		}
	}
	if r := w.Want(t, 200, "shop_manager", "GET", "/api/inventory/items/"+first.Text("id"), nil); r.At("onHand") != 145.0 {
		t.Fatalf("after all: %s", r.Raw)
	}
}

// TestAKeyIsOneRequest: of one user; another body, path or query is another
// request, and the version's alias is not.
func TestAKeyIsOneRequest(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	first := w.Receive(t, "k", 5)
	if r := w.Receive(t, "k", 6); r.Status != 422 || r.Text("code") != "key_reused" {
		t.Fatalf("another body: %d %s", r.Status, r.Raw)
	}
	more := map[string]any{"quantity": 5, "reason": "purchase"}
	w.Want(t, 422, "shop_manager", "POST", "/api/inventory/items/"+first.Text("id")+"/receive", more, "Idempotency-Key", "k")
	body := map[string]any{"productId": w.Mug, "shopId": w.ShopA, "quantity": 5, "reason": "purchase"}
	if r := w.Want(t, 201, "shop_manager", "POST", "/api/v1/inventory/items", body, "Idempotency-Key", "k"); r.Header.Get("Idempotent-Replayed") != "true" {
		t.Fatalf("under the other name of the path: %v", r.Header)
	}
	if r := w.Want(t, 201, "company_admin", "POST", "/api/inventory/items", body, "Idempotency-Key", "k"); r.At("onHand") != 110.0 || r.Header.Get("Idempotent-Replayed") != "" {
		t.Fatalf("another user's: %s", r.Raw)
	}
}

// TestARefusalFreesTheKey: nothing happened, so the request may be put right.
func TestARefusalFreesTheKey(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	if r := w.Receive(t, "k", -1); r.Status != 400 {
		t.Fatalf("%d %s", r.Status, r.Raw)
	}
	if r := w.Receive(t, "k", 5); r.Status != 201 || r.At("onHand") != 105.0 {
		t.Fatalf("%d %s", r.Status, r.Raw)
	}
}

// TestParallelRequestsWithOneKey: one is executed; the others are told so or get its answer.
func TestParallelRequestsWithOneKey(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	replies := make([]*apitest.Reply, 16)
	var wg sync.WaitGroup
	for i := range replies {
		wg.Go(func() { replies[i] = w.Receive(t, "k", 5) })
	}
	wg.Wait()
	done := slices.IndexFunc(replies, func(r *apitest.Reply) bool { return r.Status == 201 })
	for _, r := range replies {
		switch {
		case r.Status == 201 && string(r.Raw) == string(replies[done].Raw):
		case r.Status == 409 && r.Text("code") == "request_in_flight" && r.Header.Get("Retry-After") != "":
		default:
			t.Errorf("%d %s", r.Status, r.Raw)
		}
	}
	if r := w.Receive(t, "k", 5); r.Status != 201 || r.At("onHand") != 105.0 {
		t.Fatalf("afterwards: %d %s", r.Status, r.Raw)
	}
}

// TestMadeOnce: a keyed creation makes one thing.
func TestMadeOnce(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	body := map[string]any{"shopIds": []string{w.ShopA}, "sku": "ONCE", "name": "Once", "price": 1, "currency": "EUR"}
	first := w.Want(t, 201, "company_admin", "POST", "/api/products", body, "Idempotency-Key", "p")
	again := w.Want(t, 201, "company_admin", "POST", "/api/products", body, "Idempotency-Key", "p")
	if again.Text("id") != first.Text("id") {
		t.Fatalf("%s and %s", first.Raw, again.Raw)
	}
}

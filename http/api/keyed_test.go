package api_test

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"

	"entrepot/http/api"
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
	for _, s := range allServices(api.Deps{}) {
		for _, r := range s.List {
			_, exempt := unkeyed[r.ID]
			if r.Method == http.MethodPost && r.Keyed == exempt {
				t.Errorf("%s: keyed is %v, exempt %v", r.ID, r.Keyed, exempt)
			}
		}
	}
}

func (w *world) receive(t testing.TB, key string, quantity int) *reply {
	t.Helper()
	body := map[string]any{"productId": w.mug, "shopId": w.shopA, "quantity": quantity, "reason": "purchase"}
	return w.call(t, "shop_manager", "POST", "/api/inventory/items", body, "Idempotency-Key", key)
}

// TestAKeyOutlivesTheEntitysMemory: an entity remembers 32 commands, the key is
// kept for a day, with the whole answer.
func TestAKeyOutlivesTheEntitysMemory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.receive(t, "first", 5)
	if first.status != 201 || first.header.Get("Idempotent-Replayed") != "" {
		t.Fatalf("%d %v %s", first.status, first.header, first.raw)
	}
	for i := range 40 {
		if r := w.receive(t, fmt.Sprintf("other-%d", i), 1); r.status != 201 {
			t.Fatalf("%d %s", r.status, r.raw)
		}
	}
	again := w.receive(t, "first", 5)
	if again.status != 201 || string(again.raw) != string(first.raw) || again.header.Get("Idempotent-Replayed") != "true" {
		t.Fatalf("again: %d %v %s, first %s", again.status, again.header, again.raw, first.raw)
	}
	for _, h := range []string{"Location", "Content-Type"} {
		if again.header.Get(h) != first.header.Get(h) || first.header.Get(h) == "" {
			t.Errorf("%s: %q, first %q", h, again.header.Get(h), first.header.Get(h))
		}
	}
	if r := w.want(t, 200, "shop_manager", "GET", "/api/inventory/items/"+first.text("id"), nil); r.at("onHand") != 145.0 {
		t.Fatalf("after all: %s", r.raw)
	}
}

// TestAKeyIsOneRequest: of one user; another body, path or query is another
// request, and the version's alias is not.
func TestAKeyIsOneRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.receive(t, "k", 5)
	if r := w.receive(t, "k", 6); r.status != 422 || r.text("code") != "key_reused" {
		t.Fatalf("another body: %d %s", r.status, r.raw)
	}
	more := map[string]any{"quantity": 5, "reason": "purchase"}
	w.want(t, 422, "shop_manager", "POST", "/api/inventory/items/"+first.text("id")+"/receive", more, "Idempotency-Key", "k")
	body := map[string]any{"productId": w.mug, "shopId": w.shopA, "quantity": 5, "reason": "purchase"}
	if r := w.want(t, 201, "shop_manager", "POST", "/api/v1/inventory/items", body, "Idempotency-Key", "k"); r.header.Get("Idempotent-Replayed") != "true" {
		t.Fatalf("under the other name of the path: %v", r.header)
	}
	if r := w.want(t, 201, "company_admin", "POST", "/api/inventory/items", body, "Idempotency-Key", "k"); r.at("onHand") != 110.0 || r.header.Get("Idempotent-Replayed") != "" {
		t.Fatalf("another user's: %s", r.raw)
	}
}

// TestARefusalFreesTheKey: nothing happened, so the request may be put right.
func TestARefusalFreesTheKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if r := w.receive(t, "k", -1); r.status != 400 {
		t.Fatalf("%d %s", r.status, r.raw)
	}
	if r := w.receive(t, "k", 5); r.status != 201 || r.at("onHand") != 105.0 {
		t.Fatalf("%d %s", r.status, r.raw)
	}
}

// TestParallelRequestsWithOneKey: one is executed; the others are told so or get its answer.
func TestParallelRequestsWithOneKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	replies := make([]*reply, 16)
	var wg sync.WaitGroup
	for i := range replies {
		wg.Go(func() { replies[i] = w.receive(t, "k", 5) })
	}
	wg.Wait()
	done := slices.IndexFunc(replies, func(r *reply) bool { return r.status == 201 })
	for _, r := range replies {
		switch {
		case r.status == 201 && string(r.raw) == string(replies[done].raw):
		case r.status == 409 && r.text("code") == "request_in_flight" && r.header.Get("Retry-After") != "":
		default:
			t.Errorf("%d %s", r.status, r.raw)
		}
	}
	if r := w.receive(t, "k", 5); r.status != 201 || r.at("onHand") != 105.0 {
		t.Fatalf("afterwards: %d %s", r.status, r.raw)
	}
}

// TestMadeOnce: a keyed creation makes one thing.
func TestMadeOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := map[string]any{"shopIds": []string{w.shopA}, "sku": "ONCE", "name": "Once", "price": 1, "currency": "EUR"}
	first := w.want(t, 201, "company_admin", "POST", "/api/products", body, "Idempotency-Key", "p")
	again := w.want(t, 201, "company_admin", "POST", "/api/products", body, "Idempotency-Key", "p")
	if again.text("id") != first.text("id") {
		t.Fatalf("%s and %s", first.raw, again.raw)
	}
}

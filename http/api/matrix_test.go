package api_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"entrepot"
	"entrepot/cmd/entrepot/services"
	"entrepot/grains/inventory/stock"
	"entrepot/http/api/apitest"
	"entrepot/http/rest"
)

// place is where something lies, seen from the staff of shop A and from the
// customer: their own, in the company's other shop or another customer's, in
// another company, or nowhere.
type place int

const (
	own place = iota
	sibling
	other
	absent
	places
)

var placeNames = [places]string{"own", "sibling", "other company's", "absent"}

// matrixRow says of a route what its id names and how it is called.
type matrixRow struct {
	thing  string
	body   func(w *matrix, id string) any // nil: none
	inBody bool                           // the id stands in the body
	query  string
}

func static(v any) func(*matrix, string) any { return func(*matrix, string) any { return v } }

// rows are all routes that name something; a route with an id in its path that
// is not here fails the test.
var rows = map[string]matrixRow{
	"get-product": {thing: "public"}, "record-product-view": {thing: "public"}, "get-shop": {thing: "public shop"},
	"get-shop-shipping": {thing: "public shop"}, "set-shop-shipping": {thing: "shop", body: static(apitest.Belgium(5))}, "remove-shop-shipping": {thing: "shop"},
	"get-company-shipping": {thing: "company"}, "set-company-shipping": {thing: "company", body: static(apitest.Belgium(5))}, "remove-company-shipping": {thing: "company"},
	"update-product": {thing: "product", body: static(map[string]any{"name": "New"})}, "delete-product": {thing: "product"},
	"add-image":   {thing: "product", body: static(string(apitest.PNG(4, 4)))},
	"update-shop": {thing: "shop", body: static(map[string]any{"name": "New", "isActive": true})}, "delete-shop": {thing: "shop"},
	"get-shop-performance": {thing: "shop"}, "assign-shop-staff": {thing: "shop", body: func(w *matrix, id string) any {
		p := max(0, slices.Index(w.shopsOf[:], id))
		return map[string]any{"userIds": []string{w.ids["user"][p]}}
	}},
	"get-company": {thing: "company"}, "get-company-stats": {thing: "company"}, "delete-company": {thing: "company"}, "restore-company": {thing: "company"},
	"update-company":          {thing: "company", body: static(map[string]any{"name": "New"})},
	"update-company-settings": {thing: "company", body: static(map[string]any{"taxRate": 7})},
	"update-subscription":     {thing: "company", body: static(map[string]any{"plan": "free", "status": "active"})},
	"get-order":               {thing: "order"}, "get-tracking": {thing: "order"}, "cancel-order": {thing: "order"},
	"create-payment-intent": {thing: "order", inBody: true, body: func(_ *matrix, id string) any { return map[string]any{"orderId": id} }},
	"process-payment": {thing: "order", inBody: true, body: func(_ *matrix, id string) any {
		return map[string]any{"orderId": id, "gateway": "manual", "method": "card", "token": "ok"}
	}},
	"get-payment":    {thing: "payment"},
	"refund-payment": {thing: "payment", body: static(map[string]any{"amount": 0.01})},
	"get-stock":      {thing: "stock"}, "list-movements": {thing: "stock"}, "explain-stock": {thing: "stock"},
	"get-stock-history": {thing: "stock", query: "?at=2026-01-01T00:00:00Z"},
	"configure-stock":   {thing: "stock", body: static(map[string]any{"reorderPoint": 1})},
	"adjust-stock":      {thing: "stock", body: static(map[string]any{"delta": 1, "reason": "found"})},
	"receive-more":      {thing: "stock", body: static(map[string]any{"quantity": 1, "reason": "purchase"})},
	"receive-goods": {thing: "product", inBody: true, body: func(w *matrix, id string) any {
		shop := w.ShopA
		if id == w.ids["product"][sibling] {
			shop = w.ShopB
		}
		return map[string]any{"productId": id, "shopId": shop, "quantity": 1, "reason": "purchase"}
	}},
	"set-cart-item": {thing: "cart item", body: static(map[string]any{"quantity": 2})}, "remove-cart-item": {thing: "cart item"},
	"get-promotion": {thing: "promotion"}, "delete-promotion": {thing: "promotion"}, "remove-promo-code": {thing: "promo code"},
	"update-promotion": {thing: "promotion", body: func(w *matrix, id string) any {
		p := max(0, slices.Index(w.promotions[:], id))
		return map[string]any{"type": "percent", "percent": 7, "shopIds": []string{w.shopsOf[p]}}
	}},
	"save-cart-item": {thing: "cart item"}, "restore-saved-item": {thing: "saved item"}, "remove-saved-item": {thing: "saved item"},
	"remove-wishlist-item": {thing: "wish"},
	"list-reviews":         {thing: "public"}, "get-my-review": {thing: "my review"}, "delete-my-review": {thing: "my review"},
	"update-my-review": {thing: "my review", body: static(map[string]any{"stars": 2})},
	"approve-review":   {thing: "review"}, "reject-review": {thing: "review", body: static(map[string]any{"reason": "spam"})},
	"list-my-votes": {thing: "public"}, "mark-review-helpful": {thing: "waiting review"}, "unmark-review-helpful": {thing: "waiting review"},
	"reply-to-review": {thing: "review", body: static(map[string]any{"text": ""})},
	"notify-me":       {thing: "public", body: static(map[string]any{})}, "delete-notification": {thing: "notification"},
	"get-user":    {thing: "user"},
	"update-user": {thing: "user", body: static(map[string]any{"name": "New", "role": "shop_staff", "isActive": true})},
	"reset-totp":  {thing: "user", body: static(map[string]any{"reason": "lost the telephone"})},
	"delete-user": {thing: "user"}, "end-session": {thing: "session"},
	"revoke-api-key": {thing: "api key"}, "revoke-invitation": {thing: "invitation"}, "get-audit-log": {thing: "audit log"},
}

// listed are routes whose ids filter a list: what is foreign leaves it empty, and
// the crawl (isolation_test.go) looks into them; and the one that names two
// things, which shopstaff_test.go tries as every role; and the review of what was
// not bought, which is forbidden, in reviews_test.go. A category's slug is the
// caller's company's own (categories_test.go), an image its product's (images_test.go),
// an import who started it (imports_test.go).
var listed = []string{
	"list-user-activity", "list-resource-history", "get-storefront", "remove-shop-staff", "write-review",
	"update-category", "delete-category", "remove-image", "get-image", "get-import", "get-import-report",
}

// reaches is the rule of the role table, for roles that a route lets in.
func reaches(role entrepot.Role, thing string, p place) bool {
	switch {
	case p == absent:
		return false
	case thing == "public" || thing == "public shop":
		return true
	case thing == "session", thing == "waiting review": // the fixture has none of the caller's; and nobody votes on what is not approved
		return false
	case role == entrepot.SuperAdmin:
		return true
	case role == entrepot.CompanyAdmin, thing == "supplier": // the company's, for all who buy
		return p != other
	default:
		return p == own
	}
}

// matrix is a world with one of everything in every place.
type matrix struct {
	*apitest.World
	ids     map[string][places]string
	shopsOf [places]string

	promotions [places]string
}

func newMatrix(t *testing.T) *matrix {
	t.Helper()
	w := &matrix{World: apitest.New(t)}
	cart := func(as, product string) string {
		return w.Want(t, 201, as, "POST", "/api/cart/items", map[string]any{"productId": product, "quantity": 1}).Text("items.0.id")
	}
	saved := func(as, product string) string {
		items := w.Want(t, 201, as, "POST", "/api/cart/items", map[string]any{"productId": product, "quantity": 1}).List("items")
		id, _ := items[len(items)-1].(map[string]any)["id"].(string)
		w.Want(t, 200, as, "POST", "/api/cart/items/"+id+"/save", nil)
		return id
	}
	promotion := func(as, code, shop string) string {
		return w.Want(t, 201, as, "POST", "/api/cart/promotions", map[string]any{"code": code, "type": "percent", "percent": 5, "shopIds": []string{shop}}).Text("id")
	}
	entered := func(as, code string) string {
		w.Want(t, 200, as, "POST", "/api/cart/promo", map[string]any{"code": code})
		return code
	}
	order := func(as, product, shop string) string {
		return w.Want(t, 201, as, "POST", "/api/orders", map[string]any{
			"items": []map[string]any{{"productId": product, "shopId": shop, "quantity": 1}}, "shippingAddress": apitest.Address,
		}).Text("id")
	}
	pay := func(as, id string) string {
		return w.Want(t, 200, as, "POST", "/api/payments/process", map[string]any{"orderId": id, "gateway": "manual", "method": "card", "token": "ok"}).Text("id")
	}
	key := func(as string) string {
		return w.Want(t, 201, as, "POST", "/api/auth/api-keys", map[string]any{"name": "k", "scopes": []string{"orders:read"}}).Text("id")
	}
	invite := func(as, email string) string {
		return w.Want(t, 201, as, "POST", "/api/auth/invitations", map[string]any{"email": email, "role": "shop_staff"}).Text("id")
	}
	wish := func(as, product string) string {
		return w.Want(t, 201, as, "POST", "/api/wishlist/items", map[string]any{"productId": product}).Text("id")
	}
	soldOut := w.Product(t, w.Company, "SOLDOUT", 100, w.ShopA)
	await := func(as string) string {
		return w.Want(t, 201, as, "POST", "/api/products/"+soldOut+"/notify", map[string]any{}).Text("id")
	}
	hash, err := w.Deps.Passwords.Hash(t.Context(), apitest.Password)
	if err != nil {
		t.Fatal(err)
	}
	w.User(t, hash, "own_staff", entrepot.ShopStaff, w.Company, w.ShopA)
	w.User(t, hash, "sibling_staff", entrepot.ShopStaff, w.Company, w.ShopB)
	w.User(t, hash, "other_staff", entrepot.ShopStaff, w.OtherCompany, w.OtherShop)
	user := func(name string) string { return w.Users[name].ID }
	w.Login(t, "session", "other_customer")
	sessions := w.Want(t, 200, "session", "GET", "/api/auth/sessions", nil)

	none := entrepot.NewID()
	w.ids = map[string][places]string{
		"public":      {w.Mug, w.Cup, w.OtherMug, none},
		"public shop": {w.ShopA, w.ShopB, w.OtherShop, none},
		"product":     {w.Product(t, w.Company, "ONLY", 100, w.ShopA), w.Cup, w.OtherMug, none},
		"shop":        {w.ShopA, w.ShopB, w.OtherShop, none},
		"company":     {w.Company, w.Company, w.OtherCompany, none},
		"stock":       {stock.ID(w.Mug, w.ShopA), stock.ID(w.Cup, w.ShopB), stock.ID(w.OtherMug, w.OtherShop), none},
		"order":       {order("customer", w.Mug, w.ShopA), order("other_customer", w.Cup, w.ShopB), order("other_customer", w.OtherMug, w.OtherShop), none},
		"payment": {
			pay("customer", order("customer", w.Mug, w.ShopA)), pay("other_customer", order("other_customer", w.Cup, w.ShopB)),
			pay("other_customer", order("other_customer", w.OtherMug, w.OtherShop)), none,
		},
		"cart item":  {cart("customer", w.Mug), cart("other_customer", w.Cup), cart("other_customer", w.Cup), none},
		"saved item": {saved("customer", w.Cup), saved("other_customer", w.Mug), saved("other_customer", w.Mug), none},
		"user":       {user("own_staff"), user("sibling_staff"), user("other_staff"), none},
		"session":    {sessions.Text("items.0.id"), sessions.Text("items.0.id"), sessions.Text("items.0.id"), none},
		"api key":    {key("company_admin"), key("company_admin"), key("other_admin"), none},
		"invitation": {invite("company_admin", "a@demo.test"), invite("company_admin", "b@demo.test"), invite("other_admin", "c@demo.test"), none},
		"wish":       {wish("customer", w.Mug), wish("other_customer", w.Cup), wish("other_customer", w.OtherMug), none},
		"my review":  {w.Mug, w.Cup, w.OtherMug, none},
		"promotion":  {promotion("company_admin", "NORTH", w.ShopA), promotion("company_admin", "SOUTH", w.ShopB), promotion("other_admin", "OTHER", w.OtherShop), none},
		"promo code": {"NORTH", "SOUTH", "SOUTH", none},
		"review": {
			w.Reviewed(t, "customer", w.Mug, w.ShopA), w.Reviewed(t, "other_customer", w.Cup, w.ShopB), w.Reviewed(t, "other_customer", w.OtherMug, w.OtherShop), none,
		},
		"notification": {await("customer"), await("other_customer"), await("other_customer"), none},
	}
	w.ids["waiting review"] = w.ids["review"]
	w.shopsOf, w.promotions = w.ids["shop"], w.ids["promotion"]
	entered("customer", "NORTH")
	entered("other_customer", "SOUTH")
	w.addLogistics(t)
	w.Project(t)
	var logs [places]string
	logs[absent] = none
	for _, e := range w.Events() {
		switch {
		case e.CompanyID == w.OtherCompany:
			logs[other] = e.ID
		case e.CompanyID == w.Company && e.ShopID == w.ShopB:
			logs[sibling] = e.ID
		case e.CompanyID == w.Company && e.ShopID == w.ShopA:
			logs[own] = e.ID
		}
	}
	w.ids["audit log"] = logs
	return w
}

// ask calls a route for the thing at a place.
func (w *matrix) at(t *testing.T, r rest.Route, as string, p place) *apitest.Reply {
	t.Helper()
	row := rows[r.ID]
	id, path := w.ids[row.thing][p], "/api"+r.Path
	if !row.inBody {
		path = path[:strings.Index(path, "{")] + id + path[strings.Index(path, "}")+1:]
	}
	var body any
	if row.body != nil {
		body = row.body(w, id)
	}
	return w.Call(t, as, r.Method, path+row.query, body)
}

// said is a refusal without what names the request.
func said(t *testing.T, r *apitest.Reply) string {
	t.Helper()
	delete(r.Body, "requestId")
	b, err := json.Marshal(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var everyRole = []entrepot.Role{entrepot.SuperAdmin, entrepot.CompanyAdmin, entrepot.ShopManager, entrepot.ShopStaff, entrepot.Customer}

// TestMatrix is the authorization matrix: every route that names something, as
// every role and as nobody, for what is its own, its sibling's, another
// company's, and absent. A refusal changes nothing, and what is foreign cannot be
// told from what is not there.
func TestMatrix(t *testing.T) {
	t.Parallel()
	reads := newMatrix(t) // of the routes that change nothing
	for _, s := range apitest.Routes(services.Deps{}) {
		for _, r := range s.List {
			row, known := rows[r.ID]
			if !known {
				if strings.Contains(r.Path, "{") && !slices.Contains(listed, r.ID) {
					t.Errorf("%s names something and is not in the matrix", r.ID)
				}
				continue
			}
			t.Run(r.ID, func(t *testing.T) {
				t.Parallel()
				w := reads
				if r.Method != http.MethodGet {
					w = newMatrix(t)
				}
				if w.ids[row.thing][own] == "" {
					t.Fatalf("the world has no %s", row.thing)
				}
				w.refusals(t, r)
				used := false
				for _, role := range everyRole {
					if roles := r.Access.Roles(); roles != nil && !slices.Contains(roles, role) {
						continue
					}
					if used {
						w = newMatrix(t)
					}
					w.reached(t, r, role)
					used = r.Method != http.MethodGet
				}
			})
		}
	}
}

// refusals are 401, 403 and 404, without an effect.
func (w *matrix) refusals(t *testing.T, r rest.Route) {
	t.Helper()
	row, roles := rows[r.ID], r.Access.Roles()
	before := w.doings()
	for p := range places {
		if got := w.at(t, r, "", p); roles != nil && got.Status != http.StatusUnauthorized {
			t.Errorf("nobody, %s: %d %s", placeNames[p], got.Status, got.Raw)
		}
		for _, role := range everyRole {
			if roles != nil && !slices.Contains(roles, role) {
				if got := w.at(t, r, string(role), p); got.Status != http.StatusForbidden {
					t.Errorf("%s, %s: %d %s", role, placeNames[p], got.Status, got.Raw)
				}
				continue
			}
			if reaches(role, row.thing, p) {
				continue
			}
			got, nothing := w.at(t, r, string(role), p), w.at(t, r, string(role), absent)
			if row.thing == "product" && p == sibling { // seen by all staff of the company, and not theirs to change
				if got.Status != http.StatusForbidden && !row.inBody {
					t.Errorf("%s, %s: %d %s", role, placeNames[p], got.Status, got.Raw)
				}
				continue
			}
			if got.Status != http.StatusNotFound || said(t, got) != said(t, nothing) {
				t.Errorf("%s, %s: %d %s; absent: %s", role, placeNames[p], got.Status, got.Raw, nothing.Raw)
			}
		}
	}
	if after := w.doings(); after != before {
		t.Errorf("refusals made %d events", after-before)
	}
}

// doings counts what people did; the platform goes on by itself.
func (w *matrix) doings() (n int) {
	for _, e := range w.Events() {
		if e.Actor.UserID != "" && e.Type != "product.viewed" {
			n++
		}
	}
	return n
}

// reached: what the role may use does not hide; whether its state allows the
// command is another matter.
func (w *matrix) reached(t *testing.T, r rest.Route, role entrepot.Role) {
	t.Helper()
	seen := map[string]bool{}
	for p := range places {
		id := w.ids[rows[r.ID].thing][p]
		if !reaches(role, rows[r.ID].thing, p) || (seen[id] && r.Method != http.MethodGet) {
			continue
		}
		seen[id] = true
		got := w.at(t, r, string(role), p)
		switch got.Status {
		case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusBadRequest:
			t.Errorf("%s, %s: %d %s", role, placeNames[p], got.Status, got.Raw)
		}
		if got.Status >= 500 {
			t.Errorf("%s, %s: %d %s", role, placeNames[p], got.Status, got.Raw)
		}
	}
}

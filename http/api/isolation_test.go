package api_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"entrepot"
	"entrepot/cmd/entrepot/services"
	"entrepot/http/api/apitest"
	"entrepot/http/rest"
)

// hidden are the ids, and words of theirs, that a role of the matrix's world may
// not see anywhere. Products, shops and companies are public by their nature.
func (w *matrix) hidden(role string) (out []string) {
	add := func(p place, things ...string) {
		for _, thing := range things {
			if id := w.ids[thing][p]; id != "" {
				out = append(out, id)
			}
		}
	}
	company := []string{"user", "api key", "invitation", "audit log"}
	traded := []string{"order", "payment", "review"} // which waits for its approval
	traded = append(traded, logistics...)
	switch entrepot.Role(role) {
	case entrepot.SuperAdmin:
		return nil
	case entrepot.CompanyAdmin:
		add(other, "supplier")
		add(other, append(append(company, traded...), "stock")...)
		out = append(out, "other_staff@demo.test", "c@demo.test")
	case entrepot.ShopManager, entrepot.ShopStaff:
		add(other, "supplier")
		add(other, append(append(company, traded...), "stock")...)
		add(sibling, append(append(company, traded...), "stock")...)
		out = append(out, "other_staff@demo.test", "sibling_staff@demo.test", "c@demo.test", "b@demo.test")
	case "other_admin":
		add(own, "supplier")
		add(own, append(append(company, traded...), "stock")...)
		add(sibling, append(append(company, traded...), "stock")...)
		out = append(out, "own_staff@demo.test", "a@demo.test")
	case entrepot.Customer:
		add(own, "supplier")
		add(other, "supplier")
		add(sibling, append(company, traded...)...)
		add(other, append(company, traded...)...)
		add(own, append(company, "stock")...)
		add(own, logistics...)
		add(sibling, "stock", "notification")
		add(other, "stock")
		out = append(out, "_staff@demo.test", "other_customer@demo.test")
	default:
		for p := own; p < absent; p++ {
			add(p, append(append(company, traded...), "stock")...)
		}
		out = append(out, "@demo.test")
	}
	return out
}

// reads are all GET routes with the query parameters that take an id.
func reads(t *testing.T) (routes []rest.Route, params map[string][]string) {
	t.Helper()
	services, params := apitest.Routes(services.Deps{}), map[string][]string{}
	doc, err := rest.OpenAPI("", services...)
	if err != nil {
		t.Fatal(err)
	}
	var parsed struct {
		Paths map[string]map[string]struct {
			OperationID string `json:"operationId"`
			Parameters  []struct{ Name, In string }
		} `json:"paths"`
	}
	if err := json.Unmarshal(doc, &parsed); err != nil {
		t.Fatal(err)
	}
	for _, methods := range parsed.Paths {
		for _, p := range methods["get"].Parameters {
			if p.In == "query" && strings.HasSuffix(p.Name, "Id") {
				params[methods["get"].OperationID] = append(params[methods["get"].OperationID], p.Name)
			}
		}
	}
	for _, s := range services {
		for _, r := range s.List {
			if r.Method == http.MethodGet {
				routes = append(routes, r)
			}
		}
	}
	return routes, params
}

// crawler reads as one role and knows what it may not see.
type crawler struct {
	*matrix
	role            string
	hidden, ids     []string
	seen            map[string]bool // role and id
	crawled, turned int
}

// look reads one answer and searches it.
func (c *crawler) look(t *testing.T, path string) *apitest.Reply {
	t.Helper()
	c.crawled++
	r := c.Call(t, c.role, http.MethodGet, path, nil)
	if r.Status >= 500 {
		t.Errorf("%s as %q: %d %s", path, c.role, r.Status, r.Raw)
	}
	text := string(r.Raw) + strings.Join(r.Header.Values("Location"), " ")
	for _, h := range c.hidden {
		if strings.Contains(text, h) && r.Status != http.StatusBadRequest { // which may repeat what was sent
			t.Errorf("%s as %q shows %s: %d %s", path, c.role, h, r.Status, r.Raw)
		}
	}
	for _, id := range c.ids {
		if strings.Contains(text, id) {
			c.seen[c.role+id] = true
		}
	}
	return r
}

// route reads a route for every id, through all pages, and with every id as a filter.
func (c *crawler) route(t *testing.T, r rest.Route, filters []string) {
	t.Helper()
	paths := []string{"/api" + r.Path}
	if strings.Contains(r.Path, "{") {
		paths = nil
		for _, id := range c.ids {
			paths = append(paths, "/api"+fill(r.Path, id))
		}
	}
	for _, path := range paths {
		c.look(t, path)
		for cursor, page := "", 0; page < 200; page++ {
			got := c.look(t, path+"?limit=2"+cursor)
			if got.Text("nextCursor") == "" {
				break
			}
			c.turned++
			cursor = "&cursor=" + url.QueryEscape(got.Text("nextCursor"))
		}
	}
	for _, name := range filters {
		for _, id := range c.ids {
			c.look(t, paths[0]+"?"+name+"="+id)
		}
	}
}

// TestNobodySeesWhatIsAnothers crawls every list, detail and error of the API as
// every role, through all pages and with every id as a filter.
func TestNobodySeesWhatIsAnothers(t *testing.T) {
	t.Parallel()
	c := &crawler{matrix: newMatrix(t), seen: map[string]bool{}}
	routes, params := reads(t)
	for _, at := range c.matrix.ids {
		for _, id := range at {
			if id != "" && !slices.Contains(c.ids, id) {
				c.ids = append(c.ids, id)
			}
		}
	}
	for _, u := range c.Users {
		c.ids = append(c.ids, u.ID)
	}
	for _, c.role = range []string{"", "super_admin", "company_admin", "shop_manager", "shop_staff", "customer", "other_admin"} {
		c.hidden = c.matrix.hidden(c.role)
		for _, r := range routes {
			c.route(t, r, params[r.ID])
		}
	}
	// The crawl would find nothing where nothing is shown.
	for _, want := range []struct{ role, thing string }{
		{"super_admin", "order"},
		{"super_admin", "payment"},
		{"super_admin", "user"},
		{"super_admin", "audit log"},
		{"super_admin", "stock"},
		{"company_admin", "order"},
		{"company_admin", "api key"},
		{"company_admin", "invitation"},
		{"shop_staff", "stock"},
		{"customer", "payment"},
		{"customer", "review"},
		{"customer", "notification"},
		{"shop_staff", "review"},
	} {
		if !c.seen[want.role+c.matrix.ids[want.thing][own]] {
			t.Errorf("the crawl as %s met no %s", want.role, want.thing)
		}
	}
	if !c.seen["super_admin"+c.matrix.ids["order"][other]] {
		t.Error("the crawl as super_admin did not meet the other company")
	}
	if c.turned < 50 {
		t.Errorf("only %d pages were turned", c.turned)
	}
	t.Logf("%d answers, %d pages turned", c.crawled, c.turned)
}

// fill puts an id, or a kind of resource, into a path.
func fill(path, id string) string {
	path = strings.NewReplacer("{resourceType}", "Order", "{slug}", "other").Replace(path)
	for strings.Contains(path, "{") {
		path = path[:strings.Index(path, "{")] + id + path[strings.Index(path, "}")+1:]
	}
	return path
}

// TestAKeysAnswerIsItsUsersOwn: another user's key under the same name gives
// nothing away.
func TestAKeysAnswerIsItsUsersOwn(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	body := map[string]any{"items": []map[string]any{{"productId": w.Mug, "quantity": 1}}, "shippingAddress": apitest.Address}
	first := w.Want(t, 201, "customer", "POST", "/api/orders", body, "Idempotency-Key", "same")
	second := w.Want(t, 201, "other_customer", "POST", "/api/orders", body, "Idempotency-Key", "same")
	if first.Text("id") == second.Text("id") || second.Header.Get("Idempotent-Replayed") != "" || second.Text("customerId") != w.Users["other_customer"].ID {
		t.Fatalf("%s and %s", first.Raw, second.Raw)
	}
}

// Package apitest runs the HTTP interface of all services in a test, over real grains
// and a store in memory.
package apitest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"entrepot"
	actors "entrepot/actors/ecommerce"
	"entrepot/cmd/entrepot/services"
	"entrepot/grains"
	"entrepot/grains/auth/user"
	"entrepot/grains/company/company"
	"entrepot/grains/ecommerce/product"
	"entrepot/grains/grainstest"
	"entrepot/grains/inventory/stock"
	"entrepot/grains/query"
	"entrepot/grains/shop/shop"
	"entrepot/http/api/auth"
	"entrepot/http/api/ecommerce"
	"entrepot/http/api/gateway"
	"entrepot/http/edge"
	"entrepot/http/rest"
	"entrepot/persistence"
	"entrepot/persistence/blob"
	"entrepot/persistence/blob/picture"
	"entrepot/persistence/search"
	"entrepot/persistence/storetest"
)

// World is the whole HTTP interface over real grains and a store in memory: two
// companies, the first with two shops, one user a role, and products in stock.
type World struct {
	*grainstest.Member
	Keys    *edge.Keys
	Trusted edge.Trusted
	Handler http.Handler
	Errors  *errorLog
	Deps    services.Deps
	Found   *search.Index
	// committer writes the Idempotency-Keys.
	committer *persistence.Committer

	Company, OtherCompany     entrepot.ID
	ShopA, ShopB, OtherShop   entrepot.ID
	Mug, Cup, OtherMug, Draft entrepot.ID
	Users                     map[string]*user.User // by name of the test: "customer", "other_customer", roles
	Tokens                    map[string]string
}

// Password is every user's.
const Password = "a long sentence of the test"

// New returns a fresh world. It ends with the test.
func New(t testing.TB) *World {
	t.Helper()
	w := &World{Users: map[string]*user.User{}, Tokens: map[string]string{}, Errors: &errorLog{}}
	var kinds []*grains.Kind
	var collections []*persistence.Collection
	for i := range services.Table {
		for _, k := range services.Table[i].Kinds {
			kinds = append(kinds, k())
		}
		collections = append(collections, services.Table[i].Collections()...)
	}
	store := storetest.NewMemory()
	feed := w.index(t, store)
	w.Member = grainstest.New(t, store, kinds, func(c *grains.Config) { c.OnCommit = feed.Committed })
	if err := w.Store.Ensure(t.Context(), collections); err != nil {
		t.Fatal(err)
	}
	var err error
	if w.Keys, err = edge.OpenKeys(t.TempDir(), edge.TokenOptions{}); err != nil {
		t.Fatal(err)
	}
	seal, err := edge.OpenSeal(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	passwords, err := auth.NewPasswords(4)
	if err != nil {
		t.Fatal(err)
	}
	standing := edge.NewStanding(edge.StandingConfig{Since: auth.AccessChanges(w.Member)})
	if err := standing.Now(t.Context()); err != nil {
		t.Fatal(err)
	}
	standing.Start()
	t.Cleanup(standing.Stop)
	w.Trusted = edge.Trusted{Keys: w.Keys, Standing: standing, APIKeys: edge.NewAPIKeys(auth.VerifyAPIKey(w.Member), nil)}
	blobs, err := blob.OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w.Deps = services.Deps{
		Asker:  w.Member,
		Stores: func(string) query.Reader { return w.Store },
		Tokens: w.Trusted, Standing: standing, Passwords: passwords, Logins: auth.NewLoginGuard(0, 0, nil), Lists: ecommerce.NewListCache(0), Blobs: blobs, Pictures: picture.NewWorkshop(2), Seal: seal, PublicURL: "https://shop.test", ShowMails: true, Log: w.Errors.logger(),
	}
	w.Deps.Search = w.Found
	w.Mount()
	w.seed(t, passwords)
	feed.Start()
	t.Cleanup(feed.Stop)
	Eventually(t, "the search index is complete", w.Found.Ready)
	return w
}

// index makes the search index, and what keeps it current once it is started.
func (w *World) index(t testing.TB, store persistence.Store) *actors.SearchFeed {
	var err error
	if w.Found, err = search.New(search.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Found.Close)
	return actors.NewSearchFeed(actors.SearchFeedConfig{
		Store: store, Index: w.Found, Period: 100 * time.Millisecond, Logger: w.Errors.logger(),
		Changed: func(company entrepot.ID) { w.Deps.Lists.Invalidate(company) },
	})
}

// Mount builds the handler of the gateway from the world's deps.
func (w *World) Mount() {
	engine := rest.NewEngine()
	routes := Routes(w.Deps)
	if w.committer == nil {
		w.committer = persistence.NewCommitter(w.Store, persistence.CommitterOptions{})
	}
	rest.Remembering(rest.NewKeyStore(w.committer, nil), routes)
	mountLazily(engine, w.Errors.logger(), []string{"/api", "/api/v1"}, routes)
	gateway.MountDocs(engine, Document())
	w.Handler = edge.Chain(engine, edge.Standard(edge.Config{Log: w.Errors.logger(), Tokens: w.Trusted, Allow: rest.Allow})...)
}

// Document is the document, which is every world's.
var Document = sync.OnceValue(func() []byte {
	doc, err := rest.OpenAPI("/api", Routes(services.Deps{})...)
	if err != nil {
		panic(err)
	}
	return doc
})

// Read lets the routes of later mounts read a service's database from r; nil: the
// service is in another process.
func (w *World) Read(service string, r query.Reader) {
	others := w.Deps.Stores
	w.Deps.Stores = func(name string) query.Reader {
		if name == service {
			return r
		}
		return others(name)
	}
}

// Routes returns the routes of all services and the gateway's own.
func Routes(d services.Deps) []rest.Routes {
	own := gateway.Deps{Tokens: d.Tokens, Now: time.Now}
	return append(services.AllRoutes(d), gateway.HealthAll(own), gateway.WellKnown(own), gateway.Health(own, "gateway"))
}

// Tell sends a grain a command as the platform.
func (w *World) Tell(t testing.TB, kind string, id entrepot.ID, cmd any) {
	t.Helper()
	if _, err := w.Member.Ask(w.Platform(), grains.Ref{Kind: kind, ID: id}, cmd); err != nil {
		t.Fatalf("seed %s: %v", kind, err)
	}
}

func (w *World) seed(t testing.TB, passwords *auth.Passwords) {
	t.Helper()
	w.Company, w.OtherCompany = entrepot.NewID(), entrepot.NewID()
	for slug, id := range map[string]entrepot.ID{"acme": w.Company, "other": w.OtherCompany} {
		w.Tell(t, company.Name, id, company.Create{Profile: company.Profile{Name: slug}, Slug: slug, Currency: "EUR", TaxBasisPoints: 1900, Plan: "business"})
	}
	w.ShopA, w.ShopB, w.OtherShop = entrepot.NewID(), entrepot.NewID(), entrepot.NewID()
	for id, company := range map[entrepot.ID]entrepot.ID{w.ShopA: w.Company, w.ShopB: w.Company, w.OtherShop: w.OtherCompany} {
		w.Tell(t, shop.Name, id, shop.Create{CompanyID: company, Details: shop.Details{Name: "shop " + id, City: "Hamburg"}})
	}
	w.Mug = w.Product(t, w.Company, "MUG", 1999, w.ShopA, w.ShopB)
	w.Cup = w.Product(t, w.Company, "CUP", 500, w.ShopB)
	w.OtherMug = w.Product(t, w.OtherCompany, "MUG", 900, w.OtherShop)
	w.Draft = w.Product(t, w.Company, "DRAFT", 100, w.ShopA)
	w.Tell(t, product.Name, w.Draft, product.Update{Status: new("draft")})
	for _, s := range []struct{ product, shop, company entrepot.ID }{
		{w.Mug, w.ShopA, w.Company}, {w.Mug, w.ShopB, w.Company}, {w.Cup, w.ShopB, w.Company}, {w.OtherMug, w.OtherShop, w.OtherCompany},
	} {
		w.Tell(t, stock.Name, stock.ID(s.product, s.shop), stock.Receive{
			ProductID: s.product, CompanyID: s.company, LocationID: s.shop, Quantity: 100, Reason: "purchase",
		})
	}
	hash, err := passwords.Hash(t.Context(), Password)
	if err != nil {
		t.Fatal(err)
	}
	w.User(t, hash, "super_admin", entrepot.SuperAdmin, "")
	w.User(t, hash, "company_admin", entrepot.CompanyAdmin, w.Company)
	w.User(t, hash, "shop_manager", entrepot.ShopManager, w.Company, w.ShopA)
	w.User(t, hash, "shop_staff", entrepot.ShopStaff, w.Company, w.ShopA)
	w.User(t, hash, "customer", entrepot.Customer, "")
	w.User(t, hash, "other_customer", entrepot.Customer, "")
	w.User(t, hash, "other_admin", entrepot.CompanyAdmin, w.OtherCompany)
}

// Product creates a product in shops and returns its id.
func (w *World) Product(t testing.TB, company entrepot.ID, sku string, price int64, shops ...entrepot.ID) entrepot.ID {
	t.Helper()
	id := entrepot.NewID()
	w.Tell(t, product.Name, id, product.Create{Product: product.Product{CompanyID: company, ShopIDs: shops, SKU: sku, Name: "Product " + sku, Category: "kitchen", Price: price, Currency: "EUR"}})
	return id
}

// User registers a user and keeps an access token under the name.
func (w *World) User(t testing.TB, hash, name string, role entrepot.Role, company entrepot.ID, shops ...entrepot.ID) {
	t.Helper()
	id := entrepot.NewID()
	w.Tell(t, user.Name, id, user.Register{Email: name + "@demo.test", Name: name, PasswordHash: hash, Role: role, CompanyID: company, ShopIDs: shops})
	w.Users[name] = &user.User{Account: user.Account{ID: id}}
	token, _, err := w.Keys.Sign(edge.Claims{UserID: id, Email: name + "@demo.test", Role: role, CompanyID: company, ShopIDs: shops})
	if err != nil {
		t.Fatal(err)
	}
	w.Tokens[name] = token
}

// Reply is a response of the API.
type Reply struct {
	Status int
	Header http.Header
	Raw    []byte
	Body   map[string]any
}

// Call sends a request as a user of the world ("" for nobody). The body is a
// JSON text or a value; headers come in pairs.
func (w *World) Call(t testing.TB, as, method, path string, body any, headers ...string) *Reply {
	t.Helper()
	var r io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		r = strings.NewReader(b)
	default:
		j, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		r = bytes.NewReader(j)
	}
	req := httptest.NewRequestWithContext(t.Context(), method, path, r)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if as != "" {
		req.Header.Set("Authorization", "Bearer "+w.Tokens[as])
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return w.Send(t, req)
}

// Send serves a request and decodes a JSON reply.
func (w *World) Send(t testing.TB, req *http.Request) *Reply {
	t.Helper()
	rec := httptest.NewRecorder()
	w.Handler.ServeHTTP(rec, req)
	out := &Reply{Status: rec.Code, Header: rec.Header(), Raw: rec.Body.Bytes()}
	if len(out.Raw) > 0 && strings.HasSuffix(rec.Header().Get("Content-Type"), "json") {
		if err := json.Unmarshal(out.Raw, &out.Body); err != nil {
			t.Fatalf("%s %s answered %q: %v", req.Method, req.URL, out.Raw, err)
		}
	}
	return out
}

// Want is call, with the status checked.
func (w *World) Want(t testing.TB, status int, as, method, path string, body any, headers ...string) *Reply {
	t.Helper()
	r := w.Call(t, as, method, path, body, headers...)
	if r.Status != status {
		t.Fatalf("%s %s as %q: %d, want %d: %s", method, path, as, r.Status, status, r.Raw)
	}
	return r
}

// At reads a value of the body: "items.0.price".
func (r *Reply) At(path string) any {
	var v any = r.Body
	for _, p := range strings.Split(path, ".") {
		switch c := v.(type) {
		case map[string]any:
			v = c[p]
		case []any:
			var i int
			if _, err := fmt.Sscan(p, &i); err != nil || i >= len(c) {
				return nil
			}
			v = c[i]
		default:
			return nil
		}
	}
	return v
}

// Text returns a text of the body by its path; "" if it is none.
func (r *Reply) Text(path string) string { s, _ := r.At(path).(string); return s }

// List returns a list of the body by its path.
func (r *Reply) List(path string) []any { s, _ := r.At(path).([]any); return s }

// errorLog keeps what is logged as an error.
type errorLog struct {
	mu    sync.Mutex
	lines []string
}

func (l *errorLog) logger() *slog.Logger { return slog.New(l) }

func (l *errorLog) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelError }
func (l *errorLog) WithAttrs([]slog.Attr) slog.Handler               { return l }
func (l *errorLog) WithGroup(string) slog.Handler                    { return l }
func (l *errorLog) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	line := r.Message
	r.Attrs(func(a slog.Attr) bool { line += " " + a.String(); return true })
	l.lines = append(l.lines, line)
	return nil
}

func (l *errorLog) Taken() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := l.lines
	l.lines = nil
	return lines
}

// Eventually waits for what another goroutine brings about.
func Eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within 5 s: %s", what)
		}
	}
}

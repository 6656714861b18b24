package api_test

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
	"entrepot/actors/ecommerce"
	"entrepot/blob"
	"entrepot/blob/picture"
	"entrepot/grains"
	"entrepot/grains/access"
	"entrepot/grains/apikey"
	"entrepot/grains/cart"
	"entrepot/grains/categories"
	"entrepot/grains/company"
	"entrepot/grains/company/companypb"
	"entrepot/grains/companystats"
	"entrepot/grains/grainstest"
	"entrepot/grains/imports"
	"entrepot/grains/invitation"
	"entrepot/grains/mail"
	"entrepot/grains/order"
	"entrepot/grains/payment"
	"entrepot/grains/product"
	"entrepot/grains/product/productpb"
	"entrepot/grains/promotion"
	"entrepot/grains/purchase"
	"entrepot/grains/recommend"
	"entrepot/grains/review"
	"entrepot/grains/series"
	"entrepot/grains/shipping"
	"entrepot/grains/shop"
	"entrepot/grains/shop/shoppb"
	"entrepot/grains/sourcing"
	"entrepot/grains/stock"
	"entrepot/grains/stock/stockpb"
	"entrepot/grains/stocktake"
	"entrepot/grains/stockwatch"
	"entrepot/grains/supplier"
	"entrepot/grains/transfer"
	"entrepot/grains/user"
	"entrepot/grains/user/userpb"
	"entrepot/grains/warehouse"
	"entrepot/grains/wishlist"
	"entrepot/http/api"
	"entrepot/http/edge"
	"entrepot/persistence"
	"entrepot/persistence/storetest"
	"entrepot/search"

	"google.golang.org/protobuf/proto"
)

var auditLogs = &persistence.Collection{
	Name: "auditLogs",
	Fields: []persistence.Field{
		{Name: "userId", Type: persistence.String},
		{Name: "action", Type: persistence.String},
		{Name: "resource", Type: persistence.String},
		{Name: "resourceId", Type: persistence.String},
	},
	Indexes: [][]string{{persistence.CreatedAt}},
}

// world is the whole HTTP interface over real grains and a store in memory: two
// companies, the first with two shops, one user a role, and products in stock.
type world struct {
	*grainstest.Member
	keys    *edge.Keys
	trusted edge.Trusted
	handler http.Handler
	errors  *errorLog
	deps    api.Deps
	found   *search.Index
	// committer writes the Idempotency-Keys.
	committer *persistence.Committer

	company, otherCompany     entrepot.ID
	shopA, shopB, otherShop   entrepot.ID
	mug, cup, otherMug, draft entrepot.ID
	users                     map[string]*userpb.User // by name of the test: "customer", "other_customer", roles
	tokens                    map[string]string
}

const password = "a long sentence of the test"

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{users: map[string]*userpb.User{}, tokens: map[string]string{}, errors: &errorLog{}}
	kinds := []*grains.Kind{
		user.Kind(), access.Kind(), apikey.Kind(), mail.Kind(), invitation.Kind(),
		company.Kind(), companystats.Kind(), shop.Kind(), shipping.Kind(),
		product.Kind(),
		promotion.Kind(), promotion.UseKind(),
		categories.Kind(),
		imports.Kind(),
		cart.Kind(),
		wishlist.Kind(), review.Kind(), review.VoteKind(), stockwatch.Kind(),
		recommend.AffinityKind(), recommend.TrendingKind(), recommend.TasteKind(),
		order.Kind(), series.Kind(), payment.Kind(),
		stock.Kind(), warehouse.Kind(), sourcing.Kind(), transfer.Kind(), stocktake.Kind(), supplier.Kind(), purchase.Kind(),
	}
	store := storetest.NewMemory()
	feed := w.index(t, store)
	w.Member = grainstest.New(t, store, kinds, func(c *grains.Config) { c.OnCommit = feed.Committed })
	if err := w.Store.Ensure(t.Context(), []*persistence.Collection{
		auditLogs, stock.Movements, imports.Rows, shop.Sales, api.IdempotencyKeys,
		review.Purchases,
		wishlist.Wishes,
		recommend.Views,
		ecommerce.Availability,
	}); err != nil {
		t.Fatal(err)
	}
	var err error
	if w.keys, err = edge.OpenKeys(t.TempDir(), edge.TokenOptions{}); err != nil {
		t.Fatal(err)
	}
	seal, err := edge.OpenSeal(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	passwords, err := api.NewPasswords(4)
	if err != nil {
		t.Fatal(err)
	}
	standing := edge.NewStanding(edge.StandingConfig{Since: api.AccessChanges(w.Member)})
	if err := standing.Now(t.Context()); err != nil {
		t.Fatal(err)
	}
	standing.Start()
	t.Cleanup(standing.Stop)
	w.trusted = edge.Trusted{Keys: w.keys, Standing: standing, APIKeys: edge.NewAPIKeys(api.VerifyAPIKey(w.Member), nil)}
	blobs, err := blob.OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w.deps = api.Deps{
		Asker: w.Member, AuditLogs: auditLogs, Movements: stock.Movements,
		Stores: api.Stores{Auth: w.Store, Company: w.Store, Shop: w.Store, Ecommerce: w.Store, Sales: w.Store, Payment: w.Store, Inventory: w.Store, Audit: w.Store},
		Tokens: w.trusted, Standing: standing, Passwords: passwords, Logins: api.NewLoginGuard(0, 0, nil), Lists: api.NewListCache(0), Blobs: blobs, Pictures: picture.NewWorkshop(2), Seal: seal, PublicURL: "https://shop.test", ShowMails: true, Log: w.errors.logger(),
	}
	w.deps.Search = w.found
	w.mount()
	w.seed(t, passwords)
	feed.Start()
	t.Cleanup(feed.Stop)
	eventually(t, "the search index is complete", w.found.Ready)
	return w
}

// index makes the search index, and what keeps it current once it is started.
func (w *world) index(t testing.TB, store persistence.Store) *ecommerce.SearchFeed {
	var err error
	if w.found, err = search.New(search.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.found.Close)
	return ecommerce.NewSearchFeed(ecommerce.SearchFeedConfig{
		Store: store, Index: w.found, Period: 100 * time.Millisecond, Logger: w.errors.logger(),
		Changed: func(company entrepot.ID) { w.deps.Lists.Invalidate(company) },
	})
}

// mount builds the handler of the gateway from the world's deps.
func (w *world) mount() {
	engine := api.NewEngine()
	services := allServices(w.deps)
	if w.committer == nil {
		w.committer = persistence.NewCommitter(w.Store, persistence.CommitterOptions{})
	}
	api.Remembering(api.NewKeyStore(w.committer, nil), services)
	api.Mount(engine, w.errors.logger(), []string{"/api", "/api/v1"}, services...)
	api.MountDocs(engine, openAPI())
	w.handler = edge.Chain(engine, edge.Standard(edge.Config{Log: w.errors.logger(), Tokens: w.trusted, Allow: api.Allow})...)
}

// openAPI is the document, which is every world's.
var openAPI = sync.OnceValue(func() []byte {
	doc, err := api.OpenAPI("/api", allServices(api.Deps{})...)
	if err != nil {
		panic(err)
	}
	return doc
})

func allServices(d api.Deps) []api.Routes {
	return []api.Routes{
		api.Auth(d), api.Company(d), api.Shop(d),
		api.Products(d), api.Search(d), api.Recommendations(d), api.Reviews(d), api.StockWatches(d),
		api.Cart(d), api.Promotions(d), api.Wishlist(d),
		api.Sales(d), api.Payment(d),
		api.Inventory(d), api.Logistics(d),
		api.Audit(d), api.HealthAll(d), api.WellKnown(d), api.Health(d, "gateway"),
	}
}

func (w *world) ask(t testing.TB, kind string, id entrepot.ID, cmd proto.Message) {
	t.Helper()
	if _, err := w.Member.Ask(w.Platform(), kind, id, cmd); err != nil {
		t.Fatalf("seed %s: %v", kind, err)
	}
}

func (w *world) seed(t testing.TB, passwords *api.Passwords) {
	t.Helper()
	w.company, w.otherCompany = entrepot.NewID(), entrepot.NewID()
	for slug, id := range map[string]entrepot.ID{"acme": w.company, "other": w.otherCompany} {
		w.ask(t, companypb.Kind, id, &companypb.Create{Name: slug, Slug: slug, Currency: "EUR", TaxBasisPoints: 1900, Plan: "business"})
	}
	w.shopA, w.shopB, w.otherShop = entrepot.NewID(), entrepot.NewID(), entrepot.NewID()
	for id, company := range map[entrepot.ID]entrepot.ID{w.shopA: w.company, w.shopB: w.company, w.otherShop: w.otherCompany} {
		w.ask(t, shoppb.Kind, id, &shoppb.Create{CompanyId: company, Name: "shop " + id, City: "Hamburg"})
	}
	w.mug = w.product(t, w.company, "MUG", 1999, w.shopA, w.shopB)
	w.cup = w.product(t, w.company, "CUP", 500, w.shopB)
	w.otherMug = w.product(t, w.otherCompany, "MUG", 900, w.otherShop)
	w.draft = w.product(t, w.company, "DRAFT", 100, w.shopA)
	w.ask(t, productpb.Kind, w.draft, &productpb.Update{Status: proto.String("draft")})
	for _, s := range []struct{ product, shop, company entrepot.ID }{
		{w.mug, w.shopA, w.company}, {w.mug, w.shopB, w.company}, {w.cup, w.shopB, w.company}, {w.otherMug, w.otherShop, w.otherCompany},
	} {
		w.ask(t, stockpb.Kind, stockpb.ID(s.product, s.shop), &stockpb.Receive{
			ProductId: s.product, CompanyId: s.company, LocationId: s.shop, Quantity: 100, Reason: "purchase",
		})
	}
	hash, err := passwords.Hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	w.user(t, hash, "super_admin", entrepot.SuperAdmin, "")
	w.user(t, hash, "company_admin", entrepot.CompanyAdmin, w.company)
	w.user(t, hash, "shop_manager", entrepot.ShopManager, w.company, w.shopA)
	w.user(t, hash, "shop_staff", entrepot.ShopStaff, w.company, w.shopA)
	w.user(t, hash, "customer", entrepot.Customer, "")
	w.user(t, hash, "other_customer", entrepot.Customer, "")
	w.user(t, hash, "other_admin", entrepot.CompanyAdmin, w.otherCompany)
}

func (w *world) product(t testing.TB, company entrepot.ID, sku string, price int64, shops ...entrepot.ID) entrepot.ID {
	t.Helper()
	id := entrepot.NewID()
	w.ask(t, productpb.Kind, id, &productpb.Create{CompanyId: company, ShopIds: shops, Sku: sku, Name: "Product " + sku, Category: "kitchen", PriceMinor: price, Currency: "EUR"})
	return id
}

func (w *world) user(t testing.TB, hash, name string, role entrepot.Role, company entrepot.ID, shops ...entrepot.ID) {
	t.Helper()
	id := entrepot.NewID()
	w.ask(t, userpb.Kind, id, &userpb.Register{Email: name + "@demo.test", Name: name, PasswordHash: hash, Role: string(role), CompanyId: company, ShopIds: shops})
	w.users[name] = &userpb.User{Id: id}
	token, _, err := w.keys.Sign(edge.Claims{UserID: id, Email: name + "@demo.test", Role: role, CompanyID: company, ShopIDs: shops})
	if err != nil {
		t.Fatal(err)
	}
	w.tokens[name] = token
}

// reply is an answer of the API.
type reply struct {
	status int
	header http.Header
	raw    []byte
	body   map[string]any
}

// call sends a request as a user of the world ("" for nobody). The body is a
// JSON text or a value; headers come in pairs.
func (w *world) call(t testing.TB, as, method, path string, body any, headers ...string) *reply {
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
		req.Header.Set("Authorization", "Bearer "+w.tokens[as])
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return w.send(t, req)
}

func (w *world) send(t testing.TB, req *http.Request) *reply {
	t.Helper()
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, req)
	out := &reply{status: rec.Code, header: rec.Header(), raw: rec.Body.Bytes()}
	if len(out.raw) > 0 && strings.HasSuffix(rec.Header().Get("Content-Type"), "json") {
		if err := json.Unmarshal(out.raw, &out.body); err != nil {
			t.Fatalf("%s %s answered %q: %v", req.Method, req.URL, out.raw, err)
		}
	}
	return out
}

// want is call, with the status checked.
func (w *world) want(t testing.TB, status int, as, method, path string, body any, headers ...string) *reply {
	t.Helper()
	r := w.call(t, as, method, path, body, headers...)
	if r.status != status {
		t.Fatalf("%s %s as %q: %d, want %d: %s", method, path, as, r.status, status, r.raw)
	}
	return r
}

// at reads a value of the body: "items.0.price".
func (r *reply) at(path string) any {
	var v any = r.body
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

func (r *reply) text(path string) string { s, _ := r.at(path).(string); return s }

func (r *reply) list(path string) []any { s, _ := r.at(path).([]any); return s }

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

func (l *errorLog) taken() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := l.lines
	l.lines = nil
	return lines
}

// eventually waits for what another goroutine brings about.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within 5 s: %s", what)
		}
	}
}

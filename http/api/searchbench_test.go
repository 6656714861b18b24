package api_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"entrepot"
	"entrepot/actors"
	"entrepot/grains/categories"
	"entrepot/grains/product"
	"entrepot/grains/review"
	"entrepot/http/api"
	"entrepot/http/edge"
	"entrepot/persistence"
	"entrepot/persistence/sqlitestore"
	"entrepot/search"
)

// The catalogue of the measurement: as many things as asked for, called like
// those of the labelled set, by 400 brands and in 3,000 series.
type bigCatalogue struct {
	names, brands, series []string
	categories            []string
	r                     *rand.Rand
}

func newBigCatalogue(t *testing.T) *bigCatalogue {
	t.Helper()
	c := &bigCatalogue{r: rand.New(rand.NewPCG(1, 2))}
	f, err := os.Open(filepath.Join("..", "..", "search", "testdata", "catalogue.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if fields := strings.Split(s.Text(), "\t"); len(fields) == 9 {
			c.names = append(c.names, fields[1])
			category, _, _ := strings.Cut(fields[3], "/")
			c.categories = append(c.categories, category)
		}
	}
	syllables := []string{"ka", "mo", "ri", "ta", "le", "su", "no", "vi", "do", "pe", "sha", "gru", "bel", "tor", "min"}
	word := func(n int) string {
		return syllables[n%15] + syllables[n/15%15] + syllables[n/225%15]
	}
	for i := range 400 {
		c.brands = append(c.brands, strings.ToUpper(word(i * 7)[:1])+word(i * 7)[1:])
	}
	for i := range 3000 {
		c.series = append(c.series, word(i))
	}
	return c
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

func (c *bigCatalogue) product(i int, company entrepot.ID, shops []entrepot.ID) *product.State {
	at := c.r.IntN(len(c.names))
	words := make([]string, 15)
	for j := range words {
		words[j] = pick(c.r, c.series)
	}
	now := time.Now().Add(-time.Duration(i) * time.Second).UnixMilli()
	return &product.State{
		ID: entrepot.DeriveID("bench", strconv.Itoa(i)), CompanyID: company, ShopIDs: []string{pick(c.r, shops)}, SKU: fmt.Sprint("B-", i),
		Name: c.names[at] + " " + pick(c.r, c.series), Brand: pick(c.r, c.brands), Category: c.categories[at], Status: product.StatusActive,
		Description: c.names[at] + " for " + c.names[c.r.IntN(len(c.names))] + ". " + strings.Join(words, " "),
		Price:       100 + c.r.Int64N(50_000), Currency: "EUR", Created: now, Updated: now, Version: 1,
		Attributes: []product.Attribute{
			{Name: "colour", Value: pick(c.r, []string{"red", "blue", "green", "black", "white", "grey", "sand"})},
			{Name: "size", Value: strconv.Itoa(c.r.IntN(12))},
		},
		Rating: []int64{0, c.r.Int64N(2), c.r.Int64N(3), c.r.Int64N(9), c.r.Int64N(9)},
	}
}

// TestSearchBench measures with SEARCH_BENCH=100000 products in SQLite: the
// reading of the index, its memory, and requests over 32 connections. Load and
// server share the machine. `make search-bench` runs it.
func TestSearchBench(t *testing.T) {
	n, _ := strconv.Atoi(os.Getenv("SEARCH_BENCH"))
	if n == 0 {
		t.Skip("SEARCH_BENCH is not set")
	}
	store, err := sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), "ecommercedb.sqlite"), sqlitestore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	if err := store.Ensure(t.Context(), []*persistence.Collection{categories.Collection, product.Collection, actors.Availability, review.Purchases}); err != nil {
		t.Fatal(err)
	}
	c := newBigCatalogue(t)
	fillCatalogue(t, store, c, n)

	before := heap()
	ix, err := search.New(search.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ix.Close)
	feed := actors.NewSearchFeed(actors.SearchFeedConfig{Store: store, Index: ix, Logger: slog.New(slog.DiscardHandler)})
	start, spent := time.Now(), processorTime()
	if err := feed.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	took := time.Since(start)
	t.Logf("%d products: index complete in %v (%v of CPU), heap +%d MB, %d cores", ix.Len(), took.Round(time.Millisecond), (processorTime() - spent).Round(time.Millisecond), (heap()-before)>>20, runtime.NumCPU())

	engine := api.NewEngine()
	deps := api.Deps{Stores: api.Stores{Ecommerce: store}, Search: ix, Lists: api.NewListCache(0), Log: slog.New(slog.DiscardHandler)}
	keys, err := edge.OpenKeys(t.TempDir(), edge.TokenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	api.Mount(engine, deps.Log, []string{"/api"}, api.Products(deps), api.Search(deps), api.NoOp())
	server := httptest.NewServer(edge.Chain(engine, edge.Standard(edge.Config{Log: deps.Log, Tokens: keys})...))
	t.Cleanup(server.Close)

	name := func(r *rand.Rand) string { return strings.ToLower(pick(r, c.names)) }
	for _, s := range []struct {
		what string
		path func(r *rand.Rand) string
	}{
		{"list, newest (kept 2 s)", func(*rand.Rand) string { return "limit=20" }},
		{"list, by price", func(r *rand.Rand) string {
			return fmt.Sprintf("sort=price&limit=20&currency=EUR&minPrice=%d", r.IntN(400))
		}},
		{"filter with 4 facets", func(r *rand.Rand) string {
			return fmt.Sprintf("category=%s&attr=colour:red&minPrice=%d&currency=EUR&sort=-rating&facets=brand,price,attributes,rating", pick(r, c.categories), r.IntN(300))
		}},
		{"filter by brand, all facets", func(r *rand.Rand) string {
			return fmt.Sprintf("brand=%s&brand=%s&minPrice=%d&currency=EUR&facets=brand,category,price,rating,attributes,availability,shop", pick(r, c.brands), pick(r, c.brands), r.IntN(300))
		}},
		{"text, two words", func(r *rand.Rand) string {
			return "q=" + url.QueryEscape(name(r)+" "+pick(r, c.series))
		}},
		{"text, brand and thing", func(r *rand.Rand) string {
			return "q=" + url.QueryEscape(pick(r, c.brands)+" "+name(r))
		}},
		{"text with a typing error", func(r *rand.Rand) string {
			w := name(r)
			i := 1 + r.IntN(max(len(w)-2, 1))
			return "q=" + url.QueryEscape(w[:i]+w[i+1:])
		}},
		{"text, filter and facets", func(r *rand.Rand) string {
			return fmt.Sprintf("q=%s&minPrice=%d&currency=EUR&facets=brand,category,price", url.QueryEscape(name(r)), r.IntN(300))
		}},
	} {
		measure(t, server, s.what, func(r *rand.Rand) string { return "/api/products?" + s.path(r) })
	}
	measure(t, server, "suggest", func(r *rand.Rand) string {
		w := pick(r, c.names)
		return "/api/products/suggest?q=" + url.QueryEscape(w[:min(len(w), 3+r.IntN(6))])
	})
	measure(t, server, "no-op, the limit", func(*rand.Rand) string { return "/api/products/" + "0" })
}

// processorTime is what this process has used of the processors.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func fillCatalogue(t *testing.T, store persistence.Store, c *bigCatalogue, n int) {
	t.Helper()
	company := entrepot.NewID()
	var shops []entrepot.ID
	for range 50 {
		shops = append(shops, entrepot.NewID())
	}
	var batch []persistence.Write
	for i := range n {
		s := c.product(i, company, shops)
		raw, err := store.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		index := s.Index()
		at := time.UnixMilli(s.Updated).UTC()
		batch = append(batch, persistence.Write{Collection: product.Collection, Doc: persistence.Document{
			ID: s.ID, Version: 1, CompanyID: company, ShopID: index.ShopID, CreatedAt: at, UpdatedAt: at, Fields: index.Fields, State: raw,
		}})
		if len(batch) == 1000 || i == n-1 {
			for _, err := range store.Commit(t.Context(), batch) {
				if err != nil {
					t.Fatal(err)
				}
			}
			batch = batch[:0]
		}
	}
}

// measure asks over 32 connections for a time and prints how long answers took.
func measure(t *testing.T, server *httptest.Server, what string, path func(*rand.Rand) string) {
	t.Helper()
	const connections = 32
	seconds := 5 * time.Second
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections}}
	defer client.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(t.Context(), seconds)
	defer cancel()
	var mu sync.Mutex
	var all []time.Duration
	failed := 0
	var wg sync.WaitGroup
	spent := processorTime()
	for k := range connections {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(7, uint64(k)))
			var mine []time.Duration
			bad := 0
			for ctx.Err() == nil {
				req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+path(r), nil)
				if err != nil {
					panic(err)
				}
				start := time.Now()
				res, err := client.Do(req)
				if err != nil {
					continue // the time is over
				}
				_, err = io.Copy(io.Discard, res.Body)
				_ = res.Body.Close()
				if err != nil {
					continue
				}
				mine = append(mine, time.Since(start))
				if res.StatusCode != http.StatusOK && !strings.HasSuffix(req.URL.Path, "/0") {
					bad++
				}
			}
			mu.Lock()
			defer mu.Unlock()
			all, failed = append(all, mine...), failed+bad
		})
	}
	wg.Wait()
	spent = processorTime() - spent
	if len(all) == 0 || failed > 0 {
		t.Errorf("%s: %d answers, %d failed", what, len(all), failed)
		return
	}
	slices.Sort(all)
	at := func(q float64) time.Duration {
		return all[int(q*float64(len(all)-1))].Round(100 * time.Microsecond)
	}
	t.Logf("%-28s %6.0f/s  p50 %-8v p99 %-8v %v of CPU each, the client's half included", what,
		float64(len(all))/seconds.Seconds(), at(0.5), at(0.99), (spent / time.Duration(len(all))).Round(10*time.Microsecond))
}

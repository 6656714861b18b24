package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"entrepot"
	"entrepot/grains/ecommerce/product"
	"entrepot/persistence"
	"entrepot/persistence/search/searchtest"
	"entrepot/persistence/sqlitestore"
)

// searchConnections ask the big catalogue.
const searchConnections = 32

// words are what the big catalogue's products are called by.
type words struct{ *searchtest.Words }

func anyOf[T any](list []T) T { return list[rand.IntN(len(list))] }

func (w *words) product(i int, company, shop entrepot.ID) product.Product {
	at := rand.IntN(len(w.Names))
	text := make([]string, 15)
	for j := range text {
		text[j] = anyOf(w.Series)
	}
	made := time.Now().Add(-time.Duration(i) * time.Second).UnixMilli()
	return product.Product{
		ID: entrepot.DeriveID("bench", strconv.Itoa(i)), CompanyID: company, ShopIDs: []entrepot.ID{shop}, SKU: fmt.Sprint("BIG-", i),
		Name: w.Names[at] + " " + anyOf(w.Series), Brand: anyOf(w.Brands), Category: w.Categories[at], Status: product.Active,
		Description: w.Names[at] + " for " + anyOf(w.Names) + ". " + strings.Join(text, " "),
		Price:       100 + rand.Int64N(50_000), Currency: "EUR", CreatedAt: made, UpdatedAt: made, Version: 1,
		Attributes: []product.Attribute{
			{Name: "colour", Value: anyOf([]string{"red", "blue", "green", "black", "white", "grey", "sand"})},
			{Name: "size", Value: strconv.Itoa(rand.IntN(12))},
		},
		Rating: []int64{0, rand.Int64N(2), rand.Int64N(3), rand.Int64N(9), rand.Int64N(9)},
	}
}

// catalogue measures a start with a big catalogue, what its index costs, and
// searches of it.
func (b *bench) catalogue() error {
	read, err := searchtest.ReadWords(filepath.Join("persistence", "search", "testdata", "catalogue.tsv"))
	if err != nil {
		return fmt.Errorf("the bench is run from the repository's root: %w", err)
	}
	w := &words{read}
	asked := w.searches()
	if b.products == 0 || b.stack || !b.chosen(asked) {
		return nil
	}
	usual := b.connections
	b.connections = searchConnections
	defer func() { b.connections = usual }()
	b.server.env = append(b.server.env, "LOG_LEVEL=error") // while there is no index, requests for it are refused
	if err := b.begin(); err != nil {                      // makes the databases, the demo tenant and tokens
		return err
	}
	none, rss, err := b.settled()
	if err != nil {
		return err
	}
	b.disconnect()
	if err := b.server.stop(); err != nil {
		return err
	}
	if err := b.fill(w); err != nil {
		return err
	}
	took, err := b.server.start()
	if err != nil {
		return err
	}
	b.table.start(fmt.Sprintf("start with %d products", b.products), took)
	if took, err = b.indexed(took); err != nil {
		return err
	}
	all, full, err := b.settled()
	if err != nil {
		return err
	}
	if err := b.connect(); err != nil {
		return err
	}
	b.table.row("the index of %d products is complete after %.1f s, with %.1f s of CPU; memory %+d MB (heap %+d)", b.products,
		took.Seconds(), b.server.cpu().Seconds(), (full-rss)>>20, (all.HeapBytes-none.HeapBytes)>>20)
	for _, s := range asked {
		if !b.chosen(group{s}) {
			continue
		}
		if err := b.turns(group{s}); err != nil {
			return err
		}
	}
	return nil
}

// fill writes the products as their grains do; one by one through the API they
// would take minutes.
func (b *bench) fill(w *words) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	store, err := sqlitestore.Open(ctx, filepath.Join(b.server.dir, "ecommercedb.sqlite"), sqlitestore.Options{Unsafe: true})
	if err != nil {
		return err
	}
	err = store.Ensure(ctx, []*persistence.Collection{product.Collection})
	for from := 0; from < b.products && err == nil; from += 1000 {
		batch := make([]persistence.Write, 0, 1000)
		for i := from; i < min(from+1000, b.products); i++ {
			p := w.product(i, b.world.company, b.world.shop)
			state, index := product.Saved(p)
			var raw []byte
			if raw, err = store.Marshal(state); err != nil {
				break
			}
			at := time.UnixMilli(p.UpdatedAt).UTC()
			batch = append(batch, persistence.Write{Collection: product.Collection, Doc: persistence.Document{
				ID: p.ID, Version: 1, CompanyID: p.CompanyID, ShopID: index.ShopID, CreatedAt: at, UpdatedAt: at, Fields: index.Fields, State: raw,
			}})
		}
		err = errors.Join(append(store.Commit(ctx, batch), err)...)
	}
	return errors.Join(err, store.Close())
}

// indexed waits for the index, which started with the server.
func (b *bench) indexed(since time.Duration) (time.Duration, error) {
	begin := time.Now().Add(-since)
	c, err := dial(b.server.address())
	if err != nil {
		return 0, err
	}
	defer c.close()
	for time.Since(begin) < 5*time.Minute {
		err := c.send("GET /api/products/suggest?q=ma", "", nil, http.StatusOK)
		if err == nil {
			return time.Since(begin), nil
		}
		if !errors.Is(err, errStatus) {
			return 0, err
		}
		time.Sleep(20 * time.Millisecond)
	}
	return 0, errors.New("the index is not complete after five minutes")
}

// searching begins the name of every scenario of the big catalogue.
const searching = "search: "

// searches are asked of the big catalogue; no two of one scenario are meant to be
// the same.
func (w *words) searches() []scenario {
	ask := func(name string, query func() string) scenario {
		return scenario{name: searching + name, do: func(k *worker) error {
			return k.send("GET /api/products"+query(), "", nil, http.StatusOK)
		}}
	}
	thing := func() string { return strings.ToLower(anyOf(w.Names)) }
	text := func(q string) string { return "?q=" + url.QueryEscape(q) }
	return []scenario{
		ask("list, newest", func() string { return "?limit=20" }),
		ask("list, by price", func() string {
			return fmt.Sprintf("?sort=price&limit=20&currency=EUR&minPrice=%d", rand.IntN(400))
		}),
		ask("filter and 4 facets", func() string {
			return fmt.Sprintf("?category=%s&attr=colour:red&minPrice=%d&currency=EUR&sort=-rating&facets=brand,price,attributes,rating", anyOf(w.Categories), rand.IntN(300))
		}),
		ask("brands, all facets", func() string {
			return fmt.Sprintf("?brand=%s&brand=%s&minPrice=%d&currency=EUR&facets=brand,category,price,rating,attributes,availability,shop", anyOf(w.Brands), anyOf(w.Brands), rand.IntN(300))
		}),
		ask("two words", func() string { return text(thing() + " " + anyOf(w.Series)) }),
		ask("brand and thing", func() string { return text(anyOf(w.Brands) + " " + thing()) }),
		ask("a typing error", func() string {
			t := []rune(thing())
			at := 1 + rand.IntN(max(len(t)-2, 1))
			return text(string(slices.Delete(t, at, at+1)))
		}),
		ask("words, filter, facets", func() string {
			return text(thing()) + fmt.Sprintf("&minPrice=%d&currency=EUR&facets=brand,category,price", rand.IntN(300))
		}),
		ask("suggest", func() string {
			t := anyOf(w.Names)
			return "/suggest?q=" + url.QueryEscape(t[:min(len(t), 3+rand.IntN(6))])
		}),
	}
}

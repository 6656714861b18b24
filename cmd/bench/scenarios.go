package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"entrepot"
	"entrepot/http/edge"
)

// The world that the scenarios work in.
const (
	manyUsers    = 4096
	manyProducts = 512
	plenty       = 100_000_000 // pieces of each
)

// world is the customers, products and tokens of a run.
type world struct {
	keys     *edge.Keys
	company  entrepot.ID
	shop     entrepot.ID
	admin    string   // header lines of the company's administrator
	users    []string // header lines of customers who read and fill carts
	buyers   []string // of those who order, whose carts hold nothing else
	hotUser  string
	products []entrepot.ID
	next     atomic.Uint64 // the next buyer
}

// demo is what the server writes about its demo tenant.
type demo struct {
	Users map[string]struct {
		UserID entrepot.ID `json:"userId"`
	} `json:"users"`
	CompanyID entrepot.ID   `json:"companyId"`
	ShopIDs   []entrepot.ID `json:"shopIds"`
}

// newWorld signs tokens with the server's keys and fills the catalogue through its API.
func (b *bench) newWorld() error {
	raw, err := os.ReadFile(filepath.Join(b.server.dir, "demo.json"))
	if err != nil {
		return err
	}
	var d demo
	if err := json.Unmarshal(raw, &d); err != nil {
		return err
	}
	w := &world{company: d.CompanyID, shop: d.ShopIDs[0]}
	if w.keys, err = openKeys(b.server.dir); err != nil {
		return err
	}
	if w.admin, err = w.token(edge.Claims{
		UserID: d.Users["company_admin"].UserID, Email: "admin@bench.example", Role: entrepot.CompanyAdmin, CompanyID: d.CompanyID,
	}); err != nil {
		return err
	}
	customers := make([]string, 2*manyUsers+1)
	for i := range customers {
		if customers[i], err = w.customer(); err != nil {
			return err
		}
	}
	w.users, w.buyers, w.hotUser = customers[:manyUsers], customers[manyUsers:2*manyUsers], customers[2*manyUsers]
	b.world = w
	if err := b.each(manyProducts, b.makeProduct); err != nil {
		return err
	}
	return b.readCarts(customers) // and verify each token once
}

func (w *world) customer() (string, error) {
	return w.token(edge.Claims{UserID: entrepot.NewID(), Email: "customer@bench.example", Role: entrepot.Customer})
}

func (w *world) token(c edge.Claims) (string, error) {
	t, _, err := w.keys.Sign(c)
	return "Authorization: Bearer " + t + "\r\n", err
}

func (b *bench) makeProduct(c *conn, i int) error {
	w := b.world
	body := fmt.Sprintf(`{"shopIds":[%q],"sku":"BENCH-%d","name":"Bench product %d","description":"A product to be sold often",`+
		`"category":"bench","brand":"Bench","price":%d.50,"currency":"EUR"}`, w.shop, i, i, 5+i%50)
	if err := c.send("POST /api/products", w.admin, []byte(body), http.StatusCreated); err != nil {
		return err
	}
	id, err := idIn(c.body)
	if err != nil {
		return err
	}
	b.mu.Lock()
	w.products = append(w.products, id)
	b.mu.Unlock()
	body = fmt.Sprintf(`{"productId":%q,"shopId":%q,"quantity":%d,"reason":"bench"}`, id, w.shop, plenty)
	return c.send("POST /api/inventory/items", w.admin, []byte(body), http.StatusCreated)
}

// each does n pieces of preparation on all connections.
func (b *bench) each(n int, work func(c *conn, i int) error) error {
	var next atomic.Int64
	errs := make([]error, len(b.workers))
	var wg sync.WaitGroup
	for k, w := range b.workers {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && errs[k] == nil; i = int(next.Add(1)) - 1 {
				errs[k] = work(w.conn, i)
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err // the others are the like
		}
	}
	return nil
}

var idField = []byte(`"id":"`)

// idIn is the first id in a body: the entity's own.
func idIn(body []byte) (entrepot.ID, error) {
	at := bytes.Index(body, idField)
	if at < 0 || len(body) < at+len(idField)+24 {
		return "", fmt.Errorf("no id in %s", body)
	}
	return entrepot.ID(body[at+len(idField) : at+len(idField)+24]), nil
}

// spread is a number that differs from operation to operation and between workers.
func (w *worker) spread(n int) int {
	x := (w.i + uint64(w.n)<<32) * 0x9E3779B97F4A7C15
	return int((x >> 33) % uint64(n))
}

// limit is the no-op handler behind the same router, middleware, token and JSON.
func (b *bench) limit() scenario {
	return scenario{name: "no-op, the limit", do: func(w *worker) error {
		return w.send("GET /api/noop", b.world.users[w.spread(manyUsers)], nil, http.StatusOK)
	}}
}

func (b *bench) addMany() scenario {
	return scenario{name: "add to cart, 4,096 carts", writes: true, before: func() error { return b.readCarts(b.world.users) }, do: func(w *worker) error {
		user := w.spread(manyUsers)
		return b.add(w, b.world.users[user], b.world.products[(user+int(w.i)%3)%manyProducts])
	}}
}

// readCarts reads every cart once: it is in memory afterwards, as that of whoever
// looks around a shop, even where additions come slower than carts leave.
func (b *bench) readCarts(users []string) error {
	return b.each(len(users), func(c *conn, i int) error {
		return c.send("GET /api/cart", users[i], nil, http.StatusOK)
	})
}

// addHot adds to one cart.
func (b *bench) addHot() scenario {
	return scenario{name: "add to cart, one hot cart", writes: true, do: func(w *worker) error {
		return b.add(w, b.world.hotUser, b.world.products[w.spread(hotLines)])
	}}
}

// hotLines keep the hot cart below the bound of a line for some 200,000 additions.
const hotLines = 20

func (b *bench) add(w *worker, user string, product entrepot.ID) error {
	w.body = append(append(append(w.body[:0], `{"productId":"`...), product...), `","quantity":1}`...)
	return w.send("POST /api/cart/items", user, w.body, http.StatusCreated)
}

func (b *bench) detail() scenario {
	return scenario{name: "product detail", do: func(w *worker) error {
		return w.send("GET /api/products/"+b.world.products[w.spread(manyProducts)], b.world.users[w.spread(manyUsers)], nil, http.StatusOK)
	}}
}

func (b *bench) list() scenario {
	return scenario{name: "product list of 20", do: func(w *worker) error {
		return w.send("GET /api/products?limit=20", b.world.users[w.spread(manyUsers)], nil, http.StatusOK)
	}}
}

const shipTo = `"shippingAddress":{"name":"Ada Bench","line1":"Quay 1","city":"Antwerp","postalCode":"2000","country":"BE"}`

// checkout is four requests: two items into the cart, the order of the cart, its payment.
func (b *bench) checkout() scenario {
	return scenario{name: "whole checkout", writes: true, do: func(w *worker) error {
		user := b.world.buyers[b.world.next.Add(1)%manyUsers]
		at := w.spread(manyProducts)
		for k := range 2 {
			if err := b.add(w, user, b.world.products[(at+k)%manyProducts]); err != nil {
				return err
			}
		}
		if err := w.send("POST /api/orders", user, []byte(`{`+shipTo+`}`), http.StatusCreated); err != nil {
			return err
		}
		order, err := idIn(w.conn.body)
		if err != nil {
			return err
		}
		w.body = append(append(append(w.body[:0], `{"orderId":"`...), order...), `","gateway":"manual","method":"bank_transfer","token":"ok"}`...)
		return w.send("POST /api/payments/process", user, w.body, http.StatusOK)
	}}
}

// reserve orders one line, which stays reserved: all of one product, or spread over many.
func (b *bench) reserve(name string, product func(w *worker) entrepot.ID) scenario {
	return scenario{name: name, writes: true, do: func(w *worker) error {
		user := b.world.buyers[b.world.next.Add(1)%manyUsers]
		w.body = append(append(append(w.body[:0], `{"items":[{"productId":"`...), product(w)...), `","quantity":1}],`+shipTo+`}`...)
		return w.send("POST /api/orders", user, w.body, http.StatusCreated)
	}}
}

func (b *bench) reserveHot() scenario {
	return b.reserve("reservations of one hot item", func(*worker) entrepot.ID { return b.world.products[0] })
}

func (b *bench) reserveSpread() scenario {
	return b.reserve("reservations spread over 512", func(w *worker) entrepot.ID { return b.world.products[w.spread(manyProducts)] })
}

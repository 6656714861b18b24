package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"entrepot"
	"entrepot/http/edge"
	"entrepot/test/check"
)

// client is one user of the API. It asks any member, and another one when the
// first does not answer: with the same Idempotency-Key, so nothing happens twice.
type client struct {
	p     *platform
	http  *http.Client
	token string
	user  entrepot.ID
	// cartToken is a guest's, who has no token of a login.
	cartToken string
	rng       *rand.Rand
	// patience is how long one operation may take with all its retries.
	patience time.Duration
	// anywhere: also at the member whose watchdog sleeps. It cannot write what is
	// stale, but between waking and being told it can read it out.
	anywhere bool
}

// attemptTimeout is for one attempt: a paused member accepts and never answers.
const attemptTimeout = 4 * time.Second

// transport keeps its connections: 200 customers of three members.
func transport() *http.Client {
	return &http.Client{Transport: &http.Transport{MaxIdleConns: 1000, MaxIdleConnsPerHost: 400, IdleConnTimeout: time.Minute}}
}

// token makes a login of a role without asking for a password.
func (p *platform) token(t *testing.T, user entrepot.ID, role entrepot.Role, company entrepot.ID) string {
	t.Helper()
	token, _, err := p.keys.Sign(edge.Claims{UserID: user, Email: user + "@e2e.example", Role: role, CompanyID: company})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func (p *platform) client(t *testing.T, h *http.Client, seed uint64, role entrepot.Role, company entrepot.ID) *client {
	user := entrepot.NewID()
	return &client{
		p: p, http: h, user: user, token: p.token(t, user, role, company),
		rng: rand.New(rand.NewPCG(seed, 1)), patience: 60 * time.Second,
	}
}

// answer is the last answer to an operation.
type answer struct {
	outcome  string // check.OK, Refused or Unknown
	code     string // of a refusal
	status   int
	replayed bool
	body     []byte
	attempts int
	detail   string
}

func (a *answer) decode(t *testing.T, into any) {
	t.Helper()
	if err := json.Unmarshal(a.body, into); err != nil {
		t.Errorf("answer %s: %v", a.body, err)
	}
}

// retried counts attempts that had no final answer, in all tests.
var retried atomic.Int64

// ask sends a request until it has a final answer: not a lost connection, not a
// timeout, not 503. keyed requests carry the key each time.
func (c *client) ask(ctx context.Context, method, path, key string, body any) answer {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			panic(err)
		}
	}
	until := time.Now().Add(c.patience)
	members := c.p.members
	if !c.anywhere && len(members) > zombie {
		members = members[:zombie]
	}
	member := c.rng.IntN(len(members))
	for attempt := 1; ; attempt++ {
		a, final := c.once(ctx, members[member], method, path, key, text)
		a.attempts = attempt
		if final {
			return a
		}
		retried.Add(1)
		if time.Now().After(until) || ctx.Err() != nil {
			a.outcome = check.Unknown
			return a
		}
		member = (member + 1) % len(members)
		pause := min(time.Second, 20*time.Millisecond<<min(attempt, 6))
		pauseFor(ctx, pause/2+time.Duration(c.rng.Int64N(int64(pause))))
	}
}

// once is one attempt; final unless the same should be asked again.
func (c *client) once(ctx context.Context, m *member, method, path, key string, body []byte) (a answer, final bool) {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, m.url+"/api"+path, bytes.NewReader(body))
	if err != nil {
		panic(err)
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	if c.cartToken != "" {
		r.Header.Set("Cart-Token", c.cartToken)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	response, err := c.http.Do(r)
	if err != nil {
		a.detail = err.Error()
		return a, false
	}
	defer func() { _ = response.Body.Close() }()
	a.status = response.StatusCode
	a.replayed = response.Header.Get("Idempotent-Replayed") != ""
	if a.body, err = io.ReadAll(response.Body); err != nil {
		a.detail = err.Error()
		return a, false
	}
	switch {
	case a.status < 300:
		a.outcome = check.OK
		return a, true
	case a.status == http.StatusServiceUnavailable || a.status == http.StatusTooManyRequests:
		a.detail = string(a.body)
		return a, false
	default:
		var problem edge.Problem
		if err := json.Unmarshal(a.body, &problem); err != nil {
			problem.Code = entrepot.CodeInternal
		}
		if problem.Code == entrepot.CodeInFlight { // the first try may have died with its member
			a.detail = string(a.body)
			return a, false
		}
		a.outcome, a.code, a.detail = check.Refused, string(problem.Code), string(a.body)
		return a, true
	}
}

// must asks and fails the test unless it is done.
func (c *client) must(t *testing.T, method, path string, body, into any) {
	t.Helper()
	a := c.ask(t.Context(), method, path, "", body)
	if a.outcome != check.OK {
		t.Fatalf("%s %s: %s %s", method, path, a.outcome, a.detail)
	}
	if into != nil {
		a.decode(t, into)
	}
}

// pauseFor is a think time: it ends early with the context.
func pauseFor(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// goods are the products of a run, in one shop.
type goods struct {
	company, shop entrepot.ID
	admin         *client
	linear, mixed []*product
	fought        []*product // by two activations: see fight
}

type product struct {
	id, item entrepot.ID
	stock    int64
	sales    atomic.Int64 // attempts so far, to bound a linear item's history
}

// stockGoods makes a company, a shop, and products with stock, through the API.
func stockGoods(t *testing.T, p *platform, linear, mixed, fought []int64) *goods {
	t.Helper()
	h := transport()
	super := p.client(t, h, 1, entrepot.SuperAdmin, "")
	var made struct{ ID entrepot.ID }
	super.must(t, http.MethodPost, "/companies", map[string]any{
		"name": "E2E", "slug": "e2e-" + entrepot.NewID(), "settings": map[string]any{"currency": "EUR", "taxRate": 6},
	}, &made)
	g := &goods{company: made.ID}
	g.admin = p.client(t, h, 2, entrepot.CompanyAdmin, g.company)
	g.admin.must(t, http.MethodPost, "/shops", map[string]any{"name": "Shop"}, &made)
	g.shop = made.ID
	skus := 0
	add := func(stock int64) *product {
		skus++
		g.admin.must(t, http.MethodPost, "/products", map[string]any{
			"shopIds": []string{g.shop}, "sku": fmt.Sprintf("SKU-%d", skus), "name": fmt.Sprintf("Product %d", skus), "price": 12.5, "currency": "EUR",
		}, &made)
		pr := &product{id: made.ID, stock: stock}
		g.admin.must(t, http.MethodPost, "/inventory/items", map[string]any{
			"productId": pr.id, "shopId": g.shop, "quantity": stock, "reason": "purchase",
		}, &made)
		pr.item = made.ID
		return pr
	}
	for _, n := range linear {
		g.linear = append(g.linear, add(n))
	}
	for _, n := range mixed {
		g.mixed = append(g.mixed, add(n))
	}
	for _, n := range fought {
		g.fought = append(g.fought, add(n))
	}
	return g
}

// items are the goods as the checker's history names them.
func (g *goods) items() (out []check.Item) {
	for _, pr := range g.linear {
		out = append(out, check.Item{ID: pr.item, Received: pr.stock, Linear: true})
	}
	for _, pr := range g.mixed {
		out = append(out, check.Item{ID: pr.item, Received: pr.stock})
	}
	for _, pr := range g.fought {
		out = append(out, check.Item{ID: pr.item, Received: pr.stock})
	}
	return out
}

package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"entrepot"
)

// Small limits, so that a test can spend them. A company's burst is 100.
const (
	userLimit   = 1200 // a minute, at once too
	tenantLimit = 600  // a minute
	tenantBurst = 100
	loginLimit  = 10 // wrong ones of an account
)

// TestAccessEverywhereStack: three processes, each with a gateway. What one of them
// answered about who may do what, the others obey, and what one let through the
// others count.
func TestAccessEverywhereStack(t *testing.T) {
	e := everywhere{platform: startStack(t, options{extra: []string{
		fmt.Sprint("RATE_LIMIT=", userLimit), fmt.Sprint("TENANT_RATE_LIMIT=", tenantLimit),
	}}), http: transport()}
	super := e.as(e.token(t, entrepot.NewID(), entrepot.SuperAdmin, ""))
	var made struct{ ID entrepot.ID }
	super.at(t, 0, 201, http.MethodPost, "/companies", map[string]any{
		"name": "E2E", "slug": "e2e-" + entrepot.NewID(), "settings": map[string]any{"currency": "EUR", "taxRate": 6},
	}, &made)
	e.admin = e.as(e.token(t, entrepot.NewID(), entrepot.CompanyAdmin, made.ID))
	t.Run("withdrawn", e.withdrawals)
	t.Run("API keys", e.apiKeys)
	t.Run("limits", e.limits)
	t.Run("keys rotated", e.rotation) // last: it removes the key that the tests sign with
}

type everywhere struct {
	*platform
	http  *http.Client
	admin *caller
}

// caller asks the member it names, once, and takes no answer for another.
type caller struct {
	*client
	refresh string
}

func (e *everywhere) as(token string) *caller {
	return &caller{client: &client{p: e.platform, http: e.http, token: token, rng: rand.New(rand.NewPCG(1, 1))}}
}

// ask is the status at a member, and its answer.
func (c *caller) ask(t *testing.T, member int, method, path string, body any) answer {
	t.Helper()
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			t.Fatal(err)
		}
	}
	a, _ := c.once(t.Context(), c.p.members[member], method, path, "", text)
	return a
}

func (c *caller) at(t *testing.T, member, status int, method, path string, body, into any) {
	t.Helper()
	a := c.ask(t, member, method, path, body)
	if a.status != status {
		t.Fatalf("member %d: %s %s: %d, not %d: %s", member+1, method, path, a.status, status, a.detail)
	}
	if into != nil {
		a.decode(t, into)
	}
}

const secretWords = "a long sentence is easy to remember"

// user is a new one of the role, logged in at the second member.
func (e *everywhere) user(t *testing.T, role entrepot.Role) (id entrepot.ID, email string, c *caller) {
	t.Helper()
	email = entrepot.NewID() + "@e2e.example"
	var made struct{ ID entrepot.ID }
	body := map[string]any{"email": email, "password": secretWords, "name": "Ada"}
	if role == entrepot.Customer {
		e.as("").at(t, 0, 201, http.MethodPost, "/auth/register", body, &made)
	} else {
		body["role"] = role
		e.admin.at(t, 0, 201, http.MethodPost, "/auth/users", body, &made)
	}
	return made.ID, email, e.login(t, 1, email)
}

type loggedIn struct {
	AccessToken, RefreshToken string
}

func (e *everywhere) login(t *testing.T, member int, email string) *caller {
	t.Helper()
	var in loggedIn
	e.as("").at(t, member, 200, http.MethodPost, "/auth/login", map[string]any{"email": email, "password": secretWords}, &in)
	c := e.as(in.AccessToken)
	c.refresh = in.RefreshToken
	return c
}

func (e *everywhere) renew(t *testing.T, member, status int, refresh string) (in loggedIn) {
	t.Helper()
	var into any
	if status == http.StatusOK {
		into = &in
	}
	e.as("").at(t, member, status, http.MethodPost, "/auth/refresh-token", map[string]any{"refreshToken": refresh}, into)
	return in
}

// everybody wants an answer from every member.
func (c *caller) everybody(t *testing.T, status int, path string) {
	t.Helper()
	for i := range c.p.members {
		c.at(t, i, status, http.MethodGet, path, nil, nil)
	}
}

// refused: no member accepts what is sent later than the limit after now.
func (c *caller) refused(t *testing.T, what, path string, limit time.Duration) {
	t.Helper()
	done := time.Now()
	took := make([]time.Duration, len(c.p.members))
	var wg sync.WaitGroup
	for i, m := range c.p.members {
		wg.Go(func() {
			for {
				sent := time.Since(done)
				switch a := c.ask(t, i, http.MethodGet, path, nil); {
				case a.status == http.StatusUnauthorized:
					took[i] = sent
					return
				case a.status == http.StatusTooManyRequests, a.status != 0 && sent > limit, sent > 10*time.Second:
					t.Errorf("%s: %s answers %d %v later", what, m.name, a.status, sent.Round(time.Millisecond))
					return
				}
				pauseFor(t.Context(), 50*time.Millisecond)
			}
		})
	}
	wg.Wait()
	t.Logf("%s: refused everywhere after %v", what, slices.Max(took).Round(time.Millisecond))
}

const profile = "/auth/profile"

func (e *everywhere) withdrawals(t *testing.T) {
	set := func(t *testing.T, id, role string, active bool) {
		t.Helper()
		e.admin.at(t, 0, 200, http.MethodPut, "/auth/users/"+id, map[string]any{"name": "Ada", "role": role, "isActive": active}, nil)
	}
	for _, c := range []struct {
		name string
		role entrepot.Role
		do   func(t *testing.T, id, email string, c *caller)
	}{
		{"a logout", entrepot.Customer, func(t *testing.T, _, _ string, c *caller) {
			c.at(t, 0, 204, http.MethodPost, "/auth/logout", nil, nil)
			e.renew(t, 2, 401, c.refresh)
		}},
		{"a logout of all sessions", entrepot.Customer, func(t *testing.T, _, email string, _ *caller) {
			e.login(t, 2, email).at(t, 0, 204, http.MethodPost, "/auth/logout?all=true", nil, nil)
		}},
		{"another password", entrepot.Customer, func(t *testing.T, _, email string, _ *caller) {
			e.login(t, 2, email).at(t, 0, 204, http.MethodPost, "/auth/change-password", map[string]any{
				"currentPassword": secretWords, "newPassword": "quite another sentence",
			}, nil)
		}},
		{"a refresh token used twice", entrepot.Customer, func(t *testing.T, _, _ string, c *caller) {
			next := e.renew(t, 0, 200, c.refresh)
			e.renew(t, 2, 401, c.refresh)
			e.renew(t, 1, 401, next.RefreshToken)
		}},
		{"a demotion", entrepot.CompanyAdmin, func(t *testing.T, id, _ string, c *caller) {
			set(t, id, "shop_staff", true)
			demoted := e.as(e.renew(t, 1, 200, c.refresh).AccessToken)
			demoted.everybody(t, 200, profile)
			demoted.everybody(t, 403, "/auth/users")
		}},
		{"a disabled account", entrepot.ShopManager, func(t *testing.T, id, email string, c *caller) {
			set(t, id, "shop_manager", false)
			e.renew(t, 2, 401, c.refresh)
			e.as("").at(t, 1, 401, http.MethodPost, "/auth/login", map[string]any{"email": email, "password": secretWords}, nil)
		}},
		{"an erased account", entrepot.ShopStaff, func(t *testing.T, id, _ string, _ *caller) {
			e.admin.at(t, 0, 204, http.MethodDelete, "/auth/users/"+id, nil, nil)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			id, email, user := e.user(t, c.role)
			user.everybody(t, 200, "/orders") // all members know the token now
			c.do(t, id, email, user)
			user.refused(t, c.name, "/orders", time.Second)
		})
	}
}

func (e *everywhere) apiKeys(t *testing.T) {
	var made struct {
		ID  entrepot.ID
		Key string
	}
	e.admin.at(t, 0, 201, http.MethodPost, "/auth/api-keys", map[string]any{"name": "scanner", "scopes": []string{"orders:read"}}, &made)
	key := e.as(made.Key)
	key.everybody(t, 200, "/orders")
	key.everybody(t, 403, "/audit/logs") // another scope
	e.as(made.Key+"x").everybody(t, 401, "/orders")
	e.admin.at(t, 0, 204, http.MethodDelete, "/auth/api-keys/"+made.ID, nil, nil)
	key.refused(t, "a revoked API key", "/orders", time.Second)
}

// sharedWithin is when gateways have told each other what they let through: each
// reports every 500 ms.
const sharedWithin = 1500 * time.Millisecond

// crowd is more than wait for their turn at a company's rate: the next is refused.
const crowd = 8

// untilLimited is a crowd that asks a member until one is answered 429; it tells
// how many went through, with the status of those.
func (c *caller) untilLimited(t *testing.T, member, status int, method, path string, body any, most int) int {
	t.Helper()
	var through atomic.Int64
	var limited atomic.Bool
	var wg sync.WaitGroup
	for range crowd {
		wg.Go(func() {
			for !limited.Load() {
				switch a := c.ask(t, member, method, path, body); {
				case a.status == http.StatusTooManyRequests:
					limited.Store(true)
				case a.status != status || through.Add(1) > int64(most):
					t.Errorf("member %d answers %d after %d: %s", member+1, a.status, through.Load(), a.detail)
					limited.Store(true)
				}
			}
		})
	}
	wg.Wait()
	return int(through.Load())
}

// limits: what went through one gateway is gone from the others' allowance, less
// than a twentieth of a burst for each gateway that does not tell so little.
func (e *everywhere) limits(t *testing.T) {
	customer := e.as(e.token(t, entrepot.NewID(), entrepot.Customer, ""))
	company := entrepot.NewID() // nobody has asked for it yet
	clerk := e.as(e.token(t, entrepot.NewID(), entrepot.ShopStaff, company))
	other := e.as(e.token(t, entrepot.NewID(), entrepot.CompanyAdmin, company))
	_, email, _ := e.user(t, entrepot.Customer)
	wrong := map[string]any{"email": email, "password": "not this one, certainly"}

	const list = "/products?limit=1"
	for _, c := range []struct {
		name          string
		first, second *caller
		method, path  string
		body          any
		status        int // while something is left
		burst         int
		perMinute     int
	}{
		{"a login", e.as(""), e.as(""), http.MethodPost, "/auth/login", wrong, 401, loginLimit, 1},
		{"a user", customer, customer, http.MethodGet, list, nil, 200, userLimit, userLimit},
		{"a company", clerk, other, http.MethodGet, list, nil, 200, tenantBurst, tenantLimit},
	} {
		start, spent := time.Now(), c.burst*3/4
		for range spent {
			c.first.at(t, 0, c.status, c.method, c.path, c.body, nil)
		}
		pauseFor(t.Context(), sharedWithin)
		through := spent + c.second.untilLimited(t, 1, c.status, c.method, c.path, c.body, 2*c.burst)
		regained := int(time.Since(start)*time.Duration(c.perMinute)/time.Minute) + 1
		t.Logf("%s: %d through two gateways of a burst of %d, %d regained", c.name, through, c.burst, regained)
		if untold := c.burst / 20; through > c.burst+regained+untold || through < c.burst-untold {
			t.Errorf("%s: %d went through two gateways of a limit of %d, of which %d came back", c.name, through, c.burst, regained)
		}
	}
	pauseFor(t.Context(), sharedWithin)
	e.as("").at(t, 2, 429, http.MethodPost, "/auth/login", map[string]any{"email": email, "password": secretWords}, nil)
}

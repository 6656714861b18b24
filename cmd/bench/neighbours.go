package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"entrepot"
	"entrepot/http/edge"
)

// The quiet tenant of the neighbours' runs: so many connections, each a request
// every so often.
const (
	quietConnections = 8
	quietEvery       = 10 * time.Millisecond
)

// The loud tenant's share: what TENANT_RATE_LIMIT lets it have, and on how many
// connections it asks for that.
const (
	shareRate       = 3000 // a second
	loudConnections = 320
	shareEvery      = time.Second * loudConnections / shareRate
)

// beNeighbours measures what one caller's load does to another's reads: a tenant
// at its share and at ten times it, and logins that fail by the hundred.
func (b *bench) beNeighbours() error {
	if err := b.begin(); err != nil {
		return err
	}
	quiet, err := b.world.token(edge.Claims{
		UserID: entrepot.NewID(), Email: "quiet@bench.example", Role: entrepot.CompanyAdmin, CompanyID: entrepot.NewID(),
	})
	if err != nil {
		return err
	}
	read := func(c *conn, headers string) error {
		return c.send("GET /api/products/"+b.world.products[rand.IntN(manyProducts)], headers, nil, http.StatusOK)
	}
	d := time.Duration(b.seconds * float64(time.Second))
	loud := func(times int) disturbance {
		return disturbance{connections: loudConnections, every: shareEvery / time.Duration(times), do: func(c *conn) error { return mostly(read(c, b.world.admin)) }}
	}
	runs := []struct {
		name    string
		disturb disturbance
	}{
		{"alone", disturbance{}},
		{fmt.Sprintf("beside a tenant at its share, %d/s", shareRate), loud(1)},
		{"beside the same at ten times its share", loud(10)},
		{"beside 200 failing logins a second", disturbance{connections: 200, every: time.Second, do: failLogin}},
	}
	results := make([][]result, len(runs))
	for range b.rounds {
		for i, run := range runs {
			r, err := b.beside(run.disturb, d/time.Duration(b.rounds), func(c *conn) error { return read(c, quiet) })
			if err != nil {
				return fmt.Errorf("%s: %w", run.name, err)
			}
			results[i] = append(results[i], r)
		}
	}
	fmt.Printf("\n%-44s %10s %10s %14s\n", "a quiet tenant's reads", "p50", "p99", "others, answered")
	for i, run := range runs {
		m := median(results[i])
		fmt.Printf("%-44s %10v %10v %12.0f/s\n", run.name, m.p50.Round(10*time.Microsecond), m.p99.Round(10*time.Microsecond), m.perSecond)
	}
	return nil
}

// mostly lets a refusal for want of a place pass: it is what the loud tenant may get.
func mostly(err error) error {
	if err != nil && !errors.Is(err, errStatus) {
		return err
	}
	return nil
}

// failLogin tries a password of an account that nobody has, from an address of its own.
func failLogin(c *conn) error {
	n := rand.Uint32()
	body := fmt.Sprintf(`{"email":"nobody%d@bench.example","password":"not the password"}`, n)
	from := fmt.Sprintf("X-Forwarded-For: 10.%d.%d.%d\r\n", byte(n), byte(n>>8), byte(n>>16))
	return mostly(c.send("POST /api/auth/login", from, []byte(body), http.StatusUnauthorized))
}

// disturbance is load beside what is measured.
type disturbance struct {
	connections int
	every       time.Duration // of each connection; 0: as fast as it is answered
	do          func(c *conn) error
}

// beside measures work on the quiet connections while the disturbance runs.
func (b *bench) beside(x disturbance, d time.Duration, work func(*conn) error) (result, error) {
	const warm = 500 * time.Millisecond
	var (
		wg     sync.WaitGroup
		failed atomic.Pointer[error]
		others atomic.Int64
		begin  = time.Now().Add(warm)
		end    = begin.Add(d)
		took   = make([][]time.Duration, quietConnections)
	)
	loop := func(every time.Duration, do func(*conn) error, done func(start, end time.Time)) {
		c, err := dial(b.server.address())
		if err != nil {
			failed.CompareAndSwap(nil, &err)
			return
		}
		defer c.close()
		next := time.Now().Add(rand.N(every + 1))
		for time.Now().Before(end) && failed.Load() == nil {
			time.Sleep(time.Until(next))
			start := time.Now()
			if err := do(c); err != nil {
				failed.CompareAndSwap(nil, &err)
				return
			}
			done(start, time.Now())
			next = start.Add(every)
		}
	}
	for range x.connections {
		wg.Go(func() {
			loop(x.every, x.do, func(start, _ time.Time) {
				if start.After(begin) {
					others.Add(1)
				}
			})
		})
	}
	for n := range quietConnections {
		wg.Go(func() {
			loop(quietEvery, work, func(start, done time.Time) {
				if start.After(begin) {
					took[n] = append(took[n], done.Sub(start))
				}
			})
		})
	}
	wg.Wait()
	if p := failed.Load(); p != nil {
		return result{}, *p
	}
	r := summarize(slices.Concat(took...), d)
	r.perSecond = float64(others.Load()) / d.Seconds()
	return r, nil
}

// Command bench measures a built entrepot server as its customers would meet it:
// over keep-alive connections, with tokens, every write durable before its
// answer, every consumer running. It starts the server itself.
//
// Each scenario is run in turns with the limit, a handler that does nothing
// behind the same router, middleware, token check and JSON; the ratio of their
// medians tells more than either number on a machine that others use too.
//
//	make bench                    embedded: SQLite, fsync on, the embedded broker
//	make bench ARGS=-stack        on MONGO_URI, AMQP_URL and CONSUL_ADDR
//	make bench ARGS='-only add'   scenarios whose name contains "add"
package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"entrepot/http/edge"
)

type options struct {
	binary      string
	connections int
	seconds     float64
	rounds      int
	only        string
	carts       int
	products    int
	manyOrders  int
	stack       bool
	profile     string
	keep        bool
	neighbours  bool
	places      int
}

// defaultPlaces is the server's own MAX_IN_FLIGHT.
const defaultPlaces = 512

type bench struct {
	options
	server  *server
	workers []*worker
	world   *world
	table   table
	prefix  string // of the databases, with -stack
	gap     gap    // of the requests of all connections
	adds    result // the median of "add to cart", to hold the database's own rate against
	mu      sync.Mutex
}

func main() {
	var o options
	flag.StringVar(&o.binary, "binary", "bin/entrepot", "the server")
	flag.IntVar(&o.connections, "connections", 0, "keep-alive connections; 0: 64, with -stack 256")
	flag.Float64Var(&o.seconds, "seconds", 5, "measured seconds of each scenario, in all rounds together")
	flag.IntVar(&o.rounds, "rounds", 3, "runs of each scenario, in turns with the limit")
	flag.StringVar(&o.only, "only", "", "scenarios whose name contains one of these words, comma separated")
	flag.IntVar(&o.carts, "carts", 100_000, "idle carts whose memory is measured; 0: none")
	flag.IntVar(&o.products, "products", 100_000, "products of the catalogue that is searched; 0: none")
	flag.IntVar(&o.manyOrders, "orders", 50_000, "orders whose memory is measured, at once and two minutes later; 0: none")
	flag.BoolVar(&o.stack, "stack", false, "on the servers of MONGO_URI, AMQP_URL and CONSUL_ADDR")
	flag.StringVar(&o.profile, "profile", "", "write CPU profiles of the scenarios to this folder")
	flag.BoolVar(&o.keep, "keep", false, "keep the server's data")
	flag.BoolVar(&o.neighbours, "neighbours", false, "only what loud tenants and failing logins do to a quiet tenant's reads")
	flag.IntVar(&o.places, "places", 0, "MAX_IN_FLIGHT of the server; 0: 1024, or with -neighbours its default")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(o options) (err error) {
	if o.connections == 0 {
		o.connections = 64
		if o.stack {
			o.connections = 256
		}
	}
	b := &bench{options: o, table: table{embedded: !o.stack}}
	fmt.Println(machine())
	if o.neighbours {
		return b.with(b.beNeighbours)
	}
	for _, part := range []func() error{b.scenarios, b.catalogue, b.memory, b.orders} {
		if err := b.with(part); err != nil {
			return err
		}
	}
	b.table.print()
	return nil
}

// with runs a part of the benchmark on a server and data of its own.
func (b *bench) with(part func() error) (err error) {
	dir, err := os.MkdirTemp("", "entrepot-bench-")
	if err != nil {
		return err
	}
	if b.keep {
		fmt.Println("data in", dir)
	} else {
		defer func() { _ = os.RemoveAll(dir) }()
	}
	settings, done, err := b.settings()
	if err != nil {
		return err
	}
	defer done()
	if b.neighbours {
		settings = append(settings, "BCRYPT_COST=12", "TRUSTED_PROXIES=127.0.0.1/32", fmt.Sprint("TENANT_RATE_LIMIT=", 60*shareRate), "LOG_LEVEL=error")
		b.places = cmp.Or(b.places, defaultPlaces)
	}
	if b.places > 0 {
		settings = append(settings, fmt.Sprint("MAX_IN_FLIGHT=", b.places))
	}
	if b.server, err = newServer(b.binary, dir, settings...); err != nil {
		return err
	}
	defer func() {
		b.disconnect()
		if e := b.server.stop(); e != nil {
			err = errors.Join(err, e)
		}
		if text, _ := os.ReadFile(filepath.Join(dir, "server.log")); strings.Contains(string(text), "level=") {
			fmt.Fprintf(os.Stderr, "the server's log:\n%s\n", text[max(0, len(text)-4000):])
		}
	}()
	return part()
}

// connect opens the connections.
func (b *bench) connect() error {
	for n := range b.connections {
		c, err := dial(b.server.address())
		if err != nil {
			return err
		}
		c.gap = &b.gap
		b.workers = append(b.workers, &worker{conn: c, n: n})
	}
	return nil
}

func (b *bench) disconnect() {
	for _, w := range b.workers {
		w.close()
	}
	b.workers = nil
}

// group is scenarios that are run in turns, with the limit beside them.
type group []scenario

func (b *bench) scenarios() error {
	if err := b.begin(); err != nil {
		return err
	}
	groups := []group{
		{b.detail()}, {b.list()}, {b.addMany()}, {b.addHot()}, {b.checkout()}, {b.reserveHot(), b.reserveSpread()},
	}
	for _, g := range groups {
		if !b.chosen(g) {
			continue
		}
		if err := b.turns(g); err != nil {
			return err
		}
	}
	if b.stack {
		return b.direct()
	}
	return nil
}

// begin starts the server, connects and fills the catalogue.
func (b *bench) begin() error {
	if b.stack {
		if err := b.server.run("seed"); err != nil {
			return err
		}
	}
	took, err := b.server.start()
	if err != nil {
		return err
	}
	b.table.start("start to first answer, new data", took)
	if err := waitFor(filepath.Join(b.server.dir, "demo.json")); err != nil {
		return err
	}
	if err := b.connect(); err != nil {
		return err
	}
	return b.newWorld()
}

func waitFor(file string) error {
	for range 2000 {
		if _, err := os.Stat(file); err == nil {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return errors.New("the server did not write " + file)
}

func openKeys(dir string) (*edge.Keys, error) {
	return edge.OpenKeys(filepath.Join(dir, "keys"), edge.TokenOptions{TTL: 2 * time.Hour})
}

func (b *bench) chosen(g group) bool {
	if b.only == "" {
		return true
	}
	for _, s := range g {
		for word := range strings.SplitSeq(b.only, ",") {
			if strings.Contains(s.name, word) {
				return true
			}
		}
	}
	return false
}

// turns runs the group's scenarios and the limit in turns.
func (b *bench) turns(g group) error {
	const warm = 300 * time.Millisecond
	d := time.Duration(b.seconds / float64(b.rounds) * float64(time.Second))
	var limits []result
	runs := make([][]result, len(g))
	for range b.rounds {
		r, err := b.measure(b.limit(), warm, d)
		if err != nil {
			return err
		}
		limits = append(limits, r)
		for i, s := range g {
			stop := b.profiling(s.name, warm+d)
			r, err := b.measure(s, warm, d)
			stop()
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			runs[i] = append(runs[i], r)
		}
	}
	limit := median(limits)
	for i, s := range g {
		m := median(runs[i])
		b.table.scenario(s.name, m, limit)
		if s.name == b.addMany().name {
			b.adds = m
		}
	}
	return nil
}

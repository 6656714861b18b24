package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"entrepot"
	"entrepot/test/check"

	"github.com/hashicorp/consul/api"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	mongooptions "go.mongodb.org/mongo-driver/v2/mongo/options"
)

// servers are the addresses of the real ones.
type servers struct{ mongo, amqp, consul string }

func stackServers(t *testing.T) servers {
	t.Helper()
	s := servers{os.Getenv("MONGO_URI"), os.Getenv("AMQP_URL"), os.Getenv("CONSUL_ADDR")}
	if s.mongo == "" || s.amqp == "" || s.consul == "" {
		if testing.Short() {
			t.Skip("MONGO_URI, AMQP_URL and CONSUL_ADDR are not set")
		}
		t.Fatal("MONGO_URI, AMQP_URL and CONSUL_ADDR are not set: run scripts/stack up, or test with -short")
	}
	return s
}

// zombie is the member whose watchdog sleeps (build tag zombie): after a pause it
// goes on with what it had until the others tell it. A member as it is shipped
// fences itself within milliseconds, mostly before two activations have met.
const zombie = 2

// startStack is three members with all services each. Databases, virtual host and
// cluster name are the test's own, and go with it.
func startStack(t *testing.T, o options) *platform {
	t.Helper()
	servers := stackServers(t)
	p, dir := newPlatform(t)
	name := "e2e-" + entrepot.NewID()
	if o.ttl == 0 {
		o.ttl = time.Second
	}
	rabbit, vhost := ownVHost(t, servers, name)
	prefix := name + "-"
	cleanMongo(t, servers, prefix)
	cleanConsul(t, servers, name)
	o.extra = append([]string{
		"MONGO_URI=" + servers.mongo, "MONGO_PREFIX=" + prefix, "AMQP_URL=" + vhost, "CONSUL_ADDR=" + servers.consul,
		"CLUSTER_NAME=" + name, "CLUSTER_TTL=" + o.ttl.String(), "CLUSTER_GRACE=" + o.ttl.String(),
	}, o.extra...)
	hosts := []string{"127.0.0.1", "127.0.0.2", "127.0.0.3"}
	port := freePorts(t, hosts...)
	for i, host := range hosts {
		n := fmt.Sprintf("member%d", i+1)
		tags := o.tags
		if i == zombie {
			tags = strings.TrimPrefix(tags+",zombie", ",")
		}
		p.members = append(p.members, &member{
			name: n, url: fmt.Sprintf("http://%s:%d", host, port), bin: binary(t, tags),
			env: o.settings(filepath.Join(dir, n), filepath.Join(dir, "keys"), host, port), log: filepath.Join(dir, n+".log"),
		})
	}
	p.open = func() (check.Source, error) { return check.Mongo(servers.mongo, prefix, rabbit) }
	start := time.Now()
	for i, m := range p.members {
		startMember(t, m)
		if i == 0 { // it makes the indexes
			if _, err := m.waitReady(t.Context(), 90*time.Second); err != nil {
				t.Fatalf("%v\n%s", err, tail(m.log))
			}
		}
	}
	p.waitReady(t)
	t.Logf("three members serve after %v", time.Since(start).Round(10*time.Millisecond))
	return p
}

func ownVHost(t *testing.T, s servers, name string) (*check.Rabbit, string) {
	t.Helper()
	u, err := url.Parse(s.amqp)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	r, err := check.NewRabbit(u.String(), os.Getenv("RABBITMQ_MANAGEMENT"))
	if err == nil {
		err = r.Create(t.Context())
	}
	if err != nil {
		t.Fatalf("make a virtual host: %v", err)
	}
	t.Cleanup(func() {
		if err := r.Delete(context.Background()); err != nil {
			t.Errorf("delete the virtual host: %v", err)
		}
	})
	return r, u.String()
}

// cleanMongo drops the run's databases at the end.
func cleanMongo(t *testing.T, s servers, prefix string) {
	t.Helper()
	t.Cleanup(func() {
		if os.Getenv("E2E_DIR") != "" {
			return // kept, to look into
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		c, err := mongo.Connect(mongooptions.Client().ApplyURI(s.mongo))
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = c.Disconnect(ctx) }()
		names, err := c.ListDatabaseNames(ctx, bson.D{})
		if err != nil {
			t.Errorf("list databases: %v", err)
		}
		for _, name := range names {
			if strings.HasPrefix(name, prefix) {
				if err := c.Database(name).Drop(ctx); err != nil {
					t.Errorf("drop %s: %v", name, err)
				}
			}
		}
	})
}

// cleanConsul forgets the run's members and their marks at the end.
func cleanConsul(t *testing.T, s servers, name string) {
	t.Helper()
	config := api.DefaultConfig()
	config.Address = s.consul
	c, err := api.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		defer config.Transport.CloseIdleConnections()
		if _, err := c.KV().DeleteTree(name+"/", nil); err != nil {
			t.Errorf("delete marks: %v", err)
		}
		all, err := c.Agent().Services()
		if err != nil {
			t.Errorf("list services: %v", err)
		}
		for id, service := range all {
			if strings.HasPrefix(service.Service, name) {
				_ = c.Agent().ServiceDeregister(id)
			}
		}
	})
}

// TestCheckoutUnderFaultsStack: three members; one at a time is killed with kill
// -9 every few seconds, and one is paused beyond its eviction in the middle of writes.
func TestCheckoutUnderFaultsStack(t *testing.T) {
	p := startStack(t, options{})
	g := stockGoods(t, p, stocks(8, 120), stocks(12, 400), stocks(12, 1))
	r := newRecorder(g)
	lost := p.suffer(t, g, r, load{customers: 200, duration: 35 * time.Second, think: 8 * time.Second})
	mustHold(t, p.verdict(t, r, g, 60*time.Second))
	if lost == 0 {
		t.Error("no two activations met: the run proves nothing about them")
	}
}

// TestNegativeControlStack: the same without the compare-and-set's filter. The
// checker must find out.
func TestNegativeControlStack(t *testing.T) {
	p := startStack(t, options{tags: "nocas"})
	g := stockGoods(t, p, stocks(4, 120), stocks(6, 400), stocks(12, 1))
	r := newRecorder(g)
	s, err := p.open()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	for range pauseTries {
		var wg sync.WaitGroup
		wg.Go(func() { p.pausing(t.Context(), t, g, r, zombie) })
		load{customers: 50, duration: 8 * time.Second, think: 4 * time.Second}.run(t, p, g, r)
		wg.Wait()
		if found := broken(t, s, &r.h, 10*time.Second); len(found) > 0 {
			tellFound(t, found)
			return
		}
	}
	t.Error("without the compare-and-set's filter nothing was found broken: the checker is blind")
}

// broken looks until something is broken that no time can cure, or the limit.
func broken(t *testing.T, s check.Source, h *check.History, limit time.Duration) (found []check.Violation) {
	_ = poll(t.Context(), limit, "something is broken", func() bool {
		w, err := check.Read(t.Context(), s)
		if err != nil {
			t.Fatalf("read the databases: %v", err)
		}
		found = check.Certain(check.Check(w, h))
		return len(found) > 0
	})
	return found
}

// pauseTries bounds how often a member is paused until two activations have met.
const pauseTries = 3

// suffer is the load with kills, and pauses. It tells how many
// compare-and-sets the paused members lost.
func (p *platform) suffer(t *testing.T, g *goods, r *recorder, l load) (lost int) {
	ctx, cancel := context.WithTimeout(t.Context(), l.duration)
	defer cancel()
	var wg sync.WaitGroup
	wg.Go(func() { p.killing(ctx, t, 5*time.Second, rand.New(rand.NewPCG(1, 2))) })
	wg.Go(func() {
		pauseFor(ctx, 2*time.Second)
		for try := 0; try < pauseTries && lost == 0 && ctx.Err() == nil; try++ {
			lost += p.pausing(ctx, t, g, r, zombie)
		}
		if ctx.Err() == nil {
			lost += p.pausing(ctx, t, g, r, 0) // a member as it is shipped
		}
	})
	l.run(t, p, g, r)
	wg.Wait()
	return lost
}

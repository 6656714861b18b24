package e2e

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"entrepot"
	"entrepot/cluster"
	"entrepot/test/check"
)

// processes are what runs apart, as docker-compose.yml has it: the gateway by
// itself, and the e-commerce service twice.
var processes = []string{"gateway", "auth", "company,shop", "ecommerce", "ecommerce", "sales,payment", "inventory", "audit"}

// TestServicesApart: every request passes the gateway's proxy, members find their
// own address and prove themselves by a certificate that carries a name only. One
// of two e-commerce processes is killed under load.
func TestServicesApart(t *testing.T) {
	p, ecommerce := startApart(t)
	g := stockGoods(t, p, stocks(2, 60), stocks(4, 200), stocks(2, 1))
	r := newRecorder(g)
	var wg sync.WaitGroup
	wg.Go(func() {
		pauseFor(t.Context(), 2*time.Second)
		ecommerce.kill()
	})
	load{customers: 30, duration: 8 * time.Second, think: 2 * time.Second}.run(t, p, g, r)
	wg.Wait()
	mustHold(t, p.verdict(t, r, g, 60*time.Second))

	c := p.client(t, transport(), 1, entrepot.SuperAdmin, "")
	var h struct {
		Status   string
		Services []struct {
			Name      string
			Status    string
			Instances []struct{ Up bool }
		}
	}
	err := poll(t.Context(), 30*time.Second, "every service is up", func() bool {
		h.Services = nil
		c.must(t, "GET", "/health/all", nil, &h)
		for _, s := range h.Services {
			if s.Status != "up" || s.Name == "ecommerce" && len(s.Instances) != 2 {
				return false
			}
		}
		return len(h.Services) > 0
	})
	if err != nil {
		t.Errorf("%v: %+v", err, h)
	}
}

// startApart starts the processes, and returns one of the two e-commerce ones.
func startApart(t *testing.T) (*platform, *member) {
	t.Helper()
	servers := stackServers(t)
	p, dir := newPlatform(t)
	name := "apart-" + entrepot.NewID()
	rabbit, vhost := ownVHost(t, servers, name)
	prefix := name + "-"
	cleanMongo(t, servers, prefix)
	cleanConsul(t, servers, name)
	certs := filepath.Join(dir, "tls")
	if err := cluster.DevCerts(certs, []string{"entrepot"}); err != nil {
		t.Fatal(err)
	}
	o := options{extra: []string{
		"MONGO_URI=" + servers.mongo, "MONGO_PREFIX=" + prefix, "AMQP_URL=" + vhost, "CONSUL_ADDR=" + servers.consul,
		"CLUSTER_NAME=" + name, "CLUSTER_TTL=1s", "CLUSTER_GRACE=1s", "CLUSTER_HOST=auto",
		"TLS_CA=" + filepath.Join(certs, cluster.DevCA), "TLS_CERT=" + filepath.Join(certs, cluster.DevCert),
		"TLS_KEY=" + filepath.Join(certs, cluster.DevCertKey), "TLS_SERVER_NAME=entrepot",
	}}
	all := make([]*member, len(processes))
	used := map[int]bool{}
	for i, hosted := range processes {
		port := freePorts(t, "127.0.0.1")
		for used[port] {
			port = freePorts(t, "127.0.0.1")
		}
		used[port] = true
		n := fmt.Sprintf("%s-%d", strings.ReplaceAll(hosted, ",", "-"), i)
		all[i] = &member{
			name: n, url: fmt.Sprintf("http://127.0.0.1:%d", port), bin: binary(t, ""),
			env: append(o.settings(filepath.Join(dir, n), filepath.Join(dir, "keys"), "127.0.0.1", port), "SERVICES="+hosted),
			log: filepath.Join(dir, n+".log"),
		}
		startMember(t, all[i])
	}
	p.members = all[:1] // the others are reached through it
	p.open = func() (check.Source, error) { return check.Mongo(servers.mongo, prefix, rabbit) }
	p.waitReady(t)
	return p, all[3]
}

package main

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"entrepot/http/api"
	"entrepot/http/edge"

	"github.com/gin-gonic/gin"
)

// prefixes are the gateway's: the plain path is the newest version's alias.
var prefixes = []string{"/api", "/api/v1"}

// mountGateway answers every service's routes: of this process directly, of
// others through a proxy to their instances.
func (n *node) mountGateway(engine *gin.Engine) {
	var all, here []api.Routes
	for i := range services {
		s := &services[i]
		if mounts[s.name] == nil {
			continue
		}
		routes := n.routes(s)
		all = append(all, routes...)
		if n.database(s.name) != nil {
			here = append(here, routes...)
			continue
		}
		proxy := gin.WrapH(edge.NewProxy(s.name, n.web.keys, n.directory, "/api/v1", "/api"))
		for _, prefix := range prefixes {
			for _, route := range s.routes {
				engine.Any(prefix+route, proxy)
				engine.Any(prefix+route+"/*rest", proxy)
			}
		}
	}
	own := []api.Routes{api.HealthAll(n.web.deps), api.WellKnown(n.web.deps)}
	if n.cfg.Bench {
		own = append(own, api.NoOp())
	}
	api.Mount(engine, n.log, prefixes, append(append(here, own...), api.Health(n.web.deps, "gateway"))...)
	document, err := api.OpenAPI("/api", append(all, own...)...)
	if err != nil {
		panic(err) // the same document is made by a test
	}
	api.MountDocs(engine, document)
}

// health is every service of the platform: those of this process by their own
// checks, the others by asking their instances.
func (n *node) health(ctx context.Context) []api.ServiceHealth {
	out := make([]api.ServiceHealth, len(services))
	var wg sync.WaitGroup
	for i := range services {
		s := &services[i]
		wg.Go(func() { out[i] = n.serviceHealth(ctx, s) })
	}
	wg.Wait()
	return out
}

func (n *node) serviceHealth(ctx context.Context, s *service) api.ServiceHealth {
	h := api.ServiceHealth{Name: s.name, Status: api.Up, Instances: []api.Instance{}, Dependencies: []api.Check{}}
	if s.name == "gateway" || n.database(s.name) != nil {
		h.Dependencies = n.checks(ctx, s.name)
		h.Instances = append(h.Instances, api.Instance{
			ID: "here", Address: net.JoinHostPort(n.cfg.Host, strconv.Itoa(n.cfg.BasePort+s.port)), Up: true,
		})
	}
	if n.directory != nil {
		for _, address := range n.directory.Find(ctx, s.name) {
			if len(h.Instances) > 0 && address == h.Instances[0].Address {
				continue
			}
			c := timed(address, func() error { return askReady(ctx, address) })
			h.Instances = append(h.Instances, api.Instance{ID: address, Address: address, Up: c.Up, LatencyMs: c.LatencyMs})
		}
	}
	up := 0
	for _, i := range h.Instances {
		if i.Up {
			up++
		}
	}
	for _, d := range h.Dependencies {
		if !d.Up {
			h.Status = api.Degraded
		}
	}
	switch {
	case up == 0:
		h.Status = api.Down
	case up < len(h.Instances):
		h.Status = api.Degraded
	}
	return h
}

var asking = http.Client{Timeout: 2 * time.Second}

func askReady(ctx context.Context, address string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/ready", nil)
	if err != nil {
		return err
	}
	response, err := asking.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %d", response.StatusCode)
	}
	return nil
}

// serviceMap is the README's table of services.
func serviceMap() string {
	var b strings.Builder
	b.WriteString("| service | port | database | routes | grains | queues, and what they are bound to |\n|---|---|---|---|---|---|\n")
	list := func(items []string) string {
		if len(items) == 0 {
			return "–"
		}
		return "`" + strings.Join(items, "`, `") + "`"
	}
	for _, s := range services {
		var kinds []string
		for _, k := range s.kinds {
			kinds = append(kinds, k().Name)
		}
		var database, inboxes []string
		if s.database != "" {
			database = []string{s.database}
		}
		for _, in := range s.inboxes {
			inboxes = append(inboxes, list([]string{in.Name})+": "+list(in.Bindings))
		}
		fmt.Fprintf(&b, "| %s | %d | %s | %s | %s | %s |\n", s.name, 8000+s.port,
			list(database), list(s.routes), list(kinds), cmp.Or(strings.Join(inboxes, "<br>"), "–"))
	}
	return b.String()
}

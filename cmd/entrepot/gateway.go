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

	"entrepot/cmd/entrepot/services"
	"entrepot/http/api/gateway"
	"entrepot/http/edge"
	"entrepot/http/rest"

	"github.com/gin-gonic/gin"
)

// prefixes are the gateway's: the plain path is the newest version's alias.
var prefixes = []string{"/api", "/api/v1"}

// mountGateway answers every service's routes: of this process directly, of
// others through a proxy to their instances.
func (n *node) mountGateway(engine *gin.Engine) {
	var all, here []rest.Routes
	for i := range services.Table {
		s := &services.Table[i]
		if s.Routes == nil {
			continue
		}
		routes := n.routes(s)
		all = append(all, routes...)
		if n.database(s.Name) != nil {
			here = append(here, routes...)
			continue
		}
		proxy := gin.WrapH(edge.NewProxy(s.Name, n.web.keys, n.directory, "/api/v1", "/api"))
		for _, prefix := range prefixes {
			for _, route := range s.Prefixes {
				engine.Any(prefix+route, proxy)
				engine.Any(prefix+route+"/*rest", proxy)
			}
		}
	}
	own := []rest.Routes{gateway.HealthAll(n.web.about), gateway.WellKnown(n.web.about)}
	if n.cfg.Bench {
		own = append(own, gateway.NoOp())
	}
	rest.Mount(engine, n.log, prefixes, append(append(here, own...), gateway.Health(n.web.about, "gateway"))...)
	document, err := rest.OpenAPI("/api", append(all, own...)...)
	if err != nil {
		panic(err) // the same document is made by a test
	}
	gateway.MountDocs(engine, document)
}

// health is every service of the platform: those of this process by their own
// checks, the others by asking their instances.
func (n *node) health(ctx context.Context) []gateway.ServiceHealth {
	out := make([]gateway.ServiceHealth, len(services.Table))
	var wg sync.WaitGroup
	for i := range services.Table {
		s := &services.Table[i]
		wg.Go(func() { out[i] = n.serviceHealth(ctx, s) })
	}
	wg.Wait()
	return out
}

func (n *node) serviceHealth(ctx context.Context, s *services.Service) gateway.ServiceHealth {
	h := gateway.ServiceHealth{Name: s.Name, Status: gateway.Up, Instances: []gateway.Instance{}, Dependencies: []gateway.Check{}}
	if s.Name == "gateway" || n.database(s.Name) != nil {
		h.Dependencies = n.checks(ctx, s.Name)
		h.Instances = append(h.Instances, gateway.Instance{
			ID: "here", Address: net.JoinHostPort(n.cfg.Host, strconv.Itoa(n.cfg.BasePort+s.Port)), Up: true,
		})
	}
	if n.directory != nil {
		for _, address := range n.directory.Find(ctx, s.Name) {
			if len(h.Instances) > 0 && address == h.Instances[0].Address {
				continue
			}
			c := timed(address, func() error { return askReady(ctx, address) })
			h.Instances = append(h.Instances, gateway.Instance{ID: address, Address: address, Up: c.Up, LatencyMs: c.LatencyMs})
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
			h.Status = gateway.Degraded
		}
	}
	switch {
	case up == 0:
		h.Status = gateway.Down
	case up < len(h.Instances):
		h.Status = gateway.Degraded
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
	for _, s := range services.Table {
		var kinds []string
		for _, k := range s.Kinds {
			kinds = append(kinds, k().Name)
		}
		var database, inboxes []string
		if s.Database != "" {
			database = []string{s.Database}
		}
		for _, in := range s.Inboxes {
			inboxes = append(inboxes, list([]string{in.Name})+": "+list(in.Bindings))
		}
		fmt.Fprintf(&b, "| %s | %d | %s | %s | %s | %s |\n", s.Name, 8000+s.Port,
			list(database), list(s.Prefixes), list(kinds), cmp.Or(strings.Join(inboxes, "<br>"), "–"))
	}
	return b.String()
}

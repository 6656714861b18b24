package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"time"

	"entrepot/cmd/entrepot/services"
	"entrepot/events"
	"entrepot/grains/query"
	"entrepot/http/api/auth"
	"entrepot/http/api/ecommerce"
	"entrepot/http/api/gateway"
	"entrepot/http/edge"
	"entrepot/http/rest"
	"entrepot/persistence/blob/picture"
)

// web is the listeners of this process: a port a service, and the gateway.
type web struct {
	keys      *edge.Keys
	standing  *edge.Standing
	share     *edge.Share // nil: this process is alone
	passwords *auth.Passwords
	deps      services.Deps
	about     gateway.Deps      // of the gateway's own routes and of health
	chain     []edge.Middleware // of a service's listener
	front     []edge.Middleware // of the gateway's, which believes nobody's word on a caller
	servers   []*http.Server
}

// tenantWait is how long a request waits for its company's rate.
const tenantWait = 250 * time.Millisecond

// prepareWeb makes what handlers need, before anything listens.
func (n *node) prepareWeb(context.Context) (err error) {
	dir := n.cfg.keysDir()
	w := &web{}
	if w.keys, err = edge.OpenKeys(dir, edge.TokenOptions{TTL: n.cfg.TokenTTL}); err != nil {
		return settingError{"JWT_KEYS_DIR", err.Error()}
	}
	seal, err := edge.OpenSeal(dir)
	if err != nil {
		return settingError{"JWT_KEYS_DIR", err.Error()}
	}
	if w.passwords, err = auth.NewPasswords(n.cfg.BcryptCost); err != nil {
		return settingError{"BCRYPT_COST", err.Error()}
	}
	w.standing = edge.NewStanding(edge.StandingConfig{Since: auth.AccessChanges(n.ask), Log: n.log})
	trusted := edge.Trusted{Keys: w.keys, Standing: w.standing, APIKeys: edge.NewAPIKeys(auth.VerifyAPIKey(n.ask), nil)}
	lists := ecommerce.NewListCache(2 * time.Second)
	n.hooks = append(n.hooks, func(batch []events.Envelope) {
		for i := range batch {
			if batch[i].Aggregate.Kind == "Product" {
				lists.Invalidate(batch[i].CompanyID)
			}
		}
	})
	if err := n.prepareSearch(lists); err != nil {
		return err
	}
	w.deps = services.Deps{
		Search: n.found, Similar: n.similar,
		Asker: n.ask, Tokens: trusted, TokenTTL: n.cfg.TokenTTL, Standing: w.standing, Passwords: w.passwords, Logins: auth.NewLoginGuard(10, 60, time.Now), Lists: lists,
		Seal: seal, PublicURL: strings.TrimRight(n.cfg.PublicURL, "/"), ShowMails: n.cfg.showsMails(),
		Blobs: n.blobs, Pictures: picture.NewWorkshop(runtime.GOMAXPROCS(0) / 2),
		Hold: n.cfg.Hold, CartIdle: n.cfg.CartIdle, ErasureGrace: n.cfg.ErasureGrace, Log: n.log,
		Stores: n.reader,
	}
	w.about = gateway.Deps{Tokens: trusted, Broker: n.broker, Checks: n.checks, Services: n.health, Now: time.Now}
	c := edge.Config{Log: n.log, Tokens: trusted, AllowOrigins: n.cfg.CORSOrigins, TrustedProxies: n.cfg.TrustedProxies, MaxInFlight: n.cfg.MaxInFlight, Allow: rest.Allow}
	shared := w.deps.Logins.Limiters()
	limiter := func(name string, perMinute, burst int) *edge.Limiter {
		if perMinute <= 0 {
			return nil
		}
		l := edge.NewLimiter(burst, time.Minute/time.Duration(perMinute), time.Now)
		shared[name] = l
		return l
	}
	// A caller may use a minute's rate at once; a company, which is many, no more than two seconds'.
	c.Limits = edge.Limits{
		Callers: limiter("callers", n.cfg.RateLimit, n.cfg.RateLimit),
		Tenants: limiter("tenants", n.cfg.TenantRateLimit, max(100, n.cfg.TenantRateLimit/30)), Wait: tenantWait,
	}
	if n.cfg.ConsulAddr != "" { // there may be more gateways
		w.share = edge.NewShare(edge.ShareConfig{Limiters: shared, Report: auth.ReportUsage(n.ask), Log: n.log})
	}
	w.front = edge.Standard(c)
	c.Gateways = w.keys
	w.chain = edge.Standard(c)
	n.web = w
	return nil
}

// reader is the service's database for lists, nil when the service runs elsewhere.
func (n *node) reader(service string) query.Reader {
	if d := n.database(service); d != nil {
		return d.store
	}
	return nil
}

// routes are the service's, with the memory of its Idempotency-Keys.
func (n *node) routes(s *services.Service) []rest.Routes {
	routes := s.Routes(n.web.deps)
	if d := n.database(s.Name); d != nil {
		routes = rest.Remembering(rest.NewKeyStore(d.committer, time.Now), routes)
	}
	return routes
}

// trust begins to follow which tokens were withdrawn. It does not wait for the
// first answer: until then a token is answered 503, and the process is not ready.
func (n *node) trust(context.Context) error {
	n.web.standing.Start()
	if n.web.share != nil {
		n.web.share.Start()
	}
	return nil
}

// listen opens a port for each service of this process.
func (n *node) listen(ctx context.Context) error {
	for _, s := range n.hosted() {
		engine, chain := rest.NewEngine(), n.web.chain
		if s.Name == "gateway" {
			n.mountGateway(engine)
			chain = n.web.front
		} else {
			rest.Mount(engine, n.log, []string{""}, append(n.routes(s), gateway.Health(n.web.about, s.Name))...)
		}
		if err := n.serve(ctx, s, edge.Chain(engine, chain...)); err != nil {
			return err
		}
	}
	if n.cfg.Bench {
		return n.serveBench(ctx)
	}
	return nil
}

func (n *node) serve(ctx context.Context, s *services.Service, h http.Handler) error {
	address := net.JoinHostPort(n.cfg.Host, strconv.Itoa(n.cfg.BasePort+s.Port))
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("service %s: %w (BASE_PORT moves all ports; `entrepot doctor` names what is taken)", s.Name, err)
	}
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 32 << 10, ErrorLog: slog.NewLogLogger(n.log.Handler(), slog.LevelDebug),
	}
	n.web.servers = append(n.web.servers, server)
	go func() { // ended by Shutdown or Close in stop
		if err := server.Serve(l); err != nil && !errors.Is(err, http.ErrServerClosed) {
			n.log.Error("a listener ended", "service", s.Name, "error", err)
		}
	}()
	return nil
}

// stop takes no new requests and waits for the running ones.
func (w *web) stop(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 12*time.Second)
	defer cancel()
	if w.share != nil {
		w.share.Stop()
	}
	defer w.standing.Stop() // requests that still run are judged by it
	for _, s := range w.servers {
		if err := s.Shutdown(ctx); err != nil {
			_ = s.Close() // its clients were given their time
		}
	}
}

// checks reports what a service of this process needs.
func (n *node) checks(ctx context.Context, service string) []gateway.Check {
	var out []gateway.Check
	if d := n.database(service); d != nil {
		out = append(out, timed(d.service.Database, func() error { return d.store.Ping(ctx) }))
	}
	out = append(out, timed("access", n.web.standing.Ready))
	out = append(out, timed("broker", func() error { return n.broker.Ping(ctx) }))
	return append(out, timed("cluster", func() error {
		select {
		case <-n.joined:
		default:
			return errors.New("not joined yet")
		}
		if !n.member.Ready() {
			return errors.New("not a member")
		}
		return nil
	}))
}

func timed(name string, ask func() error) gateway.Check {
	start := time.Now()
	err := ask()
	c := gateway.Check{Name: name, Up: err == nil, LatencyMs: float64(time.Since(start).Microseconds()) / 1000}
	if err != nil {
		c.Detail = "does not answer" // causes name hosts and users: they are logged, not shown
	}
	return c
}

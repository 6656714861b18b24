package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"entrepot/actors/ecommerce"
	"entrepot/cluster"
	"entrepot/cmd/entrepot/services"
	"entrepot/events"
	"entrepot/events/local"
	"entrepot/events/outbox"
	"entrepot/events/rabbit"
	"entrepot/grains"
	"entrepot/persistence/blob"
	"entrepot/persistence/mongostore"
	"entrepot/persistence/search"
)

// node is one process: some services, their databases, the broker and the member.
type node struct {
	cfg config
	log *slog.Logger

	mongo     *mongostore.Client
	broker    events.Broker
	outbox    *outbox.Outbox
	blobs     blob.Store // nil: no service of this process keeps any
	databases []*database
	member    *cluster.Member
	directory *cluster.Directory
	ask       grains.Asker
	web       *web
	found     *search.Index // nil: the products are elsewhere
	feed      *ecommerce.SearchFeed

	locked   *os.File
	joined   chan struct{}
	fenced   chan string
	stopOnce sync.Once

	hooks []func([]events.Envelope)
}

// startNode starts everything in the order that nothing is asked before it can
// answer: databases, broker, grains, member, consumers, listeners.
func startNode(ctx context.Context, cfg config, log *slog.Logger) (*node, error) {
	return start(ctx, cfg, log, (*node).trust, (*node).startSearch, (*node).consume, (*node).listen, (*node).announce)
}

// start brings up grains that can be asked, and then does what else is wanted.
func start(ctx context.Context, cfg config, log *slog.Logger, more ...func(*node, context.Context) error) (n *node, err error) {
	n = &node{cfg: cfg, log: log, joined: make(chan struct{}), fenced: make(chan string, 1)}
	n.ask = &grains.Client{Members: requester{n}, NotExecuted: func(err error) bool {
		return errors.Is(err, cluster.ErrUnreachable) || errors.Is(err, cluster.ErrOverloaded)
	}}
	defer func() {
		if err != nil {
			n.stop(context.WithoutCancel(ctx))
		}
	}()
	if err = os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return n, settingError{"DATA_DIR", err.Error()}
	}
	steps := []func(*node, context.Context) error{
		(*node).lock, (*node).openBroker, (*node).openDatabases, (*node).openBlobs, (*node).prepareWeb, (*node).join,
	}
	for _, step := range append(steps, more...) {
		if err = step(n, ctx); err != nil {
			return n, err
		}
	}
	return n, nil
}

// lock keeps a second process off the embedded databases: their grains would
// not know of each other.
func (n *node) lock(context.Context) error {
	if n.cfg.MongoURI != "" && n.cfg.AMQPURL != "" {
		return nil
	}
	f, err := os.OpenFile(filepath.Join(n.cfg.DataDir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return settingError{"DATA_DIR", err.Error()}
	}
	n.locked = f // held until the process ends or stop closes it
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return settingError{"DATA_DIR", n.cfg.DataDir + " is in use by another process; more than one member needs MONGO_URI, AMQP_URL and CONSUL_ADDR"}
	}
	return nil
}

// hosted are the services of this process.
func (n *node) hosted() []*services.Service {
	var out []*services.Service
	for i := range services.Table {
		if s := &services.Table[i]; len(n.cfg.Services) == 0 || slices.Contains(n.cfg.Services, s.Name) {
			out = append(out, s)
		}
	}
	return out
}

// cursorEvery is how long an acknowledgement of the embedded broker stays in
// memory: a lost one costs a redelivery, a saved one an fsync.
const cursorEvery = 250 * time.Millisecond

func (n *node) openBroker(ctx context.Context) (err error) {
	if n.cfg.AMQPURL != "" {
		n.broker, err = rabbit.Open(ctx, n.cfg.AMQPURL, rabbit.Options{Logger: n.log})
	} else {
		n.broker, err = local.Open(ctx, filepath.Join(n.cfg.DataDir, "broker.sqlite"), local.Options{Logger: n.log, CursorEvery: cursorEvery})
	}
	if err != nil {
		return fmt.Errorf("broker: %w", err)
	}
	n.outbox = outbox.New(n.broker, outbox.Options{Logger: n.log})
	return n.broker.Declare(ctx, services.Queues())
}

func (n *node) openDatabases(ctx context.Context) (err error) {
	if n.cfg.MongoURI != "" {
		if n.mongo, err = mongostore.Dial(ctx, n.cfg.MongoURI, mongostore.Options{}); err != nil {
			return fmt.Errorf("MONGO_URI: %w", err)
		}
	}
	for _, s := range n.hosted() {
		if s.Database == "" {
			continue
		}
		d, err := n.openStore(ctx, s)
		if err != nil {
			return err
		}
		n.databases = append(n.databases, d)
		n.hostGrains(d)
		if err := n.connectLog(d); err != nil {
			return err
		}
	}
	return nil
}

// connectLog lets the broker read the events that the store logs itself.
func (n *node) connectLog(d *database) error {
	log := d.store.Log()
	if log == nil {
		return nil
	}
	if b, ok := n.broker.(*local.Broker); ok {
		b.Attach(log)
		return nil
	}
	var err error
	d.relay, err = outbox.NewRelay(outbox.Config{
		Log: log, Broker: n.broker, Cursor: outbox.FileCursor(filepath.Join(n.cfg.DataDir, d.service.Database+".relay")),
		Options: outbox.Options{Logger: n.log},
	})
	if err == nil {
		d.relay.Start()
	}
	return err
}

// join starts the member with the grains of this process and lets them ask others.
func (n *node) join(ctx context.Context) (err error) {
	if n.cfg.ClusterHost == "auto" {
		if n.cfg.ClusterHost, err = ownAddress(ctx, n.cfg.ConsulAddr); err != nil {
			return settingError{"CLUSTER_HOST", "auto: " + err.Error()}
		}
	}
	c := cluster.Config{
		Name: n.cfg.ClusterName, Host: n.cfg.ClusterHost, Port: n.cfg.ClusterPort, Consul: n.cfg.ConsulAddr,
		TTL: n.cfg.ClusterTTL, Grace: n.cfg.ClusterGrace, Logger: n.log,
		OnFenced: func(reason string) { n.fenced <- reason },
	}
	if n.cfg.TLSCA != "" {
		c.TLS = &cluster.TLSFiles{CA: n.cfg.TLSCA, Cert: n.cfg.TLSCert, Key: n.cfg.TLSKey, ServerName: n.cfg.TLSServerName}
	}
	for _, d := range n.databases {
		for _, k := range d.kinds {
			c.Kinds = append(c.Kinds, cluster.Kind{Name: k.Name, Props: d.host.Props(k)})
		}
	}
	for _, d := range n.databases {
		d.host.Start(n.ask)
	}
	if n.cfg.ConsulAddr != "" {
		if n.directory, err = cluster.NewDirectory(n.cfg.ConsulAddr, n.cfg.ClusterName, n.log); err != nil {
			return err
		}
	}
	if n.member, err = cluster.Start(ctx, c); err != nil {
		return fmt.Errorf("cluster: %w", err)
	}
	close(n.joined)
	return nil
}

// ownAddress is the address of this host that others behind the same network as
// Consul reach it at. Nothing is sent.
func ownAddress(ctx context.Context, consul string) (string, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, "udp", consul)
	if err != nil {
		return "", err
	}
	host, _, err := net.SplitHostPort(c.LocalAddr().String())
	return host, errors.Join(err, c.Close())
}

// announce lets gateways of other processes find the services of this one.
func (n *node) announce(context.Context) error {
	if n.directory == nil {
		return nil
	}
	for _, s := range n.hosted() {
		if err := n.directory.Announce(s.Name, n.cfg.ClusterHost, n.cfg.BasePort+s.Port); err != nil {
			return err
		}
	}
	return nil
}

// requester is the member, once it has joined.
type requester struct{ n *node }

func (r requester) Request(ctx context.Context, kind, id string, msg any) (any, error) {
	select {
	case <-r.n.joined:
	default:
		return nil, cluster.ErrUnreachable
	}
	return r.n.member.Request(ctx, kind, id, msg)
}

func (n *node) consume(context.Context) error {
	for _, d := range n.databases {
		if err := d.start(n); err != nil {
			return fmt.Errorf("%s: %w", d.service.Name, err)
		}
	}
	return nil
}

// committed is told of every commit's events on this member.
func (n *node) committed(batch []events.Envelope) {
	for _, hook := range n.hooks {
		hook(batch)
	}
}

// stop ends everything in the reverse order: no new requests, no new events,
// leave the cluster, finish every write, hand over the last events, close.
func (n *node) stop(ctx context.Context) {
	n.stopOnce.Do(func() {
		ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
		defer cancel()
		if n.directory != nil {
			n.directory.Close()
		}
		if n.web != nil {
			n.web.stop(ctx)
		}
		n.stopSearch()
		for _, d := range n.databases {
			d.quiet()
		}
		if n.member != nil {
			if err := n.member.Stop(ctx); err != nil {
				n.log.Warn("leaving the cluster", "error", err)
			}
		}
		for _, d := range n.databases {
			d.close(n.log)
		}
		if n.outbox != nil {
			n.outbox.Close()
		}
		if n.broker != nil {
			if err := n.broker.Close(); err != nil {
				n.log.Warn("closing the broker", "error", err)
			}
		}
		if n.mongo != nil {
			if err := n.mongo.Close(); err != nil {
				n.log.Warn("closing the database client", "error", err)
			}
		}
		if n.locked != nil {
			_ = n.locked.Close() // releases the lock; nothing was written to it
		}
	})
}

func (n *node) database(name string) *database {
	for _, d := range n.databases {
		if d.service.Name == name {
			return d
		}
	}
	return nil
}

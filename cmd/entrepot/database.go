package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"time"

	"entrepot/actors"
	"entrepot/events"
	"entrepot/events/outbox"
	"entrepot/grains"
	"entrepot/http/api"
	"entrepot/persistence"
	"entrepot/persistence/sqlitestore"
)

// database is one service's store with all that writes to it.
type database struct {
	service   *service
	store     persistence.Store
	committer *persistence.Committer
	host      *grains.Host
	kinds     []*grains.Kind
	waker     *actors.Waker
	relay     *outbox.Relay
	consumers []events.Subscription
	rows      atomic.Int64 // written by the consumer
}

// openStore opens the service's database and ensures its collections.
func (n *node) openStore(ctx context.Context, s *service) (*database, error) {
	d := &database{service: s}
	collections := append([]*persistence.Collection{api.IdempotencyKeys}, s.rows...)
	for _, k := range s.kinds {
		d.kinds = append(d.kinds, k())
		collections = append(collections, d.kinds[len(d.kinds)-1].Collection)
	}
	var err error
	options := persistence.CommitterOptions{}
	if n.mongo != nil {
		d.store = n.mongo.Database(n.cfg.MongoPrefix + s.database)
		options.InFlight = 2
	} else {
		d.store, err = sqlitestore.Open(ctx, filepath.Join(n.cfg.DataDir, s.database+".sqlite"), sqlitestore.Options{})
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.database, err)
	}
	if err := d.store.Ensure(ctx, collections); err != nil {
		return nil, fmt.Errorf("%s: %w", s.database, err)
	}
	d.committer = persistence.NewCommitter(d.store, options)
	return d, nil
}

// hostGrains makes the host of the database's grains.
func (n *node) hostGrains(d *database) {
	c := grains.Config{
		Committer: d.committer, Logger: n.log, Idle: n.cfg.GrainIdle, OnCommit: n.committed,
	}
	if d.store.Log() == nil {
		c.Outbox = n.outbox
	}
	d.host = grains.NewHost(c)
}

// start lets events and time in, once the member is ready.
func (d *database) start(n *node) error {
	if len(d.kinds) > 0 {
		d.waker = actors.StartWaker(actors.WakerConfig{
			Store: d.store, Kinds: d.kinds, Rows: append([]*persistence.Collection{api.IdempotencyKeys}, d.service.rows...), Ask: n.ask, Clock: time.Now, Period: n.cfg.WakePeriod, Logger: n.log,
			Mine: func(kind, id string) bool { _, self := n.member.Owner(kind, id); return self },
		})
	}
	rows := counted{d.store, &d.rows}
	for _, in := range d.service.inboxes {
		options := events.ConsumeOptions{}
		if in.Linger > 0 {
			options.Batch, options.Linger = cmp.Or(in.Batch, 1024), in.Linger
		}
		s, err := n.broker.Consume(in.Name, options, in.handler(n, rows))
		if err != nil {
			return err
		}
		d.consumers = append(d.consumers, s)
	}
	return nil
}

func (in *inbox) handler(n *node, rows persistence.Store) events.Handler {
	if in.work != nil {
		return in.work(n.web.deps, rows)
	}
	return in.Consume(rows, n.ask)
}

// counted is a store whose written rows the benchmark counts: a consumer writes
// past the committer.
type counted struct {
	persistence.Store
	rows *atomic.Int64
}

// Commit writes the batch.
func (c counted) Commit(ctx context.Context, batch []persistence.Write) []error {
	c.rows.Add(int64(len(batch)))
	return c.Store.Commit(ctx, batch)
}

// quiet stops what takes in events and time.
func (d *database) quiet() {
	for _, c := range d.consumers {
		c.Stop()
	}
	if d.waker != nil {
		d.waker.Stop()
	}
}

// close ends the grains' steps, waits for every write, and closes the store.
func (d *database) close(log *slog.Logger) {
	if d.host != nil {
		d.host.Stop()
	}
	if d.committer != nil {
		d.committer.Close()
	}
	if d.relay != nil {
		d.relay.Stop()
	}
	if err := d.store.Close(); err != nil {
		log.Warn("closing a database", "database", d.service.database, "error", err)
	}
}

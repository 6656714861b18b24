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
	"entrepot/cmd/entrepot/services"
	"entrepot/events"
	"entrepot/events/outbox"
	"entrepot/grains"
	"entrepot/http/rest"
	"entrepot/persistence"
	"entrepot/persistence/sqlitestore"
)

// database is one service's store with all that writes to it.
type database struct {
	service   *services.Service
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
func (n *node) openStore(ctx context.Context, s *services.Service) (*database, error) {
	d := &database{service: s}
	for _, k := range s.Kinds {
		d.kinds = append(d.kinds, k())
	}
	var err error
	options := persistence.CommitterOptions{}
	if n.mongo != nil {
		d.store = n.mongo.Database(n.cfg.MongoPrefix + s.Database)
		options.InFlight = 2
	} else {
		d.store, err = sqlitestore.Open(ctx, filepath.Join(n.cfg.DataDir, s.Database+".sqlite"), sqlitestore.Options{})
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Database, err)
	}
	if err := d.store.Ensure(ctx, s.Collections()); err != nil {
		return nil, fmt.Errorf("%s: %w", s.Database, err)
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
			Store: d.store, Kinds: d.kinds, Rows: append([]*persistence.Collection{rest.IdempotencyKeys}, d.service.Rows...), Ask: n.ask, Clock: time.Now, Period: n.cfg.WakePeriod, Logger: n.log,
			Mine: func(kind, id string) bool { _, self := n.member.Owner(kind, id); return self },
		})
	}
	rows := counted{d.store, &d.rows}
	for _, in := range d.service.Inboxes {
		options := events.ConsumeOptions{}
		if in.Linger > 0 {
			options.Batch, options.Linger = cmp.Or(in.Batch, 1024), in.Linger
		}
		s, err := n.broker.Consume(in.Name, options, in.Handler(n.web.deps, rows))
		if err != nil {
			return err
		}
		d.consumers = append(d.consumers, s)
	}
	return nil
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
		log.Warn("closing a database", "database", d.service.Database, "error", err)
	}
}

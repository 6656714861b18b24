// Package mongostore implements [persistence.Store] on a MongoDB database. Each document contains
// its unconfirmed events and is readable for people:
//
//	{_id, version, companyId, shopId, ownerId, createdAt, updatedAt, wakeAt,
//	 sequence, <fields>, state: {…}, recent: <binary>, outbox: [{…}]}
//
// It uses only features that MongoDB and FerretDB v2 share: single-document atomicity, no
// transactions, no change streams. Start reading with [Open] and [Store.Commit].
package mongostore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"entrepot/events"
	"entrepot/persistence"
)

// Options configures a client. Zero values select the defaults.
type Options struct {
	Timeout         time.Duration // of a call whose context has no deadline, default 2 s
	ServerSelection time.Duration // time until a lost server causes an error, default 1 s
	MaxPool         uint64        // maximum connections, default 32
}

func (o Options) withDefaults() Options {
	if o.Timeout <= 0 {
		o.Timeout = 2 * time.Second
	}
	if o.ServerSelection <= 0 {
		o.ServerSelection = time.Second
	}
	if o.MaxPool == 0 {
		o.MaxPool = 32
	}
	return o
}

// Client is a connection pool shared by the databases of a member.
type Client struct{ m *mongo.Client }

// Dial returns a client connected to the server, or an error if the server does not respond.
func Dial(ctx context.Context, uri string, o Options) (*Client, error) {
	o = o.withDefaults()
	journaled := true
	m, err := mongo.Connect(options.Client().ApplyURI(uri).
		SetTimeout(o.Timeout).SetServerSelectionTimeout(o.ServerSelection).SetMaxPoolSize(o.MaxPool).
		// Acknowledged writes are on the disks of a majority, and reads return only such data, so
		// that a resolved outcome cannot be rolled back.
		SetWriteConcern(&writeconcern.WriteConcern{W: writeconcern.Majority().W, Journal: &journaled}).
		SetReadConcern(readconcern.Majority()).SetReadPreference(readpref.Primary()))
	if err != nil {
		return nil, fmt.Errorf("mongostore: %w", err)
	}
	c := &Client{m: m}
	if err := m.Ping(ctx, readpref.Primary()); err != nil {
		return nil, fmt.Errorf("mongostore: %w", errors.Join(err, c.Close()))
	}
	return c, nil
}

// closeTimeout limits the closing handshake with the server.
const closeTimeout = 5 * time.Second

// Close closes the connections. The stores of the client must be closed before.
func (c *Client) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if err := c.m.Disconnect(ctx); err != nil && !errors.Is(err, mongo.ErrClientDisconnected) {
		return err
	}
	return nil
}

// Database returns the store of one service. Closing the store leaves the client open.
func (c *Client) Database(name string) *Store {
	return &Store{client: c, db: c.m.Database(name)}
}

// Store is one database. It implements [persistence.Store].
type Store struct {
	client *Client
	owned  bool // close the client with the store
	db     *mongo.Database

	tables sync.Map // collection name → *table

	mu     sync.Mutex // guards closed and calls.Add against Close
	closed bool
	calls  sync.WaitGroup
}

// Open returns a store with its own client.
func Open(ctx context.Context, uri, database string, o Options) (*Store, error) {
	c, err := Dial(ctx, uri, o)
	if err != nil {
		return nil, err
	}
	s := c.Database(database)
	s.owned = true
	return s, nil
}

var errClosed = fmt.Errorf("%w: the database is closed", persistence.ErrNotExecuted)

// enter registers a call that Close waits for; leave ends it.
func (s *Store) enter() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	s.calls.Add(1)
	return nil
}

func (s *Store) leave() { s.calls.Done() }

// Log returns nil, because events are kept in the documents.
func (s *Store) Log() events.Log { return nil }

// Ping queries the primary.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	return s.client.m.Ping(ctx, readpref.Primary())
}

// Close waits for running calls. Repeated calls are harmless.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	s.calls.Wait()
	if s.owned {
		return s.client.Close()
	}
	return nil
}

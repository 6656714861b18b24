package rabbit

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

const (
	minPause  = 100 * time.Millisecond // between two tries to connect
	maxPause  = 5 * time.Second
	goodbye   = time.Second // for the closing handshake
	livedLong = time.Second // a connection that lived so long was a good one
)

// link is one connection that is made again whenever it is lost, for ever.
type link struct {
	b    *Broker
	url  string
	name string

	mu     sync.Mutex
	conn   *amqp.Connection // nil while away
	change chan struct{}    // closed when conn or err change
	err    error            // why it is away
}

func newLink(b *Broker, url, purpose string) *link {
	return &link{b: b, url: url, name: b.o.Name + " " + purpose, change: make(chan struct{}), err: errAway}
}

// run keeps the connection until the broker closes. serve, if any, runs on each
// connection; the connection is given up when it returns.
func (l *link) run(serve func(*amqp.Connection) error) {
	pause := minPause
	for l.b.ctx.Err() == nil {
		began := time.Now()
		err := l.once(serve)
		if l.b.ctx.Err() != nil {
			break
		}
		l.set(nil, err)
		l.b.warn("connection lost, trying again: "+l.name, err)
		if time.Since(began) > livedLong {
			pause = minPause
		}
		select {
		case <-time.After(pause/2 + rand.N(pause/2)): //nolint:gosec // jitter
		case <-l.b.ctx.Done():
		}
		pause = min(2*pause, maxPause)
	}
	l.set(nil, errClosed)
}

// once connects and serves one connection to its end.
func (l *link) once(serve func(*amqp.Connection) error) error {
	var raw net.Conn
	conn, err := amqp.DialConfig(l.url, amqp.Config{
		Heartbeat:       l.b.o.Heartbeat,
		TLSClientConfig: l.b.o.TLS.Clone(),
		Properties:      amqp.Table{"connection_name": l.name, "product": "entrepot"},
		Dial: func(network, addr string) (_ net.Conn, err error) {
			raw, err = l.dial(network, addr)
			return raw, err
		},
	})
	if err != nil {
		if raw != nil {
			_ = raw.Close()
		}
		return err
	}
	lost := conn.NotifyClose(make(chan *amqp.Error, 1))
	var watch sync.WaitGroup
	watch.Go(func() { l.noteBlocked(conn.NotifyBlocked(make(chan amqp.Blocking, 1))) })
	l.set(conn, nil)
	defer func() {
		l.set(nil, errAway)
		_ = conn.CloseDeadline(time.Now().Add(goodbye))
		_ = raw.Close() // also frees a writer that the server keeps waiting
		watch.Wait()
	}()

	served := make(chan error, 1)
	if serve != nil {
		watch.Go(func() { served <- serve(conn) })
	}
	select {
	case err := <-lost:
		if err == nil {
			return errAway
		}
		return err
	case err := <-served:
		return err
	case <-l.b.ctx.Done():
		return errClosed
	}
}

func (l *link) dial(network, addr string) (net.Conn, error) {
	d := net.Dialer{Timeout: l.b.o.DialTimeout}
	raw, err := d.DialContext(l.b.ctx, network, addr)
	if err != nil {
		return nil, err
	}
	// For the handshakes; the library lifts it when they are over.
	return raw, raw.SetDeadline(time.Now().Add(l.b.o.DialTimeout))
}

// noteBlocked says when the server stops reading from publishers.
func (l *link) noteBlocked(blocked <-chan amqp.Blocking) {
	for n := range blocked {
		l.b.o.Logger.Warn("rabbit: the server blocks or unblocks publishers", "connection", l.name, "blocked", n.Active, "reason", n.Reason)
	}
}

func (l *link) set(conn *amqp.Connection, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conn, l.err = conn, err
	close(l.change)
	l.change = make(chan struct{})
}

func (l *link) now() (*amqp.Connection, <-chan struct{}, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.conn, l.change, l.err
}

// connection waits for a connection until the context ends.
func (l *link) connection(ctx context.Context) (*amqp.Connection, error) {
	for {
		conn, change, err := l.now()
		if conn != nil && !conn.IsClosed() {
			return conn, nil
		}
		select {
		case <-change:
		case <-l.b.ctx.Done():
			return nil, errClosed
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w", ctx.Err(), err)
		}
	}
}

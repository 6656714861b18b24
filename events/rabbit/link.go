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
	minPause     = 100 * time.Millisecond // between two attempts to connect
	maxPause     = 5 * time.Second
	closeTimeout = time.Second // timeout of the closing handshake
	stableAfter  = time.Second // a connection that lasted this long resets the pause
)

// link is a connection that is re-established whenever it is lost.
type link struct {
	b    *Broker
	url  string
	name string

	mu     sync.Mutex
	conn   *amqp.Connection // nil while disconnected
	change chan struct{}    // closed when conn or err change
	err    error            // reason for being disconnected
}

func newLink(b *Broker, url, purpose string) *link {
	return &link{b: b, url: url, name: b.o.Name + " " + purpose, change: make(chan struct{}), err: errDisconnected}
}

// run maintains the connection until the broker closes. serve, if not nil, runs on each connection;
// when it returns, the connection is closed.
func (l *link) run(serve func(*amqp.Connection) error) {
	pause := minPause
	for l.b.ctx.Err() == nil {
		began := time.Now()
		err := l.once(serve)
		if l.b.ctx.Err() != nil {
			break
		}
		l.set(nil, err)
		l.b.warn("connection lost, reconnecting:  "+l.name, err)
		if time.Since(began) > stableAfter {
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

// once connects and serves one connection until it ends.
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
		l.set(nil, errDisconnected)
		_ = conn.CloseDeadline(time.Now().Add(closeTimeout))
		_ = raw.Close() // also unblocks a writer that waits for the server
		watch.Wait()
	}()

	served := make(chan error, 1)
	if serve != nil {
		watch.Go(func() { served <- serve(conn) })
	}
	select {
	case err := <-lost:
		if err == nil {
			return errDisconnected
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
	// The deadline covers the handshakes; the library clears it afterwards.
	return raw, raw.SetDeadline(time.Now().Add(l.b.o.DialTimeout))
}

// noteBlocked logs when the server blocks and unblocks publishers.
func (l *link) noteBlocked(blocked <-chan amqp.Blocking) {
	for n := range blocked {
		l.b.o.Logger.Warn("rabbit: the server blocked or unblocked publishers",
			"connection", l.name, "blocked", n.Active, "reason", n.Reason)
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

// connection returns the connection, waiting for it until the context ends.
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

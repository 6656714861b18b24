package sqlitestore

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net/url"
	"strconv"
	"time"

	"modernc.org/sqlite"
)

// conn is one SQLite connection with its prepared statements. database/sql is
// left out on purpose: its locks, conversions and copies cost a third of a
// write. A conn belongs to one goroutine at a time.
type conn struct {
	c     driver.Conn
	stmts map[string]*stmt
}

type stmt struct {
	exec  driver.StmtExecContext
	query driver.StmtQueryContext
	close func() error
}

// A connection that has seen more shapes of queries than this (in-lists of many
// lengths) starts again.
const maxStatements = 200

// open opens a connection with the given pragmas, in order.
func open(ctx context.Context, path string, busy time.Duration, pragmas ...string) (*conn, error) {
	u := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: "_busy_timeout=" + strconv.FormatInt(busy.Milliseconds(), 10)}
	connector, err := sqlite.NewConnector(u.String())
	if err != nil {
		return nil, err
	}
	dc, err := connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	c := &conn{c: dc, stmts: map[string]*stmt{}}
	for _, p := range pragmas {
		if err := c.run(ctx, "PRAGMA "+p); err != nil {
			return nil, errors.Join(err, c.close())
		}
	}
	return c, nil
}

func (c *conn) close() error {
	for _, s := range c.stmts {
		_ = s.close() // the connection's own error tells
	}
	return c.c.Close()
}

// prepare answers the connection's statement for the text.
func (c *conn) prepare(ctx context.Context, text string) (*stmt, error) {
	if s, ok := c.stmts[text]; ok {
		return s, nil
	}
	if len(c.stmts) >= maxStatements {
		for _, s := range c.stmts {
			_ = s.close()
		}
		clear(c.stmts)
	}
	ds, err := c.c.(driver.ConnPrepareContext).PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	s := &stmt{exec: ds.(driver.StmtExecContext), query: ds.(driver.StmtQueryContext), close: ds.Close}
	c.stmts[text] = s
	return s, nil
}

// run executes a statement without caching it.
func (c *conn) run(ctx context.Context, text string, args ...driver.Value) error {
	_, err := c.c.(driver.ExecerContext).ExecContext(ctx, text, named(args))
	return err
}

// rows calls each for every row of the answer; the row is reused.
func (c *conn) rows(ctx context.Context, text string, args []driver.Value, each func(row []driver.Value) error) (err error) {
	s, err := c.prepare(ctx, text)
	if err != nil {
		return err
	}
	r, err := s.query.QueryContext(ctx, named(args))
	if err != nil {
		return err
	}
	defer func() {
		if e := r.Close(); err == nil {
			err = e
		}
	}()
	row := make([]driver.Value, len(r.Columns()))
	for {
		switch err := r.Next(row); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := each(row); err != nil {
			return err
		}
	}
}

func named(args []driver.Value) []driver.NamedValue {
	out := make([]driver.NamedValue, len(args))
	for i, v := range args {
		out[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	return out
}

// pool is a fixed number of read connections, opened when first needed.
type pool struct {
	slots chan *conn // nil: not open yet
	open  func(context.Context) (*conn, error)
}

func newPool(n int, open func(context.Context) (*conn, error)) *pool {
	p := &pool{slots: make(chan *conn, n), open: open}
	for range n {
		p.slots <- nil
	}
	return p
}

// with lends a connection to f.
func (p *pool) with(ctx context.Context, f func(*conn) error) (err error) {
	var c *conn
	select {
	case c = <-p.slots:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { p.slots <- c }()
	if c == nil {
		if c, err = p.open(ctx); err != nil {
			c = nil
			return err
		}
	}
	return f(c)
}

// close closes all connections; nobody may hold one.
func (p *pool) close() error {
	var errs []error
	for range cap(p.slots) {
		if c := <-p.slots; c != nil {
			errs = append(errs, c.close())
		}
	}
	return errors.Join(errs...)
}

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// conn is one keep-alive HTTP/1.1 connection that reads no more of an answer
// than the benchmark needs: net/http's client costs more than the server it would measure.
type conn struct {
	c    net.Conn
	r    *bufio.Reader
	out  []byte // the request being made
	body []byte // of the last answer, valid until the next
	gap  *gap   // is told of each answer; may be nil
}

// errStatus is an answer with another status than the wanted one.
var errStatus = errors.New("status")

// patience is how long one answer may take before the run is given up.
const patience = 20 * time.Second

func dial(address string) (*conn, error) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	return &conn{c: c, r: bufio.NewReaderSize(c, 32<<10)}, nil
}

func (c *conn) close() { _ = c.c.Close() }

// send makes a request from its line ("GET /api/noop"), the caller's header lines
// and a body, and reads the answer, whose status must be want.
func (c *conn) send(line, headers string, body []byte, want int) error {
	b := append(c.out[:0], line...)
	b = append(b, " HTTP/1.1\r\nHost: bench\r\n"...)
	b = append(b, headers...)
	if body != nil {
		b = append(b, "Content-Type: application/json\r\nContent-Length: "...)
		b = strconv.AppendInt(b, int64(len(body)), 10)
		b = append(b, "\r\n"...)
	}
	b = append(b, "\r\n"...)
	b = append(b, body...)
	c.out = b
	if _, err := c.c.Write(b); err != nil {
		return err
	}
	status, err := c.read()
	if err != nil {
		return fmt.Errorf("%s: %w", line, err)
	}
	if c.gap != nil {
		c.gap.finished()
	}
	if status != want {
		return fmt.Errorf("%s: %w %d, not %d: %s", line, errStatus, status, want, c.body)
	}
	return nil
}

var (
	endOfHead = []byte("\r\n\r\n")
	length    = []byte("\r\nContent-Length: ")
	chunked   = []byte("\r\nTransfer-Encoding: chunked")
)

func (c *conn) read() (status int, err error) {
	head, err := c.head()
	if err != nil {
		return 0, err
	}
	if len(head) < 12 || !bytes.HasPrefix(head, []byte("HTTP/1.1 ")) {
		return 0, fmt.Errorf("not an HTTP/1.1 answer: %.40q", head)
	}
	if status, err = strconv.Atoi(string(head[9:12])); err != nil {
		return 0, err
	}
	size, inChunks := 0, bytes.Contains(head, chunked)
	if at := bytes.Index(head, length); at >= 0 {
		digits := head[at+len(length):]
		if size, err = strconv.Atoi(string(digits[:bytes.IndexByte(digits, '\r')])); err != nil {
			return 0, err
		}
	}
	_, _ = c.r.Discard(len(head)) // it is buffered
	c.body = c.body[:0]
	if !inChunks {
		return status, c.take(size)
	}
	for {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		n, err := strconv.ParseUint(string(bytes.TrimSpace(line)), 16, 31)
		if err != nil {
			return 0, err
		}
		if err := c.take(int(n)); err != nil {
			return 0, err
		}
		if _, err := c.r.Discard(2); err != nil || n == 0 {
			return status, err
		}
	}
}

// head peeks at the answer's head, the empty line included.
func (c *conn) head() ([]byte, error) {
	if err := c.c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	for n := 1; ; n = c.r.Buffered() + 1 {
		if _, err := c.r.Peek(n); err != nil {
			return nil, err
		}
		b, _ := c.r.Peek(c.r.Buffered())
		if at := bytes.Index(b, endOfHead); at >= 0 {
			return b[:at+len(endOfHead)], nil
		}
	}
}

// take appends n bytes to the body.
func (c *conn) take(n int) error {
	at := len(c.body)
	c.body = append(c.body, make([]byte, n)...)
	_, err := io.ReadFull(c.r, c.body[at:])
	return err
}

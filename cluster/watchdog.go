package cluster

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

var errFenced = errors.New("member fenced")

// gate decides whether this member may execute requests. Every request passes it, so a process that resumes after
// a pause refuses requests before it has received any news:
//
//   - after a pause longer than limit (TTL + Grace) the others have dropped this member, and it is fenced;
//   - after a shorter pause, but longer than doubt, they may have, and the gate is shut until the member has
//     confirmed its membership;
//   - the gate of a fenced member stays shut.
type gate struct {
	limit, doubt time.Duration // 0: no other member can take over, and the gate shuts only by fencing
	fence        func(reason string)

	start    time.Time
	beat     atomic.Int64 // last run of the watchdog, in nanoseconds since start
	doubtful atomic.Bool
	closed   atomic.Bool
}

func newGate(limit, doubt time.Duration, fence func(string)) *gate {
	return &gate{limit: limit, doubt: doubt, fence: fence, start: time.Now()}
}

// shut reports whether requests must be refused.
func (g *gate) shut() bool {
	if g.closed.Load() {
		return true
	}
	if g.limit == 0 {
		return false
	}
	stall := time.Since(g.start) - time.Duration(g.beat.Load())
	if stall > g.limit {
		g.fence("process paused for " + stall.Round(time.Millisecond).String())
		return true
	}
	if stall > g.doubt {
		g.doubtful.Store(true)
	}
	return g.doubtful.Load()
}

// tick records that the process is running, after checking the pause since the last tick.
func (g *gate) tick() {
	g.shut()
	g.beat.Store(int64(time.Since(g.start)))
}

// watch runs the watchdog until the member stops or is fenced.
func (m *Member) watch() {
	t := time.NewTicker(m.gate.doubt / 5) // every 300 ms with the default TTL
	defer t.Stop()
	for !m.gate.closed.Load() {
		m.gate.tick()
		if m.gate.doubtful.Load() {
			m.resolve()
		}
		select {
		case <-m.done:
			return
		case <-t.C:
		}
	}
}

// resolve ends the doubt after a pause by confirming the membership.
func (m *Member) resolve() {
	ctx, cancel := context.WithTimeout(context.Background(), m.gate.doubt)
	defer cancel()
	switch err := m.provider.confirm(ctx); {
	case err == nil:
		m.gate.tick()
		m.gate.doubtful.Store(false)
	case errors.Is(err, errEvicted):
		m.fence(err.Error())
	default:
		m.cfg.Logger.Warn("cluster: cannot confirm the membership after a pause", "error", err)
	}
}

// fencing ends a member's service, once.
type fencing struct {
	once sync.Once
	done chan struct{}
}

// fence stops this member's service for good and calls OnFenced, so that the process exits.
func (m *Member) fence(reason string) {
	m.fencing.once.Do(func() {
		m.gate.closed.Store(true)
		close(m.fencing.done)
		m.cfg.Logger.Error("cluster: member fenced, the process must exit", "member", m.system.ID, "reason", reason)
		if m.cfg.OnFenced != nil {
			go m.cfg.OnFenced(reason)
		}
	})
}

// Fenced returns a channel that is closed when this member must stop serving and exit; see Config.OnFenced.
func (m *Member) Fenced() <-chan struct{} { return m.fencing.done }

package cluster

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

var errFenced = errors.New("this member is fenced")

// gate says whether this member may execute requests. Every request passes it, so that a process that
// wakes after a pause refuses before anyone has had time to tell it what happened meanwhile:
//
//   - a pause longer than limit (TTL + Grace): the others have dropped this member; it is fenced;
//   - a shorter one, but longer than doubt: they may have; the gate is shut until the member has asked;
//   - a fenced member's gate stays shut.
type gate struct {
	limit, doubt time.Duration // 0: nobody could take over, the gate never shuts by itself
	fence        func(reason string)

	start    time.Time
	beat     atomic.Int64 // when the watchdog last ran, in nanoseconds after start
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
		g.fence("this process stood still for " + stall.Round(time.Millisecond).String())
		return true
	}
	if stall > g.doubt {
		g.doubtful.Store(true)
	}
	return g.doubtful.Load()
}

// tick notes that the process runs, unless it stood still for too long.
func (g *gate) tick() {
	g.shut()
	g.beat.Store(int64(time.Since(g.start)))
}

// watch is the watchdog. It ends with the member, or when that is fenced.
func (m *Member) watch() {
	t := time.NewTicker(m.gate.doubt / 5) // 300 ms of 1.5 s
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

// resolve ends the doubt after a pause: the others say whether they still count this member in.
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
		m.cfg.Logger.Warn("cluster: paused, and cannot find out whether this member still counts", "error", err)
	}
}

// fencing is the end of a member's service, which happens once and for one reason.
type fencing struct {
	once sync.Once
	done chan struct{}
}

// fence stops this member's service for good and tells its owner, who should exit.
func (m *Member) fence(reason string) {
	m.fencing.once.Do(func() {
		m.gate.closed.Store(true)
		close(m.fencing.done)
		m.cfg.Logger.Error("cluster: this member is fenced and must exit", "member", m.system.ID, "reason", reason)
		if m.cfg.OnFenced != nil {
			go m.cfg.OnFenced(reason)
		}
	})
}

// Fenced is closed when this member must stop serving and exit; see Config.OnFenced.
func (m *Member) Fenced() <-chan struct{} { return m.fencing.done }

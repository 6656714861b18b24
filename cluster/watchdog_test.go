package cluster

import (
	"context"
	"errors"
	"testing"
	"time"
)

// doubter is a membership whose confirm returns a given error.
type doubter struct {
	solo
	answer chan error
}

func (d *doubter) confirm(context.Context) error { return <-d.answer }

// stalled returns a member, not started, whose watchdog last ran gap ago.
func stalled(t *testing.T, gap time.Duration, answers ...error) *Member {
	t.Helper()
	d := &doubter{answer: make(chan error, len(answers))}
	for _, a := range answers {
		d.answer <- a
	}
	cfg, err := Config{Logger: silent()}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	m := newMember(cfg, d)
	m.gate.tick()
	m.gate.start = m.gate.start.Add(-gap) // as if the watchdog had last run that long ago
	return m
}

func TestGateAfterAPause(t *testing.T) {
	m := stalled(t, time.Second)
	if m.gate.shut() {
		t.Error("shut after a short pause")
	}

	m = stalled(t, 4*time.Second, errors.New("nobody there"), nil)
	if !m.gate.shut() {
		t.Error("open though the others may have dropped this member")
	}
	m.gate.tick()
	m.resolve()
	if !m.gate.shut() {
		t.Error("open though the membership could not be confirmed")
	}
	m.resolve()
	if m.gate.shut() {
		t.Error("shut though the others still list this member")
	}

	m = stalled(t, 4*time.Second, errEvicted)
	m.gate.tick()
	m.resolve()
	<-m.Fenced()
	if !m.gate.shut() {
		t.Error("open though dropped")
	}

	m = stalled(t, 7*time.Second)
	if !m.gate.shut() {
		t.Error("open after a pause longer than TTL and grace")
	}
	<-m.Fenced()
}

package cluster

import (
	"context"
	"fmt"
	"slices"
)

// Members returns the members in this member's current view, sorted by id.
func (m *Member) Members() []MemberInfo { return slices.Clone(m.lookup.view().members) }

// Owner returns the address of the member that owns a grain, "" if none hosts its kind. self reports whether
// that is this member.
func (m *Member) Owner(kind, id string) (address string, self bool) {
	address = m.lookup.owner(grainKey{kind, id})
	return address, address == m.address && address != ""
}

// Address returns the host:port at which other members reach this one; the port is 0 in a one-member cluster.
func (m *Member) Address() string { return m.address }

// ID returns the id of this process in the cluster.
func (m *Member) ID() string { return m.system.ID }

// Activations returns the number of this member's activations by kind.
func (m *Member) Activations(ctx context.Context) (map[string]int, error) {
	answer, err := m.replies.ask(ctx, m.lookup.placement, census{}, m.until(ctx))
	if err != nil {
		return nil, err
	}
	n, ok := answer.(map[string]int)
	if !ok {
		return nil, errStopped
	}
	return n, nil
}

// Ready reports whether this member can serve: it is in the member list, every kind of WaitKinds has a host, and
// it is neither stopping nor fenced.
func (m *Member) Ready() bool { return m.unready(m.lookup.view()) == "" }

// WaitReady waits until Ready. The error names the missing condition when ctx ends, or is that of a fenced or
// stopped member.
func (m *Member) WaitReady(ctx context.Context) error {
	for {
		v := m.lookup.view()
		missing := m.unready(v)
		if missing == "" {
			return nil
		}
		select {
		case <-v.changed:
		case <-m.fencing.done:
			return errFenced
		case <-m.done:
			return errStopped
		case <-ctx.Done():
			return fmt.Errorf("cluster: not ready, %s: %w", missing, ctx.Err())
		}
	}
}

// unready returns the missing condition, "" if there is none.
func (m *Member) unready(v *view) string {
	switch {
	case m.gate.shut():
		return "fenced"
	case m.stopping.Load():
		return "stopping"
	case !v.contains(m.system.ID):
		return "not in the member list"
	}
	for _, k := range m.cfg.WaitKinds {
		if len(v.hosts[k]) == 0 {
			return "no member hosts " + k
		}
	}
	return ""
}

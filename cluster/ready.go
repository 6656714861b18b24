package cluster

import (
	"context"
	"fmt"
	"slices"
)

// Members is the cluster as this member sees it, sorted by id.
func (m *Member) Members() []MemberInfo { return slices.Clone(m.lookup.view().members) }

// Owner is the address of the member that hosts a grain now, "" if none hosts its kind; self says that it
// is this one.
func (m *Member) Owner(kind, id string) (address string, self bool) {
	address = m.lookup.owner(grainKey{kind, id})
	return address, address == m.address && address != ""
}

// Address is the host:port at which other members reach this one; port 0 in a one-member cluster.
func (m *Member) Address() string { return m.address }

// ID is this process's id in the cluster.
func (m *Member) ID() string { return m.system.ID }

// Activations counts this member's activations, by kind.
func (m *Member) Activations(ctx context.Context) (map[string]int, error) {
	answer, err := m.desk.ask(ctx, m.lookup.placement, census{}, m.until(ctx))
	if err != nil {
		return nil, err
	}
	n, ok := answer.(map[string]int)
	if !ok {
		return nil, errStopped
	}
	return n, nil
}

// Ready reports whether this member can serve: it is in the cluster's list, every kind of WaitKinds has a
// host, and it is neither leaving nor fenced.
func (m *Member) Ready() bool { return m.unready(m.lookup.view()) == "" }

// WaitReady waits until Ready. The error says what was missing when ctx ended, or that the member was
// fenced or stopped.
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

// unready says what is missing, "" if nothing.
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

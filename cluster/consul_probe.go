package cluster

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"
)

const (
	probes       = 3 // all must be refused
	probePause   = 100 * time.Millisecond
	probeTimeout = 500 * time.Millisecond
)

// suspect probes a member after its connection was lost. A member listens as long as it lives, so if its port
// refuses every probe its process has crashed, and it is dropped at once instead of after TTL and grace. A
// member that hangs, is paused or cut off does not refuse; Consul decides about it.
func (p *consul) suspect(address string) {
	p.probing.Lock()
	defer p.probing.Unlock()
	if p.ctx.Err() != nil || p.suspects[address] {
		return
	}
	p.suspects[address] = true
	p.wg.Go(func() {
		refused := p.refuses(address)
		if refused {
			p.follower.dropRefusing(address)
		}
		p.probing.Lock()
		defer p.probing.Unlock()
		delete(p.suspects, address)
	})
}

func (p *consul) refuses(address string) bool {
	for i := range probes {
		if i > 0 && !sleep(p.ctx, probePause) || !refuses(p.ctx, address) {
			return false
		}
	}
	return true
}

func refuses(ctx context.Context, address string) bool {
	d := net.Dialer{Timeout: probeTimeout}
	conn, err := d.DialContext(ctx, "tcp", address)
	if err == nil {
		conn.Close()
	}
	return errors.Is(err, syscall.ECONNREFUSED)
}

// dropRefusing drops the member whose port refuses connections.
func (f *follower) dropRefusing(address string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for id, s := range f.known {
		if s.member.Address() == address && !s.leaving {
			f.drop(id, s, "connections refused")
		}
	}
	f.p.m.publish(f.members())
}

package cluster

import (
	"context"
	"errors"
	"net"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/asynkron/protoactor-go/cluster"
	"github.com/hashicorp/consul/api"
)

const (
	pollWait  = time.Second            // longest blocking query while nothing changes
	pollPause = 300 * time.Millisecond // after a failure
)

// follower derives the membership from Consul's list of this cluster's services.
type follower struct {
	p       *consul
	index   uint64    // of Consul's last response
	healthy bool      // the last query of Consul succeeded
	selfOK  time.Time // when this member was last in the list

	mu      sync.Mutex       // guards the maps and publishing: probes drop members too
	known   map[string]*peer // the other members, by id
	dropped map[string]bool  // ids that may not return, kept while Consul lists them
}

// peer is another member according to Consul's last response.
type peer struct {
	member  *cluster.Member
	ok      time.Time // when it was last passing, or the grace period restarted
	leaving bool      // announced by the member, which finishes its requests and deregisters
	listed  bool      // in Consul's last response
}

func newFollower(p *consul) *follower {
	return &follower{p: p, known: map[string]*peer{}, dropped: map[string]bool{}, selfOK: time.Now()}
}

func (f *follower) run() {
	for f.p.ctx.Err() == nil {
		if err := f.runOnce(); err != nil && f.p.ctx.Err() == nil {
			f.p.cfg.Logger.Warn("cluster: cannot read the members from Consul", "error", err)
			sleep(f.p.ctx, pollPause)
		}
	}
}

// runOnce queries the list, waiting for a change, and publishes it.
func (f *follower) runOnce() error {
	entries, err := f.list()
	if err != nil {
		f.healthy, f.index = false, 0
		return err
	}
	if marked, err := f.p.marked(f.p.ctx); err == nil && marked {
		f.p.m.fence(errEvicted.Error())
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	if !f.healthy { // every grace period restarts: members could not refresh while Consul was away
		f.healthy, f.selfOK = true, now
		for _, s := range f.known {
			s.ok = now
		}
	}
	f.note(entries, now)
	f.expire(now)
	f.p.m.publish(f.members())
	return nil
}

func (f *follower) list() ([]*api.ServiceEntry, error) {
	ctx, cancel := context.WithTimeout(f.p.ctx, pollWait+callTimeout)
	defer cancel()
	q := (&api.QueryOptions{WaitIndex: f.index, WaitTime: pollWait}).WithContext(ctx)
	entries, meta, err := f.p.client.Health().Service(f.p.cfg.Name, "", false, q)
	if err != nil {
		return nil, err
	}
	if meta.LastIndex < f.index { // the index goes back only if Consul has lost its data
		f.healthy = false
	}
	f.index = meta.LastIndex
	return entries, nil
}

// note updates the peers from Consul's entries.
func (f *follower) note(entries []*api.ServiceEntry, now time.Time) {
	for _, s := range f.known {
		s.listed = false
	}
	dropped, self := f.dropped, false
	f.dropped = map[string]bool{}
	for _, e := range entries {
		switch id := e.Service.Meta["id"]; {
		case id == "": // not a member, but another service of the same name
		case id == f.p.m.system.ID:
			self = true
		case dropped[id]: // even if it is passing again: it must return as a new process
			f.dropped[id] = true
		default:
			f.notePeer(id, e, now)
		}
	}
	f.noteSelf(self, now)
}

func (f *follower) notePeer(id string, e *api.ServiceEntry, now time.Time) {
	passing := e.Checks.AggregatedStatus() == api.HealthPassing
	s := f.known[id]
	if s == nil {
		if !passing {
			return
		}
		s = &peer{}
		f.known[id] = s
	}
	s.member = &cluster.Member{
		Id: id, Host: e.Service.Address, Port: int32(e.Service.Port), Kinds: e.Service.Tags, //nolint:gosec // a port
	}
	s.listed = true
	s.leaving = s.leaving || leaves(e)
	if passing {
		s.ok = now
		f.supersede(id, s)
	}
}

// supersede removes an earlier process with the same address: it has exited, or the port would be in use.
func (f *follower) supersede(id string, s *peer) {
	for other, o := range f.known {
		if other != id && o.member.Address() == s.member.Address() && o.ok.Before(s.ok) {
			delete(f.known, other)
		}
	}
}

// noteSelf registers this member again when it is not in the list, and fences it after TTL + Grace.
func (f *follower) noteSelf(listed bool, now time.Time) {
	if listed {
		f.selfOK = now
		return
	}
	if f.p.refreshing.Err() != nil { // leaving
		return
	}
	if gone := now.Sub(f.selfOK); gone > f.p.cfg.TTL+f.p.cfg.Grace {
		f.p.m.fence("not in Consul's list for " + strconv.Itoa(int(gone.Seconds())) + " s")
		return
	}
	select {
	case f.p.register <- struct{}{}:
	default:
	}
}

// expire removes members that have left and drops members that have not been passing for the grace period.
func (f *follower) expire(now time.Time) {
	for id, s := range f.known {
		if s.leaving && !s.listed {
			delete(f.known, id)
		} else if now.Sub(s.ok) > f.p.cfg.Grace+leaveTime(s) {
			f.drop(id, s, "no sign of life")
		}
	}
}

// drop removes a member for good. The mark is written first, so that a member that is still alive finds it
// before its grains are activated elsewhere.
func (f *follower) drop(id string, s *peer, why string) {
	f.p.cfg.Logger.Warn("cluster: dropping a member", "reason", why, "member", id, "address", s.member.Address())
	f.p.mark(id)
	delete(f.known, id)
	f.dropped[id] = true
}

// leaveTime is the extra time that a leaving member has to finish before it is dropped.
func leaveTime(s *peer) time.Duration {
	if s.leaving {
		return 30 * time.Second
	}
	return 0
}

// members returns the list to publish, and the ids of leaving members.
func (f *follower) members() (list cluster.Members, leaving map[string]bool) {
	list, leaving = cluster.Members{f.p.m.self()}, map[string]bool{}
	for id, s := range f.known {
		list = append(list, s.member)
		leaving[id] = s.leaving
	}
	return list, leaving
}

func leaves(e *api.ServiceEntry) bool {
	for _, c := range e.Checks {
		if c.ServiceID != "" && c.Status == api.HealthCritical && c.Output == leavingNote {
			return true
		}
	}
	return false
}

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

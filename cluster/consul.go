package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/cluster"
	"github.com/hashicorp/consul/api"
)

// consul is membership by Consul's health checks. Unlike Proto.Actor's provider it
//
//   - registers again when the agent has forgotten this member;
//   - drops another member only when it has not been passing for the grace period, counted while Consul
//     answers and from anew after any failure of Consul, so that a restart of Consul moves nothing;
//   - never drops this member by itself: whoever drops a member writes it an "evicted" mark first, and a
//     member that finds its mark is fenced;
//   - announces leaving, so that the others need not wait;
//   - bounds every call in time (an agent without a leader holds calls for 10 s and more).
type consul struct {
	cfg    Config
	client *api.Client
	http   *http.Transport
	m      *Member

	ctx      context.Context // of following
	cancel   context.CancelFunc
	quiet    context.Context // of refreshing: ends first, so that nothing contradicts "leaving"
	hush     context.CancelFunc
	wg       sync.WaitGroup
	register chan struct{} // asks the refresh loop to register at once
	follower *follower

	probing  sync.Mutex
	suspects map[string]bool // addresses being probed
}

const (
	leavingNote = "leaving" // the check's output of a member that leaves
	reapAfter   = "1m0s"    // Consul forgets a dead member then; its minimum
	callTimeout = 3 * time.Second
	markLife    = 24 * time.Hour // of an "evicted" mark
)

var errEvicted = errors.New("the others have dropped this member")

func newConsul(cfg Config) (*consul, error) {
	p := &consul{cfg: cfg, register: make(chan struct{}, 1), suspects: map[string]bool{}}
	ac := api.DefaultConfig() // its environment variables carry token and TLS of Consul itself
	ac.Address = cfg.Consul
	p.http = ac.Transport
	client, err := api.NewClient(ac)
	if err != nil {
		return nil, fmt.Errorf("cluster: consul client: %w", err)
	}
	p.client = client
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.quiet, p.hush = context.WithCancel(p.ctx)
	return p, nil
}

func (p *consul) checkID() string             { return "service:" + p.m.system.ID }
func (p *consul) markKey() string             { return p.cfg.Name + "/evicted/" + p.m.system.ID }
func (p *consul) refreshEvery() time.Duration { return p.cfg.TTL / 3 }

// join registers, retrying until ctx ends, and returns when this member has published its first list.
func (p *consul) join(ctx context.Context, m *Member) error {
	p.m = m
	p.follower = newFollower(p)
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		err := p.enrol(ctx)
		if err == nil {
			break
		}
		p.cfg.Logger.Warn("cluster: cannot register in Consul, will retry", "error", err)
		if !sleep(ctx, pause) {
			return fmt.Errorf("register in Consul at %s: %w", p.cfg.Consul, errors.Join(err, ctx.Err()))
		}
	}
	p.wg.Go(p.sweep)
	p.wg.Go(p.refresh)
	p.wg.Go(p.follower.run)
	for {
		v := m.lookup.view()
		if v.contains(m.system.ID) {
			return nil
		}
		select {
		case <-v.changed:
		case <-ctx.Done():
			return fmt.Errorf("read the members from Consul at %s: %w", p.cfg.Consul, ctx.Err())
		}
	}
}

// enrol makes this member known, and passing.
func (p *consul) enrol(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	self := p.m.self()
	return p.client.Agent().ServiceRegisterOpts(&api.AgentServiceRegistration{
		ID: self.Id, Name: p.cfg.Name, Address: self.Host, Port: int(self.Port),
		Tags: self.Kinds, Meta: map[string]string{"id": self.Id},
		Check: &api.AgentServiceCheck{
			CheckID: p.checkID(), TTL: p.cfg.TTL.String(),
			DeregisterCriticalServiceAfter: reapAfter, Status: api.HealthPassing,
		},
	}, api.ServiceRegisterOpts{}.WithContext(ctx))
}

// vouch refreshes this member's check, registering again if Consul has forgotten it.
func (p *consul) vouch(ctx context.Context) error {
	err := p.setCheck(ctx, api.HealthPassing, "", p.refreshEvery())
	if forgotten(err) {
		p.cfg.Logger.Warn("cluster: Consul has forgotten this member, registering again")
		err = p.enrol(ctx)
	}
	return err
}

func (p *consul) setCheck(ctx context.Context, status, note string, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	return p.client.Agent().UpdateTTLOpts(p.checkID(), note, status, (&api.QueryOptions{}).WithContext(ctx))
}

// forgotten tells "no such check" from other failures: 404 in newer Consul, 500 with a text in older.
func forgotten(err error) bool {
	if err == nil {
		return false
	}
	var status api.StatusError
	if errors.As(err, &status) && status.Code == http.StatusNotFound {
		return true
	}
	text := err.Error()
	return strings.Contains(text, "Unknown check") || strings.Contains(text, "does not have associated TTL")
}

// refresh keeps this member passing until it leaves. While Consul does not answer it asks the others
// whether they still count it in: they may see a Consul that this member is cut off from.
func (p *consul) refresh() {
	t := time.NewTicker(p.refreshEvery())
	defer t.Stop()
	lastOK := time.Now()
	for {
		select {
		case <-p.quiet.Done():
			return
		case <-p.register:
			if err := p.enrol(p.quiet); err != nil && p.quiet.Err() == nil {
				p.cfg.Logger.Warn("cluster: cannot register in Consul", "error", err)
			}
			continue
		case <-t.C:
		}
		err := p.vouch(p.quiet)
		if err == nil {
			lastOK = time.Now()
			continue
		}
		if p.quiet.Err() != nil {
			return
		}
		p.cfg.Logger.Warn("cluster: cannot refresh this member in Consul", "error", err)
		if time.Since(lastOK) > p.cfg.TTL+p.cfg.Grace {
			p.appeal(time.Since(lastOK))
		}
	}
}

// appeal fences this member when, after so long without Consul, another member has dropped it, or there
// were others and none can be reached: then it is this member that is cut off.
func (p *consul) appeal(since time.Duration) {
	ctx, cancel := context.WithTimeout(p.quiet, p.refreshEvery())
	defer cancel()
	switch yes, no, asked := p.m.pollPeers(ctx); {
	case no > 0:
		p.m.fence(errEvicted.Error())
	case yes == 0 && asked > 0 && p.quiet.Err() == nil:
		p.m.fence("cut off from Consul for " + since.Round(time.Millisecond).String() + ", and from every other member")
	}
}

// confirm finds out whether the others still count this member in: nil if so, errEvicted if not, another
// error if nobody could be asked.
func (p *consul) confirm(ctx context.Context) error {
	if err := p.vouch(ctx); err != nil {
		switch yes, no, asked := p.m.pollPeers(ctx); {
		case no > 0:
			return errEvicted
		case yes > 0 || asked == 0:
			return nil
		}
		return err
	}
	marked, err := p.marked(ctx)
	if marked {
		return errEvicted
	}
	return err
}

// marked reports whether another member has written this one's "evicted" mark.
func (p *consul) marked(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	pair, _, err := p.client.KV().Get(p.markKey(), (&api.QueryOptions{}).WithContext(ctx))
	return pair != nil, err
}

// mark writes the "evicted" mark of a member that is about to be dropped. Should it fail, the member still
// learns by asking its peers.
func (p *consul) mark(id string) {
	ctx, cancel := context.WithTimeout(p.ctx, callTimeout)
	defer cancel()
	pair := &api.KVPair{Key: p.cfg.Name + "/evicted/" + id, Value: []byte(time.Now().UTC().Format(time.RFC3339))}
	if _, err := p.client.KV().Put(pair, (&api.WriteOptions{}).WithContext(ctx)); err != nil {
		p.cfg.Logger.Warn("cluster: cannot mark a member as evicted", "member", id, "error", err)
	}
}

// sweep removes marks of members long gone, which nobody will read any more. Best effort.
func (p *consul) sweep() {
	ctx, cancel := context.WithTimeout(p.ctx, callTimeout)
	defer cancel()
	pairs, _, err := p.client.KV().List(p.cfg.Name+"/evicted/", (&api.QueryOptions{}).WithContext(ctx))
	for _, pair := range pairs {
		at, bad := time.Parse(time.RFC3339, string(pair.Value))
		if err == nil && (bad != nil || time.Since(at) > markLife) {
			_, err = p.client.KV().Delete(pair.Key, (&api.WriteOptions{}).WithContext(ctx))
		}
	}
	if err != nil && p.ctx.Err() == nil {
		p.cfg.Logger.Warn("cluster: cannot sweep old marks in Consul", "error", err)
	}
}

// announce tells Consul, and through it the others, that this member leaves; it returns when none of them
// counts it in any more, which is when new requests go elsewhere.
func (p *consul) announce(ctx context.Context) {
	if p.m == nil {
		return
	}
	p.hush()
	if err := p.setCheck(ctx, api.HealthCritical, leavingNote, callTimeout); err != nil {
		p.cfg.Logger.Warn("cluster: cannot announce leaving in Consul", "error", err)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, p.cfg.TTL)
	defer cancel()
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		if yes, _, _ := p.m.pollPeers(ctx); yes == 0 || !sleep(ctx, pause) {
			return
		}
	}
}

// leave stops following and deregisters.
func (p *consul) leave(ctx context.Context) error {
	p.probing.Lock() // no probe begins after this
	p.cancel()
	p.probing.Unlock()
	p.wg.Wait()
	defer p.http.CloseIdleConnections()
	if p.m == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if err := p.client.Agent().ServiceDeregisterOpts(p.m.system.ID, (&api.QueryOptions{}).WithContext(ctx)); err != nil {
		return fmt.Errorf("cluster: deregister from Consul: %w", err)
	}
	return nil
}

// StartMember, StartClient and Shutdown are Proto.Actor's names for what join and leave do.
func (*consul) StartMember(*cluster.Cluster) error { return nil }
func (*consul) StartClient(*cluster.Cluster) error { return nil }
func (*consul) Shutdown(bool) error                { return nil }

// sleep reports whether d passed before ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

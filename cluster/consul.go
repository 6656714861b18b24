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

// consul is membership based on Consul's health checks. Unlike Proto.Actor's provider it
//
//   - registers again when the agent has lost this member;
//   - drops another member only after its check has not been passing for the grace period. The period
//     counts only while Consul responds and starts again after any failure of Consul, so that a restart of
//     Consul moves no grain;
//   - never drops this member itself: a member that drops another one first writes it an "evicted" mark, and
//     a member that finds its own mark is fenced;
//   - announces leaving, so that the others need not wait;
//   - bounds the duration of every call (an agent without a leader holds calls for 10 s and more).
type consul struct {
	cfg    Config
	client *api.Client
	http   *http.Transport
	m      *Member

	ctx         context.Context // of the follower
	cancel      context.CancelFunc
	refreshing  context.Context // of the refresh loop; ends first, so that no refresh overwrites "leaving"
	stopRefresh context.CancelFunc
	wg          sync.WaitGroup
	register    chan struct{} // makes the refresh loop register at once
	follower    *follower

	probing  sync.Mutex
	suspects map[string]bool // addresses being probed
}

const (
	leavingNote = "leaving" // the check output of a leaving member
	reapAfter   = "1m0s"    // until Consul deregisters a dead member; 1 min is Consul's minimum
	callTimeout = 3 * time.Second
	markLife    = 24 * time.Hour // lifetime of an "evicted" mark
)

var errEvicted = errors.New("dropped by the other members")

func newConsul(cfg Config) (*consul, error) {
	p := &consul{cfg: cfg, register: make(chan struct{}, 1), suspects: map[string]bool{}}
	ac := api.DefaultConfig() // reads token and TLS settings from Consul's environment variables
	ac.Address = cfg.Consul
	p.http = ac.Transport
	client, err := api.NewClient(ac)
	if err != nil {
		return nil, fmt.Errorf("cluster: consul client: %w", err)
	}
	p.client = client
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.refreshing, p.stopRefresh = context.WithCancel(p.ctx)
	return p, nil
}

func (p *consul) checkID() string             { return "service:" + p.m.system.ID }
func (p *consul) markKey() string             { return p.cfg.Name + "/evicted/" + p.m.system.ID }
func (p *consul) refreshEvery() time.Duration { return p.cfg.TTL / 3 }

// join registers, with retries until ctx ends, and returns when this member has published its first list.
func (p *consul) join(ctx context.Context, m *Member) error {
	p.m = m
	p.follower = newFollower(p)
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		err := p.registerService(ctx)
		if err == nil {
			break
		}
		p.cfg.Logger.Warn("cluster: cannot register in Consul, retrying", "error", err)
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

// registerService registers this member with a passing check.
func (p *consul) registerService(ctx context.Context) error {
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

// refreshCheck refreshes this member's check, and registers again if Consul has lost it.
func (p *consul) refreshCheck(ctx context.Context) error {
	err := p.setCheck(ctx, api.HealthPassing, "", p.refreshEvery())
	if forgotten(err) {
		p.cfg.Logger.Warn("cluster: Consul has lost this member, registering again")
		err = p.registerService(ctx)
	}
	return err
}

func (p *consul) setCheck(ctx context.Context, status, note string, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	return p.client.Agent().UpdateTTLOpts(p.checkID(), note, status, (&api.QueryOptions{}).WithContext(ctx))
}

// forgotten reports whether the error means that the check does not exist: status 404 in newer versions of
// Consul, 500 with one of these texts in older ones.
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

// refresh keeps this member's check passing until it leaves. When Consul has not responded for TTL + Grace it
// polls the other members, which may reach Consul when this member cannot.
func (p *consul) refresh() {
	t := time.NewTicker(p.refreshEvery())
	defer t.Stop()
	lastOK := time.Now()
	for {
		select {
		case <-p.refreshing.Done():
			return
		case <-p.register:
			if err := p.registerService(p.refreshing); err != nil && p.refreshing.Err() == nil {
				p.cfg.Logger.Warn("cluster: cannot register in Consul", "error", err)
			}
			continue
		case <-t.C:
		}
		err := p.refreshCheck(p.refreshing)
		if err == nil {
			lastOK = time.Now()
			continue
		}
		if p.refreshing.Err() != nil {
			return
		}
		p.cfg.Logger.Warn("cluster: cannot refresh this member in Consul", "error", err)
		if time.Since(lastOK) > p.cfg.TTL+p.cfg.Grace {
			p.checkCutOff(time.Since(lastOK))
		}
	}
}

// checkCutOff fences this member if another member has dropped it, or if there are other members and none
// can be reached: then this member is the one that is cut off. since is the time without Consul.
func (p *consul) checkCutOff(since time.Duration) {
	ctx, cancel := context.WithTimeout(p.refreshing, p.refreshEvery())
	defer cancel()
	switch yes, no, asked := p.m.pollPeers(ctx); {
	case no > 0:
		p.m.fence(errEvicted.Error())
	case yes == 0 && asked > 0 && p.refreshing.Err() == nil:
		p.m.fence("cut off from Consul for " + since.Round(time.Millisecond).String() + ", and from every other member")
	}
}

// confirm checks whether the others still list this member: nil if so, errEvicted if not, another error if
// neither Consul nor a member could be reached.
func (p *consul) confirm(ctx context.Context) error {
	if err := p.refreshCheck(ctx); err != nil {
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

// marked reports whether this member's "evicted" mark exists.
func (p *consul) marked(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	pair, _, err := p.client.KV().Get(p.markKey(), (&api.QueryOptions{}).WithContext(ctx))
	return pair != nil, err
}

// mark writes the "evicted" mark of a member that is about to be dropped. If that fails, the member still
// finds out by polling its peers.
func (p *consul) mark(id string) {
	ctx, cancel := context.WithTimeout(p.ctx, callTimeout)
	defer cancel()
	pair := &api.KVPair{Key: p.cfg.Name + "/evicted/" + id, Value: []byte(time.Now().UTC().Format(time.RFC3339))}
	if _, err := p.client.KV().Put(pair, (&api.WriteOptions{}).WithContext(ctx)); err != nil {
		p.cfg.Logger.Warn("cluster: cannot mark a member as evicted", "member", id, "error", err)
	}
}

// sweep removes marks older than markLife; their members have exited long ago. Best effort.
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
		p.cfg.Logger.Warn("cluster: cannot remove old marks in Consul", "error", err)
	}
}

// announce sets this member's check to "leaving". It returns when no other member lists this one as an owner
// any more, so that new requests go elsewhere, or after at most TTL.
func (p *consul) announce(ctx context.Context) {
	if p.m == nil {
		return
	}
	p.stopRefresh()
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

// StartMember, StartClient and Shutdown satisfy Proto.Actor's interface; join and leave do their work.
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

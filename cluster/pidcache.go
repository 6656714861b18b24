package cluster

import (
	"hash/maphash"
	"sync"

	"github.com/asynkron/protoactor-go/actor"
)

// grainKey names a grain; a struct, so that looking it up joins no strings.
type grainKey struct{ kind, id string }

// pidCache remembers where grains are active. It stands in for Proto.Actor's PidCache, whose key is a
// joined string and which keeps every grain it ever saw. Entries leave when an activation ends (the
// placement announces it to every member that asked), when a member leaves, when a call fails, and, past
// the bound, at random: the cache only saves a question.
type pidCache struct {
	seed   maphash.Seed
	shards [cacheShards]cacheShard
}

const (
	cacheShards   = 64     // a power of two
	cacheShardCap = 16_384 // a million grains in all
)

type cacheShard struct {
	mu   sync.RWMutex
	pids map[grainKey]*actor.PID
}

func newPidCache() *pidCache {
	c := &pidCache{seed: maphash.MakeSeed()}
	for i := range c.shards {
		c.shards[i].pids = map[grainKey]*actor.PID{}
	}
	return c
}

func (c *pidCache) shard(k grainKey) *cacheShard {
	return &c.shards[maphash.String(c.seed, k.id)%cacheShards]
}

func (c *pidCache) get(k grainKey) *actor.PID {
	s := c.shard(k)
	s.mu.RLock()
	pid := s.pids[k]
	s.mu.RUnlock()
	return pid
}

func (c *pidCache) set(k grainKey, pid *actor.PID) {
	s := c.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.pids[k]; !known && len(s.pids) >= cacheShardCap {
		for victim := range s.pids {
			delete(s.pids, victim)
			break
		}
	}
	s.pids[k] = pid
}

// drop forgets the grain if it is still remembered at pid.
func (c *pidCache) drop(k grainKey, pid *actor.PID) {
	s := c.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	if cur := s.pids[k]; cur != nil && cur.Id == pid.Id && cur.Address == pid.Address {
		delete(s.pids, k)
	}
}

// dropMember forgets every grain at address.
func (c *pidCache) dropMember(address string) {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		for k, pid := range s.pids {
			if pid.Address == address {
				delete(s.pids, k)
			}
		}
		s.mu.Unlock()
	}
}

func (c *pidCache) len() (n int) {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.RLock()
		n += len(s.pids)
		s.mu.RUnlock()
	}
	return n
}

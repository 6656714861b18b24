package cluster

import (
	"github.com/asynkron/protoactor-go/actor"
	lru "github.com/hashicorp/golang-lru/v2"
)

// grainKey names a grain; a struct, so that looking it up joins no strings.
type grainKey struct{ kind, id string }

// maxPids bounds the grains whose place a member caches.
const maxPids = 1 << 20

// pidCache caches where grains are active. It replaces Proto.Actor's PidCache, whose key is a joined string
// and which keeps every grain for ever. Entries leave when an activation ends (the placement announces it to
// every member that asked), when a member leaves, when a call fails, and past the bound the least recently
// used first. An entry that is missing costs one question to the grain's owner.
type pidCache struct {
	pids *lru.Cache[grainKey, *actor.PID]
}

func newPidCache() *pidCache {
	pids, _ := lru.New[grainKey, *actor.PID](maxPids) // an error only for a size below 1
	return &pidCache{pids}
}

// get returns the grain's place, nil when it is not cached.
func (c *pidCache) get(k grainKey) *actor.PID {
	pid, _ := c.pids.Get(k)
	return pid
}

func (c *pidCache) set(k grainKey, pid *actor.PID) { c.pids.Add(k, pid) }

// drop forgets the grain if it is still cached at pid. A place that is set at the same moment may go too.
func (c *pidCache) drop(k grainKey, pid *actor.PID) {
	if now, ok := c.pids.Peek(k); ok && now.Id == pid.Id && now.Address == pid.Address {
		c.pids.Remove(k)
	}
}

// dropMember forgets every grain at address.
func (c *pidCache) dropMember(address string) {
	for _, k := range c.pids.Keys() {
		if pid, ok := c.pids.Peek(k); ok && pid.Address == address {
			c.pids.Remove(k)
		}
	}
}

func (c *pidCache) len() int { return c.pids.Len() }

package cluster

import (
	"slices"
	"strings"

	"github.com/asynkron/protoactor-go/cluster"
)

// view is an immutable snapshot of the membership.
type view struct {
	members []MemberInfo      // sorted by id
	hosts   map[string][]host // by kind
	changed chan struct{}     // closed when a newer view replaces this one
}

// host is the address of a member with its hash.
type host struct {
	address string
	hash    uint64
}

// MemberInfo is one member of the cluster.
type MemberInfo struct {
	ID      string   // of the process; a restart makes a new one
	Address string   // host:port
	Kinds   []string // hosted kinds, sorted
}

func newView(members cluster.Members) *view {
	v := &view{hosts: map[string][]host{}, changed: make(chan struct{})}
	for _, m := range members {
		info := MemberInfo{ID: m.Id, Address: m.Address(), Kinds: slices.Clone(m.Kinds)}
		slices.Sort(info.Kinds)
		v.members = append(v.members, info)
	}
	slices.SortFunc(v.members, func(a, b MemberInfo) int { return strings.Compare(a.ID, b.ID) })
	for _, m := range v.members {
		h := host{m.Address, hashString(fnvOffset, m.Address)}
		for _, k := range m.Kinds {
			v.hosts[k] = append(v.hosts[k], h)
		}
	}
	return v
}

// same reports whether both views list the same processes. A process never changes its address or kinds.
func (v *view) same(o *view) bool {
	return slices.EqualFunc(v.members, o.members, func(a, b MemberInfo) bool { return a.ID == b.ID })
}

func (v *view) contains(id string) bool {
	return slices.ContainsFunc(v.members, func(m MemberInfo) bool { return m.ID == id })
}

// owner returns the address of the member that owns the grain, "" if no member hosts its kind. The owner is the
// host of the kind with the highest score (rendezvous hashing), so a member that joins or leaves moves only the
// grains of its own share.
func (v *view) owner(k grainKey) string {
	hosts := v.hosts[k.kind]
	if len(hosts) == 1 {
		return hosts[0].address
	}
	grain := hashString(hashString(fnvOffset, k.kind), k.id)
	best, address := uint64(0), ""
	for _, h := range hosts {
		// The lower address wins a tie, so that all members agree.
		if s := finalize(grain ^ h.hash); address == "" || s > best || s == best && h.address < address {
			best, address = s, h.address
		}
	}
	return address
}

// Parameters of 64-bit FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/.
const (
	fnvOffset = 14695981039346656037
	fnvPrime  = 1099511628211
)

// hashString continues an FNV-1a hash with s and a separator, and mixes the result. Without the mixing, addresses
// that differ in their last byte share the grains unevenly (50/25/25 % for ports …1 to …3).
func hashString(h uint64, s string) uint64 {
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * fnvPrime
	}
	return finalize((h ^ 0xff) * fnvPrime)
}

// finalize is fmix64 of MurmurHash3: each input bit changes each output bit with probability one half.
func finalize(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

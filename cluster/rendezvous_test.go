package cluster

import (
	"fmt"
	"testing"

	pcluster "github.com/asynkron/protoactor-go/cluster"
)

func membersAt(addresses ...string) pcluster.Members {
	var ms pcluster.Members
	for i, a := range addresses {
		ms = append(ms, &pcluster.Member{Id: fmt.Sprint("m", i), Host: a, Port: 1, Kinds: []string{"K"}})
	}
	return ms
}

func TestRendezvousBalance(t *testing.T) {
	const grains = 30_000
	for name, ms := range map[string]pcluster.Members{
		"addresses that differ in the last digit": membersAt("10.0.0.1", "10.0.0.2", "10.0.0.3"),
		"five members": membersAt("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"),
		"ports that differ in the last digit": {
			{Id: "a", Host: "h", Port: 7001, Kinds: []string{"K"}},
			{Id: "b", Host: "h", Port: 7002, Kinds: []string{"K"}},
			{Id: "c", Host: "h", Port: 7003, Kinds: []string{"K"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			v, share := newView(ms), map[string]int{}
			for i := range grains {
				share[v.owner(grainKey{"K", fmt.Sprintf("%024x", i)})]++
			}
			fair := grains / len(ms)
			for address, n := range share {
				if n < fair*95/100 || n > fair*105/100 {
					t.Errorf("%s owns %d of %d grains, want about %d", address, n, grains, fair)
				}
			}
			if len(share) != len(ms) {
				t.Errorf("%d of %d members own grains", len(share), len(ms))
			}
		})
	}
}

func TestRendezvousMovesOnlyJoinersShare(t *testing.T) {
	before := newView(membersAt("10.0.0.1", "10.0.0.2", "10.0.0.3"))
	after := newView(membersAt("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"))
	moved := 0
	for i := range 10_000 {
		k := grainKey{"K", fmt.Sprint(i)}
		if was, is := before.owner(k), after.owner(k); was != is {
			moved++
			if is != "10.0.0.4:1" {
				t.Fatalf("grain %s moved from %s to %s, which has not joined", k.id, was, is)
			}
		}
	}
	if moved < 2_200 || moved > 2_800 {
		t.Errorf("%d of 10000 grains moved, want about a quarter", moved)
	}
}

func TestOwnerHostsTheKind(t *testing.T) {
	v := newView(pcluster.Members{
		{Id: "a", Host: "a", Port: 1, Kinds: []string{"Cart"}},
		{Id: "b", Host: "b", Port: 1, Kinds: []string{"Order"}},
	})
	for i := range 100 {
		if o := v.owner(grainKey{"Order", fmt.Sprint(i)}); o != "b:1" {
			t.Fatal(o)
		}
	}
	if o := v.owner(grainKey{"Stock", "1"}); o != "" {
		t.Error(o)
	}
}

func TestOwnerDoesNotDependOnOrder(t *testing.T) {
	ms := membersAt("10.0.0.1", "10.0.0.2", "10.0.0.3")
	a, b := newView(ms), newView(pcluster.Members{ms[2], ms[0], ms[1]})
	for i := range 1000 {
		k := grainKey{"K", fmt.Sprint(i)}
		if a.owner(k) != b.owner(k) {
			t.Fatal(k)
		}
	}
	if !a.same(b) || a.same(newView(ms[:2])) {
		t.Error("views of different processes are the same")
	}
}

func BenchmarkOwner(b *testing.B) {
	v := newView(membersAt("10.0.0.1", "10.0.0.2", "10.0.0.3"))
	k := grainKey{"K", "65f1c0ffee65f1c0ffee65f1"}
	for b.Loop() {
		v.owner(k)
	}
}

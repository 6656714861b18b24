// Package cluster starts and stops one member of a Proto.Actor cluster and calls grains in it.
//
// A member hosts kinds of grains. A grain has one activation in the whole cluster as long as membership is
// quiet; while membership changes two may exist for a moment, so whatever a grain writes must be fenced by
// the store (a versioned compare-and-set). This package promises instead:
//
//   - a request is delivered at most once, and its error says whether it may have been executed;
//   - no request outlives its deadline, and none waits in an unbounded queue;
//   - a member that the others had to give up (paused, cut off) notices, refuses, and says so once.
//
// Without Config.Consul the cluster is this one member: no server, no port, ready at once. With it, members
// find each other through Consul's health checks and talk over gRPC, with mutual TLS as soon as
// certificates are configured and on loopback only otherwise.
//
// The parts, a file each: member.go (start, stop), call.go (Request), reply.go (where answers arrive),
// pidcache.go, lookup.go and rendezvous.go (who owns a grain), placement.go (activations), mailbox.go,
// solo.go and consul*.go (membership), peers.go (members asking each other), watchdog.go, remote.go and
// tls.go (the wire), log.go.
//
// The package knows Proto.Actor, Consul and gRPC, and nothing of commerce.
package cluster

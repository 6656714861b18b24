// Package cluster starts and stops one member of a Proto.Actor cluster and calls grains in it.
//
// Proto.Actor gives us gRPC, PIDs and actor lifecycle; everything else here is ours, because its own parts
// lose messages, grow without bound, block or race when members come and go (the comment of each part states
// which).
//
// A member hosts kinds of grains. A grain has one activation in the whole cluster as long as membership is
// quiet; while membership changes two may exist for a moment, so whatever a grain writes must be fenced by
// the store (a versioned compare-and-set). This package promises instead:
//
//   - a request is delivered at most once, and its error says whether it may have been executed;
//   - no request outlives its deadline, and none waits in an unbounded queue;
//   - a member that the others have dropped (paused, cut off) notices it, refuses requests, and reports it once.
//
// Without Config.Consul the cluster consists of this one member: no server, no port, ready at once. With it,
// members find each other through Consul's health checks and talk over gRPC, with mutual TLS if certificates
// are configured, otherwise on loopback only.
//
// The parts, a file each: member.go (start, stop), call.go (Request), reply.go (replies), pidcache.go,
// lookup.go and rendezvous.go (owners of grains), placement.go (activations), mailbox.go, solo.go and
// consul*.go (membership), peers.go (messages between members), watchdog.go, remote.go and tls.go (the
// network), log.go.
//
// The package depends on Proto.Actor, Consul and gRPC, and is independent of commerce.
package cluster

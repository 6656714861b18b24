package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"runtime"
	"runtime/debug"
	"strconv"
	"time"

	"entrepot/events"
)

// benchPort is where a server under the benchmark is looked into, above BASE_PORT
// and always on loopback.
const benchPort = 20

// benchStats is what the load program asks of the server besides its answers.
type benchStats struct {
	Databases map[string]benchWrites `json:"databases"`
	Grains    map[string]int         `json:"grains"` // in memory, by kind
	Queues    []events.QueueStatus   `json:"queues"`
	HeapBytes uint64                 `json:"heapBytes"`
}

// benchWrites counts the grains' writes and the consumers' rows since the start.
type benchWrites struct {
	Batches int64 `json:"batches"`
	Writes  int64 `json:"writes"`
	Rows    int64 `json:"rows"`
}

// serveBench serves what the benchmark measures by: counters at /stats (?gc:
// after a collection; ?brief: only what costs
// nothing) and profiles at /debug/pprof/. Only with BENCH=true.
func (n *node) serveBench(ctx context.Context) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /stats", n.benchStats)
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(n.cfg.BasePort+benchPort))
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("BENCH: %w", err)
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	n.web.servers = append(n.web.servers, server)
	go func() { _ = server.Serve(l) }() // ended by stop
	return nil
}

func (n *node) benchStats(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Has("gc") {
		runtime.GC()         // the first collection lets pools go,
		debug.FreeOSMemory() // the second what they held
	}
	brief := r.URL.Query().Has("brief")
	s := benchStats{Databases: map[string]benchWrites{}, Grains: map[string]int{}}
	for _, d := range n.databases {
		batches, writes := d.committer.Stats()
		s.Databases[d.service.Database] = benchWrites{batches, writes, d.rows.Load()}
		if brief {
			continue
		}
		_, count := d.host.Activations(0)
		for kind, k := range count {
			s.Grains[kind] += k
		}
	}
	if !brief {
		var err error
		if s.Queues, err = n.broker.Status(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	s.HeapBytes = m.HeapAlloc
	_ = json.NewEncoder(w).Encode(s)
}

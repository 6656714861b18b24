package cluster

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/hashicorp/consul/api"
)

// Directory announces the HTTP services of a process in Consul and finds those of other processes. The
// gateway uses it to forward requests; grains are found by hashing.
type Directory struct {
	client *api.Client
	prefix string
	log    *slog.Logger

	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu        sync.Mutex
	announced []string
	found     map[string][]string // addresses by service; watched from the first lookup
}

// directoryWait bounds one blocking query, and so the delay until a lost response is noticed.
const directoryWait = 10 * time.Second

// NewDirectory returns a directory of the cluster's HTTP services. consul is the agent's host:port.
func NewDirectory(consul, clusterName string, log *slog.Logger) (*Directory, error) {
	config := api.DefaultNonPooledConfig()
	config.Address = consul
	client, err := api.NewClient(config)
	if err != nil {
		return nil, fmt.Errorf("directory: %w", err)
	}
	d := &Directory{client: client, prefix: clusterName + "-http-", log: log, found: map[string][]string{}}
	d.ctx, d.cancel = context.WithCancel(context.Background())
	return d, nil
}

// Announce registers a service of this process until Close, and again whenever Consul has lost it. Consul
// checks its /ready every 2 s, so an instance that cannot serve is not found. The registration's id contains
// the address, so that a restarted process replaces the registration of the killed one.
func (d *Directory) Announce(service, host string, port int) error {
	address := net.JoinHostPort(host, strconv.Itoa(port))
	registration := &api.AgentServiceRegistration{
		ID: d.prefix + service + "@" + address, Name: d.prefix + service, Address: host, Port: port,
		Check: &api.AgentServiceCheck{
			HTTP:     "http://" + address + "/ready",
			Interval: "2s", Timeout: "1s", DeregisterCriticalServiceAfter: "1m",
		},
	}
	register := func() error {
		ctx, cancel := context.WithTimeout(d.ctx, 3*time.Second)
		defer cancel()
		return d.client.Agent().ServiceRegisterOpts(registration, api.ServiceRegisterOpts{}.WithContext(ctx))
	}
	if err := register(); err != nil {
		return fmt.Errorf("directory: announce %s: %w", service, err)
	}
	d.mu.Lock()
	d.announced = append(d.announced, registration.ID)
	d.mu.Unlock()
	d.wg.Go(func() { d.keep(registration.ID, register) })
	return nil
}

func (d *Directory) keep(id string, register func() error) {
	t := time.NewTicker(10 * time.Second)
	defer t.Stop()
	for {
		select {
		case <-d.ctx.Done():
			return
		case <-t.C:
		}
		ctx, cancel := context.WithTimeout(d.ctx, 3*time.Second)
		_, _, err := d.client.Agent().Service(id, (&api.QueryOptions{}).WithContext(ctx))
		cancel()
		if err != nil && d.ctx.Err() == nil {
			if err := register(); err != nil {
				d.log.Warn("cannot announce a service", "service", id, "error", err)
			}
		}
	}
}

// Find returns the addresses (host:port) of the service's healthy instances. The first lookup of a service
// waits for Consul, at most 3 s; later ones return the watched list.
func (d *Directory) Find(ctx context.Context, service string) []string {
	d.mu.Lock()
	addresses, watched := d.found[service]
	if !watched {
		d.found[service] = nil
	}
	d.mu.Unlock()
	if watched {
		return addresses
	}
	index := d.query(ctx, service, 0, 0)
	d.wg.Go(func() { d.watch(service, index) })
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.found[service]
}

func (d *Directory) watch(service string, index uint64) {
	for d.ctx.Err() == nil {
		next := d.query(d.ctx, service, index, directoryWait)
		if next == 0 {
			select { // Consul does not respond: the last list stays in use
			case <-d.ctx.Done():
			case <-time.After(500 * time.Millisecond):
			}
		}
		index = next
	}
}

func (d *Directory) query(ctx context.Context, service string, index uint64, wait time.Duration) uint64 {
	ctx, cancel := context.WithTimeout(ctx, wait+3*time.Second)
	defer cancel()
	options := (&api.QueryOptions{WaitIndex: index, WaitTime: wait}).WithContext(ctx)
	entries, meta, err := d.client.Health().Service(d.prefix+service, "", true, options)
	if err != nil {
		return 0
	}
	addresses := make([]string, 0, len(entries))
	for _, e := range entries {
		addresses = append(addresses, net.JoinHostPort(e.Service.Address, strconv.Itoa(e.Service.Port)))
	}
	d.mu.Lock()
	d.found[service] = addresses
	d.mu.Unlock()
	return meta.LastIndex
}

// Close withdraws the announcements and ends the watches. Calling it twice is harmless.
func (d *Directory) Close() {
	d.cancel()
	d.wg.Wait()
	d.mu.Lock()
	announced := d.announced
	d.announced = nil
	d.mu.Unlock()
	for _, id := range announced {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		if err := d.client.Agent().ServiceDeregisterOpts(id, (&api.QueryOptions{}).WithContext(ctx)); err != nil {
			d.log.Warn("cannot withdraw an announcement, it will time out", "service", id, "error", err)
		}
		cancel()
	}
}

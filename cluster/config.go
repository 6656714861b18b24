package cluster

import (
	"cmp"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// Defaults of Config, and bounds that are not configurable.
const (
	defaultName    = "entrepot"
	defaultHost    = "127.0.0.1"
	defaultTTL     = 3 * time.Second
	defaultGrace   = 3 * time.Second
	minTTL         = time.Second     // Consul checks its TTLs about that often
	defaultTimeout = 5 * time.Second // of a Request whose context has no deadline
)

// Kind is one kind of grain this member can host: a name, global in the cluster and without '/' or '.',
// and how to make its actor. Start adds the mailbox and the grain's identity to a copy of Props; the actor
// finds its identity in *cluster.ClusterInit (after *actor.Started) or by cluster.GetClusterIdentity.
type Kind struct {
	Name  string
	Props *actor.Props
}

// TLSFiles are paths of PEM files: the certificate authority every member trusts, and this member's own
// certificate (for both directions) and key. DevCerts makes a set for development.
// ServerName, if set, is the name that every member's certificate is checked
// for in place of its address: members whose addresses are not known when
// certificates are made share one name.
type TLSFiles struct{ CA, Cert, Key, ServerName string }

// Config describes a member. The zero value is a cluster of this one member, without grains.
type Config struct {
	// Name of the cluster, also the service name in Consul. Default "entrepot".
	Name string
	// Host is the address other members dial. Default 127.0.0.1. A host that is not loopback requires TLS.
	Host string
	// Port other members dial; 0 picks a free one (not possible when Host is a name rather than an address).
	Port int
	// Consul is the agent's host:port. Empty: a one-member cluster, which listens on no port at all.
	Consul string
	// Kinds this member hosts.
	Kinds []Kind
	// TLS makes members prove themselves to each other. nil: plain, on loopback only.
	TLS *TLSFiles
	// TTL is how long Consul believes a silent member, Grace how much longer the others wait before they
	// drop it; defaults 3 s each. A killed member's grains are served elsewhere after TTL + Grace. Less
	// recovers sooner and drops busy members more easily: a pause longer than the sum costs a restart.
	TTL, Grace time.Duration
	// OnFenced is called once, on its own goroutine, when this member must stop serving and exit: it stood
	// still for longer than TTL + Grace, or the others dropped it. It can only come back as a new process.
	OnFenced func(reason string)
	// Logger receives warnings and errors, never message bodies. Default slog.Default().
	Logger *slog.Logger
	// WaitKinds must have a host somewhere in the cluster before the member is Ready.
	WaitKinds []string
	// MailboxBound is how many requests may wait for one activation; more are answered ErrOverloaded at
	// once. Default 4096.
	MailboxBound int
}

// withDefaults returns a checked copy; the error names the field at fault.
func (c Config) withDefaults() (Config, error) {
	c.Name = cmp.Or(c.Name, defaultName)
	c.Host = cmp.Or(c.Host, defaultHost)
	c.TTL = cmp.Or(c.TTL, defaultTTL)
	c.Grace = cmp.Or(c.Grace, defaultGrace)
	c.MailboxBound = cmp.Or(c.MailboxBound, defaultMailboxBound)
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	switch {
	case strings.ContainsAny(c.Name, "/ "):
		return c, fmt.Errorf("cluster: Name %q: no '/' or space", c.Name)
	case c.Port < 0 || c.Port > 65535:
		return c, fmt.Errorf("cluster: Port %d is out of range", c.Port)
	case c.TTL < minTTL:
		return c, fmt.Errorf("cluster: TTL %v is shorter than %v", c.TTL, minTTL)
	case c.Grace < 0:
		return c, fmt.Errorf("cluster: Grace %v is negative", c.Grace)
	case c.MailboxBound < 1:
		return c, fmt.Errorf("cluster: MailboxBound %d is below 1", c.MailboxBound)
	}
	if err := checkKinds(c.Kinds); err != nil {
		return c, err
	}
	return c, c.checkHost()
}

// checkHost refuses a wire that anyone could speak on. A one-member cluster opens none.
func (c Config) checkHost() error {
	if c.Consul == "" {
		return nil
	}
	if c.TLS == nil && !isLoopback(c.Host) {
		return fmt.Errorf("cluster: Host %s is not loopback: members can stop each other's actors, so it needs TLS", c.Host)
	}
	if ip := net.ParseIP(c.Host); ip != nil && ip.IsUnspecified() {
		return fmt.Errorf("cluster: Host %s is not an address that other members can dial", c.Host)
	}
	if net.ParseIP(c.Host) == nil && !isLoopback(c.Host) && c.Port == 0 {
		return fmt.Errorf("cluster: Host %s is a name: it needs a Port", c.Host)
	}
	return nil
}

func checkKinds(kinds []Kind) error {
	seen := make(map[string]bool, len(kinds))
	for _, k := range kinds {
		switch {
		case k.Name == "" || strings.ContainsAny(k.Name, "/."):
			return fmt.Errorf("cluster: kind %q: a name is needed, without '/' or '.'", k.Name)
		case k.Props == nil:
			return fmt.Errorf("cluster: kind %s has no Props", k.Name)
		case seen[k.Name]:
			return fmt.Errorf("cluster: kind %s is given twice", k.Name)
		}
		seen[k.Name] = true
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

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

// Defaults of Config, and fixed bounds.
const (
	defaultName    = "entrepot"
	defaultHost    = "127.0.0.1"
	defaultTTL     = 3 * time.Second
	defaultGrace   = 3 * time.Second
	minTTL         = time.Second     // about the period at which Consul checks TTLs
	defaultTimeout = 5 * time.Second // of a Request whose context has no deadline
)

// Kind is a kind of grain that this member can host. Name is unique in the cluster and contains no '/' or
// '.'; Props make its actor. Start adds the mailbox and the grain's identity to a copy of Props. The actor
// reads its identity from *cluster.ClusterInit (after *actor.Started) or cluster.GetClusterIdentity.
type Kind struct {
	Name  string
	Props *actor.Props
}

// TLSFiles are the paths of PEM files: the certificate authority that all members trust, and this member's
// certificate (for both directions) and key. DevCerts makes a set for development.
//
// If ServerName is set, it is the expected name in every member's certificate instead of the address. So
// members with addresses unknown in advance can share one name.
type TLSFiles struct{ CA, Cert, Key, ServerName string }

// Config describes a member. The zero value is a cluster of this one member, without grains.
type Config struct {
	// Name of the cluster, also the service name in Consul. Default "entrepot".
	Name string
	// Host is the address that other members dial. Default 127.0.0.1. Any host but loopback requires TLS.
	Host string
	// Port that other members dial; 0 picks a free one, which requires Host to be an IP address.
	Port int
	// Consul is the agent's host:port. Empty: a one-member cluster, which opens no port.
	Consul string
	// Kinds this member hosts.
	Kinds []Kind
	// TLS authenticates members to each other. nil: no TLS, on loopback only.
	TLS *TLSFiles
	// TTL is the time until Consul marks a silent member as critical, Grace the additional time until the
	// others drop it; defaults 3 s each. The grains of a killed member are served elsewhere after
	// TTL + Grace. Smaller values recover sooner, but a pause longer than the sum costs a restart.
	TTL, Grace time.Duration
	// OnFenced is called once, on its own goroutine, when this member must stop serving and exit: the process
	// was paused for longer than TTL + Grace, or the others have dropped it. Only a new process can rejoin.
	OnFenced func(reason string)
	// Logger receives warnings and errors, never message bodies. Default slog.Default().
	Logger *slog.Logger
	// WaitKinds are kinds that need a host in the cluster before this member is Ready.
	WaitKinds []string
	// MailboxBound is the number of requests that may wait for one activation; further requests fail with
	// ErrOverloaded at once. Default 4096.
	MailboxBound int
}

// withDefaults returns a validated copy with defaults. The error names the invalid field.
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
		return c, fmt.Errorf("cluster: Name %q must not contain '/' or a space", c.Name)
	case c.Port < 0 || c.Port > 65535:
		return c, fmt.Errorf("cluster: Port %d is not in 0..65535", c.Port)
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

// checkHost refuses to listen without TLS beyond loopback. A one-member cluster does not listen.
func (c Config) checkHost() error {
	if c.Consul == "" {
		return nil
	}
	if c.TLS == nil && !isLoopback(c.Host) {
		return fmt.Errorf(
			"cluster: Host %s is not loopback and needs TLS, because members can stop each other's actors", c.Host)
	}
	if ip := net.ParseIP(c.Host); ip != nil && ip.IsUnspecified() {
		return fmt.Errorf("cluster: Host %s is unspecified; other members cannot dial it", c.Host)
	}
	if net.ParseIP(c.Host) == nil && !isLoopback(c.Host) && c.Port == 0 {
		return fmt.Errorf("cluster: Host %s is a name and needs a Port", c.Host)
	}
	return nil
}

func checkKinds(kinds []Kind) error {
	seen := make(map[string]bool, len(kinds))
	for _, k := range kinds {
		switch {
		case k.Name == "" || strings.ContainsAny(k.Name, "/."):
			return fmt.Errorf("cluster: kind %q must have a name without '/' and '.'", k.Name)
		case k.Props == nil:
			return fmt.Errorf("cluster: kind %s has no Props", k.Name)
		case seen[k.Name]:
			return fmt.Errorf("cluster: kind %s is listed twice", k.Name)
		}
		seen[k.Name] = true
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"entrepot/cmd/entrepot/services"

	"github.com/caarlos0/env/v11"
)

// config is every setting. The environment names them; .env.example is made
// from the tags, and a test holds the two together.
type config struct {
	DataDir  string   `env:"DATA_DIR" envDefault:"./data" help:"folder of the embedded databases, the broker's log and the signing keys"`
	Host     string   `env:"HOST" envDefault:"127.0.0.1" help:"address the services listen on; 0.0.0.0 for all"`
	BasePort int      `env:"BASE_PORT" envDefault:"8000" help:"port of the gateway; service N listens N above it (1 to 65000)"`
	Services []string `env:"SERVICES" help:"services of this process, comma separated; empty: all"`

	MongoURI    string `env:"MONGO_URI" help:"MongoDB in place of SQLite files; mongodb://…"`
	MongoPrefix string `env:"MONGO_PREFIX" help:"put before each database's name, to run several installations on one server"`
	AMQPURL     string `env:"AMQP_URL" help:"RabbitMQ in place of the embedded broker; amqp://user:password@host:port/vhost"`

	S3Endpoint  string `env:"S3_ENDPOINT" help:"S3-compatible server for images and the files of imports, https://…; empty: the folder DATA_DIR/blobs, which members on several machines must share"`
	S3Bucket    string `env:"S3_BUCKET" envDefault:"entrepot" help:"its bucket, which must exist"`
	S3Region    string `env:"S3_REGION" envDefault:"us-east-1" help:"its region"`
	S3AccessKey string `env:"S3_ACCESS_KEY" help:"key id of who may read, write and delete there"`
	S3SecretKey string `env:"S3_SECRET_KEY" help:"and the secret of it"`

	ConsulAddr   string        `env:"CONSUL_ADDR" help:"Consul agent, host:port; empty: a cluster of this one member"`
	ClusterName  string        `env:"CLUSTER_NAME" envDefault:"entrepot" help:"name of the cluster in Consul"`
	ClusterHost  string        `env:"CLUSTER_HOST" envDefault:"127.0.0.1" help:"address other members reach this one at; auto: this host's own towards Consul; beyond loopback needs TLS_CA, TLS_CERT and TLS_KEY"`
	ClusterPort  int           `env:"CLUSTER_PORT" envDefault:"0" help:"port other members reach this one at; 0: any free"`
	ClusterTTL   time.Duration `env:"CLUSTER_TTL" envDefault:"3s" help:"a silent member is suspected after this long (1s to 60s); shorter recovers faster and evicts more easily"`
	ClusterGrace time.Duration `env:"CLUSTER_GRACE" envDefault:"3s" help:"and evicted after this much longer (1s to 60s)"`
	TLSCA        string        `env:"TLS_CA" help:"certificate authority of the cluster, PEM file"`
	TLSCert      string        `env:"TLS_CERT" help:"this member's certificate, PEM file"`
	TLSKey       string        `env:"TLS_KEY" help:"this member's private key, PEM file"`

	TLSServerName string `env:"TLS_SERVER_NAME" help:"name that all members' certificates carry, when they do not carry addresses"`

	KeysDir     string        `env:"JWT_KEYS_DIR" help:"folder of the token signing keys (PEM); empty: DATA_DIR/keys, made at the first start"`
	TokenTTL    time.Duration `env:"JWT_TTL" envDefault:"15m" help:"how long an access token is good (1m to 24h)"`
	BcryptCost  int           `env:"BCRYPT_COST" envDefault:"12" help:"cost of a password's hash (12 to 16; below only with ENTREPOT_INSECURE_TEST=1)"`
	PublicURL   string        `env:"PUBLIC_URL" envDefault:"http://localhost:3000" help:"web site that the links in mails lead to"`
	MailView    string        `env:"MAIL_OUTBOX_VIEW" envDefault:"auto" help:"let super admins read unsent mails, with links that log in as others, at /auth/mails: on, off; auto: on while databases and broker are embedded"`
	CORSOrigins []string      `env:"CORS_ORIGINS" help:"origins a browser may call from, comma separated; empty: none"`

	TrustedProxies []netip.Prefix `env:"TRUSTED_PROXIES" help:"networks of the load balancers in front, comma separated; their X-Forwarded-For is believed"`

	ErasureGrace time.Duration `env:"COMPANY_ERASURE_GRACE" envDefault:"720h" help:"how long a deleted company can be restored before it is erased (1s to 8760h)"`

	Hold            time.Duration `env:"RESERVATION_HOLD" envDefault:"20m" help:"how long stock is reserved for an unpaid order (1s to 24h)"`
	CartIdle        time.Duration `env:"CART_ABANDONED_AFTER" envDefault:"24h" help:"a cart that was not changed for so long is abandoned: event cart.abandoned (1m to 2160h)"`
	GrainIdle       time.Duration `env:"GRAIN_IDLE" envDefault:"5m" help:"a grain unused for so long leaves memory, one that was used once or twice after a sixteenth of it, one that has ended after 10 s (1s to 24h)"`
	WakePeriod      time.Duration `env:"WAKE_PERIOD" envDefault:"1s" help:"how late an expiry may be noticed (100ms to 1m)"`
	MaxInFlight     int           `env:"MAX_IN_FLIGHT" envDefault:"512" help:"requests of one process at a time (1 to 100000); more wait shortly, then get 503"`
	RateLimit       int           `env:"RATE_LIMIT" envDefault:"600" help:"requests a minute of one address or user; 0: no limit"`
	TenantRateLimit int           `env:"TENANT_RATE_LIMIT" envDefault:"12000" help:"requests a minute of one company's people and API keys together; 0: no limit"`
	GCPercent       int           `env:"GOGC" envDefault:"200" help:"garbage is collected when the heap has grown by so many per cent (10 to 1000); more takes memory and saves CPU"`
	MemoryLimit     memorySize    `env:"GOMEMLIMIT" help:"memory that the process tries to stay under by collecting sooner, as 512MiB or 2GiB (64MiB to 1TiB); in a container nine tenths of its limit; empty: none"`
	Seed            bool          `env:"SEED" envDefault:"true" help:"load demo data into an empty embedded installation at the first start"`
	LogLevel        string        `env:"LOG_LEVEL" envDefault:"info" help:"debug, info, warn or error"`
	LogFormat       string        `env:"LOG_FORMAT" envDefault:"text" help:"text or json"`
	Bench           bool          `env:"BENCH" envDefault:"false" help:"serve what the benchmark needs: the no-op route, and counters and profiles on loopback, 20 ports above BASE_PORT"`
	Insecure        bool          `env:"ENTREPOT_INSECURE_TEST" envDefault:"false" help:"tests only: cheap password hashes"`
}

// memorySize is a number of bytes, written as the Go runtime reads GOMEMLIMIT: a whole number of MiB, GiB or TiB.
// Zero means no limit.
type memorySize int64

// UnmarshalText reads a size of 64MiB to 1TiB; any other text is an error.
func (m *memorySize) UnmarshalText(text []byte) error {
	for unit, bytes := range map[string]int64{"MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40} {
		digits, ok := strings.CutSuffix(string(text), unit)
		if !ok {
			continue
		}
		if n, err := strconv.ParseInt(digits, 10, 64); err == nil && n > 0 && n <= 1<<40/bytes && n*bytes >= 64<<20 {
			*m = memorySize(n * bytes)
			return nil
		}
	}
	return fmt.Errorf("must be 64MiB to 1TiB, as 512MiB or 2GiB, not %q", text)
}

// settingError names the setting and the rule it breaks.
type settingError struct{ name, rule string }

func (e settingError) Error() string { return "setting " + e.name + ": " + e.rule }

func loadConfig(environ map[string]string) (config, error) {
	c, err := env.ParseAsWithOptions[config](env.Options{Environment: environ})
	if err != nil {
		var many env.AggregateError
		if errors.As(err, &many) && len(many.Errors) > 0 {
			err = many.Errors[0]
		}
		var parse env.ParseError
		if errors.As(err, &parse) {
			return c, settingError{envName(parse.Name), fmt.Sprintf("must be a %s: %v", parse.Type, parse.Err)}
		}
		return c, err
	}
	return c, c.validate()
}

func (c *config) validate() error {
	within := func(name string, v, low, high time.Duration) error {
		if v < low || v > high {
			return settingError{name, fmt.Sprintf("must be %v to %v, not %v", low, high, v)}
		}
		return nil
	}
	number := func(name string, v, low, high int) error {
		if v < low || v > high {
			return settingError{name, fmt.Sprintf("must be %d to %d, not %d", low, high, v)}
		}
		return nil
	}
	oneOf := func(name, v string, allowed ...string) error {
		if !slices.Contains(allowed, v) {
			return settingError{name, fmt.Sprintf("must be one of %s, not %q", strings.Join(allowed, ", "), v)}
		}
		return nil
	}
	lowestCost := 12
	if c.Insecure {
		lowestCost = 4
	}
	for _, s := range c.Services {
		if services.Find(s) == nil {
			return settingError{"SERVICES", fmt.Sprintf("no service %q; there are %s", s, strings.Join(services.Names(), ", "))}
		}
	}
	return errors.Join(
		number("BASE_PORT", c.BasePort, 1, 65000),
		number("BCRYPT_COST", c.BcryptCost, lowestCost, 16),
		number("MAX_IN_FLIGHT", c.MaxInFlight, 1, 100_000),
		number("RATE_LIMIT", c.RateLimit, 0, 1_000_000_000),
		number("TENANT_RATE_LIMIT", c.TenantRateLimit, 0, 1_000_000_000),
		number("GOGC", c.GCPercent, 10, 1000),
		number("CLUSTER_PORT", c.ClusterPort, 0, 65535),
		within("CLUSTER_TTL", c.ClusterTTL, time.Second, time.Minute),
		within("CLUSTER_GRACE", c.ClusterGrace, time.Second, time.Minute),
		within("JWT_TTL", c.TokenTTL, time.Minute, 24*time.Hour),
		within("COMPANY_ERASURE_GRACE", c.ErasureGrace, time.Second, 365*24*time.Hour),
		within("RESERVATION_HOLD", c.Hold, time.Second, 24*time.Hour),
		within("CART_ABANDONED_AFTER", c.CartIdle, time.Minute, 90*24*time.Hour),
		within("GRAIN_IDLE", c.GrainIdle, time.Second, 24*time.Hour),
		within("WAKE_PERIOD", c.WakePeriod, 100*time.Millisecond, time.Minute),
		oneOf("LOG_LEVEL", c.LogLevel, "debug", "info", "warn", "error"),
		oneOf("MAIL_OUTBOX_VIEW", c.MailView, "auto", "on", "off"),
		scheme("PUBLIC_URL", c.PublicURL, "https", "http"),
		oneOf("LOG_FORMAT", c.LogFormat, "text", "json"),
		scheme("MONGO_URI", c.MongoURI, "mongodb", "mongodb+srv"),
		scheme("AMQP_URL", c.AMQPURL, "amqp", "amqps"),
		scheme("S3_ENDPOINT", c.S3Endpoint, "https", "http"),
		c.validateBlobs(),
		c.validateCluster(),
	)
}

// showsMails: on a developer's machine, unless it was said.
func (c *config) showsMails() bool {
	return c.MailView == "on" || (c.MailView == "auto" && c.MongoURI == "" && c.AMQPURL == "")
}

func (c *config) validateBlobs() error {
	if c.S3Endpoint != "" && (c.S3Bucket == "" || c.S3AccessKey == "" || c.S3SecretKey == "") {
		return settingError{"S3_ENDPOINT", "needs S3_BUCKET, S3_ACCESS_KEY and S3_SECRET_KEY"}
	}
	return nil
}

func (c *config) validateCluster() error {
	if c.ConsulAddr != "" {
		if _, _, err := net.SplitHostPort(c.ConsulAddr); err != nil {
			return settingError{"CONSUL_ADDR", "must be host:port"}
		}
		if c.MongoURI == "" {
			return settingError{"CONSUL_ADDR", "needs MONGO_URI: members cannot share SQLite files"}
		}
		if c.AMQPURL == "" {
			return settingError{"CONSUL_ADDR", "needs AMQP_URL: members cannot share the embedded broker"}
		}
	} else if len(c.Services) > 0 && len(c.Services) < len(services.Table) {
		return settingError{"SERVICES", "needs CONSUL_ADDR: the other services could not be found"}
	}
	set := 0
	for _, f := range []string{c.TLSCA, c.TLSCert, c.TLSKey} {
		if f != "" {
			set++
		}
	}
	if set != 0 && set != 3 {
		return settingError{"TLS_CA", "TLS_CA, TLS_CERT and TLS_KEY go together"}
	}
	if c.ClusterHost == "auto" && c.ConsulAddr == "" {
		return settingError{"CLUSTER_HOST", "auto needs CONSUL_ADDR"}
	}
	if ip := net.ParseIP(c.ClusterHost); set == 0 && ip != nil && !ip.IsLoopback() {
		return settingError{"CLUSTER_HOST", "beyond loopback needs TLS_CA, TLS_CERT and TLS_KEY"}
	}
	return nil
}

func scheme(name, raw string, allowed ...string) error {
	if raw == "" {
		return nil
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || !slices.Contains(allowed, u.Scheme) {
		return settingError{name, "must be a URL that begins with " + allowed[0] + "://"}
	}
	return nil
}

// envName is the setting of a field.
func envName(field string) string {
	for _, f := range settings() {
		if f.field == field {
			return f.name
		}
	}
	return field
}

// environment is the process's, over what an .env file beside it says.
func environment() (map[string]string, error) {
	out := map[string]string{}
	if b, err := os.ReadFile(".env"); err == nil {
		for n, line := range strings.Split(string(b), "\n") {
			line = strings.TrimSpace(line)
			if line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			k, v, ok := strings.Cut(line, "=")
			if !ok {
				return nil, fmt.Errorf(".env line %d: must be NAME=value", n+1)
			}
			out[strings.TrimSpace(k)] = strings.Trim(strings.TrimSpace(v), `"`)
		}
	}
	for _, kv := range os.Environ() {
		k, v, _ := strings.Cut(kv, "=")
		out[k] = v
	}
	return out, nil
}

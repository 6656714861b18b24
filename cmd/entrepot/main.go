// Command entrepot runs the platform: every service in one process, or some.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"time"
	_ "time/tzdata" // a bare machine has no time zones

	"entrepot/cluster"

	"github.com/alecthomas/kong"
)

// version is set by the build.
var version = "dev"

type commands struct {
	Serve       serveCommand       `cmd:"" help:"Run the services of this process."`
	Doctor      doctorCommand      `cmd:"" help:"Name what keeps the services from starting: a taken port, an unreachable server, an unwritable folder."`
	Seed        seedCommand        `cmd:"" help:"Load the demo tenant into the configured databases."`
	Certs       certsCommand       `cmd:"" help:"Make a development certificate authority and a member certificate for mutual TLS."`
	Keys        keysCommand        `cmd:"" help:"List, rotate and prune the keys that sign tokens; no restart is needed."`
	Export      exportCommand      `cmd:"" help:"Write everything that a company has as JSON lines, through the gateway."`
	Health      healthCommand      `cmd:"" help:"Ask this host's services whether they can serve; exit 1 if not."`
	Services    servicesCommand    `cmd:"" help:"Print the service map as the README shows it."`
	Permissions permissionsCommand `cmd:"" help:"Print who may use which route, as docs/permissions.md holds it."`
	Settings    settingsCommand    `cmd:"" help:"Print every setting with its default, as .env.example holds it."`
	Version     versionCommand     `cmd:"" help:"Print the version."`
}

func main() {
	var c commands
	k := kong.Parse(&c, kong.Name("entrepot"), kong.UsageOnError(),
		kong.Description("A multi-tenant e-commerce and inventory backend on virtual actors. Settings come from the environment or an .env file: see `entrepot settings`."))
	if err := k.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "entrepot:", err)
		os.Exit(1)
	}
}

// setup reads the settings and makes the logger.
func setup() (config, *slog.Logger, error) {
	environ, err := environment()
	if err != nil {
		return config{}, nil, err
	}
	cfg, err := loadConfig(environ)
	if err != nil {
		return cfg, nil, err
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(cfg.LogLevel)); err != nil {
		return cfg, nil, err
	}
	o := &slog.HandlerOptions{Level: level}
	if cfg.LogFormat == "json" {
		return cfg, slog.New(slog.NewJSONHandler(os.Stderr, o)), nil
	}
	return cfg, slog.New(slog.NewTextHandler(os.Stderr, o)), nil
}

type serveCommand struct {
	Services []string `help:"Services to run, comma separated; default all." sep:","`
}

// errFenced ends the process with a status that a supervisor restarts.
var errFenced = errors.New("this member was dropped by the cluster; start it again")

func (s *serveCommand) Run() error {
	cfg, log, err := setup()
	if err != nil {
		return err
	}
	if len(s.Services) > 0 {
		cfg.Services = s.Services
		if err := cfg.validate(); err != nil {
			return err
		}
	}
	slog.SetDefault(log)
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	debug.SetGCPercent(cfg.GCPercent)
	if cfg.MemoryLimit > 0 {
		debug.SetMemoryLimit(int64(cfg.MemoryLimit))
	}
	n, err := startNode(ctx, cfg, log)
	if err != nil {
		return err
	}
	if err := n.greet(ctx); err != nil {
		n.stop(context.Background())
		return err
	}
	select {
	case <-ctx.Done():
		log.Info("stopping")
		n.stop(context.Background())
		return nil
	case reason := <-n.fenced:
		// What this process believes is stale. It leaves at once, and comes back as a new member.
		log.Error("fenced", "reason", reason)
		return errFenced
	}
}

type seedCommand struct{}

func (*seedCommand) Run() error {
	cfg, log, err := setup()
	if err != nil {
		return err
	}
	cfg.Seed, cfg.Services = false, nil
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	n, err := start(ctx, cfg, log) // grains only: it may run beside other members
	if err != nil {
		return err
	}
	defer n.stop(context.Background())
	if err := n.member.WaitReady(ctx); err != nil {
		return err
	}
	return n.seed(ctx)
}

type certsCommand struct {
	Dir      string   `arg:"" help:"Folder for ca.pem, member.pem and member-key.pem."`
	IfAbsent bool     `help:"Leave existing certificates as they are."`
	Hosts    []string `help:"Addresses and names of the member." default:"127.0.0.1,localhost" sep:","`
}

func (c *certsCommand) Run() error {
	if _, err := os.Stat(filepath.Join(c.Dir, cluster.DevCert)); err == nil && c.IfAbsent {
		return nil
	}
	if err := cluster.DevCerts(c.Dir, c.Hosts); err != nil {
		return err
	}
	fmt.Println("wrote a development CA and a member certificate to", c.Dir)
	return nil
}

type versionCommand struct{}

func (*versionCommand) Run() error {
	fmt.Println("entrepot", version)
	return nil
}

type settingsCommand struct{}

func (*settingsCommand) Run() error {
	fmt.Print(envExample())
	return nil
}

type servicesCommand struct{}

func (*servicesCommand) Run() error {
	fmt.Print(serviceMap())
	return nil
}

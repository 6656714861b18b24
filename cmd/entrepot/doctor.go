package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"entrepot/cmd/entrepot/services"
)

type doctorCommand struct{}

// Run checks what the services need and names what is missing. It changes nothing.
func (*doctorCommand) Run() error {
	cfg, _, err := setup()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	failed := 0
	report := func(what string, err error) {
		if err == nil {
			fmt.Println("ok    ", what)
			return
		}
		failed++
		fmt.Println("FAILED", what+":", err)
	}
	report("settings", nil)
	report("folder "+cfg.DataDir+" (DATA_DIR) can be written", writable(cfg.DataDir))
	for _, s := range services.Table {
		if len(cfg.Services) == 0 || strings.Contains(","+strings.Join(cfg.Services, ",")+",", ","+s.Name+",") {
			port := cfg.BasePort + s.Port
			report(fmt.Sprintf("port %d of %s is free (BASE_PORT moves all)", port, s.Name), free(cfg.Host, port))
		}
	}
	report(serverName("MongoDB (MONGO_URI)", cfg.MongoURI), reachable(ctx, cfg.MongoURI, "27017"))
	report(serverName("RabbitMQ (AMQP_URL)", cfg.AMQPURL), reachable(ctx, cfg.AMQPURL, "5672"))
	consul := ""
	if cfg.ConsulAddr != "" {
		consul = "http://" + cfg.ConsulAddr
	}
	report(serverName("Consul (CONSUL_ADDR)", consul), reachable(ctx, consul, "8500"))
	if failed > 0 {
		return fmt.Errorf("%d checks failed", failed)
	}
	return nil
}

func serverName(name, uri string) string {
	if uri == "" {
		return name + " is not set: embedded"
	}
	return name + " can be reached"
}

func writable(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".doctor-*")
	if err != nil {
		return err
	}
	name := f.Name()
	return errors.Join(f.Close(), os.Remove(filepath.Clean(name)))
}

func free(host string, port int) error {
	l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return err
	}
	return l.Close()
}

func reachable(ctx context.Context, uri, port string) error {
	if uri == "" {
		return nil
	}
	u, err := url.Parse(uri)
	if err != nil {
		return errors.New("not a URL")
	}
	if u.Port() != "" {
		port = u.Port()
	}
	d := net.Dialer{Timeout: 3 * time.Second}
	c, err := d.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return err
	}
	return c.Close()
}

type healthCommand struct{}

// Run asks the services of this process; containers use it as their health check.
func (*healthCommand) Run() error {
	cfg, _, err := setup()
	if err != nil {
		return err
	}
	host := cfg.Host
	if host == "0.0.0.0" || host == "::" {
		host = "127.0.0.1"
	}
	asked := 0
	client := http.Client{Timeout: 3 * time.Second}
	for _, s := range services.Table {
		r, err := client.Get(fmt.Sprintf("http://%s/ready", net.JoinHostPort(host, strconv.Itoa(cfg.BasePort+s.Port))))
		if err != nil {
			continue // not one of this process's
		}
		status := r.StatusCode
		if err := r.Body.Close(); err != nil {
			return err
		}
		if status != http.StatusOK {
			return fmt.Errorf("%s is not ready: %d", s.Name, status)
		}
		asked++
	}
	if asked == 0 {
		return errors.New("no service answers here")
	}
	return nil
}

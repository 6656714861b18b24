package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

func (n *node) baseURL() string {
	host := n.cfg.Host
	if host == "0.0.0.0" || host == "::" {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, strconv.Itoa(n.cfg.BasePort))
}

// seed loads the demo tenant and writes data/demo.json.
func (n *node) seed(ctx context.Context) error {
	d, err := seed(ctx, n.ask, func(p string) (string, error) { return n.web.passwords.Hash(ctx, p) }, n.baseURL())
	if err != nil {
		return err
	}
	return d.write(n.cfg.DataDir)
}

// greet loads demo data into a new embedded installation, and says where to begin.
func (n *node) greet(ctx context.Context) error {
	if n.database("auth") == nil || n.cfg.MongoURI != "" || !n.cfg.Seed {
		fmt.Printf("entrepot %s serves %v at %s\n", version, n.serviceNames(), n.baseURL())
		return nil
	}
	file := filepath.Join(n.cfg.DataDir, "demo.json")
	_, err := os.Stat(file)
	first := errors.Is(err, os.ErrNotExist)
	if first {
		start := time.Now()
		if err := n.seed(ctx); err != nil {
			return err
		}
		n.log.Info("demo data loaded", "took", time.Since(start).Round(time.Millisecond))
	}
	base := n.baseURL()
	fmt.Printf(`
Entrepôt %s is ready.

  API          %s/api        OpenAPI  %s/openapi.json
  Try it       %s/docs       Health   %s/api/health/all
  Data         %s (databases, signing keys, demo.json)

  Demo logins  super_admin@demo.example    company_admin@demo.example
               shop_manager@demo.example   shop_staff@demo.example
               customer@demo.example       password: %s

  Begin here:
  curl -s '%s/api/products?limit=3'
  curl -s %s/api/auth/login -H 'Content-Type: application/json' \
    -d '{"email":"customer@demo.example","password":"%s"}'

`, version, base, base, base, base, n.cfg.DataDir, demoPassword, base, base, demoPassword)
	return nil
}

func (n *node) serviceNames() []string {
	var out []string
	for _, s := range n.hosted() {
		out = append(out, s.Name)
	}
	return out
}

package main

import (
	"os"
	"strings"
	"testing"

	"entrepot/cmd/entrepot/services"
)

func TestWrongSettingNamesItselfAndItsRule(t *testing.T) {
	for _, c := range []struct {
		set   map[string]string
		names string
	}{
		{map[string]string{"BASE_PORT": "abc"}, "BASE_PORT"},
		{map[string]string{"BASE_PORT": "0"}, "BASE_PORT"},
		{map[string]string{"JWT_TTL": "soon"}, "JWT_TTL"},
		{map[string]string{"JWT_TTL": "1s"}, "JWT_TTL"},
		{map[string]string{"BCRYPT_COST": "4"}, "BCRYPT_COST"},
		{map[string]string{"SERVICES": "sale"}, "SERVICES"},
		{map[string]string{"SERVICES": "sales"}, "CONSUL_ADDR"},
		{map[string]string{"CONSUL_ADDR": "127.0.0.1:8500"}, "MONGO_URI"},
		{map[string]string{"CONSUL_ADDR": "127.0.0.1:8500", "MONGO_URI": "mongodb://h/"}, "AMQP_URL"},
		{map[string]string{"CONSUL_ADDR": "127.0.0.1", "MONGO_URI": "mongodb://h/", "AMQP_URL": "amqp://h/"}, "CONSUL_ADDR"},
		{map[string]string{"MONGO_URI": "postgres://h/"}, "MONGO_URI"},
		{map[string]string{"AMQP_URL": "h:5672"}, "AMQP_URL"},
		{map[string]string{"CLUSTER_HOST": "10.0.0.1"}, "CLUSTER_HOST"},
		{map[string]string{"TLS_CA": "ca.pem"}, "TLS_CERT"},
		{map[string]string{"LOG_LEVEL": "loud"}, "LOG_LEVEL"},
		{map[string]string{"GOGC": "off"}, "GOGC"},
		{map[string]string{"GOGC": "5"}, "GOGC"},
		{map[string]string{"GOMEMLIMIT": "512"}, "GOMEMLIMIT"},
		{map[string]string{"GOMEMLIMIT": "8MiB"}, "GOMEMLIMIT"},
		{map[string]string{"GOMEMLIMIT": "2TiB"}, "GOMEMLIMIT"},
		{map[string]string{"RESERVATION_HOLD": "0s"}, "RESERVATION_HOLD"},
	} {
		_, err := loadConfig(c.set)
		if err == nil || !strings.Contains(err.Error(), "setting ") || !strings.Contains(err.Error(), c.names) {
			t.Errorf("%v: %v", c.set, err)
		}
	}
}

func TestDefaultsAreSelfContained(t *testing.T) {
	c, err := loadConfig(map[string]string{})
	if err != nil {
		t.Fatal(err)
	}
	if c.BasePort != 8000 || c.Host != "127.0.0.1" || c.MongoURI != "" || c.AMQPURL != "" || c.ConsulAddr != "" || c.BcryptCost != 12 {
		t.Errorf("%+v", c)
	}
}

func TestMemorySettings(t *testing.T) {
	for text, want := range map[string]memorySize{"": 0, "64MiB": 64 << 20, "2GiB": 2 << 30, "1TiB": 1 << 40} {
		c, err := loadConfig(map[string]string{"GOMEMLIMIT": text})
		if err != nil || c.MemoryLimit != want || c.GCPercent != 200 {
			t.Errorf("%q: %d bytes, GOGC %d, %v", text, c.MemoryLimit, c.GCPercent, err)
		}
	}
}

// What is written down is made from the code; this holds the two together.
// `go run ./cmd/entrepot settings > .env.example` and `… services` make them anew.
func TestGeneratedTextsAreCurrent(t *testing.T) {
	example, err := os.ReadFile("../../.env.example")
	if err != nil || string(example) != envExample() {
		t.Errorf(".env.example is not what `entrepot settings` prints (%v)", err)
	}
	permissions, err := os.ReadFile("../../docs/permissions.md")
	if err != nil || string(permissions) != permissionsDoc() {
		t.Errorf("docs/permissions.md is not what `entrepot permissions` prints (%v)", err)
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil || !strings.Contains(string(readme), serviceMap()) {
		t.Errorf("README.md does not hold what `entrepot services` prints (%v)", err)
	}
}

func TestServiceTableHoldsTogether(t *testing.T) {
	ports, queue := map[int]string{}, map[string]bool{}
	kinds := map[string]string{}
	for _, s := range services.Table {
		if other, taken := ports[s.Port]; taken {
			t.Errorf("%s and %s have the same port", s.Name, other)
		}
		ports[s.Port] = s.Name
		if s.Name != "gateway" && s.Routes == nil {
			t.Errorf("%s has no routes", s.Name)
		}
		for _, in := range s.Inboxes {
			if (in.Consume == nil) == (in.Work == nil) || len(in.Bindings) == 0 {
				t.Errorf("%s: %s has bindings and one handler", s.Name, in.Name)
			}
		}
		for _, k := range s.Kinds {
			name := k().Name
			if strings.ContainsAny(name, "/.") || kinds[name] != "" {
				t.Errorf("kind %q of %s: names are global in a cluster, without / and .", name, s.Name)
			}
			kinds[name] = s.Name
		}
	}
	for _, q := range services.Queues() {
		if queue[q.Name] {
			t.Errorf("queue %s stands twice", q.Name)
		}
		queue[q.Name] = true
	}
	for _, name := range []string{
		"product", "inventory", "order", "payment", "user", "company", "shop", "notification", "audit", "analytics", "debt", "auth",
	} {
		if !queue[name+".events"] {
			t.Errorf("the specification's queue %s.events is missing", name)
		}
	}
}

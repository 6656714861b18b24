package rabbit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"go.uber.org/goleak"

	"entrepot"
	"entrepot/events"
	"entrepot/events/eventstest"
	"entrepot/events/rabbit"
)

// server is AMQP_URL, with a vhost of this run where the server permits creating one.
var server string

func TestMain(m *testing.M) {
	server = os.Getenv("AMQP_URL")
	remove := ownVhost()
	code := m.Run()
	remove()
	http.DefaultClient.CloseIdleConnections()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// ownVhost creates a vhost through the management API or rabbitmqctl. If neither works, or they
// belong to another server, tests are separated by the name prefix only.
func ownVhost() (remove func()) {
	nothing := func() {}
	u, err := url.Parse(server)
	if err != nil || server == "" {
		return nothing
	}
	vhost, user := "test-"+entrepot.NewID(), u.User.Username()
	if admin(u, http.MethodPut, "/api/vhosts/"+vhost, nil, nil) == nil &&
		admin(u, http.MethodPut, "/api/permissions/"+vhost+"/"+user,
			map[string]string{"configure": ".*", "write": ".*", "read": ".*"}, nil) == nil {
		remove = nothing
		removeStale(u)
	} else if exec.Command("rabbitmqctl", "add_vhost", vhost).Run() == nil &&
		exec.Command("rabbitmqctl", "set_permissions", "-p", vhost, user, ".*", ".*", ".*").Run() == nil {
		remove = func() { _ = exec.Command("rabbitmqctl", "delete_vhost", vhost).Run() }
	} else {
		return nothing
	}
	u.Path = "/" + vhost
	conn, err := amqp.Dial(u.String())
	if err != nil {
		remove()
		return nothing
	}
	_ = conn.Close()
	server = u.String()
	return remove
}

// removeStale removes the vhosts of earlier runs. A run keeps its own vhost: deleting a queue while
// its dead letters are in transit crashes the server's dead-letter worker repeatedly, and RabbitMQ
// 3.10 then stops dead-lettering, and with it every quorum queue, until the server is restarted.
func removeStale(u *url.URL) {
	const old = 10 * time.Minute
	var all []struct{ Name string }
	_ = admin(u, http.MethodGet, "/api/vhosts?columns=name", nil, &all) // on failure they stay
	for _, v := range all {
		id, ours := strings.CutPrefix(v.Name, "test-")
		if !ours || !entrepot.ValidID(id) {
			continue
		}
		if made, err := strconv.ParseInt(id[:8], 16, 64); err == nil && time.Since(time.Unix(made, 0)) > old {
			_ = admin(u, http.MethodDelete, "/api/vhosts/"+v.Name, nil, nil)
		}
	}
}

func admin(u *url.URL, method, path string, body, into any) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var data bytes.Buffer
	if body != nil {
		_ = json.NewEncoder(&data).Encode(body)
	}
	q, err := http.NewRequestWithContext(ctx, method, "http://"+u.Hostname()+":15672"+path, &data)
	if err != nil {
		return err
	}
	password, _ := u.User.Password()
	q.SetBasicAuth(u.User.Username(), password)
	q.Header.Set("Content-Type", "application/json")
	r, err := http.DefaultClient.Do(q)
	if err != nil {
		return err
	}
	defer func() { _ = r.Body.Close() }()
	if r.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("%s %s: %s", method, path, r.Status)
	}
	if into == nil {
		return nil
	}
	return json.NewDecoder(r.Body).Decode(into)
}

func needServer(t testing.TB) {
	t.Helper()
	if server == "" && testing.Short() {
		t.Skip("AMQP_URL is not set")
	}
	if server == "" {
		t.Fatal("AMQP_URL is not set: run scripts/stack up and eval its environment")
	}
}

// testLogger discards the warnings of tests that break connections on purpose, unless RABBIT_LOG is set.
func testLogger(t testing.TB) *slog.Logger {
	if os.Getenv("RABBIT_LOG") != "" {
		return slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	return slog.New(slog.DiscardHandler)
}

func open(t testing.TB, addr string, o rabbit.Options) *rabbit.Broker {
	t.Helper()
	o.Logger = testLogger(t)
	b, err := rabbit.Open(context.Background(), addr, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

// removeAfter deletes a fixture's queues at the end of the test, which keeps the server fast during
// a run.
func removeAfter(t testing.TB, prefix string) {
	t.Cleanup(func() {
		conn, err := amqp.Dial(server)
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = conn.Close() }()
		for _, q := range []string{"q", "other", "audit", "later", "p0", "p1", "p2", "p3", "p4"} {
			for _, name := range []string{q, events.DeadLetterQueue(q)} {
				remove(conn, prefix+name)
			}
		}
		remove(conn, prefix+events.UnroutedQueue)
	})
}

func remove(conn *amqp.Connection, queue string) {
	if ch, err := conn.Channel(); err == nil {
		_, _ = ch.QueueDelete(queue, false, false, false)
		_ = ch.Close()
	}
}

func deleteQueue(t testing.TB, name string) {
	t.Helper()
	conn, err := amqp.Dial(server)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	remove(conn, name)
}

// inject returns a function that publishes a raw body.
func inject(t testing.TB, prefix string) func(typ string, body []byte) {
	return func(typ string, body []byte) {
		conn, err := amqp.Dial(server)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		ch, err := conn.Channel()
		if err != nil {
			t.Fatal(err)
		}
		if err := ch.Confirm(false); err != nil {
			t.Fatal(err)
		}
		c, err := ch.PublishWithDeferredConfirmWithContext(
			t.Context(), prefix+events.Exchange, typ, false, false, amqp.Publishing{Body: body},
		)
		if err != nil || !c.Wait() {
			t.Fatal("injected message was not confirmed: ", err)
		}
	}
}

func newPrefix() string { return entrepot.NewID() + "." }

// TestSuite runs the suite and cuts every connection as the interruption.
func TestSuite(t *testing.T) {
	needServer(t)
	eventstest.Run(t, func(t *testing.T) eventstest.Fixture {
		prefix := newPrefix()
		removeAfter(t, prefix)
		p := startProxy(t, server)
		b := open(t, p.url, rabbit.Options{Prefix: prefix})
		return eventstest.Fixture{
			Broker:  b,
			Inject:  inject(t, prefix),
			Disturb: func() events.Broker { p.cut(); return b },
		}
	})
}

// TestSuiteReopened runs the suite and reopens the broker as the interruption.
func TestSuiteReopened(t *testing.T) {
	needServer(t)
	if testing.Short() {
		t.Skip("short mode runs the suite once, in TestSuite")
	}
	eventstest.Run(t, func(t *testing.T) eventstest.Fixture {
		prefix := newPrefix()
		removeAfter(t, prefix)
		b := open(t, server, rabbit.Options{Prefix: prefix})
		return eventstest.Fixture{
			Broker: b,
			Inject: inject(t, prefix),
			Disturb: func() events.Broker {
				if err := b.Close(); err != nil {
					t.Error(err)
				}
				b = open(t, server, rabbit.Options{Prefix: prefix})
				return b
			},
		}
	})
}

// TestServerRestart runs the suite's interruption test while the server itself restarts.
func TestServerRestart(t *testing.T) {
	needServer(t)
	if os.Getenv("ENTREPOT_RESTART_RABBIT") != "1" {
		t.Skip("set ENTREPOT_RESTART_RABBIT=1 to have the server restarted")
	}
	prefix := newPrefix()
	removeAfter(t, prefix)
	b := open(t, server, rabbit.Options{Prefix: prefix})
	eventstest.RunDisturbed(t, eventstest.Fixture{
		Broker: b,
		Inject: inject(t, prefix),
		Disturb: func() events.Broker {
			for _, verb := range []string{"stop_app", "start_app"} {
				command := strings.Fields(os.Getenv("RABBITMQCTL"))
				if len(command) == 0 {
					command = []string{"rabbitmqctl"}
				}
				if out, err := exec.Command(command[0], append(command[1:], verb)...).CombinedOutput(); err != nil {
					t.Fatalf("rabbitmqctl %s: %v\n%s", verb, err, out)
				}
			}
			return b
		},
	})
}

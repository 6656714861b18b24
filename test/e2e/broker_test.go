package e2e

import (
	"net"
	"net/url"
	"os/exec"
	"sync"
	"testing"
	"time"
)

// TestBrokerKilledStack: RabbitMQ dies under load and is away for some seconds.
// Orders are placed all the while, and every event is out afterwards. (Fault 5
// of the matrix; the server is everybody's, so this runs beside no other test.)
func TestBrokerKilledStack(t *testing.T) {
	p := startStack(t, options{})
	server, err := url.Parse(stackServers(t).amqp)
	if err != nil {
		t.Fatal(err)
	}
	g := stockGoods(t, p, stocks(2, 60), stocks(4, 300), stocks(2, 1))
	r := newRecorder(g)
	var wg sync.WaitGroup
	wg.Go(func() {
		pauseFor(t.Context(), 3*time.Second)
		// The Erlang machine ends at once, as by kill -9: nothing is flushed, nobody told.
		_ = exec.CommandContext(t.Context(), "../../scripts/stack", "rabbitmqctl", "-q", "eval", "erlang:halt(137, [{flush, false}]).").Run()
		if err := poll(t.Context(), 10*time.Second, "RabbitMQ is gone", func() bool { return !listens(server.Host) }); err != nil {
			t.Error(err)
		}
		pauseFor(t.Context(), 4*time.Second)
		if out, err := exec.CommandContext(t.Context(), "../../scripts/stack", "up").CombinedOutput(); err != nil {
			t.Errorf("start RabbitMQ again: %v\n%s", err, out)
		}
	})
	load{customers: 30, duration: 14 * time.Second, think: 2 * time.Second}.run(t, p, g, r)
	wg.Wait()
	mustHold(t, p.verdict(t, r, g, 60*time.Second))
}

func listens(address string) bool {
	c, err := net.DialTimeout("tcp", address, time.Second)
	if err == nil {
		_ = c.Close()
	}
	return err == nil
}

package cluster

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"
)

// Each scenario has its own cluster name and addresses; scenarios that disturb Consul have their own server.

func TestScenarioKill(t *testing.T) {
	parallel(t)
	a, b, c := trio(t, sharedAgent(t), 11)
	began := time.Now()
	c.signal(syscall.SIGKILL)
	dropped := a.awaitMembers(15*time.Second, a, b)
	a.awaitAnswers(began)
	r := a.report()
	t.Logf("kill -9: dropped after %v, longest wait of a grain %v, %d answers, errors %v",
		dropped, r.Worst, r.OK, r.Errors)
	if r.Worst > 12*time.Second {
		t.Errorf("a grain was unavailable for %v", r.Worst)
	}
	if r.OK == 0 {
		t.Error("no answers")
	}
}

func TestScenarioGracefulLeave(t *testing.T) {
	parallel(t)
	a, b, c := trio(t, sharedAgent(t), 12)
	c.signal(syscall.SIGTERM)
	left := a.awaitMembers(10*time.Second, a, b)
	if code := c.exited(15 * time.Second); code != 0 {
		t.Errorf("exit code %d:\n%s", code, c.stderr.String())
	}
	stopped := c.await("stopped", time.Second)
	b.awaitMembers(5*time.Second, a, b)
	for _, p := range []*process{a, b} {
		r := p.reportAfter(1000)
		t.Logf("SIGTERM: seen after %v, stopped in %v; longest wait of a grain %v, %d answers",
			left, stopped.Took, r.Worst, r.OK)
		if r.Failed > 0 {
			t.Errorf("errors: %v", r.Errors)
		}
	}
}

func TestScenarioPauseShort(t *testing.T) {
	parallel(t)
	a, b, c := trio(t, sharedAgent(t), 13)
	c.pause(5 * time.Second)
	// The member soon belongs to the cluster again, or is fenced.
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	c.tellIfAlive("mark")
	for sleep(ctx, 200*time.Millisecond) {
		select {
		case <-c.exit:
			fenced := c.await("fenced", time.Second)
			t.Logf("paused 5 s: fenced (%s), %d executed in between", fenced.Reason, fenced.AfterPause)
			if fenced.AfterPause > 0 {
				t.Errorf("served %d requests after the pause, want none", fenced.AfterPause)
			}
			a.awaitMembers(5*time.Second, a, b)
			return
		default:
		}
	}
	a.awaitMembers(time.Second, a, b, c)
	b.awaitMembers(time.Second, a, b, c)
	r := c.report()
	t.Logf("paused 5 s: survived; %d answers since, errors %v", r.OK, r.Errors)
	if r.OK == 0 {
		t.Error("in the cluster again but does not serve")
	}
}

func TestScenarioPauseLong(t *testing.T) {
	parallel(t)
	a, b, c := trio(t, sharedAgent(t), 14)
	began := time.Now()
	c.signal(syscall.SIGSTOP)
	dropped := a.awaitMembers(12*time.Second, a, b)
	sleep(t.Context(), 12*time.Second-time.Since(began)) // the pause is the subject here
	woken := time.Now()
	c.signal(syscall.SIGCONT)
	if code := c.exited(5 * time.Second); code != 3 {
		t.Errorf("exit code %d:\n%s", code, c.stderr.String())
	}
	fenced := c.await("fenced", time.Second)
	t.Logf("paused 12 s: dropped after %v, noticed %v after waking: %s", dropped, time.Since(woken), fenced.Reason)
	if fenced.AfterPause > 0 {
		t.Errorf("served %d requests after the pause, want none", fenced.AfterPause)
	}
	a.awaitMembers(time.Second, a, b)
	r := a.report()
	t.Logf("longest wait of a grain %v, %d answers, errors %v", r.Worst, r.OK, r.Errors)
}

func TestScenarioConsulRestart(t *testing.T) {
	parallel(t)
	agent := startAgent(t)
	a, b, c := trio(t, agent.Address, 15)
	agent.kill()
	sleep(t.Context(), 8*time.Second) // longer than TTL and grace together
	agent.start()
	sleep(t.Context(), 8*time.Second) // long enough for anyone to be dropped who would be
	for _, p := range []*process{a, b, c} {
		p.awaitMembers(time.Second, a, b, c)
		r := p.report()
		t.Logf("Consul away for 8 s: %d answers, longest wait of a grain %v, errors %v", r.OK, r.Worst, r.Errors)
		if r.Failed > 0 || p.saw("fenced") || p.changes() > 0 {
			t.Errorf("errors %v, membership changed %d times", r.Errors, p.changes())
		}
	}
}

func TestScenarioConsulLosesItsData(t *testing.T) {
	parallel(t)
	agent := startAgent(t)
	a, b, c := trio(t, agent.Address, 16)
	agent.kill()
	agent.forget()
	agent.start()
	d := launch(t, memberSpec{Name: a.name(), Host: "127.0.16.4", Consul: agent.Address})
	for _, p := range []*process{a, b, c, d} {
		t.Logf("sees all four after %v", p.awaitMembers(15*time.Second, a, b, c, d))
	}
	sleep(t.Context(), 8*time.Second) // nobody is dropped later either
	for _, p := range []*process{a, b, c, d} {
		p.awaitMembers(time.Second, a, b, c, d)
		if p.saw("fenced") {
			t.Errorf("%s was fenced", p.ID)
		}
	}
	for _, p := range []*process{a, b, c} {
		r := p.report()
		t.Logf("Consul without its data: %d answers, longest wait of a grain %v, errors %v", r.OK, r.Worst, r.Errors)
		if r.Failed > 0 {
			t.Errorf("errors %v", r.Errors)
		}
	}
}

func TestScenarioMutualTLS(t *testing.T) {
	parallel(t)
	consul := sharedAgent(t)
	files := devCerts(t, "127.0.17.1", "127.0.17.2")
	name := fmt.Sprintf("test-%d-17", os.Getpid())
	a := launch(t, memberSpec{Name: name, Host: "127.0.17.1", Consul: consul, TLS: files})
	b := launch(t, memberSpec{Name: name, Host: "127.0.17.2", Consul: consul, TLS: files, Idle: true})
	b.awaitMembers(5*time.Second, a, b)
	b.tell("load")
	if r := b.reportAfter(100); r.Failed > 0 {
		t.Errorf("%d answers, errors %v", r.OK, r.Errors)
	}
}

package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// table collects the rows of the report.
type table struct {
	embedded bool // the targets are those of the embedded server
	rows     []string
	rates    map[string]float64
	drain    time.Duration
	gap      time.Duration // the longest of all scenarios
	wal      int64         // bytes of the largest write-ahead log of all scenarios
	aims     []aim
}

// limitThen is what the no-op did a second on the machine that the targets were
// set on.
const limitThen = 54_000

// aim is one target and what was measured.
type aim struct {
	what, result, target string
	met                  bool
}

const header = "%-32s %10s %9s %9s %10s %8s %9s %7s %8s"

// scenario prints a scenario's numbers at once and notes what they are to reach.
func (t *table) scenario(name string, r, limit result) {
	if len(t.rates) == 0 {
		t.row(header, "", "ops/s", "p50", "p99", "CPU/op", "of limit", "writes/op", "batch", "drained")
	}
	if t.rates == nil {
		t.rates = map[string]float64{}
	}
	ratio := r.rate / limit.rate
	t.row(header, name, fmt.Sprintf("%.0f", r.rate), ms(r.p50), ms(r.p99), us(r.cpu), fmt.Sprintf("%.1f %%", 100*ratio),
		fmt.Sprintf("%.2f", r.writes), fmt.Sprintf("%.1f", r.batch), ms(r.drain))
	if strings.Contains(r.byDatabase, ",") {
		t.row("  writes: %s", r.byDatabase)
	}
	t.row("  longest gap %s, largest write-ahead log %d MB", ms(r.gap), r.wal>>20)
	t.row(header, "  no-op beside it", fmt.Sprintf("%.0f", limit.rate), ms(limit.p50), ms(limit.p99), us(limit.cpu), "", "", "", "")
	t.rates[name] = r.rate
	t.drain = max(t.drain, r.drain)
	t.load(r.gap, r.wal)
	if t.embedded {
		t.judge(name, r, ratio)
	}
}

func (t *table) row(format string, a ...any) {
	line := strings.TrimRight(fmt.Sprintf(format, a...), " ")
	t.rows = append(t.rows, line)
	fmt.Println(line)
}

// judge holds a scenario to the targets of the first order: on two cores shared
// with this program, embedded, fsync on.
func (t *table) judge(name string, r result, ratio float64) {
	share := func(least float64) {
		t.aim(name, fmt.Sprintf("%.1f %% of the limit", 100*ratio), fmt.Sprintf("≥ %.0f %%", least), 100*ratio >= least)
	}
	switch {
	case name == "product detail":
		share(60)
	case name == "product list of 20":
		share(20)
	case strings.HasPrefix(name, searching):
		t.aim(name+", p99", ms(r.p99), "< 50 ms", r.p99 < 50*time.Millisecond)
	case strings.HasPrefix(name, "add to cart"):
		share(22)
		t.aim(name+", p99", ms(r.p99), "< 25 ms", r.p99 < 25*time.Millisecond)
		scaled := time.Duration(float64(r.p99) * r.rate / ratio / limitThen) // the limit is rate over ratio
		t.aim("  for the speed of the machine", ms(scaled), fmt.Sprintf("< 25 ms (were the limit %d)", limitThen), scaled < 25*time.Millisecond)
	case name == "whole checkout":
		t.aim(name, fmt.Sprintf("%.0f/s", r.rate), "≥ 400/s", r.rate >= 400)
		least := 400.0 / limitThen
		t.aim("  for the speed of the machine", fmt.Sprintf("%.2f %% of the limit", 100*ratio), fmt.Sprintf("≥ %.2f %% (400 of %d)", 100*least, limitThen), ratio >= least)
	case strings.HasPrefix(name, "reservations spread"):
		hot := t.rates["reservations of one hot item"]
		t.aim("hot item beside spread", fmt.Sprintf("%.0f/s beside %.0f/s", hot, r.rate), "no slower (within 5 % of noise)", hot >= 0.95*r.rate)
	}
}

func (t *table) aim(what, result, target string, met bool) {
	t.aims = append(t.aims, aim{what, result, target, met})
}

func (t *table) start(what string, took time.Duration) {
	if !t.embedded {
		t.row("%-32s %10s", what, ms(took))
		return
	}
	t.aim(what, ms(took), "≤ 2 s", took <= 2*time.Second)
}

// load notes the longest gap between two answers and the largest write-ahead log of a run.
func (t *table) load(longest time.Duration, wal int64) {
	t.gap, t.wal = max(t.gap, longest), max(t.wal, wal)
}

// print writes the report's end.
func (t *table) print() {
	if len(t.rates) > 0 {
		t.aim("every consumer drained, at most", ms(t.drain), "< 5 s", t.drain < 5*time.Second)
	}
	if t.gap > 0 && t.embedded {
		t.aim("longest gap without an answer", ms(t.gap), "< "+ms(longestGap), t.gap < longestGap)
		t.aim("largest write-ahead log", fmt.Sprintf("%d MB", t.wal>>20), fmt.Sprintf("≤ %d MB", largestLog>>20), t.wal <= largestLog)
	}
	fmt.Printf("\n%-36s %-28s %-34s %s\n", "scenario", "result", "target", "met")
	for _, a := range t.aims {
		met := "no"
		if a.met {
			met = "yes"
		}
		fmt.Printf("%-36s %-28s %-34s %s\n", a.what, a.result, a.target, met)
	}
}

func ms(d time.Duration) string {
	if d == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f ms", d.Seconds()*1e3)
}

func us(d time.Duration) string { return fmt.Sprintf("%.0f µs", d.Seconds()*1e6) }

// machine says where and of what the numbers are.
func machine() string {
	model := "unknown processor"
	if f, err := os.Open("/proc/cpuinfo"); err == nil {
		defer func() { _ = f.Close() }()
		for s := bufio.NewScanner(f); s.Scan(); {
			if name, value, ok := strings.Cut(s.Text(), ":"); ok && strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	commit, err := exec.Command("git", "describe", "--always", "--dirty").Output()
	if err != nil {
		commit = []byte("unknown")
	}
	load, _ := os.ReadFile("/proc/loadavg")
	return fmt.Sprintf("%s, %d cores, %s, %s, commit %s, load average before: %.14s", model, runtime.NumCPU(), runtime.Version(),
		time.Now().UTC().Format(time.RFC3339), strings.TrimSpace(string(commit)), load)
}

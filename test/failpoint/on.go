//go:build failpoints

// Package failpoint kills the process at named points, so that tests can examine the state that a
// crash leaves behind.
package failpoint

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

// at is parsed from FAILPOINT, "point/detail:n": the process is killed when the point is hit with
// the detail for the n-th time. It happens once: the file FAILPOINT_MARK is created before, and
// while it exists no point is active.
var at = parse(os.Getenv("FAILPOINT"), os.Getenv("FAILPOINT_MARK"))

type plan struct {
	name, mark string
	left       atomic.Int64
}

func parse(text, mark string) *plan {
	name, count, ok := strings.Cut(text, ":")
	n, err := strconv.ParseInt(count, 10, 64)
	if _, statErr := os.Stat(mark); !ok || err != nil || statErr == nil {
		return nil
	}
	p := &plan{name: name, mark: mark}
	p.left.Store(n)
	return p
}

// Hit kills the process like kill -9 if FAILPOINT selects this point and this time.
func Hit(point, detail string) {
	if at == nil || at.name != point+"/"+detail || at.left.Add(-1) != 0 {
		return
	}
	if err := os.WriteFile(at.mark, nil, 0o600); err != nil {
		panic(fmt.Sprintf("failpoint %s: %v", at.name, err))
	}
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // nothing may happen after the point, even if the signal is delayed
}

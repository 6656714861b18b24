//go:build failpoints

// Package failpoint ends the process at named points, so that tests see what a
// crash there leaves behind.
package failpoint

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

// at is FAILPOINT, "point/detail:n": the process ends at the n-th time the point
// is hit with the detail. It happens once: FAILPOINT_MARK is a file made before
// the end, and while it is there nothing happens.
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

// Hit ends the process as kill -9 does if this is the point and the time.
func Hit(point, detail string) {
	if at == nil || at.name != point+"/"+detail || at.left.Add(-1) != 0 {
		return
	}
	if err := os.WriteFile(at.mark, nil, 0o600); err != nil {
		panic(fmt.Sprintf("failpoint %s: %v", at.name, err))
	}
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // nothing after the point happens, however late the signal is
}

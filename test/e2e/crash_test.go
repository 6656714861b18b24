package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// crashes are the points of the command's way at which a process ends here, and
// comes back. (A crash between a lost compare-and-set and the reload, and stores
// that answer wrongly, have suites of their own: twins_test.go and package
// persistence/storetest.)
var crashes = []struct {
	at    string // point/detail:n of package failpoint
	stack bool   // only there is a broker to publish to
}{
	{at: "before-write/Order:9"},
	{at: "after-write/Order:9"},
	{at: "after-write/StockItem:9"},
	{at: "after-write/Payment:5"},
	{at: "before-effect/payment.success:3"},
	{at: "before-ack/payment.success:3"},
	{at: "before-ack/order.created:5"},
	{at: "before-publish/Order:9", stack: true},
	{at: "before-trim/Order:3", stack: true},
	{at: "before-ack/payment.success:3", stack: true},
}

// TestCrashPoints: whatever point a process dies at, who retries gets the one
// answer, nothing is lost and nothing happens twice.
func TestCrashPoints(t *testing.T) {
	for _, c := range crashes {
		name := strings.NewReplacer("/", " ", ":", " ").Replace(c.at)
		if c.stack {
			name += " on the stack"
		}
		t.Run(name, func(t *testing.T) {
			if testing.Short() {
				t.Skip("takes more than a few seconds")
			}
			mark := filepath.Join(t.TempDir(), "crashed")
			o := options{tags: "failpoints", extra: []string{"FAILPOINT=" + c.at, "FAILPOINT_MARK=" + mark}}
			var p *platform
			if c.stack {
				p = startStack(t, o)
			} else {
				p = startEmbedded(t, o)
			}
			g := stockGoods(t, p, stocks(2, 30), stocks(2, 60), stocks(1, 1))
			r := newRecorder(g)
			load{customers: 12, duration: 3 * time.Second, think: 400 * time.Millisecond}.run(t, p, g, r)
			if _, err := os.Stat(mark); err != nil {
				t.Fatalf("nothing crashed: %v", err)
			}
			mustHold(t, p.verdict(t, r, g, 60*time.Second))
		})
	}
}

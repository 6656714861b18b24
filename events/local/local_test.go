package local_test

import (
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"entrepot/events"
	"entrepot/events/eventstest"
	"entrepot/events/local"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestSuitePublish runs the suite on the broker's own log.
func TestSuitePublish(t *testing.T) {
	eventstest.Run(t, func(t *testing.T) eventstest.Fixture {
		path := filepath.Join(t.TempDir(), "broker.sqlite")
		raw := eventstest.NewLog("raw", 1)
		open := func() *local.Broker {
			b, err := local.Open(t.Context(), path, local.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = b.Close() })
			b.Attach(raw)
			return b
		}
		b := open()
		return eventstest.Fixture{
			Broker: b,
			Inject: func(typ string, body []byte) { raw.Append(typ, body) },
			Disturb: func() events.Broker {
				if err := b.Close(); err != nil {
					t.Error(err)
				}
				b = open()
				return b
			},
		}
	})
}

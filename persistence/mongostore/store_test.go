package mongostore

import (
	"context"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"entrepot"
	"entrepot/persistence"
	"entrepot/persistence/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server returns the address of the test database, and skips a short test if there is none.
func server(t testing.TB) string {
	t.Helper()
	uri := os.Getenv("MONGO_URI")
	switch {
	case uri != "":
	case testing.Short():
		t.Skip("MONGO_URI is not set")
	default:
		t.Fatal("MONGO_URI is not set: run scripts/stack up, or test with -short")
	}
	return uri
}

// reopenable implements storetest.Reopener on the same database.
type reopenable struct {
	*Store
	client *Client
}

func (r *reopenable) Reopen(t *testing.T) persistence.Store {
	t.Helper()
	if err := r.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	return &reopenable{r.client.Database(r.db.Name()), r.client}
}

func dial(t testing.TB) *Client {
	t.Helper()
	c, err := Dial(t.Context(), server(t), Options{Timeout: 20 * time.Second})
	if err != nil {
		t.Fatalf("Dial: %v", err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return c
}

// openTemp returns a store on a database that is dropped at the end of the test.
func openTemp(t testing.TB, c *Client) *reopenable {
	t.Helper()
	s := c.Database("test_" + entrepot.NewID())
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := s.db.Drop(ctx); err != nil {
			t.Errorf("Drop: %v", err)
		}
	})
	return &reopenable{s, c}
}

func TestSuite(t *testing.T) {
	c := dial(t)
	storetest.Run(t, func(t *testing.T) persistence.Store { return openTemp(t, c) })
}

package entrepot_test

import (
	"testing"

	"entrepot"
)

func TestDelegatedActsAsThePlatform(t *testing.T) {
	t.Parallel()
	c := entrepot.Caller{
		UserID: "u", Email: "u@example.com", Role: entrepot.Customer, Scopes: []string{"orders"},
		RequestID: "r", IP: "192.0.2.1", UserAgent: "agent",
	}
	d := c.Delegated()
	if err := (entrepot.Turn{Caller: d}).RequireSystem(); err != nil {
		t.Errorf("RequireSystem refuses the delegated caller: %v", err)
	}
	if d.For != entrepot.Customer || d.UserID != "u" || d.RequestID != "r" || d.IP != "192.0.2.1" || d.UserAgent != "agent" {
		t.Errorf("delegated %+v, want the customer's role, id and request", d)
	}
	if again := d.Delegated(); again.For != entrepot.Customer {
		t.Errorf("delegated twice for %q, want %q", again.For, entrepot.Customer)
	}
}

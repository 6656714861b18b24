package e2e

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"entrepot"
	auditactors "entrepot/actors/audit"
	"entrepot/actors/inventory"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/grainstest"
	"entrepot/grains/inventory/stock"
	"entrepot/persistence"
	"entrepot/persistence/sqlitestore"
	"entrepot/test/check"
)

// TestTwinActivations: two hosts over one store, so that every stock item is
// activated twice all the time. Nothing may be lost. Built with the tag nocas, the
// checker must find what is.
func TestTwinActivations(t *testing.T) {
	dir := t.TempDir()
	h := twins(t, dir)
	s := check.SQLite(dir)
	defer func() { _ = s.Close() }()
	w, err := check.Read(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(w.Summary())
	found := check.Check(w, h)
	switch {
	case !nocas:
		mustHold(t, found)
	case len(check.Certain(found)) == 0:
		t.Error("without the compare-and-set's filter nothing was found broken: the checker is blind")
	default:
		tellFound(t, check.Certain(found))
	}
}

// TestNegativeControlEmbedded runs the test above with the filter left out.
func TestNegativeControlEmbedded(t *testing.T) {
	if testing.Short() {
		t.Skip("takes more than a few seconds")
	}
	run := exec.CommandContext(t.Context(), "go", "test", "-tags", "nocas", "-count", "1", "-v", "-run", "^TestTwinActivations$", ".")
	out, err := run.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "found, as it must be") {
		t.Errorf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}

// twins lets both hosts reserve and release the same items side by side.
func twins(t *testing.T, dir string) *check.History {
	store, err := sqlitestore.Open(t.Context(), filepath.Join(dir, "inventorydb.sqlite"), sqlitestore.Options{Unsafe: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() }) // after the hosts, which end by a Cleanup too
	if err := store.Ensure(t.Context(), []*persistence.Collection{stock.Movements}); err != nil {
		t.Fatal(err)
	}
	hosts := []*grainstest.Member{
		grainstest.New(t, store, []*grains.Kind{stock.Kind()}), grainstest.New(t, store, []*grains.Kind{stock.Kind()}),
	}
	const pieces = 60
	r := &recorder{h: check.History{Began: time.Now()}}
	for range 3 {
		product, shop, company := entrepot.NewID(), entrepot.NewID(), entrepot.NewID()
		item := check.Item{ID: stock.ID(product, shop), Received: pieces, Linear: true}
		c := stock.Receive{ProductID: product, LocationID: shop, CompanyID: company, Quantity: pieces, Reason: "purchase"}
		if _, err := grains.Ask(hosts[0].Platform(), hosts[0], stock.Of(item.ID), c); err != nil {
			t.Fatal(err)
		}
		r.h.Items = append(r.h.Items, item)
	}
	var wg sync.WaitGroup
	for n := range 16 {
		tw := &twin{hosts[n%2], n, rand.New(rand.NewPCG(uint64(n), 7)), r}
		wg.Go(func() {
			for range 25 {
				tw.turn(r.h.Items[tw.rng.IntN(len(r.h.Items))].ID)
			}
		})
	}
	wg.Wait()
	keepEvents(t, dir, store, hosts[0].Events())
	return &r.h
}

// twin is one user of one host.
type twin struct {
	host *grainstest.Member
	n    int
	rng  *rand.Rand
	r    *recorder
}

// turn reserves some pieces, and gives them back half of the time.
func (w *twin) turn(item entrepot.ID) {
	op := check.Op{Client: w.n, Kind: check.Reserve, Item: item, OrderID: entrepot.NewID(), Quantity: 1 + w.rng.Int64N(3)}
	expires := time.Now().Add(time.Hour).UnixMilli()
	if w.do(&op, func(ctx context.Context) error {
		_, err := grains.Ask(ctx, w.host, stock.Of(item), stock.Reserve{OrderID: op.OrderID, Quantity: op.Quantity, ExpiresAt: expires})
		return err
	}); op.Outcome != check.OK || w.rng.IntN(2) == 0 {
		return
	}
	op.Kind = check.Release
	w.do(&op, func(ctx context.Context) error {
		_, err := grains.Ask(ctx, w.host, stock.Of(item), stock.Release{OrderID: op.OrderID})
		return err
	})
}

// do asks until the answer is more than "not executed, try again".
func (w *twin) do(op *check.Op, ask func(context.Context) error) {
	op.Call = w.r.now()
	for {
		err := ask(w.host.Platform())
		switch op.Code = string(entrepot.CodeOf(err)); entrepot.Code(op.Code) {
		case "":
			op.Outcome = check.OK
		case entrepot.CodeUnavailable:
			continue
		case entrepot.CodeUnknownOutcome:
			op.Outcome = check.Unknown
		default:
			op.Outcome = check.Refused
		}
		op.Return = w.r.now()
		// A refusal writes nothing, so nothing tells a stale activation that it is
		// stale: what it refuses may fit by now. Only what it does is held to be right.
		if op.Outcome != check.Refused {
			w.r.add(*op, nil)
		}
		return
	}
}

// keepEvents does what the consumers of the queues do.
func keepEvents(t *testing.T, dir string, store persistence.Store, all []events.Envelope) {
	audit, err := sqlitestore.Open(t.Context(), filepath.Join(dir, "auditdb.sqlite"), sqlitestore.Options{Unsafe: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = audit.Close() }()
	if err := audit.Ensure(t.Context(), []*persistence.Collection{auditactors.Logs}); err != nil {
		t.Fatal(err)
	}
	var batch []*events.Delivery
	for _, e := range all {
		body, err := json.Marshal(&e)
		if err != nil {
			t.Fatal(err)
		}
		batch = append(batch, &events.Delivery{Envelope: e, Attempt: 1, Body: body})
	}
	for _, handler := range []events.Handler{auditactors.Record(audit), inventory.Ledger(store)} {
		for _, err := range handler(t.Context(), batch) {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

package actors

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/companystats/companystatspb"
	"entrepot/grains/order/orderpb"
	"entrepot/grains/payment/paymentpb"
	"entrepot/grains/shop"
	"entrepot/grains/shop/shoppb"
	"entrepot/grains/stock"
	"entrepot/persistence"
	"entrepot/persistence/storetest"

	"google.golang.org/protobuf/proto"
)

func delivery(id, typ, data string) *events.Delivery {
	e := events.Envelope{
		ID: id, Type: typ, Version: 1, OccurredAt: time.UnixMilli(1_800_000_000_000).UTC(), CompanyID: "c",
		Actor:     events.Actor{UserID: "u", Role: entrepot.Customer},
		Aggregate: events.Aggregate{Kind: "Order", ID: "o", Sequence: 1}, Data: []byte(data),
	}
	body, err := json.Marshal(&e)
	if err != nil {
		panic(err) // the test's data is no JSON
	}
	return &events.Delivery{Attempt: 1, Envelope: e, Body: body}
}

func TestAnEventDeliveredTwiceIsOneAuditEntry(t *testing.T) {
	store := storetest.NewMemory()
	if err := store.Ensure(t.Context(), []*persistence.Collection{AuditLogs}); err != nil {
		t.Fatal(err)
	}
	audit := Audit(store)
	for range 2 {
		for _, err := range audit(t.Context(), []*events.Delivery{delivery("e1", "order.created", "{}"), delivery("e2", "order.confirmed", "{}")}) {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	docs, _, err := store.Find(t.Context(), AuditLogs, entrepot.InCompany("c"), persistence.Query{
		Sort: persistence.CreatedAt, Limit: 10,
		Where: []persistence.Cond{{Field: "action", Value: "order.created"}},
	})
	if err != nil || len(docs) != 1 {
		t.Fatalf("%d entries: %v", len(docs), err)
	}
	var e events.Envelope
	if err := store.Unmarshal(docs[0].State, &e); err != nil || e.ID != "e1" || e.Actor.UserID != "u" {
		t.Errorf("%+v, %v", e, err)
	}
}

func TestAuditThatCannotWriteAsksAgain(t *testing.T) {
	store := storetest.Faulty(storetest.NewMemory())
	if err := store.Ensure(t.Context(), []*persistence.Collection{stock.Movements}); err != nil {
		t.Fatal(err)
	}
	store.NextWrites(storetest.FailBefore)
	batch := []*events.Delivery{delivery("e1", "inventory.updated", `{"itemId":"i","movement":1}`), delivery("e2", "inventory.updated", `{"itemId":"i","movement":2}`)}
	results := Ledger(store)(t.Context(), batch)
	if results[0] == nil || events.IsPermanent(results[0]) || results[1] != nil {
		t.Fatalf("%v", results)
	}
}

// asked records commands and answers each with what its test wants.
type asked struct {
	mu     sync.Mutex
	kinds  []string
	ids    []string
	cmds   []proto.Message
	answer func(proto.Message) error
}

func (a *asked) Ask(ctx context.Context, kind string, id entrepot.ID, cmd proto.Message) (proto.Message, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.kinds, a.ids, a.cmds = append(a.kinds, kind), append(a.ids, id+"/"+grains.NewCommand(ctx, cmd).ID), append(a.cmds, cmd)
	if entrepot.CallerFrom(ctx).Role != entrepot.System {
		return nil, errors.New("not the platform")
	}
	if a.answer != nil {
		return nil, a.answer(cmd)
	}
	return nil, nil
}

func TestPaymentEventsBecomeCommandsWithTheirIDs(t *testing.T) {
	a := &asked{}
	results := Sales(a)(t.Context(), []*events.Delivery{
		delivery("e1", "payment.success", `{"orderId":"o1","paymentId":"p","amount":19.99,"currency":"EUR"}`),
		delivery("e2", "payment.failed", `{"orderId":"o1","paymentId":"p","amount":19.99,"currency":"EUR","reason":"declined"}`),
		delivery("e3", "payment.refunded", `{}`),
		delivery("e4", "payment.success", `{"amount":"x"}`),
	})
	if results[0] != nil || results[1] != nil || results[2] != nil || !events.IsPermanent(results[3]) {
		t.Fatalf("%v", results)
	}
	paid, ok := a.cmds[0].(*orderpb.Paid)
	if !ok || paid.GetAmountMinor() != 1999 || a.ids[0] != "o1/e1" || a.ids[1] != "o1/e2" || len(a.cmds) != 2 {
		t.Fatalf("%v %v", a.ids, a.cmds)
	}
}

func TestNewOrderOpensItsPayment(t *testing.T) {
	a := &asked{}
	if err := Payments(a)(t.Context(), []*events.Delivery{delivery("e", "order.created", `{"orderId":"o1","total":5.00,"currency":"EUR"}`)})[0]; err != nil {
		t.Fatal(err)
	}
	if o, ok := a.cmds[0].(*paymentpb.Open); !ok || o.GetAmountMinor() != 500 || a.ids[0] != paymentpb.ID("o1")+"/e" {
		t.Fatalf("%v %v", a.ids, a.cmds)
	}
}

func TestEventsOfACompanyAreCounted(t *testing.T) {
	a := &asked{}
	customer := delivery("e4", "user.registered", `{}`)
	customer.CompanyID = ""
	results := Companies(a)(t.Context(), []*events.Delivery{
		delivery("e1", "payment.success", `{"amount":19.99,"currency":"EUR"}`),
		delivery("e2", "shop.created", `{}`),
		delivery("e3", "order.shipped", `{}`),
		customer,
		delivery("e5", "payment.refunded", `{"amount":"x"}`),
	})
	if results[0] != nil || results[1] != nil || results[2] != nil || results[3] != nil || !events.IsPermanent(results[4]) {
		t.Fatalf("%v", results)
	}
	paid, ok := a.cmds[0].(*companystatspb.Count)
	if !ok || paid.AmountMinor != 1999 || paid.Currency != "EUR" || a.ids[0] != "c/e1" || a.ids[1] != "c/e2" || len(a.cmds) != 2 {
		t.Fatalf("%v %v", a.ids, a.cmds)
	}
}

func TestTheWakerRemovesRowsThatHaveExpired(t *testing.T) {
	store, rows := storetest.NewMemory(), &persistence.Collection{Name: "rows"}
	if err := store.Ensure(t.Context(), []*persistence.Collection{rows}); err != nil {
		t.Fatal(err)
	}
	now := time.UnixMilli(1_800_000_000_000).UTC()
	for id, at := range map[string]time.Time{"over": now, "later": now.Add(time.Second)} {
		w := persistence.Write{Collection: rows, Doc: persistence.Document{ID: id, Version: 1, WakeAt: at, CreatedAt: now, UpdatedAt: now, State: []byte("{}")}}
		if err := store.Commit(t.Context(), []persistence.Write{w})[0]; err != nil {
			t.Fatal(err)
		}
	}
	w := StartWaker(WakerConfig{
		Store: store, Rows: []*persistence.Collection{rows}, Clock: func() time.Time { return now }, Period: time.Hour, Logger: slog.New(slog.DiscardHandler),
	})
	defer w.Stop()
	w.RunOnce(t.Context())
	_, gone := store.Load(t.Context(), rows, "over")
	if _, err := store.Load(t.Context(), rows, "later"); !errors.Is(gone, persistence.ErrNotFound) || err != nil {
		t.Fatalf("%v, %v", gone, err)
	}
}

func TestRefusedForGoodOrNotYet(t *testing.T) {
	for code, forGood := range map[entrepot.Code]bool{
		entrepot.CodeNotFound: true, entrepot.CodeConflict: true, entrepot.CodeUnavailable: false, entrepot.CodeUnknownOutcome: false,
	} {
		a := &asked{answer: func(proto.Message) error { return entrepot.Errorf(code, "no") }}
		err := Payments(a)(t.Context(), []*events.Delivery{delivery("e", "order.created", `{"orderId":"o1","total":5,"currency":"EUR"}`)})[0]
		if err == nil || events.IsPermanent(err) != forGood {
			t.Errorf("%s: %v", code, err)
		}
	}
}

func TestWakerWakesWhatIsDueAndItsOwn(t *testing.T) {
	store := storetest.NewMemory()
	kind := stock.Kind()
	if err := store.Ensure(t.Context(), []*persistence.Collection{kind.Collection}); err != nil {
		t.Fatal(err)
	}
	now := time.UnixMilli(1_800_000_000_000).UTC()
	for id, at := range map[string]time.Time{"due": now, "other": now.Add(-time.Hour), "later": now.Add(time.Second), "never": {}} {
		w := persistence.Write{Collection: kind.Collection, Doc: persistence.Document{
			ID: id, Version: 1, WakeAt: at, CreatedAt: now, UpdatedAt: now, Fields: []any{"p", int64(1)}, State: []byte("{}"),
		}}
		if err := store.Commit(t.Context(), []persistence.Write{w})[0]; err != nil {
			t.Fatal(err)
		}
	}
	a := &asked{}
	w := StartWaker(WakerConfig{
		Store: store, Kinds: []*grains.Kind{kind}, Ask: a, Clock: func() time.Time { return now }, Period: time.Hour,
		Mine: func(_ string, id entrepot.ID) bool { return id != "other" }, Logger: slog.New(slog.DiscardHandler),
	})
	defer w.Stop()
	if n := w.RunOnce(t.Context()); n != 1 || len(a.ids) != 1 || a.ids[0][:4] != "due/" {
		t.Fatalf("woke %d: %v", n, a.ids)
	}
}

func TestASaleCountsOnce(t *testing.T) {
	store := storetest.Faulty(storetest.NewMemory())
	if err := store.Ensure(t.Context(), []*persistence.Collection{shop.Sales}); err != nil {
		t.Fatal(err)
	}
	batch := []*events.Delivery{
		delivery("e1", "order.created", `{"orderId":"o","companyId":"c","shopId":"s"}`),
		delivery("e2", "order.confirmed", `{"orderId":"o","companyId":"c","shopId":"s"}`),
		delivery("e3", "payment.success", `{"companyId":"c","shopId":"s","amount":19.90,"currency":"EUR"}`),
		delivery("e4", "payment.success", `{"companyId":"c","shopId":"s","amount":"x"}`),
	}
	store.NextWrites(storetest.FailBefore)
	if r := Shops(store, nil)(t.Context(), batch); r[0] == nil || events.IsPermanent(r[0]) || r[1] != nil || r[2] != nil || !events.IsPermanent(r[3]) {
		t.Fatalf("%v", r)
	}
	for range 2 {
		if r := Shops(store, nil)(t.Context(), batch); r[0] != nil || r[1] != nil || r[2] != nil {
			t.Fatalf("%v", r)
		}
	}
	docs, _, err := store.Find(t.Context(), shop.Sales, entrepot.InShops("c", []entrepot.ID{"s"}), persistence.Query{Limit: 10})
	if err != nil || len(docs) != 2 || !docs[0].CreatedAt.Equal(batch[0].OccurredAt) {
		t.Fatalf("%+v, %v", docs, err)
	}
	if s := shop.SaleIn(docs[1].Fields); s.Money.Minor != 1990 || s.Money.Currency != "EUR" {
		t.Errorf("%+v", s)
	}
	if r := Shops(store, nil)(t.Context(), batch[1:2]); len(r) != 1 || r[0] != nil {
		t.Errorf("nothing to write answered %v", r)
	}
}

func TestAnErasedUserLeavesTheShops(t *testing.T) {
	store := storetest.NewMemory()
	if err := store.Ensure(t.Context(), []*persistence.Collection{shop.Sales}); err != nil {
		t.Fatal(err)
	}
	for code, again := range map[entrepot.Code]bool{"": false, entrepot.CodeNotFound: false, entrepot.CodeUnavailable: true} {
		a := &asked{answer: func(proto.Message) error {
			if code == "" {
				return nil
			}
			return entrepot.Errorf(code, "no")
		}}
		r := Shops(store, a)(t.Context(), []*events.Delivery{
			delivery("e0", "order.created", `{"orderId":"o","companyId":"c","shopId":"s"}`),
			delivery("e1", "user.deleted", `{"userId":"u","companyId":"c","shopIds":["s1","s2"]}`),
		})
		if r[0] != nil || (r[1] != nil) != again || events.IsPermanent(r[1]) {
			t.Errorf("%s: %v", code, r)
		}
		if n := len(a.cmds); (n != 2) != again || a.kinds[0] != "Shop" || a.cmds[0].(*shoppb.Assign).GetRemove()[0] != "u" {
			t.Errorf("%s: %v %v", code, a.ids, a.cmds)
		}
	}
}

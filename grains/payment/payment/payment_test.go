package payment

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	"entrepot"
	"entrepot/events"

	"pgregory.net/rapid"
)

var (
	order    = entrepot.DeriveID("order")
	id       = ID(order)
	customer = entrepot.DeriveID("customer")
	company  = entrepot.DeriveID("company")
	shop     = entrepot.DeriveID("shop")
	start    = time.UnixMilli(1_750_000_000_123).UTC()

	platform  = entrepot.SystemCaller("test")
	payer     = entrepot.Caller{Role: entrepot.Customer, UserID: customer}
	stranger  = entrepot.Caller{Role: entrepot.Customer, UserID: entrepot.DeriveID("stranger")}
	admin     = entrepot.Caller{Role: entrepot.CompanyAdmin, UserID: "a", CompanyID: company}
	foreign   = entrepot.Caller{Role: entrepot.CompanyAdmin, UserID: "f", CompanyID: entrepot.DeriveID("other")}
	manager   = entrepot.Caller{Role: entrepot.ShopManager, UserID: "m", CompanyID: company, ShopIDs: []entrepot.ID{shop}}
	elsewhere = entrepot.Caller{Role: entrepot.ShopManager, UserID: "e", CompanyID: company, ShopIDs: []entrepot.ID{"x"}}
	staff     = entrepot.Caller{Role: entrepot.ShopStaff, UserID: "s", CompanyID: company, ShopIDs: []entrepot.ID{shop}}
	super     = entrepot.Caller{Role: entrepot.SuperAdmin, UserID: "root"}
)

func turn(c entrepot.Caller) entrepot.Turn { return entrepot.Turn{ID: id, Now: start, Caller: c} }

func openOf(minor int64) Open {
	return Open{
		OrderID: order, CustomerID: customer, CompanyID: company, ShopID: shop, Amount: minor, Currency: "EUR",
	}
}

func pay(token string) Process {
	return Process{Gateway: GatewayManual, Method: MethodCard, Token: token}
}

// do applies the facts of a decision, and fails the test on a refusal.
func do(t testing.TB, s *State, facts []events.Event, err error) []events.Event {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range facts {
		s.Apply(f)
	}
	return facts
}

func open(t testing.TB, minor int64) *State {
	t.Helper()
	s := &State{}
	facts, err := s.Open(turn(payer), openOf(minor))
	do(t, s, facts, err)
	return s
}

func paid(t testing.TB, minor int64) *State {
	t.Helper()
	s := open(t, minor)
	facts, err := s.Process(turn(payer), pay(""))
	do(t, s, facts, err)
	return s
}

func types(facts []events.Event) (list []string) {
	for _, f := range facts {
		list = append(list, f.EventType())
	}
	return list
}

func TestOpen(t *testing.T) {
	t.Parallel()
	s := open(t, 2000)
	if facts, err := s.Open(turn(platform), openOf(2000)); err != nil || facts != nil {
		t.Fatalf("again: %v, %v", facts, err)
	}
	another, negative, free := openOf(2000), openOf(-1), openOf(0)
	another.OrderID = entrepot.DeriveID("another")
	for name, c := range map[string]struct {
		state  *State
		caller entrepot.Caller
		cmd    Open
		want   entrepot.Code
	}{
		"another amount":   {s, payer, openOf(2001), entrepot.CodeConflict},
		"a stranger":       {&State{}, stranger, openOf(2000), entrepot.CodeNotFound},
		"nobody":           {&State{}, entrepot.Caller{}, openOf(2000), entrepot.CodeNotFound},
		"of another order": {&State{}, payer, another, entrepot.CodeInvalid},
		"a negative sum":   {&State{}, payer, negative, entrepot.CodeInvalid},
		"free of charge":   {&State{}, payer, free, ""},
		"the platform":     {&State{}, platform, openOf(2000), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := c.state.Open(turn(c.caller), c.cmd); entrepot.CodeOf(err) != c.want {
				t.Fatalf("%v, want code %q", err, c.want)
			}
		})
	}
}

func TestManualGateway(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		method, token, currency string
		minor                   int64
		want                    string
	}{
		"a card":                      {MethodCard, "", "EUR", 2000, ""},
		"a declined token":            {MethodCard, TokenDeclined, "EUR", 2000, ReasonDeclined},
		"insufficient funds":          {MethodBankTransfer, TokenInsufficientFunds, "EUR", 2000, ReasonInsufficientFunds},
		"the test amount":             {MethodCard, "", "EUR", 2013, ReasonTestAmount},
		"thirteen cents":              {MethodCard, "", "EUR", 13, ReasonTestAmount},
		"the test amount in cash":     {MethodCashOnDelivery, "", "EUR", 2013, ""},
		"thirteen euros":              {MethodCard, "", "EUR", 1300, ""},
		"three decimals":              {MethodCard, "", "KWD", 20130, ReasonTestAmount},
		"three decimals, another sum": {MethodCard, "", "KWD", 20013, ""},
		"no decimals":                 {MethodCard, "", "JPY", 2013, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := manualRefusal(c.method, c.token, entrepot.Money{Minor: c.minor, Currency: c.currency}); got != c.want {
				t.Fatalf("%q, want %q", got, c.want)
			}
		})
	}
	s := open(t, 2000)
	for _, p := range []Process{{Gateway: "stripe", Method: MethodCard}, {Gateway: GatewayManual, Method: "shells"}} {
		if _, err := s.Process(turn(payer), p); entrepot.CodeOf(err) != entrepot.CodeInvalid {
			t.Fatalf("%v: %v", p, err)
		}
	}
}

func TestFailThenPay(t *testing.T) {
	t.Parallel()
	s, first := &State{}, pay(TokenDeclined)
	first.Open = new(openOf(2000))
	facts, err := s.Process(turn(payer), first)
	if got := types(do(t, s, facts, err)); !reflect.DeepEqual(got, []string{"payment.initiated", "payment.failed"}) {
		t.Fatal(got)
	}
	if v := s.reply(); v.Status != Failed || v.Failure != ReasonDeclined || v.Attempts != 1 || v.Captured != 0 {
		t.Fatalf("%+v", v)
	}
	second := pay("")
	second.Open = new(openOf(2000))
	facts, err = s.Process(turn(payer), second)
	if got := types(do(t, s, facts, err)); !reflect.DeepEqual(got, []string{"payment.success"}) {
		t.Fatal(got)
	}
	if v := s.reply(); v.Status != Completed || v.Failure != "" || v.Attempts != 2 || v.Captured != 2000 ||
		v.CompletedAt != start.UnixMilli() || v.GatewayTransactionID == "" {
		t.Fatalf("%+v", v)
	}
	if _, err := s.Process(turn(payer), pay("")); entrepot.CodeOf(err) != entrepot.CodeConflict {
		t.Fatalf("paid twice: %v", err)
	}
}

func TestProcessIsForItsCustomer(t *testing.T) {
	t.Parallel()
	for _, c := range []entrepot.Caller{stranger, admin, manager, staff, super, {}} {
		if _, err := open(t, 2000).Process(turn(c), pay("")); entrepot.CodeOf(err) != entrepot.CodeNotFound {
			t.Fatalf("%s: %v", c.Role, err)
		}
	}
	if _, err := (&State{}).Process(turn(payer), pay("")); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Fatalf("not open: %v", err)
	}
}

func TestRefund(t *testing.T) {
	t.Parallel()
	partly := paid(t, 2000)
	facts, err := partly.Refund(turn(admin), Refund{RefundID: "r1", Amount: 500})
	do(t, partly, facts, err)
	if e := facts[0].(refunded).PaymentRefunded; e.Amount != "5.00" || e.RefundedTotal != "5.00" || e.FullyRefunded {
		t.Fatalf("%+v", e)
	}
	wholly := paid(t, 2000)
	facts, err = wholly.Refund(turn(admin), Refund{RefundID: "r1"})
	do(t, wholly, facts, err)
	if wholly.Status != Refunded || !facts[0].(refunded).FullyRefunded {
		t.Fatalf("%+v", wholly)
	}
	for name, c := range map[string]struct {
		state  *State
		caller entrepot.Caller
		id     string
		amount int64
		facts  int
		want   entrepot.Code
	}{
		"what is left":           {partly, manager, "r2", 0, 1, ""},
		"exactly what is left":   {partly, super, "r2", 1500, 1, ""},
		"by the platform":        {partly, platform, "r2", 1, 1, ""},
		"a cent too much":        {partly, admin, "r2", 1501, 0, entrepot.CodeConflict},
		"the same again":         {partly, admin, "r1", 500, 0, ""},
		"same id, other amount":  {partly, admin, "r1", 501, 0, entrepot.CodeConflict},
		"same id, now the rest":  {partly, admin, "r1", 0, 0, entrepot.CodeConflict},
		"the rest again":         {wholly, admin, "r1", 0, 0, ""},
		"the rest, by its sum":   {wholly, admin, "r1", 2000, 0, ""},
		"nothing left":           {wholly, admin, "r2", 0, 0, entrepot.CodeConflict},
		"not paid":               {open(t, 2000), admin, "r1", 0, 0, entrepot.CodeConflict},
		"negative":               {partly, admin, "r2", -1, 0, entrepot.CodeInvalid},
		"no id":                  {partly, admin, "", 1, 0, entrepot.CodeInvalid},
		"void's own id":          {partly, admin, VoidRefundID, 1, 0, entrepot.CodeInvalid},
		"by its customer":        {partly, payer, "r2", 1, 0, entrepot.CodeForbidden},
		"by shop staff":          {partly, staff, "r2", 1, 0, entrepot.CodeForbidden},
		"by a stranger":          {partly, stranger, "r2", 1, 0, entrepot.CodeNotFound},
		"by another company":     {partly, foreign, "r2", 1, 0, entrepot.CodeNotFound},
		"by another shop":        {partly, elsewhere, "r2", 1, 0, entrepot.CodeNotFound},
		"of what does not exist": {&State{}, super, "r2", 1, 0, entrepot.CodeNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts, err := c.state.Refund(turn(c.caller), Refund{RefundID: c.id, Amount: c.amount})
			if entrepot.CodeOf(err) != c.want || len(facts) != c.facts {
				t.Fatalf("%v, %v; want code %q", facts, err, c.want)
			}
		})
	}
}

// An admin of another company sees the payment of an own purchase as a customer.
func TestStaffAsCustomer(t *testing.T) {
	t.Parallel()
	buyer := foreign
	buyer.UserID = customer
	s := paid(t, 2000)
	if _, err := s.Get(turn(buyer), Get{}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Refund(turn(buyer), Refund{RefundID: "r"}); entrepot.CodeOf(err) != entrepot.CodeForbidden {
		t.Fatal(err)
	}
}

func TestVoid(t *testing.T) {
	t.Parallel()
	void := func(s *State, want ...string) {
		t.Helper()
		facts, err := s.Void(turn(platform), Void{Reason: "cancelled"})
		if got := types(do(t, s, facts, err)); !reflect.DeepEqual(got, want) {
			t.Fatalf("%v, want %v", got, want)
		}
		if again, err := s.Void(turn(platform), Void{}); err != nil || again != nil {
			t.Fatalf("again: %v, %v", again, err)
		}
	}
	unpaid := open(t, 2000)
	void(unpaid, "")
	if _, err := unpaid.Process(turn(payer), pay("")); entrepot.CodeOf(err) != entrepot.CodeConflict ||
		unpaid.Status != Voided {
		t.Fatalf("process after void: %v, %s", err, unpaid.Status)
	}
	done := paid(t, 2000)
	facts, err := done.Refund(turn(admin), Refund{RefundID: "r", Amount: 1})
	do(t, done, facts, err)
	void(done, "payment.refunded")
	if done.Status != Refunded || done.Refunds[1] != (RefundEntry{
		ID: VoidRefundID, Amount: 1999, Rest: true, Reason: "cancelled", At: start.UnixMilli(),
	}) {
		t.Fatalf("%+v", done)
	}
	free := paid(t, 0)
	void(free)
	if free.Status != Completed {
		t.Fatalf("%+v", free)
	}
	for _, c := range []entrepot.Caller{stranger, foreign, elsewhere, {}} {
		if _, err := open(t, 1).Void(turn(c), Void{}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
			t.Fatalf("%+v: %v", c, err)
		}
	}
}

// A cancellation may come before everything else, and late commands find it.
func TestVoidBeforeOpen(t *testing.T) {
	t.Parallel()
	s := &State{}
	if _, err := s.Void(turn(super), Void{}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Fatalf("super admin: %v", err)
	}
	facts, err := s.Void(turn(platform), Void{})
	do(t, s, facts, err)
	late := pay("")
	late.Open = new(openOf(2000))
	if _, err := s.Process(turn(payer), late); entrepot.CodeOf(err) != entrepot.CodeConflict {
		t.Fatalf("late process: %v", err)
	}
	facts, err = s.Open(turn(platform), openOf(2000)) // the order.created event, overtaken
	if got := types(do(t, s, facts, err)); !reflect.DeepEqual(got, []string{""}) {
		t.Fatal(got)
	}
	if v, err := s.Get(turn(payer), Get{}); err != nil || v.Status != Voided || v.Amount != 2000 {
		t.Fatalf("%+v, %v", v, err)
	}
	if _, err := s.Process(turn(payer), pay("")); entrepot.CodeOf(err) != entrepot.CodeConflict {
		t.Fatalf("late process: %v", err)
	}
}

// After any commands no more is refunded than captured, nothing is captured after a
// void, and the facts alone rebuild the state.
func TestPaymentKeepsItsInvariants(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, replayed := &State{}, &State{}
		amount, wasVoid := rapid.Int64Range(0, 5000).Draw(t, "amount"), false
		for range rapid.IntRange(1, 40).Draw(t, "commands") {
			before := snapshot(t, s)
			facts, err := anyCommand(t, s, amount)
			if snapshot(t, s) != before || (err != nil && len(facts) > 0) {
				t.Fatal("a decision changed the state, or refused with facts")
			}
			for _, f := range facts {
				s.Apply(f)
				replayed.Apply(f)
			}
			var sum int64
			for _, r := range s.Refunds {
				sum += r.Amount
			}
			wasVoid = wasVoid || s.Status == Voided
			if sum != s.Refunded || s.Refunded > s.Captured || (wasVoid && s.Captured > 0) ||
				(s.Captured != 0 && s.Captured != amount) || (s.Status == Refunded) != (s.Captured > 0 && s.left() == 0) {
				t.Fatalf("%+v", s)
			}
			var back State
			if err := json.Unmarshal([]byte(snapshot(t, s)), &back); err != nil || !reflect.DeepEqual(&back, s) {
				t.Fatalf("JSON round trip: %v\n%+v\n%+v", err, s, back)
			}
		}
		if !reflect.DeepEqual(s, replayed) {
			t.Fatalf("replay\n%+v\n%+v", s, replayed)
		}
	})
}

func anyCommand(t *rapid.T, s *State, amount int64) ([]events.Event, error) {
	switch rapid.SampledFrom(
		[]string{"open", "process", "refund", "refund", "refund", "refund", "void"},
	).Draw(t, "command") {
	case "open":
		return s.Open(turn(platform), openOf(amount))
	case "process":
		p := pay(rapid.SampledFrom([]string{"", TokenDeclined}).Draw(t, "token"))
		if rapid.Bool().Draw(t, "opening") {
			p.Open = new(openOf(amount))
		}
		return s.Process(turn(payer), p)
	case "refund":
		return s.Refund(turn(manager), Refund{
			RefundID: fmt.Sprint("r", rapid.IntRange(0, 9).Draw(t, "id")), Amount: rapid.Int64Range(-1, 700).Draw(t, "back"),
		})
	default:
		if rapid.IntRange(0, 4).Draw(t, "really") > 0 {
			return nil, nil
		}
		return s.Void(turn(platform), Void{})
	}
}

func snapshot(t *rapid.T, s *State) string {
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

package order

import (
	"strconv"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
)

// process is the checkout after it is placed: in a saved state, make the calls of a
// row, and then decide on their result. Every call is idempotent by the order's id.
// An order asks Promotion, Stock, Series, Cart, Payment and sibling orders, and none
// of them asks an order back. The calls are in steps.go and claimsteps.go.
var process = []grains.Row[*State]{
	grains.Step("allocate", (*State).unplanned, allocate, (*State).allocated), // or rejected
	grains.Step("reserve", (*State).unreserved, reserve, (*State).reserved),   // or planned anew, or rejected
	grains.Step("adopt", due(adopting), adopt, done(adopting)),
	grains.Step("commit", due(committing), commit, (*State).committed), // or cancelled: sold out
	grains.Step("revive", due(reviving), revive, (*State).revived),     // or refunded: sold out
	grains.Step("settle", due(settling), settle, done(settling)),

	// Compensation: stock, promo codes and money go back.
	grains.Step("release", due(releasing), release, done(releasing)),
	grains.Step("restock", due(restocking), restock, done(restocking)),
	grains.Step("unclaim", due(unclaiming), unclaim, done(unclaiming)),
	grains.Step("unuse", grains.When((*State).unusable), unuse, done(unusing)),
	grains.Step("refund", (*State).refundable, refund, done(refunding)),
}

// Task is something that the process has begun and not finished.
type Task string

const (
	adopting   Task = "adopt"   // siblings become orders of their own
	committing Task = "commit"  // reservations become sales
	reviving   Task = "revive"  // stock is reserved anew for money after expiry
	settling   Task = "settle"  // the uses of promo codes become final
	releasing  Task = "release" // reservations go back
	restocking Task = "restock" // sales go back
	unclaiming Task = "unclaim" // uses of promo codes go back
	unusing    Task = "unuse"   // final uses go back, after settling
	refunding  Task = "refund"  // the payment is voided or refunded
)

// Todo is the set of tasks under way.
type Todo map[Task]bool

func (s *State) begin(tasks ...Task) {
	if s.Todo == nil {
		s.Todo = Todo{}
	}
	for _, t := range tasks {
		s.Todo[t] = true
	}
}

func (s *State) finish(tasks ...Task) {
	for _, t := range tasks {
		delete(s.Todo, t)
	}
}

// due returns the due of a row that runs once for a task.
func due(task Task) func(*State) []string {
	return grains.When(func(s *State) bool { return s.Todo[task] })
}

// done returns the decision that a task is finished.
func done(task Task) func(*State, entrepot.Turn, grains.Done) ([]events.Event, error) {
	return func(*State, entrepot.Turn, grains.Done) ([]events.Event, error) {
		return []events.Event{finished{task: task}}, nil
	}
}

// unplanned returns the number of the next plan while a line has no place to come from.
func (s *State) unplanned() []string {
	if s.Status != Placing || s.planned() {
		return nil
	}
	return []string{strconv.FormatInt(s.Attempt+1, 10)}
}

// unreserved returns the number of the plan to reserve by; "" without one.
func (s *State) unreserved() []string {
	switch {
	case s.Status != Placing || !s.planned():
		return nil
	case s.Attempt == 0:
		return []string{""}
	default:
		return []string{strconv.FormatInt(s.Attempt, 10)}
	}
}

// unusable holds once the uses that are to go back are final.
func (s *State) unusable() bool { return s.Todo[unusing] && !s.Todo[settling] }

// refundable returns the payment's status, as one paid meanwhile is voided once more.
func (s *State) refundable() []string {
	if !s.Todo[refunding] {
		return nil
	}
	return []string{s.PaymentStatus}
}

// allocated saves the plan before anything is reserved by it.
func (s *State) allocated(t entrepot.Turn, r allocation) ([]events.Event, error) {
	if len(r.missing) > 0 {
		return []events.Event{rejected{now: t.Now.UnixMilli(), missing: merged(r.missing)}}, nil
	}
	return []events.Event{planned{attempt: s.Attempt + 1, lines: r.lines}}, nil
}

// reserved creates the orders. Stock that was sold since it was planned on is
// planned anew, up to maxAttempts; any other refusal rejects the checkout.
func (s *State) reserved(t entrepot.Turn, r reservation) ([]events.Event, error) {
	switch {
	case r.refused == nil && len(r.missing) > 0 && s.sourced() && s.Attempt < maxAttempts:
		return []events.Event{unplanned{}}, nil
	case r.refused != nil || len(r.missing) > 0:
		return []events.Event{rejected{now: t.Now.UnixMilli(), missing: merged(r.missing), refused: r.refused}}, nil
	}
	numbers := map[entrepot.ID]string{}
	for id, n := range r.numbers {
		numbers[id] = number(s.CreatedAt, n)
	}
	next := s.Order
	next.Number = numbers[s.ID]
	return []events.Event{created{OrderCreated: next.created(t.Now), numbers: numbers, beyond: r.beyond}}, nil
}

// committed completes the sale, or cancels the order when a line was sold to others
// after its reservation expired. The step has restocked the other lines.
func (s *State) committed(t entrepot.Turn, missing []Missing) ([]events.Event, error) {
	switch {
	case len(missing) == 0:
		return []events.Event{sold{}}, nil
	case s.Status == Cancelled:
		return []events.Event{finished{task: committing}}, nil
	}
	return []events.Event{
		finished{task: committing}, s.cancelled(t, "sold out before the payment arrived"), finished{task: releasing},
	}, nil
}

// revived confirms an order that was paid after it expired, or begins its refund.
func (s *State) revived(t entrepot.Turn, r reservation) ([]events.Event, error) {
	if r.refused != nil || len(r.missing) > 0 {
		return []events.Event{finished{task: reviving}, begun{task: refunding}}, nil
	}
	return []events.Event{s.confirmed(t, s.PaymentID)}, nil
}

package order

import (
	"entrepot"
	"entrepot/events"
)

// Reserved takes the answer of the reserve step.
func (s *State) Reserved(t entrepot.Turn, c Reserved) ([]events.Event, error) {
	if t.Caller.Role != entrepot.System {
		return nil, entrepot.ErrNotFound
	}
	if s.Status != Placing {
		return nil, nil // cancelled meanwhile: the release step gives back what was reserved
	}
	if c.Attempt != s.Attempt {
		return nil, nil // of a plan that was given up
	}
	if c.Refused != nil {
		return []events.Event{rejected{now: t.Now.UnixMilli(), missing: lacking(c.Missing), refused: refusedOf(c.Refused)}}, nil
	}
	if len(c.Missing) > 0 {
		if s.sourced() && s.Attempt < maxAttempts { // sold since it was planned
			return []events.Event{unallocated{}}, nil
		}
		return []events.Event{rejected{now: t.Now.UnixMilli(), missing: lacking(c.Missing)}}, nil
	}
	numbers := map[entrepot.ID]string{}
	for _, n := range c.Orders {
		numbers[n.OrderID] = number(s.CreatedAt, n.Number)
	}
	e := created{numbers: numbers, beyond: c.Backordered, OrderCreated: s.orderCreated(t.Now, s.ID, numbers[s.ID], s.Group, s.Totals)}
	return []events.Event{e}, nil
}

// Adopt makes this the order of a further shop in a checkout that is reserved already.
func (s *State) Adopt(t entrepot.Turn, c Adopt) ([]events.Event, error) {
	if t.Caller.Role != entrepot.System {
		return nil, entrepot.ErrNotFound
	}
	if s.ID != "" {
		return nil, nil
	}
	g := groupOf(c.Group)
	totals, err := price(g)
	if err != nil {
		return nil, err
	}
	next := State{
		CheckoutID: c.CheckoutID, CustomerID: c.CustomerID, ExpiresAt: c.ExpiresAt,
	}
	e := created{adoption: &c, OrderCreated: next.orderCreated(t.Now, t.ID, number(c.CreatedAt, c.Number), g, totals)}
	return []events.Event{e}, nil
}

// Adopted notes that every sibling stands on its own.
func (s *State) Adopted(t entrepot.Turn, _ Adopted) ([]events.Event, error) {
	return s.finish(t, s.Todo.Adopt, func(todo *Todo) { todo.Adopt = false }, "")
}

// AfterCommit takes the answer of the commit step. Lines sold to others after the
// reservation expired cancel the order; the step has restocked the rest.
func (s *State) AfterCommit(t entrepot.Turn, c Committed) ([]events.Event, error) {
	if t.Caller.Role != entrepot.System || !s.Todo.Commit {
		return nil, nil
	}
	if len(c.Missing) == 0 {
		return []events.Event{committed{}}, nil
	}
	happened := []events.Event{done{what: func(todo *Todo) { todo.Commit = false }}}
	if s.Status != Cancelled {
		happened = append(happened, s.cancelled(t, "sold out before the payment arrived"))
	}
	return append(happened, done{what: func(todo *Todo) { todo.Release = false }}), nil
}

// AfterRevive takes the answer of the revive step.
func (s *State) AfterRevive(t entrepot.Turn, c Revived) ([]events.Event, error) {
	if t.Caller.Role != entrepot.System || !s.Todo.Revive {
		return nil, nil
	}
	if len(c.Missing) > 0 || c.Refused != nil {
		return []events.Event{done{what: func(todo *Todo) { todo.Revive, todo.Refund = false, true }}}, nil
	}
	return []events.Event{s.confirmed(t, s.PaymentID)}, nil
}

// Released notes that the reservations are given back.
func (s *State) Released(t entrepot.Turn, _ Released) ([]events.Event, error) {
	return s.finish(t, s.Todo.Release, func(todo *Todo) { todo.Release = false }, "")
}

// Restocked notes that the sale is taken back.
func (s *State) Restocked(t entrepot.Turn, _ Restocked) ([]events.Event, error) {
	return s.finish(t, s.Todo.Restock, func(todo *Todo) { todo.Restock = false }, "")
}

// Refunded notes that the payment is void or refunded.
func (s *State) Refunded(t entrepot.Turn, _ RefundDone) ([]events.Event, error) {
	after := ""
	if s.Payment == Paid {
		after = Refunded
	}
	return s.finish(t, s.Todo.Refund, func(todo *Todo) { todo.Refund = false }, after)
}

// Settled notes that the promo codes are used for good.
func (s *State) Settled(t entrepot.Turn, _ Settled) ([]events.Event, error) {
	return s.finish(t, s.Todo.Settle, func(todo *Todo) { todo.Settle = false }, "")
}

// Unclaimed notes that the promo codes are given back.
func (s *State) Unclaimed(t entrepot.Turn, _ Unclaimed) ([]events.Event, error) {
	return s.finish(t, s.Todo.Unclaim, func(todo *Todo) { todo.Unclaim = false }, "")
}

// Unused notes that the uses of the promo codes are given back.
func (s *State) Unused(t entrepot.Turn, _ Unused) ([]events.Event, error) {
	return s.finish(t, s.Todo.Unuse, func(todo *Todo) { todo.Unuse = false }, "")
}

func (s *State) finish(t entrepot.Turn, begun bool, what func(*Todo), paid string) ([]events.Event, error) {
	if t.Caller.Role != entrepot.System || !begun {
		return nil, nil
	}
	return []events.Event{done{what: what, paid: paid}}, nil
}

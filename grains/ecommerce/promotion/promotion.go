// Package promotion is a promo code of a company: its discount, goods, period and limits. Uses are
// counted exactly. A checkout claims a use before it reserves anything, gives it back when its
// orders end unpaid, and makes it final with the payment; a paid order that is cancelled before
// shipping gives it back as well. A code with a limit per customer has a grain of its own for each
// of its customers (use.go), so that the code's document does not grow with them.
//
// Commands: Create, Update, Delete; Claim, Release, Settle, Return of orders. Queries:
// Get. By time: abandoned claims expire. Persisted: the whole [State]. discount.go
// computes the discount of each line.
package promotion

import (
	"reflect"
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
)

// Kinds of promotions.
const (
	Amount       = "amount"
	Percent      = "percent"
	FreeShipping = "free_shipping"
)

// Statuses of a promotion.
const (
	Active  = "active"
	Paused  = "paused"
	Deleted = "deleted"
)

// Bounds of terms.
const (
	MaxNamed = 200 // products, categories or shops
	MaxCode  = 40  // characters
	maxUses  = 1_000_000_000
)

// State is a promotion. The zero State does not exist yet.
type State struct {
	Details
	Deleted bool `json:"deleted,omitempty"`
	Claims
}

type (
	created struct {
		events.PromotionCreated
		terms Terms
	}
	updated struct {
		events.PromotionUpdated
		terms Terms
	}
	claimed struct {
		events.PromotionClaimed
		c Claim
	}
	released struct {
		events.PromotionReleased
		ending
	}
	used struct {
		events.PromotionUsed
		ending
	}
	returned struct {
		events.PromotionReturned
		ending
	}
	ended struct { // one of several orders
		events.Private
		ending
	}
)

// Create creates the promotion.
func (s *State) Create(t entrepot.Turn, c Create) ([]events.Event, error) {
	terms := c.Terms.clone()
	switch {
	case !manages(t.Caller, c.CompanyID, terms.ShopIDs):
		return nil, refusal(t.Caller, c.CompanyID)
	case !validCode(c.Code):
		return nil, entrepot.Invalid("code", "code", "must be 3 to %d capitals, digits and dashes", MaxCode)
	case t.ID != ID(c.CompanyID, c.Code):
		return nil, entrepot.ErrNotFound
	case s.ID != "" && !s.Deleted && reflect.DeepEqual(s.Terms, terms):
		return nil, nil // a repetition
	case s.ID != "":
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the company already has or had the code %s", c.Code)
	}
	if err := terms.check(); err != nil {
		return nil, err
	}
	now := t.Now.UnixMilli()
	next := State{Details: Details{
		ID: t.ID, CompanyID: c.CompanyID, Code: c.Code, Terms: terms, CreatedAt: now, UpdatedAt: now,
	}}
	return []events.Event{created{events.PromotionCreated{Promotion: next.public()}, terms}}, nil
}

// manages reports whether the caller may create and change codes of these shops. Only the
// company's admins manage codes of all shops.
func manages(c entrepot.Caller, company entrepot.ID, shops []entrepot.ID) bool {
	switch c.Role {
	case entrepot.SuperAdmin, entrepot.System, entrepot.CompanyAdmin:
		return c.MayReachCompany(company)
	case entrepot.ShopManager:
		foreign := func(id entrepot.ID) bool { return !c.MayReachShop(company, id) }
		return len(shops) > 0 && !slices.ContainsFunc(shops, foreign)
	default:
		return false
	}
}

// refusal returns "forbidden" to staff of the company and "not found" to everyone else.
func refusal(c entrepot.Caller, company entrepot.ID) error {
	if c.MayReachCompany(company) {
		return entrepot.Errorf(entrepot.CodeForbidden, "a manager may only create and change codes of their own shops")
	}
	return entrepot.ErrNotFound
}

func validCode(code string) bool {
	if len(code) < 3 || len(code) > MaxCode {
		return false
	}
	for _, r := range code {
		if (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_' {
			return false
		}
	}
	return true
}

func (x *Terms) check() error {
	switch {
	case x.Kind != Amount && x.Kind != Percent && x.Kind != FreeShipping:
		return entrepot.Invalid("type", "enum", "must be amount, percent or free_shipping")
	case x.Kind == Amount && (x.Amount < 1 || x.Amount > entrepot.MaxMinor):
		return entrepot.Invalid("amount", "range", "must be 1 to %d minor units", entrepot.MaxMinor)
	case x.Kind != Amount && x.Amount != 0:
		return entrepot.Invalid("amount", "type", "is only allowed with the type amount")
	case x.Kind == Percent && (x.Percent < 1 || x.Percent > 100):
		return entrepot.Invalid("percent", "range", "must be 1 to 100")
	case x.Kind != Percent && x.Percent != 0:
		return entrepot.Invalid("percent", "type", "is only allowed with the type percent")
	case (x.Kind == Amount || x.Minimum > 0) && !entrepot.ValidCurrency(x.Currency):
		return entrepot.Invalid("currency", "currency", "must be an ISO 4217 code such as EUR")
	case x.Minimum < 0 || x.Minimum > entrepot.MaxMinor:
		return entrepot.Invalid("minimumSubtotal", "range", "must be 0 to %d minor units", entrepot.MaxMinor)
	case x.EndsAt != 0 && x.EndsAt <= x.StartsAt:
		return entrepot.Invalid("endsAt", "after", "must be after startsAt")
	case x.PerCustomer < 0 || x.PerCustomer > maxUses:
		return entrepot.Invalid("perCustomer", "range", "must be 0 to %d", maxUses)
	case x.Total < 0 || x.Total > maxUses:
		return entrepot.Invalid("total", "range", "must be 0 to %d", maxUses)
	default:
		return x.checkNamed()
	}
}

func (x *Terms) checkNamed() error {
	for field, ids := range map[string][]string{"productIds": x.ProductIDs, "shopIds": x.ShopIDs} {
		if len(ids) > MaxNamed || slices.ContainsFunc(ids, func(id string) bool { return !entrepot.ValidID(id) }) {
			return entrepot.Invalid(field, "id", "must be at most %d ids", MaxNamed)
		}
	}
	if len(x.Categories) > MaxNamed || slices.Contains(x.Categories, "") {
		return entrepot.Invalid("categories", "items", "must be at most %d slugs", MaxNamed)
	}
	return nil
}

// Update replaces the terms. Placed orders keep the terms of their time.
func (s *State) Update(t entrepot.Turn, c Update) ([]events.Event, error) {
	terms := c.Terms.clone()
	if err := s.mayChange(t.Caller, c.ExpectedVersion); err != nil {
		return nil, err
	}
	if !manages(t.Caller, s.CompanyID, terms.ShopIDs) {
		return nil, refusal(t.Caller, s.CompanyID)
	}
	if err := terms.check(); err != nil {
		return nil, err
	}
	next := *s
	next.Terms, next.UpdatedAt = terms, t.Now.UnixMilli()
	return []events.Event{updated{events.PromotionUpdated{Promotion: next.public()}, terms}}, nil
}

func (s *State) mayChange(c entrepot.Caller, version int64) error {
	switch {
	case !s.visibleTo(c):
		return entrepot.ErrNotFound
	case !manages(c, s.CompanyID, s.Terms.ShopIDs):
		return refusal(c, s.CompanyID)
	default:
		return entrepot.CheckVersion(version, s.Version)
	}
}

// Delete deletes the promotion. Claimed uses stay valid.
func (s *State) Delete(t entrepot.Turn, c Delete) ([]events.Event, error) {
	if err := s.mayChange(t.Caller, c.ExpectedVersion); err != nil {
		return nil, err
	}
	next := *s
	next.Deleted, next.UpdatedAt = true, t.Now.UnixMilli()
	return []events.Event{events.PromotionDeleted{Promotion: next.public()}}, nil
}

// Claim sets a use aside if the orders were priced by the current terms.
func (s *State) Claim(t entrepot.Turn, c Claim) ([]events.Event, error) {
	if t.Caller.Role != entrepot.System || s.ID == "" {
		return nil, entrepot.ErrNotFound
	}
	fresh, err := s.claim(c, s.Terms.Total)
	switch {
	case err != nil:
		return nil, err
	case !fresh:
		return nil, nil
	case s.Deleted || s.Version != c.Version:
		return nil, refuse("current", "the code has changed since the prices were computed: request them again")
	}
	if err := s.Terms.running(t.Now); err != nil {
		return nil, err
	}
	use := s.use(t, c.ClaimID, c.Orders...)
	return []events.Event{claimed{events.PromotionClaimed{PromotionUse: use, CustomerID: c.CustomerID}, c}}, nil
}

// running returns an error outside the period of the code.
func (x *Terms) running(now time.Time) error {
	ms := now.UnixMilli()
	switch {
	case x.Paused:
		return refuse("paused", "the code is not valid right now")
	case ms < x.StartsAt:
		return refuse("period", "the code is not valid yet")
	case x.EndsAt != 0 && ms >= x.EndsAt:
		return refuse("period", "the code is not valid any more")
	default:
		return nil
	}
}

// Release gives a use back once all orders of its checkout have ended unpaid.
func (s *State) Release(t entrepot.Turn, c Release) ([]events.Event, error) {
	return s.finish(t, c.ClaimID, c.OrderID, false)
}

// Settle makes a use final.
func (s *State) Settle(t entrepot.Turn, c Settle) ([]events.Event, error) {
	return s.finish(t, c.ClaimID, c.OrderID, true)
}

// Return gives a final use back once all orders of its checkout have ended.
func (s *State) Return(t entrepot.Turn, c Return) ([]events.Event, error) {
	if err := t.RequireSystem(); err != nil {
		return nil, err
	}
	if !c.Alone {
		return s.finish(t, c.ClaimID, c.OrderID, false)
	}
	e, err := s.back(c.ClaimID, t.Now)
	if err != nil || e == nil {
		return nil, err
	}
	return s.factOf(t, e, c.OrderID), nil
}

func (s *State) finish(t entrepot.Turn, claim, order entrepot.ID, final bool) ([]events.Event, error) {
	if err := t.RequireSystem(); err != nil {
		return nil, err
	}
	if e := s.end(claim, order, final); e != nil {
		return s.factOf(t, e, order), nil
	}
	return nil, nil
}

// factOf returns the fact of an ending, with its public event if it changes the count of uses.
func (s *State) factOf(t entrepot.Turn, e *ending, order entrepot.ID) []events.Event {
	use := s.use(t, e.id, order)
	switch {
	case e.final:
		return []events.Event{used{events.PromotionUsed{PromotionUse: use}, *e}}
	case e.released && e.used:
		return []events.Event{returned{events.PromotionReturned{PromotionUse: use}, *e}}
	case e.released:
		return []events.Event{released{events.PromotionReleased{PromotionUse: use}, *e}}
	default:
		return []events.Event{ended{ending: *e}}
	}
}

// WakeAt returns the time at which the oldest abandoned claim expires.
func (s *State) WakeAt() time.Time { return s.staleAt() }

// Wake releases expired claims.
func (s *State) Wake(t entrepot.Turn) (out []events.Event) {
	for _, e := range s.stale(t.Now) {
		out = append(out, released{events.PromotionReleased{PromotionUse: s.use(t, e.id)}, e})
	}
	return out
}

// Get returns the promotion to the staff that may see it.
func (s *State) Get(t entrepot.Turn, _ Get) (*Promotion, error) {
	if !s.visibleTo(t.Caller) {
		return nil, entrepot.ErrNotFound
	}
	return s.View(), nil
}

func (s *State) visibleTo(c entrepot.Caller) bool { return !s.Deleted && s.VisibleTo(c) }

// VisibleTo reports whether the caller is staff of the company, and of one of the shops if the
// promotion is limited to shops. Deleted promotions are visible to nobody; that is for the caller
// of this method to check.
func (d *Details) VisibleTo(c entrepot.Caller) bool {
	if d.ID == "" || !c.MayReachCompany(d.CompanyID) {
		return false
	}
	return len(d.Terms.ShopIDs) == 0 ||
		slices.ContainsFunc(d.Terms.ShopIDs, func(id entrepot.ID) bool { return c.MayReachShop(d.CompanyID, id) })
}

// Apply changes the state by one fact.
func (s *State) Apply(e events.Event) {
	switch f := e.(type) {
	case created:
		s.ID, s.CompanyID, s.Code, s.CreatedAt = f.PromotionID, f.CompanyID, f.Code, f.UpdatedAt.UnixMilli()
		s.set(f.Promotion, f.terms)
	case updated:
		s.set(f.Promotion, f.terms)
	case events.PromotionDeleted:
		s.Deleted = true
		s.set(f.Promotion, s.Terms)
	case claimed:
		s.add(f.c)
	case released:
		s.apply(f.ending)
	case used:
		s.apply(f.ending)
	case returned:
		s.apply(f.ending)
	case ended:
		s.apply(f.ending)
	}
}

func (s *State) set(p events.Promotion, terms Terms) {
	s.Terms, s.UpdatedAt = terms, p.UpdatedAt.UnixMilli()
	s.Version++
}

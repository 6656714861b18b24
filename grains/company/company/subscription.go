package company

import (
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
)

// The plans.
const (
	Free       = "free"
	Starter    = "starter"
	Business   = "business"
	Enterprise = "enterprise"
)

// The states of a subscription.
const (
	Trial     = "trial"
	Active    = "active"
	PastDue   = "past_due"
	Suspended = "suspended"
	Cancelled = "cancelled"
)

// Plan is what a subscription allows. 0 is any number.
type Plan struct {
	Name                   string
	Shops, Products, Staff int64
}

// Plans are all plans, the smallest first.
var Plans = []Plan{
	{Free, 1, 100, 3},
	{Starter, 3, 1_000, 10},
	{Business, 20, 10_000, 100},
	{Enterprise, 0, 0, 0},
}

// Of is the plan's limit for a resource: shops, products or staff.
func (p Plan) Of(resource string) (limit int64, ok bool) {
	switch resource {
	case Shops:
		return p.Shops, true
	case Products:
		return p.Products, true
	case Staff:
		return p.Staff, true
	default:
		return 0, false
	}
}

func planOf(name string) (Plan, bool) {
	i := slices.IndexFunc(Plans, func(p Plan) bool { return p.Name == name })
	if i < 0 {
		return Plan{}, false
	}
	return Plans[i], true
}

// Grace is how long a company whose payment is due works on before it is suspended.
const Grace = 14 * 24 * time.Hour

// MaxErasureGrace bounds the time between a deletion and the erasure.
const MaxErasureGrace = 365 * 24 * time.Hour

// standingSet is a change of what a company's people may do, by the passing of time.
type standingSet struct {
	events.Private
	At int64
}

type standingKnown struct {
	events.Private
	Version int64
}

func checkSubscription(t entrepot.Turn, plan, status string, expires int64) error {
	_, known := planOf(plan)
	switch {
	case !known:
		return entrepot.Invalid("subscription.plan", "enum", "is none of free, starter, business, enterprise")
	case !slices.Contains([]string{Trial, Active, PastDue, Suspended, Cancelled}, status):
		return entrepot.Invalid("subscription.status", "enum", "is none of trial, active, past_due, suspended, cancelled")
	case status == Trial && expires == 0:
		return entrepot.Invalid("subscription.expiresAt", "required", "a trial ends")
	case (status == Trial || status == Active) && expires != 0 && expires <= t.Now.UnixMilli():
		return entrepot.Invalid("subscription.expiresAt", "future", "must be in the future")
	default:
		return nil
	}
}

// SetSubscription changes plan, state and end of the subscription. A plan whose
// limits are exceeded already takes nothing away; it only allows no more.
func (s *State) SetSubscription(t entrepot.Turn, c SetSubscription) ([]events.Event, error) {
	if s.ID == "" || s.IsErased || !t.Caller.MayReachCompany(s.ID) {
		return nil, entrepot.ErrNotFound
	}
	if !isPlatform(t.Caller) {
		return nil, entrepot.Errorf(entrepot.CodeForbidden, "only a super admin changes a subscription")
	}
	if err := entrepot.CheckVersion(c.ExpectedVersion, s.Version); err != nil {
		return nil, err
	}
	if err := checkSubscription(t, c.Plan, c.Status, c.ExpiresAt); err != nil {
		return nil, err
	}
	if s.EraseAt != 0 {
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the company is being deleted; restore it first")
	}
	if c.Plan == s.Plan && c.Status == s.Status && c.ExpiresAt == s.ExpiresAt {
		return nil, nil
	}
	return s.subscribed(t.Now, c.Plan, c.Status, c.ExpiresAt), nil
}

func (s *State) subscribed(at time.Time, plan, status string, expires int64) []events.Event {
	e := s.public()
	e.Subscription, e.UpdatedAt = events.CompanySubscription{Plan: plan, Status: status, ExpiresAt: timeOf(expires)}, at
	return []events.Event{events.CompanyUpdated{Company: e}}
}

// Delete closes the company at once; after the grace period it is erased.
func (s *State) Delete(t entrepot.Turn, c Delete) ([]events.Event, error) {
	if s.ID == "" || s.IsErased || !t.Caller.MayReachCompany(s.ID) {
		return nil, entrepot.ErrNotFound
	}
	if !isPlatform(t.Caller) {
		return nil, entrepot.Errorf(entrepot.CodeForbidden, "only a super admin deletes companies")
	}
	if err := entrepot.CheckVersion(c.ExpectedVersion, s.Version); err != nil {
		return nil, err
	}
	if c.GraceMs < 0 || c.GraceMs > MaxErasureGrace.Milliseconds() {
		return nil, entrepot.Invalid("grace", "range", "must be 0 to %d days", int(MaxErasureGrace.Hours()/24))
	}
	if s.EraseAt != 0 {
		return nil, nil
	}
	e := s.public()
	e.UpdatedAt, e.IsActive = t.Now, false
	e.ErasedAt = t.Now.Add(time.Duration(c.GraceMs) * time.Millisecond)
	return []events.Event{events.CompanyUpdated{Company: e}}, nil
}

// Restore takes a deletion back.
func (s *State) Restore(t entrepot.Turn, _ Restore) ([]events.Event, error) {
	switch {
	case s.ID == "" || s.IsErased || !t.Caller.MayReachCompany(s.ID):
		return nil, entrepot.ErrNotFound
	case !isPlatform(t.Caller):
		return nil, entrepot.Errorf(entrepot.CodeForbidden, "only a super admin restores companies")
	case s.EraseAt == 0:
		return nil, nil
	}
	e := s.public()
	e.UpdatedAt, e.IsActive, e.ErasedAt = t.Now, true, time.Time{}
	return []events.Event{events.CompanyUpdated{Company: e}}, nil
}

// stand sets what the company's people may do as of a moment. A cancelled
// subscription lasts to its end.
func (s *State) stand(now int64) {
	standing := entrepot.StandingFull
	switch {
	case s.EraseAt != 0, s.Status == Cancelled && now >= s.ExpiresAt:
		standing = entrepot.StandingClosed
	case s.Status == Suspended:
		standing = entrepot.StandingReadOnly
	}
	if standing == s.Standing || (s.Standing == "" && standing == entrepot.StandingFull) { // what nobody was told is full
		s.Standing = standing
		return
	}
	s.Standing = standing
	s.StandingVersion++
}

func (s *State) applyStanding(e events.Event) {
	switch f := e.(type) {
	case standingSet:
		s.stand(f.At)
	case standingKnown:
		s.StandingKnown = max(s.StandingKnown, f.Version)
	}
}

// WakeAt is when the subscription changes by itself, the company is to be
// erased, or a claim ends.
func (s *State) WakeAt() (at time.Time) {
	next := s.claimsUntil()
	soonest := func(ms int64) {
		if ms != 0 && (next == 0 || ms < next) {
			next = ms
		}
	}
	soonest(s.EraseAt)
	switch s.Status {
	case Trial, Active:
		soonest(s.ExpiresAt)
	case PastDue:
		soonest(s.Since + Grace.Milliseconds())
	case Cancelled:
		if s.Standing != entrepot.StandingClosed {
			soonest(s.ExpiresAt)
		}
	}
	return timeOf(next)
}

// Wake does what is due.
func (s *State) Wake(t entrepot.Turn) []events.Event {
	now := t.Now.UnixMilli()
	switch {
	case s.EraseAt != 0 && now >= s.EraseAt:
		return []events.Event{events.CompanyDeleted{CompanyID: s.ID, Name: s.Profile.Name, Slug: s.Slug, DeletedAt: t.Now}}
	case (s.Status == Trial || s.Status == Active) && s.ExpiresAt != 0 && now >= s.ExpiresAt:
		return s.subscribed(t.Now, s.Plan, PastDue, s.ExpiresAt)
	case s.Status == PastDue && now >= s.Since+Grace.Milliseconds():
		return s.subscribed(t.Now, s.Plan, Suspended, s.ExpiresAt)
	case s.Status == Cancelled && s.Standing != entrepot.StandingClosed && now >= s.ExpiresAt:
		return []events.Event{standingSet{At: now}}
	}
	return s.forgetClaims(now)
}

// Known is told by the step.
func (s *State) Known(t entrepot.Turn, c StandingKnown) ([]events.Event, error) {
	if t.Caller.Role != entrepot.System {
		return nil, entrepot.ErrNotFound
	}
	if c.Version <= s.StandingKnown {
		return nil, nil
	}
	return []events.Event{standingKnown{Version: c.Version}}, nil
}

// settled: the access grain knows the standing, and every member will within its next poll.
func (s *State) settled() (*Company, bool, error) {
	return s.View(), s.StandingKnown >= s.StandingVersion, nil
}

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

// The statuses of a subscription.
const (
	Trial     = "trial"
	Active    = "active"
	PastDue   = "past_due"
	Suspended = "suspended"
	Cancelled = "cancelled"
)

// Plan holds the limits of a subscription; 0 is any number.
type Plan struct {
	Name                   string
	Shops, Products, Staff int64
}

// Plans lists all plans, the smallest first.
var Plans = []Plan{
	{Free, 1, 100, 3},
	{Starter, 3, 1_000, 10},
	{Business, 20, 10_000, 100},
	{Enterprise, 0, 0, 0},
}

// Of returns the plan's limit for a resource; false for an unknown resource.
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

// Grace is the time from PastDue to Suspended.
const Grace = 14 * 24 * time.Hour

// MaxErasureGrace bounds the time between a deletion and the erasure.
const MaxErasureGrace = 365 * 24 * time.Hour

// standingSet is a change of the standing by the passing of time.
type standingSet struct {
	events.Private
	At int64 // Unix ms
}

type standingKnown struct {
	events.Private
	Version int64
}

var statuses = []string{Trial, Active, PastDue, Suspended, Cancelled}

func checkSubscription(t entrepot.Turn, plan, status string, expires int64) error {
	_, known := planOf(plan)
	switch {
	case !known:
		return entrepot.Invalid("subscription.plan", "enum", "must be free, starter, business or enterprise")
	case !slices.Contains(statuses, status):
		return entrepot.Invalid("subscription.status", "enum", "must be trial, active, past_due, suspended or cancelled")
	case status == Trial && expires == 0:
		return entrepot.Invalid("subscription.expiresAt", "required", "must be given for a trial")
	case (status == Trial || status == Active) && expires != 0 && expires <= t.Now.UnixMilli():
		return entrepot.Invalid("subscription.expiresAt", "future", "must be in the future")
	default:
		return nil
	}
}

// SetSubscription changes plan, status and end of the subscription. A plan whose
// limits are exceeded already removes nothing; it only allows no more.
func (s *State) SetSubscription(t entrepot.Turn, c SetSubscription) ([]events.Event, error) {
	if s.ID == "" || s.IsErased || !t.Caller.MayReachCompany(s.ID) {
		return nil, entrepot.ErrNotFound
	}
	if !isPlatform(t.Caller) {
		return nil, entrepot.Errorf(entrepot.CodeForbidden, "only super admins change subscriptions")
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

// subscribed returns the change of the subscription.
func (s *State) subscribed(at time.Time, plan, status string, expires int64) []events.Event {
	e := s.public()
	e.Subscription = events.CompanySubscription{Plan: plan, Status: status, ExpiresAt: timeOf(expires)}
	e.UpdatedAt = at
	return []events.Event{events.CompanyUpdated{Company: e}}
}

// Delete closes the company at once, and erases it after the grace period.
func (s *State) Delete(t entrepot.Turn, c Delete) ([]events.Event, error) {
	if s.ID == "" || s.IsErased || !t.Caller.MayReachCompany(s.ID) {
		return nil, entrepot.ErrNotFound
	}
	if !isPlatform(t.Caller) {
		return nil, entrepot.Errorf(entrepot.CodeForbidden, "only super admins delete companies")
	}
	if err := entrepot.CheckVersion(c.ExpectedVersion, s.Version); err != nil {
		return nil, err
	}
	if c.GraceMs < 0 || c.GraceMs > MaxErasureGrace.Milliseconds() {
		return nil, entrepot.Invalid("grace", "range", "must be from 0 to %d days", int(MaxErasureGrace.Hours()/24))
	}
	if s.EraseAt != 0 {
		return nil, nil
	}
	e := s.public()
	e.UpdatedAt, e.IsActive = t.Now, false
	e.ErasedAt = t.Now.Add(time.Duration(c.GraceMs) * time.Millisecond)
	return []events.Event{events.CompanyUpdated{Company: e}}, nil
}

// Restore cancels a deletion.
func (s *State) Restore(t entrepot.Turn, _ Restore) ([]events.Event, error) {
	switch {
	case s.ID == "" || s.IsErased || !t.Caller.MayReachCompany(s.ID):
		return nil, entrepot.ErrNotFound
	case !isPlatform(t.Caller):
		return nil, entrepot.Errorf(entrepot.CodeForbidden, "only super admins restore companies")
	case s.EraseAt == 0:
		return nil, nil
	}
	e := s.public()
	e.UpdatedAt, e.IsActive, e.ErasedAt = t.Now, true, time.Time{}
	return []events.Event{events.CompanyUpdated{Company: e}}, nil
}

// stand sets the standing as of a moment. A cancelled subscription lasts to its end.
func (s *State) stand(now int64) {
	standing := entrepot.StandingFull
	switch {
	case s.EraseAt != 0, s.Status == Cancelled && now >= s.ExpiresAt:
		standing = entrepot.StandingClosed
	case s.Status == Suspended:
		standing = entrepot.StandingReadOnly
	}
	// The access grain takes an unknown company for full.
	unknown := s.Standing == "" && standing == entrepot.StandingFull
	if standing != s.Standing && !unknown {
		s.StandingVersion++
	}
	s.Standing = standing
}

func (s *State) applyStanding(e events.Event) {
	switch f := e.(type) {
	case standingSet:
		s.stand(f.At)
	case standingKnown:
		s.StandingKnown = max(s.StandingKnown, f.Version)
	}
}

// WakeAt returns when the subscription changes by itself, the company is erased, or a
// claim ends; zero for none.
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

// Wake decides on the first of these that is due.
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

// settled returns the company once the access grain has its standing; then every
// member has it within its next poll.
func (s *State) settled() (*Company, bool, error) {
	return s.view(), s.StandingKnown >= s.StandingVersion, nil
}

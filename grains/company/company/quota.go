package company

import (
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
)

// The resources that a plan limits.
const (
	Shops    = "shops"
	Products = "products"
	Staff    = "staff"
)

// claimFor is the lifetime of a claim, longer than any request. Then the claim of a
// creator that has died ends.
const claimFor = 30 * time.Second

// maxClaims bounds the open claims.
const maxClaims = 256

// claim is an entity that is being created; a count may not include it yet.
type claim struct {
	Resource string      `json:"r"`
	EntityID entrepot.ID `json:"e"`
	Until    int64       `json:"u"`           // Unix ms
	Several  int64       `json:"n,omitempty"` // entities; 0: one
}

type claimOpened struct {
	events.Private
	claim
}

type claimsEnded struct {
	events.Private
	IDs []entrepot.ID
}

var errResource = entrepot.Invalid("resource", "enum", "must be shops, products or staff")

// Quota returns the limit, and the number of ended claims before the count.
func (s *State) Quota(t entrepot.Turn, q Quota) (*Allowed, error) {
	if err := t.RequireSystem(); err != nil || s.ID == "" || s.IsErased {
		return nil, entrepot.ErrNotFound
	}
	plan, _ := planOf(s.Plan)
	limit, ok := plan.Of(q.Resource)
	if !ok {
		return nil, errResource
	}
	return &Allowed{Limit: limit, Made: s.Made}, nil
}

// Claim allows the creation of an entity if the counted and the claimed entities are
// together below the limit. If no claim has ended since the count started, every
// entity is counted or claimed. An entity that is both counts twice, so only a count
// that reaches the limit by itself is a final refusal.
func (s *State) Claim(t entrepot.Turn, c Claim) ([]events.Event, error) {
	if err := t.RequireSystem(); err != nil || s.ID == "" || s.IsErased {
		return nil, entrepot.ErrNotFound
	}
	plan, _ := planOf(s.Plan)
	limit, ok := plan.Of(c.Resource)
	now := t.Now.UnixMilli()
	claimed := int64(0)
	for _, x := range s.Claims {
		if x.EntityID == c.EntityID {
			return nil, nil
		}
		if x.Resource == c.Resource {
			claimed += max(1, x.Several)
		}
	}
	several := max(1, c.Several)
	switch {
	case !ok:
		return nil, errResource
	case limit == 0:
		return nil, nil
	case c.Made != s.Made:
		return nil, entrepot.Errorf(entrepot.CodeStale, "a claim has ended since the count")
	case c.Existing+several > limit:
		return nil, planLimit(s.Plan, c.Resource, limit)
	case c.Existing+claimed+several > limit || len(s.Claims) >= maxClaims:
		return nil, entrepot.Unavailable("others are being created right now; try again")
	}
	return []events.Event{claimOpened{claim: claim{
		Resource: c.Resource, EntityID: c.EntityID, Until: now + claimFor.Milliseconds(), Several: c.Several,
	}}}, nil
}

func planLimit(plan, resource string, limit int64) error {
	e := entrepot.Errorf(entrepot.CodePlanLimit, "the plan %s allows %d %s", plan, limit, resource)
	e.Fields = []entrepot.FieldError{{Field: "subscription.plan", Rule: "limit." + resource, Message: e.Message}}
	return e
}

// EndClaim ends the claim of an entity.
func (s *State) EndClaim(t entrepot.Turn, c EndClaim) ([]events.Event, error) {
	if err := t.RequireSystem(); err != nil || s.ID == "" || s.IsErased {
		return nil, entrepot.ErrNotFound
	}
	if !slices.ContainsFunc(s.Claims, func(x claim) bool { return x.EntityID == c.EntityID }) {
		return nil, nil
	}
	return []events.Event{claimsEnded{IDs: []entrepot.ID{c.EntityID}}}, nil
}

// made is the reply to Claim and EndClaim.
func (s *State) made() *Allowed { return &Allowed{Made: s.Made} }

func (s *State) applyQuota(e events.Event) {
	switch f := e.(type) {
	case claimOpened:
		s.Claims = append(s.Claims, f.claim)
	case claimsEnded:
		s.Claims = slices.DeleteFunc(s.Claims, func(x claim) bool { return slices.Contains(f.IDs, x.EntityID) })
		s.Made += int64(len(f.IDs))
	}
}

// claimsUntil returns when the first claim ends by itself, in Unix ms; 0 for none.
func (s *State) claimsUntil() (first int64) {
	for _, x := range s.Claims {
		if first == 0 || x.Until < first {
			first = x.Until
		}
	}
	return first
}

// forgetClaims ends the claims of creators that have died.
func (s *State) forgetClaims(now int64) []events.Event {
	var over []entrepot.ID
	for _, x := range s.Claims {
		if now >= x.Until {
			over = append(over, x.EntityID)
		}
	}
	if over == nil {
		return nil
	}
	return []events.Event{claimsEnded{IDs: over}}
}

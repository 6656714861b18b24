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

// claimFor is how long a making may take; longer than any request is given. The
// claim of a maker that died ends then.
const claimFor = 30 * time.Second

// maxClaims bounds the makings at a time.
const maxClaims = 256

// claim is an entity that is being made: it may not be counted yet.
type claim struct {
	Resource string      `json:"r"`
	EntityID entrepot.ID `json:"e"`
	Until    int64       `json:"u"`           // Unix ms
	Several  int64       `json:"n,omitempty"` // entities; 0: one
}

type claimed struct {
	events.Private
	claim
}

type claimsEnded struct {
	events.Private
	IDs []entrepot.ID
}

// Quota answers the limit, and the moment that a count must come after.
func (s *State) Quota(t entrepot.Turn, q Quota) (*Allowed, error) {
	if s.ID == "" || s.IsErased || t.Caller.Role != entrepot.System {
		return nil, entrepot.ErrNotFound
	}
	plan, _ := planOf(s.Plan)
	limit, ok := plan.Of(q.Resource)
	if !ok {
		return nil, entrepot.Invalid("resource", "enum", "is none of shops, products, staff")
	}
	return &Allowed{Limit: limit, Made: s.Made}, nil
}

// Claim lets an entity be made if the plan still allows it: what exists, as it
// was counted, and what is being made are together below the limit. While no
// making has ended since the count began, each entity is in one of the two; one
// that is in both is taken for two, so only a count that reaches the limit by
// itself is a refusal for good.
func (s *State) Claim(t entrepot.Turn, c Claim) ([]events.Event, error) {
	if s.ID == "" || s.IsErased || t.Caller.Role != entrepot.System {
		return nil, entrepot.ErrNotFound
	}
	plan, _ := planOf(s.Plan)
	limit, ok := plan.Of(c.Resource)
	now := t.Now.UnixMilli()
	making := int64(0)
	for _, x := range s.Claims {
		if x.EntityID == c.EntityID {
			return nil, nil
		}
		if x.Resource == c.Resource {
			making += max(1, x.Several)
		}
	}
	several := max(1, c.Several)
	switch {
	case !ok:
		return nil, entrepot.Invalid("resource", "enum", "is none of shops, products, staff")
	case limit == 0:
		return nil, nil
	case c.Made != s.Made:
		return nil, entrepot.Errorf(entrepot.CodeStale, "another was made since the count")
	case c.Existing+several > limit:
		return nil, planLimit(s.Plan, c.Resource, limit)
	case c.Existing+making+several > limit || len(s.Claims) >= maxClaims:
		return nil, entrepot.Unavailable("others are being made right now")
	}
	return []events.Event{claimed{claim: claim{Resource: c.Resource, EntityID: c.EntityID, Until: now + claimFor.Milliseconds(), Several: c.Several}}}, nil
}

func planLimit(plan, resource string, limit int64) error {
	e := entrepot.Errorf(entrepot.CodePlanLimit, "the plan %s allows %d %s", plan, limit, resource)
	e.Fields = []entrepot.FieldError{{Field: "subscription.plan", Rule: "limit." + resource, Message: e.Message}}
	return e
}

// EndClaim ends the claim of an entity that was made, or was not.
func (s *State) EndClaim(t entrepot.Turn, c Made) ([]events.Event, error) {
	if s.ID == "" || s.IsErased || t.Caller.Role != entrepot.System {
		return nil, entrepot.ErrNotFound
	}
	if !slices.ContainsFunc(s.Claims, func(x claim) bool { return x.EntityID == c.EntityID }) {
		return nil, nil
	}
	return []events.Event{claimsEnded{IDs: []entrepot.ID{c.EntityID}}}, nil
}

func (s *State) applyQuota(e events.Event) {
	switch f := e.(type) {
	case claimed:
		s.Claims = append(s.Claims, f.claim)
	case claimsEnded:
		s.Claims = slices.DeleteFunc(s.Claims, func(x claim) bool { return slices.Contains(f.IDs, x.EntityID) })
		s.Made += int64(len(f.IDs))
	}
}

// claimsUntil is when the first claim ends by itself; 0 for none.
func (s *State) claimsUntil() (first int64) {
	for _, x := range s.Claims {
		if first == 0 || x.Until < first {
			first = x.Until
		}
	}
	return first
}

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

// Package shipping holds the shipping prices of one shop, or those of a company for
// its shops without rules of their own. Zones of countries and postal codes offer
// methods, whose prices depend on the order; rates.go finds them.
//
// Commands: Set, Remove. Queries: Get. Persisted: the whole [State].
package shipping

import (
	"reflect"
	"time"

	"entrepot"
	"entrepot/events"
)

// State is a set of rules. The zero State never had any.
type State struct {
	Shipping

	CreatedAt int64 `json:"created,omitempty"` // Unix ms
}

// set is the published update with the rules in their saved form.
type set struct {
	events.ShippingUpdated
	Rules *Rules
}

// Set replaces the rules. Placed orders keep their shipping price.
func (s *State) Set(t entrepot.Turn, c Set) ([]events.Event, error) {
	if err := mayChange(t, c.CompanyID, c.ShopID); err != nil {
		return nil, err
	}
	if err := entrepot.CheckVersion(c.ExpectedVersion, s.Version); err != nil {
		return nil, err
	}
	rules := c.Rules.normalized()
	if rules == nil {
		return nil, entrepot.Invalid("zones", "required", "must be given")
	}
	if err := rules.check(); err != nil {
		return nil, err
	}
	if s.Rules != nil && reflect.DeepEqual(s.Rules, rules) {
		return nil, nil
	}
	return []events.Event{set{rules.public(c.CompanyID, c.ShopID, t.Now), rules}}, nil
}

// Remove removes the rules. The platform may leave out company and shop when it erases
// a company.
func (s *State) Remove(t entrepot.Turn, c Remove) ([]events.Event, error) {
	company, shop := c.CompanyID, c.ShopID
	if t.Caller.Role == entrepot.System && company == "" {
		company, shop = s.CompanyID, s.ShopID
	}
	if err := mayChange(t, company, shop); err != nil {
		return nil, err
	}
	if err := entrepot.CheckVersion(c.ExpectedVersion, s.Version); err != nil {
		return nil, err
	}
	if s.Rules == nil {
		return nil, nil
	}
	return []events.Event{events.ShippingRemoved{CompanyID: company, ShopID: shop, RemovedAt: t.Now}}, nil
}

// mayChange lets admins set the rules of the company and its shops, and managers
// those of their own shops.
func mayChange(t entrepot.Turn, company, shop entrepot.ID) error {
	c := t.Caller
	switch {
	case t.ID != ID(company, shop) || !c.MayReachCompany(company),
		shop != "" && !c.MayReachShop(company, shop):
		return entrepot.ErrNotFound
	case c.Administers(company) || (shop != "" && c.Role == entrepot.ShopManager):
		return nil
	default:
		return entrepot.Errorf(entrepot.CodeForbidden,
			"managers set the shipping of their shops, admins that of the company")
	}
}

// Get returns the rules to anybody.
func (s *State) Get(entrepot.Turn, Get) (*Shipping, error) { return s.view(), nil }

// view returns a copy of the set.
func (s *State) view() *Shipping {
	v := s.Shipping
	v.Rules = v.Rules.clone()
	return &v
}

// Apply changes the state by one fact.
func (s *State) Apply(e events.Event) {
	switch f := e.(type) {
	case set:
		s.Rules = f.Rules
		s.changed(f.CompanyID, f.ShopID, f.UpdatedAt)
	case events.ShippingRemoved:
		s.Rules = nil
		s.changed(f.CompanyID, f.ShopID, f.RemovedAt)
	}
}

// changed notes a change at a time; the first one names the owner.
func (s *State) changed(company, shop entrepot.ID, at time.Time) {
	if s.CreatedAt == 0 {
		s.CompanyID, s.ShopID, s.CreatedAt = company, shop, at.UnixMilli()
	}
	s.UpdatedAt = at.UnixMilli()
	s.Version++
}

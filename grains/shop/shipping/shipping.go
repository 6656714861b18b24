// Package shipping is what sending an order costs: the rules of one shop, or those
// of a company that hold for its shops without rules of their own. Zones of
// countries and postal codes offer methods, each with a price by what is ordered;
// rates.go finds them.
//
// Commands: Set, Remove. Queries: Get. Persisted: the whole [State].
package shipping

import (
	"reflect"
	"time"

	"entrepot"
	"entrepot/events"
)

// State is a set of rules. The zero State has none and never had.
type State struct {
	CompanyID entrepot.ID `json:"companyId,omitempty"`
	ShopID    entrepot.ID `json:"shopId,omitempty"`  // none: the company's
	Rules     *Rules      `json:"rules,omitempty"`   // none: removed
	CreatedAt int64       `json:"created,omitempty"` // Unix ms, as Updated
	UpdatedAt int64       `json:"updated,omitempty"`
	Version   int64       `json:"version,omitempty"` // counts the changes, for If-Match
}

// Rules are zones and what sending to them costs. Amounts are minor units of Currency.
type Rules struct {
	Currency string `json:"currency"`
	Taxed    bool   `json:"taxed,omitempty"`
	Zones    []Zone `json:"zones"`
}

// Zone is some places and the methods offered there.
type Zone struct {
	Name        string   `json:"name"`
	Countries   []string `json:"countries,omitempty"`   // none: everywhere else
	PostalCodes []string `json:"postalCodes,omitempty"` // their beginnings; none: all
	Methods     []Method `json:"methods"`
}

// Method is one way of sending and its price.
type Method struct {
	ID            string `json:"id"`
	Name          string `json:"name"`
	Price         int64  `json:"price"`
	SubtotalSteps []Step `json:"subtotalSteps,omitempty"`
	PieceSteps    []Step `json:"pieceSteps,omitempty"`
	FreeFrom      int64  `json:"freeFrom,omitempty"` // 0: never
}

// Step is another price from an amount, or a number of pieces, on.
type Step struct {
	From  int64 `json:"from"`
	Price int64 `json:"price"`
}

type (
	set struct {
		events.ShippingUpdated
		rules *Rules
	}
	removed struct{ events.ShippingRemoved }
)

// Set replaces the rules. Orders that are placed keep what they cost.
func (s *State) Set(t entrepot.Turn, c Set) ([]events.Event, error) {
	if err := mayChange(t, c.CompanyID, c.ShopID); err != nil {
		return nil, err
	}
	if err := entrepot.CheckVersion(c.ExpectedVersion, s.Version); err != nil {
		return nil, err
	}
	rules := RulesOf(c.Rules)
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

// Remove takes the rules back. The platform, which erases a company's, need not say whose.
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
	return []events.Event{removed{events.ShippingRemoved{CompanyID: company, ShopID: shop, RemovedAt: t.Now}}}, nil
}

// mayChange: admins the company's and every shop's, managers those of their shops.
func mayChange(t entrepot.Turn, company, shop entrepot.ID) error {
	c := t.Caller
	switch {
	case t.ID != ID(company, shop) || !c.MayReachCompany(company) || (shop != "" && !c.MayReachShop(company, shop)):
		return entrepot.ErrNotFound
	case c.Administers(company) || (shop != "" && c.Role == entrepot.ShopManager):
		return nil
	default:
		return entrepot.Errorf(entrepot.CodeForbidden, "managers set the shipping of their shops, admins that of the company")
	}
}

// Apply changes the state by one fact.
func (s *State) Apply(e events.Event) {
	switch f := e.(type) {
	case set:
		s.Rules = f.rules
		s.changed(f.CompanyID, f.ShopID, f.UpdatedAt)
	case removed:
		s.Rules = nil
		s.changed(f.CompanyID, f.ShopID, f.RemovedAt)
	}
}

func (s *State) changed(company, shop entrepot.ID, at time.Time) {
	if s.CreatedAt == 0 {
		s.CompanyID, s.ShopID, s.CreatedAt = company, shop, at.UnixMilli()
	}
	s.UpdatedAt = at.UnixMilli()
	s.Version++
}

// Get answers the rules to anybody: storefronts show them.
func (s *State) Get(entrepot.Turn, Get) (*Shipping, error) {
	return s.View(), nil
}

// View is the set as a reply, freshly built.
func (s *State) View() *Shipping {
	v := &Shipping{CompanyID: s.CompanyID, ShopID: s.ShopID, Version: s.Version, UpdatedAt: s.UpdatedAt}
	if s.Rules != nil {
		v.Rules = s.Rules.pb()
	}
	return v
}

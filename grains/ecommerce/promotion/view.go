package promotion

import (
	"encoding/json"
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
)

func (s *State) status() string {
	switch {
	case s.Deleted:
		return Deleted
	case s.Terms.Paused:
		return Paused
	default:
		return Active
	}
}

// View returns a copy of the promotion.
func (s *State) View() *Promotion {
	p := &Promotion{Details: s.Details, Status: s.status(), Used: s.Used, Claimed: int64(len(s.Open))}
	p.Terms = s.Terms.clone()
	return p
}

// Stored is a promotion as lists read it from [Collection].
type Stored struct{ Promotion }

// UnmarshalJSON decodes the state and computes status and uses from it.
func (p *Stored) UnmarshalJSON(saved []byte) error {
	var s State
	if err := json.Unmarshal(saved, &s); err != nil {
		return err
	}
	p.Promotion = *s.View()
	return nil
}

func (x Terms) clone() Terms {
	x.ProductIDs, x.Categories = slices.Clone(x.ProductIDs), slices.Clone(x.Categories)
	x.ShopIDs = slices.Clone(x.ShopIDs)
	return x
}

// public returns the promotion as it is published.
func (s *State) public() events.Promotion {
	x := s.Terms.clone()
	p := events.Promotion{
		PromotionID: s.ID, CompanyID: s.CompanyID, Code: s.Code,
		Title: x.Title, Type: x.Kind, Percent: x.Percent, Currency: x.Currency,
		ProductIDs: x.ProductIDs, Categories: x.Categories, ShopIDs: x.ShopIDs,
		PerCustomer: x.PerCustomer, Total: x.Total, FirstOrder: x.FirstOrder,
		Status: s.status(), UpdatedAt: time.UnixMilli(s.UpdatedAt).UTC(),
	}
	if x.Currency != "" {
		p.Amount = entrepot.Money{Minor: x.Amount, Currency: x.Currency}.Amount()
		p.MinimumSubtotal = entrepot.Money{Minor: x.Minimum, Currency: x.Currency}.Amount()
	}
	p.StartsAt, p.EndsAt = moment(x.StartsAt), moment(x.EndsAt)
	return p
}

func moment(ms int64) *time.Time {
	if ms == 0 {
		return nil
	}
	at := time.UnixMilli(ms).UTC()
	return &at
}

func (s *State) use(t entrepot.Turn, claim entrepot.ID, orders ...entrepot.ID) events.PromotionUse {
	return events.PromotionUse{
		PromotionID: s.ID, CompanyID: s.CompanyID, Code: s.Code, CheckoutID: claim, OrderIDs: orders, At: t.Now,
	}
}

package promotion

import (
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

// View is the promotion as a reply, freshly built.
func (s *State) View() *Promotion {
	return &Promotion{
		ID: s.ID, CompanyID: s.CompanyID, Code: s.Code, Terms: s.Terms.pb(), Status: s.status(),
		Used: s.Used, Claimed: int64(len(s.Open)), CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt, Version: s.Version,
	}
}

func (x *Terms) pb() Terms {
	return Terms{
		Title: x.Title, Kind: x.Kind, Amount: x.Amount, Currency: x.Currency, Percent: x.Percent,
		ProductIDs: slices.Clone(x.ProductIDs), Categories: slices.Clone(x.Categories), ShopIDs: slices.Clone(x.ShopIDs),
		Minimum: x.Minimum, StartsAt: x.StartsAt, EndsAt: x.EndsAt, PerCustomer: x.PerCustomer, Total: x.Total, Paused: x.Paused,
		FirstOrder: x.FirstOrder,
	}
}

func termsOf(x Terms) Terms {
	return Terms{
		Title: x.Title, Kind: x.Kind, Amount: x.Amount, Currency: x.Currency, Percent: x.Percent,
		ProductIDs: slices.Clone(x.ProductIDs), Categories: slices.Clone(x.Categories), ShopIDs: slices.Clone(x.ShopIDs),
		Minimum: x.Minimum, StartsAt: x.StartsAt, EndsAt: x.EndsAt,
		PerCustomer: x.PerCustomer, Total: x.Total, Paused: x.Paused,
		FirstOrder: x.FirstOrder,
	}
}

// public is the promotion as events tell it.
func (s *State) public() events.Promotion {
	x := s.Terms
	p := events.Promotion{
		PromotionID: s.ID, CompanyID: s.CompanyID, Code: s.Code, Title: x.Title, Type: x.Kind, Percent: x.Percent, Currency: x.Currency,
		ProductIDs: slices.Clone(x.ProductIDs), Categories: slices.Clone(x.Categories), ShopIDs: slices.Clone(x.ShopIDs),
		PerCustomer: x.PerCustomer, Total: x.Total, FirstOrder: x.FirstOrder, Status: s.status(), UpdatedAt: time.UnixMilli(s.UpdatedAt).UTC(),
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
	return events.PromotionUse{PromotionID: s.ID, CompanyID: s.CompanyID, Code: s.Code, CheckoutID: claim, OrderIDs: orders, At: t.Now}
}

package promotion

import (
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains/promotion/promotionpb"
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
func (s *State) View() *promotionpb.Promotion {
	return &promotionpb.Promotion{
		Id: s.ID, CompanyId: s.CompanyID, Code: s.Code, Terms: s.Terms.pb(), Status: s.status(),
		Used: s.Used, Claimed: int64(len(s.Open)), CreatedMs: s.Created, UpdatedMs: s.Updated, Version: s.Version,
	}
}

func (x *Terms) pb() *promotionpb.Terms {
	return &promotionpb.Terms{
		Title: x.Title, Kind: x.Kind, AmountMinor: x.Amount, Currency: x.Currency, Percent: x.Percent,
		ProductIds: slices.Clone(x.ProductIDs), Categories: slices.Clone(x.Categories), ShopIds: slices.Clone(x.ShopIDs),
		MinimumMinor: x.Minimum, StartsMs: x.Starts, EndsMs: x.Ends, PerCustomer: x.PerCustomer, Total: x.Total, Paused: x.Paused,
		FirstOrder: x.FirstOrder,
	}
}

func termsOf(x *promotionpb.Terms) Terms {
	return Terms{
		Title: x.GetTitle(), Kind: x.GetKind(), Amount: x.GetAmountMinor(), Currency: x.GetCurrency(), Percent: x.GetPercent(),
		ProductIDs: slices.Clone(x.GetProductIds()), Categories: slices.Clone(x.GetCategories()), ShopIDs: slices.Clone(x.GetShopIds()),
		Minimum: x.GetMinimumMinor(), Starts: x.GetStartsMs(), Ends: x.GetEndsMs(),
		PerCustomer: x.GetPerCustomer(), Total: x.GetTotal(), Paused: x.GetPaused(),
		FirstOrder: x.GetFirstOrder(),
	}
}

// public is the promotion as events tell it.
func (s *State) public() events.Promotion {
	x := s.Terms
	p := events.Promotion{
		PromotionID: s.ID, CompanyID: s.CompanyID, Code: s.Code, Title: x.Title, Type: x.Kind, Percent: x.Percent, Currency: x.Currency,
		ProductIDs: slices.Clone(x.ProductIDs), Categories: slices.Clone(x.Categories), ShopIDs: slices.Clone(x.ShopIDs),
		PerCustomer: x.PerCustomer, Total: x.Total, FirstOrder: x.FirstOrder, Status: s.status(), UpdatedAt: time.UnixMilli(s.Updated).UTC(),
	}
	if x.Currency != "" {
		p.Amount = entrepot.Money{Minor: x.Amount, Currency: x.Currency}.Amount()
		p.MinimumSubtotal = entrepot.Money{Minor: x.Minimum, Currency: x.Currency}.Amount()
	}
	p.StartsAt, p.EndsAt = moment(x.Starts), moment(x.Ends)
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

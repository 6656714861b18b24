package product

import (
	"fmt"
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
)

// MaxShopPrices bounds the prices of shops of a product.
const MaxShopPrices = 1000

// shopPricesOf returns the checked prices of shops. A caller who does not reach all shops only
// replaces the prices of their own; the others stay as they are.
func (s *State) shopPricesOf(c entrepot.Caller, list []ShopPrice) (out []ShopPrice, err error) {
	present := s.validPrices()
	for _, p := range present {
		if !c.MayReachShop(s.CompanyID, p.ShopID) {
			out = append(out, p)
		}
	}
	seen := map[ShopPrice]bool{}
	for i, p := range list {
		at := fmt.Sprintf("shopPrices[%d].", i)
		made := p
		if made.VariantID == s.ID {
			made.VariantID = "" // a product without options is its own only variant
		}
		key := ShopPrice{ShopID: made.ShopID, VariantID: made.VariantID}
		switch {
		case !slices.Contains(s.ShopIDs, made.ShopID):
			return nil, entrepot.Invalid(at+"shopId", "soldBy", "the shop does not sell the product")
		case made.VariantID != "" && !s.hasVariant(made.VariantID):
			return nil, entrepot.Invalid(at+"variantId", "exists", "the product has no such variant")
		case seen[key]:
			return nil, entrepot.Invalid(fmt.Sprintf("shopPrices[%d]", i), "unique", "is given twice")
		}
		if err := checkPrice(at+"price", made.Price); err != nil {
			return nil, err
		}
		seen[key] = true
		switch {
		case c.MayReachShop(s.CompanyID, made.ShopID):
			out = append(out, made)
		case !slices.Contains(present, made):
			return nil, entrepot.Errorf(entrepot.CodeForbidden, "%sshopId: this role may not set prices of the shop", at)
		}
	}
	if len(out) > MaxShopPrices {
		return nil, entrepot.Invalid("shopPrices", "maxItems", "must be at most %d", MaxShopPrices)
	}
	return out, nil
}

// validPrices returns the prices of shops without those of removed shops and variants.
func (s *State) validPrices() []ShopPrice {
	gone := func(p ShopPrice) bool {
		return !slices.Contains(s.ShopIDs, p.ShopID) || (p.VariantID != "" && !s.hasVariant(p.VariantID))
	}
	if !slices.ContainsFunc(s.ShopPrices, gone) {
		return s.ShopPrices
	}
	return orNil(slices.DeleteFunc(slices.Clone(s.ShopPrices), gone))
}

// orNil returns the list, or nil if it is empty, as it decodes when it was saved.
func orNil[V any](list []V) []V {
	if len(list) == 0 {
		return nil
	}
	return list
}

func (s *State) hasVariant(id entrepot.ID) bool {
	return slices.ContainsFunc(s.Variants, func(v Variant) bool { return v.ID == id })
}

// saleOf returns a checked copy of a sale; nil for a zero sale.
func (s *State) saleOf(now time.Time, c *Sale) (*Sale, error) {
	if c == nil || *c == (Sale{}) {
		return nil, nil
	}
	made := *c
	if s.Sale != nil && *s.Sale == made {
		return s.Sale, nil // even if it began long ago
	}
	if err := checkPrice("sale.price", made.Price); err != nil {
		return nil, err
	}
	switch {
	case (made.Price > 0) == (made.Percent > 0):
		return nil, entrepot.Invalid("sale.price", "either", "must be given, or sale.percent, but not both")
	case made.Percent < 0 || made.Percent > 99:
		return nil, entrepot.Invalid("sale.percent", "range", "must be 1 to 99")
	case made.Price > 0 && made.Price >= s.highest():
		return nil, entrepot.Invalid("sale.price", "lower", "must be below the price")
	case made.StartsAt < 0:
		return nil, entrepot.Invalid("sale.startsAt", "range", "must not be before 1970")
	case made.EndsAt != 0 && made.EndsAt <= now.UnixMilli():
		return nil, entrepot.Invalid("sale.endsAt", "future", "must be in the future")
	case made.EndsAt != 0 && made.EndsAt <= made.StartsAt:
		return nil, entrepot.Invalid("sale.endsAt", "order", "must be after startsAt")
	}
	return &made, nil
}

// highest returns the highest price of the product, its variants and shops without a sale.
func (s *State) highest() int64 {
	most := s.Price
	for _, v := range s.Variants {
		if v.Price != nil {
			most = max(most, *v.Price)
		}
	}
	for _, p := range s.ShopPrices {
		most = max(most, p.Price)
	}
	return most
}

// checkTimes checks publishAt and unpublishAt. New times must be in the future.
func (s *State) checkTimes(now time.Time, newPublish, newUnpublish bool) error {
	ms := now.UnixMilli()
	switch {
	case newPublish && s.PublishAt != 0 && s.PublishAt <= ms:
		return entrepot.Invalid("publishAt", "future", "must be in the future")
	case newUnpublish && s.UnpublishAt != 0 && s.UnpublishAt <= ms:
		return entrepot.Invalid("unpublishAt", "future", "must be in the future")
	case s.PublishAt != 0 && s.Status == Active:
		return entrepot.Invalid("publishAt", "state", "must not be set for an active product: it must be a draft until then")
	case s.PublishAt != 0 && s.UnpublishAt != 0 && s.UnpublishAt <= s.PublishAt:
		return entrepot.Invalid("unpublishAt", "order", "must be after publishAt")
	default:
		return nil
	}
}

// pass applies the times up to now: publication, its end, and the state of the sale. It changes a
// copy of the state.
func (s *State) pass(now time.Time) {
	ms := now.UnixMilli()
	if s.PublishAt != 0 && s.PublishAt <= ms {
		s.PublishAt, s.Status = 0, Active
	}
	if s.UnpublishAt != 0 && s.UnpublishAt <= ms {
		s.UnpublishAt, s.Status = 0, Archived
	}
	if s.Sale != nil && s.Sale.EndsAt != 0 && s.Sale.EndsAt <= ms {
		s.Sale = nil
	}
	s.OnSale = s.Sale != nil && s.Sale.StartsAt <= ms
}

// WakeAt returns the next time at which the product is published or unpublished, or a sale begins or ends.
func (s *State) WakeAt() time.Time {
	var next int64
	for _, at := range s.times() {
		if at != 0 && (next == 0 || at < next) {
			next = at
		}
	}
	if next == 0 || s.Status == Deleted {
		return time.Time{}
	}
	return time.UnixMilli(next).UTC()
}

func (s *State) times() [3]int64 {
	at := [3]int64{s.PublishAt, s.UnpublishAt, 0}
	switch {
	case s.Sale == nil:
	case s.OnSale:
		at[2] = s.Sale.EndsAt
	default:
		at[2] = s.Sale.StartsAt
	}
	return at
}

// Wake applies what is due.
func (s *State) Wake(t entrepot.Turn) []events.Event {
	if s.ID == "" || s.Status == Deleted {
		return nil
	}
	next := *s
	next.pass(t.Now)
	return s.became(t.Now, next)
}

// priceNow returns the price of the product outside shops with own prices, as of the last event.
func (s *State) priceNow() int64 {
	switch {
	case !s.OnSale || s.Sale == nil:
		return s.Price
	case s.Sale.Percent > 0:
		return Off(s.Price, s.Sale.Percent)
	default:
		return min(s.Price, s.Sale.Price)
	}
}

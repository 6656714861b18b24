package product

import (
	"fmt"
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains/product/productpb"
)

// MaxShopPrices is how many prices of shops a product may have.
const MaxShopPrices = 1000

// ShopPrice is what the product, or one variant of it, costs in one shop.
type ShopPrice struct {
	ShopID    entrepot.ID `json:"shopId"`
	VariantID entrepot.ID `json:"variantId,omitempty"` // empty: all variants
	Price     int64       `json:"price,omitempty"`     // minor units
}

// Sale is a lower price for a time.
type Sale struct {
	Price   int64 `json:"price,omitempty"`   // minor units; 0: percent
	Percent int64 `json:"percent,omitempty"` // off the price
	Starts  int64 `json:"starts,omitempty"`  // Unix ms; 0: at once
	Ends    int64 `json:"ends,omitempty"`    // Unix ms; 0: until it is removed
}

// shopPricesOf reads the prices of shops. Who does not have all the shops sets
// those of his own; the others' stay as they are.
func (s *State) shopPricesOf(c entrepot.Caller, list []*productpb.ShopPrice) (out []ShopPrice, err error) {
	present := s.validPrices()
	for _, p := range present {
		if !c.MayReachShop(s.CompanyID, p.ShopID) {
			out = append(out, p)
		}
	}
	seen := map[ShopPrice]bool{}
	for i, p := range list {
		at := fmt.Sprintf("shopPrices[%d].", i)
		made := ShopPrice{p.ShopId, p.VariantId, p.PriceMinor}
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
			return nil, entrepot.Invalid(fmt.Sprintf("shopPrices[%d]", i), "unique", "has a price already")
		}
		if err := checkPrice(at+"price", made.Price); err != nil {
			return nil, err
		}
		seen[key] = true
		switch {
		case c.MayReachShop(s.CompanyID, made.ShopID):
			out = append(out, made)
		case !slices.Contains(present, made):
			return nil, entrepot.Errorf(entrepot.CodeForbidden, "%sshopId: this role sets no prices of the shop", at)
		}
	}
	if len(out) > MaxShopPrices {
		return nil, entrepot.Invalid("shopPrices", "maxItems", "at most %d", MaxShopPrices)
	}
	return out, nil
}

// validPrices are the prices of shops without those of shops and variants that are gone.
func (s *State) validPrices() []ShopPrice {
	gone := func(p ShopPrice) bool {
		return !slices.Contains(s.ShopIDs, p.ShopID) || (p.VariantID != "" && !s.hasVariant(p.VariantID))
	}
	if !slices.ContainsFunc(s.ShopPrices, gone) {
		return s.ShopPrices
	}
	return orNil(slices.DeleteFunc(slices.Clone(s.ShopPrices), gone))
}

// orNil is the list, and nil for one of nothing, which is how it is saved.
func orNil[V any](list []V) []V {
	if len(list) == 0 {
		return nil
	}
	return list
}

func (s *State) hasVariant(id entrepot.ID) bool {
	return slices.ContainsFunc(s.Variants, func(v Variant) bool { return v.ID == id })
}

// saleOf reads a sale; a zero one is none.
func (s *State) saleOf(now time.Time, c *productpb.Sale) (*Sale, error) {
	if c == nil || (c.PriceMinor == 0 && c.Percent == 0 && c.StartsMs == 0 && c.EndsMs == 0) {
		return nil, nil
	}
	made := Sale{c.PriceMinor, c.Percent, c.StartsMs, c.EndsMs}
	if s.Sale != nil && *s.Sale == made {
		return s.Sale, nil // also when it began long ago
	}
	if err := checkPrice("sale.price", made.Price); err != nil {
		return nil, err
	}
	switch {
	case (made.Price > 0) == (made.Percent > 0):
		return nil, entrepot.Invalid("sale.price", "either", "either a price or a percentage off must be given")
	case made.Percent < 0 || made.Percent > 99:
		return nil, entrepot.Invalid("sale.percent", "range", "must be 1 to 99")
	case made.Price > 0 && made.Price >= s.highest():
		return nil, entrepot.Invalid("sale.price", "lower", "must be below the price")
	case made.Starts < 0:
		return nil, entrepot.Invalid("sale.startsAt", "range", "must be a time of this age")
	case made.Ends != 0 && made.Ends <= now.UnixMilli():
		return nil, entrepot.Invalid("sale.endsAt", "future", "must lie in the future")
	case made.Ends != 0 && made.Ends <= made.Starts:
		return nil, entrepot.Invalid("sale.endsAt", "order", "must come after the start")
	}
	return &made, nil
}

// highest is the highest price that anything of the product has without a sale.
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

// checkTimes: what is new of the times to come must lie ahead, and make sense.
func (s *State) checkTimes(now time.Time, newPublish, newUnpublish bool) error {
	ms := now.UnixMilli()
	switch {
	case newPublish && s.Publish != 0 && s.Publish <= ms:
		return entrepot.Invalid("publishAt", "future", "must lie in the future")
	case newUnpublish && s.Unpublish != 0 && s.Unpublish <= ms:
		return entrepot.Invalid("unpublishAt", "future", "must lie in the future")
	case s.Publish != 0 && s.Status == StatusActive:
		return entrepot.Invalid("publishAt", "state", "the product is active already: it must be a draft until then")
	case s.Publish != 0 && s.Unpublish != 0 && s.Unpublish <= s.Publish:
		return entrepot.Invalid("unpublishAt", "order", "must come after publishAt")
	default:
		return nil
	}
}

// pass brings the product to the moment: what was to be published is, a sale
// runs or is over. It is used on a copy.
func (s *State) pass(now time.Time) {
	ms := now.UnixMilli()
	if s.Publish != 0 && s.Publish <= ms {
		s.Publish, s.Status = 0, StatusActive
	}
	if s.Unpublish != 0 && s.Unpublish <= ms {
		s.Unpublish, s.Status = 0, StatusArchived
	}
	if s.Sale != nil && s.Sale.Ends != 0 && s.Sale.Ends <= ms {
		s.Sale = nil
	}
	s.OnSale = s.Sale != nil && s.Sale.Starts <= ms
}

// WakeAt is when the product is published or taken back, or a sale begins or ends.
func (s *State) WakeAt() time.Time {
	var next int64
	for _, at := range s.times() {
		if at != 0 && (next == 0 || at < next) {
			next = at
		}
	}
	if next == 0 || s.Status == StatusDeleted {
		return time.Time{}
	}
	return time.UnixMilli(next).UTC()
}

func (s *State) times() [3]int64 {
	at := [3]int64{s.Publish, s.Unpublish, 0}
	switch {
	case s.Sale == nil:
	case s.OnSale:
		at[2] = s.Sale.Ends
	default:
		at[2] = s.Sale.Starts
	}
	return at
}

// Wake does what is due.
func (s *State) Wake(t entrepot.Turn) []events.Event {
	if s.ID == "" || s.Status == StatusDeleted {
		return nil
	}
	next := *s
	next.pass(t.Now)
	return s.became(t.Now, next)
}

// priceNow is what the product itself costs everywhere at the moment that was
// last told.
func (s *State) priceNow() int64 {
	switch {
	case !s.OnSale || s.Sale == nil:
		return s.Price
	case s.Sale.Percent > 0:
		return productpb.Off(s.Price, s.Sale.Percent)
	default:
		return min(s.Price, s.Sale.Price)
	}
}

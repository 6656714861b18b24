package product

import (
	"fmt"
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
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
	Price    int64 `json:"price,omitempty"`   // minor units; 0: percent
	Percent  int64 `json:"percent,omitempty"` // off the price
	StartsAt int64 `json:"starts,omitempty"`  // Unix ms; 0: at once
	EndsAt   int64 `json:"ends,omitempty"`    // Unix ms; 0: until it is removed
}

// shopPricesOf reads the prices of shops. Who does not have all the shops sets
// those of his own; the others' stay as they are.
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
		made := ShopPrice{p.ShopID, p.VariantID, p.Price}
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
	return slices.ContainsFunc(s.Variants, func(v StoredVariant) bool { return v.ID == id })
}

// saleOf reads a sale; a zero one is none.
func (s *State) saleOf(now time.Time, c *Sale) (*Sale, error) {
	if c == nil || (c.Price == 0 && c.Percent == 0 && c.StartsAt == 0 && c.EndsAt == 0) {
		return nil, nil
	}
	made := Sale{c.Price, c.Percent, c.StartsAt, c.EndsAt}
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
	case made.StartsAt < 0:
		return nil, entrepot.Invalid("sale.startsAt", "range", "must be a time of this age")
	case made.EndsAt != 0 && made.EndsAt <= now.UnixMilli():
		return nil, entrepot.Invalid("sale.endsAt", "future", "must lie in the future")
	case made.EndsAt != 0 && made.EndsAt <= made.StartsAt:
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
	case newPublish && s.PublishAt != 0 && s.PublishAt <= ms:
		return entrepot.Invalid("publishAt", "future", "must lie in the future")
	case newUnpublish && s.UnpublishAt != 0 && s.UnpublishAt <= ms:
		return entrepot.Invalid("unpublishAt", "future", "must lie in the future")
	case s.PublishAt != 0 && s.Status == Active:
		return entrepot.Invalid("publishAt", "state", "the product is active already: it must be a draft until then")
	case s.PublishAt != 0 && s.UnpublishAt != 0 && s.UnpublishAt <= s.PublishAt:
		return entrepot.Invalid("unpublishAt", "order", "must come after publishAt")
	default:
		return nil
	}
}

// pass brings the product to the moment: what was to be published is, a sale
// runs or is over. It is used on a copy.
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
		return Off(s.Price, s.Sale.Percent)
	default:
		return min(s.Price, s.Sale.Price)
	}
}

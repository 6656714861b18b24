package product

import (
	"reflect"
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
)

// Update replaces what is set. What equals the present changes nothing.
func (s *State) Update(t entrepot.Turn, c Update) ([]events.Event, error) {
	if err := s.mayUpdate(t.Caller); err != nil {
		return nil, err
	}
	if err := entrepot.CheckVersion(c.ExpectedVersion, s.Version); err != nil {
		return nil, err
	}
	if err := checkUpdate(c); err != nil {
		return nil, err
	}
	next := *s
	next.pass(t.Now)
	next.replace(c)
	if err := next.relist(t, s, c); err != nil {
		return nil, err
	}
	next.pass(t.Now)
	return s.became(t.Now, next), nil
}

// mayUpdate: admins of the company, and whoever works in one of the shops that sell it.
func (s *State) mayUpdate(c entrepot.Caller) error {
	switch {
	case !s.visibleTo(c):
		return entrepot.ErrNotFound
	case !reachesOne(c, s.CompanyID, s.ShopIDs):
		return s.refusal(c, "this role changes no product of these shops")
	default:
		return nil
	}
}

func checkUpdate(c Update) error {
	switch {
	case c.Name != nil && *c.Name == "":
		return entrepot.Invalid("name", "required", "must not be empty")
	case c.Status != nil && *c.Status != Active && *c.Status != Draft && *c.Status != Archived:
		return entrepot.Invalid("status", "enum", "must be active, draft or archived")
	default:
		return checkPrice("price", value(c.Price))
	}
}

// replace sets the plain values that the command names. Who sets the status by
// hand has done what was to be done at its time.
func (s *State) replace(c Update) {
	set(&s.Name, c.Name)
	set(&s.Description, c.Description)
	set(&s.Category, c.Category)
	set(&s.Brand, c.Brand)
	set(&s.Status, c.Status)
	set(&s.Image, c.Image)
	set(&s.Price, c.Price)
	switch value(c.Status) {
	case Active:
		s.PublishAt = 0
	case Archived:
		s.UnpublishAt = 0
	}
	set(&s.PublishAt, c.PublishAt)
	set(&s.UnpublishAt, c.UnpublishAt)
}

func set[V any](field, value *V) {
	if value != nil {
		*field = *value
	}
}

// relist replaces the lists that the command sets, and drops what stood for
// shops and variants that are no more.
func (s *State) relist(t entrepot.Turn, before *State, c Update) (err error) {
	if c.Attributes != nil {
		if s.Attributes, err = attributesOf(c.Attributes.Attributes); err != nil {
			return err
		}
	}
	if c.Tags != nil {
		if s.Tags, err = tagsOf(c.Tags.Tags); err != nil {
			return err
		}
	}
	if c.Images != nil {
		if s.Images, err = s.arranged(c.Images.Images); err != nil {
			return err
		}
	}
	if c.ShopIDs != nil {
		if err := s.moveTo(t.Caller, c.ShopIDs.IDs); err != nil {
			return err
		}
	}
	if c.Options != nil {
		if s.Options, s.Variants, err = s.variantsOf(c.Options.Options, c.Options.Variants, t.Caller.Role == entrepot.System); err != nil {
			return err
		}
	}
	if c.ShopPrices != nil {
		if s.ShopPrices, err = s.shopPricesOf(t.Caller, c.ShopPrices.Prices); err != nil {
			return err
		}
	} else {
		s.ShopPrices = s.validPrices()
	}
	if c.Sale != nil {
		if s.Sale, err = s.saleOf(t.Now, c.Sale); err != nil {
			return err
		}
	}
	return s.checkTimes(t.Now, before.PublishAt != s.PublishAt, before.UnpublishAt != s.UnpublishAt)
}

// moveTo changes which shops sell the product: each that joins or leaves must be
// the caller's.
func (s *State) moveTo(c entrepot.Caller, ids []entrepot.ID) error {
	if err := checkShopIDs(ids); err != nil {
		return err
	}
	for _, id := range append(slices.Clone(ids), s.ShopIDs...) {
		if slices.Contains(ids, id) == slices.Contains(s.ShopIDs, id) {
			continue
		}
		if c.Role == entrepot.ShopStaff || !c.MayReachShop(s.CompanyID, id) {
			return entrepot.Errorf(entrepot.CodeForbidden, "this role does not decide whether the shop %s sells the product", id)
		}
	}
	s.ShopIDs = slices.Clone(ids)
	return nil
}

// became is the fact that the product is now next: none if nothing differs.
func (s *State) became(now time.Time, next State) []events.Event {
	changed := s.differences(&next)
	if len(changed) == 0 {
		return nil
	}
	next.UpdatedAt = now.UnixMilli()
	next.Version++
	return []events.Event{updated{events.ProductUpdated{Product: next.public(), Changed: changed}, next}}
}

// differences are the names, as the public knows them, of what is not the same.
func (s *State) differences(next *State) (changed []string) {
	for _, f := range []struct {
		name string
		same bool
	}{
		{"name", s.Name == next.Name},
		{"description", s.Description == next.Description},
		{"category", s.Category == next.Category},
		{"brand", s.Brand == next.Brand},
		{"status", s.Status == next.Status},
		{"image", s.Image == next.Image},
		{"price", s.Price == next.Price},
		{"shopIds", slices.Equal(s.ShopIDs, next.ShopIDs)},
		{"options", slices.EqualFunc(s.Options, next.Options, Option.equal)},
		{"variants", slices.EqualFunc(s.Variants, next.Variants, StoredVariant.equal)},
		{"attributes", slices.Equal(s.Attributes, next.Attributes)},
		{"tags", slices.Equal(s.Tags, next.Tags)},
		{"shopPrices", slices.Equal(s.ShopPrices, next.ShopPrices)},
		{"sale", reflect.DeepEqual(s.Sale, next.Sale) && s.OnSale == next.OnSale},
		{"images", slices.Equal(s.Images, next.Images)},
		{"publishAt", s.PublishAt == next.PublishAt},
		{"unpublishAt", s.UnpublishAt == next.UnpublishAt},
	} {
		if !f.same {
			changed = append(changed, f.name)
		}
	}
	return changed
}

// value is what an optional field sets; its zero value when it sets nothing.
func value[T any](v *T) (out T) {
	if v != nil {
		out = *v
	}
	return out
}

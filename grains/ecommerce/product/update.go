package product

import (
	"reflect"
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
)

// Update replaces the fields that are set. Equal values change nothing.
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

// mayUpdate returns an error unless the caller is an admin of the company or works in one of the shops.
func (s *State) mayUpdate(c entrepot.Caller) error {
	switch {
	case !s.visibleTo(c):
		return entrepot.ErrNotFound
	case !reachesOne(c, s.CompanyID, s.ShopIDs):
		return s.refusal(c, "this role may not change products of these shops")
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

// replace sets the single values of the command. A status that is set by hand cancels the time for it.
func (s *State) replace(c Update) {
	setIf(&s.Name, c.Name)
	setIf(&s.Description, c.Description)
	setIf(&s.Category, c.Category)
	setIf(&s.Brand, c.Brand)
	setIf(&s.Status, c.Status)
	setIf(&s.Image, c.Image)
	setIf(&s.Price, c.Price)
	switch value(c.Status) {
	case Active:
		s.PublishAt = 0
	case Archived:
		s.UnpublishAt = 0
	}
	setIf(&s.PublishAt, c.PublishAt)
	setIf(&s.UnpublishAt, c.UnpublishAt)
}

func setIf[V any](field, value *V) {
	if value != nil {
		*field = *value
	}
}

// relist replaces the lists of the command, and drops the prices of removed shops and variants.
func (s *State) relist(t entrepot.Turn, before *State, c Update) (err error) {
	if c.Attributes != nil {
		if s.Attributes, err = attributesOf(*c.Attributes); err != nil {
			return err
		}
	}
	if c.Tags != nil {
		if s.Tags, err = tagsOf(*c.Tags); err != nil {
			return err
		}
	}
	if c.Images != nil {
		if s.Images, err = s.arranged(*c.Images); err != nil {
			return err
		}
	}
	if c.ShopIDs != nil {
		if err := s.moveTo(t.Caller, *c.ShopIDs); err != nil {
			return err
		}
	}
	if c.Options != nil || c.Variants != nil {
		if err := s.remake(t.Caller, c); err != nil {
			return err
		}
	}
	if c.ShopPrices != nil {
		if s.ShopPrices, err = s.shopPricesOf(t.Caller, *c.ShopPrices); err != nil {
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

// remake sets options and variants. A list that is not set stays; without options there are no
// variants.
func (s *State) remake(caller entrepot.Caller, c Update) (err error) {
	options, variants := s.Options, s.Variants
	if c.Options != nil {
		options = *c.Options
	}
	switch {
	case c.Variants != nil:
		variants = *c.Variants
	case len(options) == 0:
		variants = nil
	}
	s.Options, s.Variants, err = s.variantsOf(options, variants, caller.Role == entrepot.System)
	return err
}

// moveTo sets the shops that sell the product. The caller must reach each shop that joins or leaves.
func (s *State) moveTo(c entrepot.Caller, ids []entrepot.ID) error {
	if err := checkShopIDs(ids); err != nil {
		return err
	}
	for _, id := range append(slices.Clone(ids), s.ShopIDs...) {
		if slices.Contains(ids, id) == slices.Contains(s.ShopIDs, id) {
			continue
		}
		if c.Role == entrepot.ShopStaff || !c.MayReachShop(s.CompanyID, id) {
			return entrepot.Errorf(entrepot.CodeForbidden, "this role may not add or remove the shop %s", id)
		}
	}
	s.ShopIDs = slices.Clone(ids)
	return nil
}

// became returns the fact that the product is now next, or nothing if both are equal.
func (s *State) became(now time.Time, next State) []events.Event {
	changed := s.differences(&next)
	if len(changed) == 0 {
		return nil
	}
	next.UpdatedAt = now.UnixMilli()
	next.Version++
	return []events.Event{updated{events.ProductUpdated{Product: next.public(), Changed: changed}, next}}
}

// differences returns the public names of the fields that differ.
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
		{"variants", slices.EqualFunc(s.Variants, next.Variants, Variant.equal)},
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

// value returns the value of an optional field, or the zero value.
func value[T any](v *T) (out T) {
	if v != nil {
		out = *v
	}
	return out
}

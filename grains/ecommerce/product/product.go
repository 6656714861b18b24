// Package product is a product of a company: its description, variants, prices by shop and time, and
// the shops that sell it.
//
// Commands: Create, Update, AddImage, RemoveImage, SetRating, Delete. Queries: Get.
// On its own it is published and unpublished at its times, and emits events when a sale
// begins and ends. Persisted: the whole [State]; a deleted product stays as a
// tombstone, so that its id cannot be used again.
package product

import (
	"slices"

	"entrepot"
	"entrepot/events"
)

// The statuses of a product. Only active products are sold and shown to everyone. Lists of existing
// products filter by the first three.
const (
	Active   = "active"
	Draft    = "draft"
	Archived = "archived"
	Deleted  = "deleted"
)

// MaxShops bounds the shops that sell one product.
const MaxShops = 1000

// State is a product. The zero State does not exist yet. Its lists are never changed in place: a
// decision shares them with the state that it makes.
type State struct {
	Product
	OnSale bool `json:"onSale,omitempty"` // the sale is running as of the last event
}

// A fact is a public event with the state after it, because the event has less than the state, and
// decimal amounts.
type (
	created struct {
		events.ProductCreated
		next State
	}
	updated struct {
		events.ProductUpdated
		next State
	}
	deleted struct {
		events.ProductDeleted
		next State
	}
)

// Create adds the product to the catalogue.
func (s *State) Create(t entrepot.Turn, c Create) ([]events.Event, error) {
	if err := mayCreate(t.Caller, &c.Product); err != nil {
		return nil, err
	}
	if s.ID != "" {
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the product already exists")
	}
	if err := checkCreate(&c.Product); err != nil {
		return nil, err
	}
	made := State{Product: c.Product}
	made.ID, made.ShopIDs, made.Images, made.Rating = t.ID, slices.Clone(c.ShopIDs), nil, nil
	made.CreatedAt, made.UpdatedAt, made.Version = t.Now.UnixMilli(), t.Now.UnixMilli(), 1
	made.Variants, made.ShopPrices, made.Sale = nil, nil, nil // set by fill, which compares with the present ones
	switch {
	case made.Status == "" && made.PublishAt != 0:
		made.Status = Draft
	case made.Status == "":
		made.Status = Active
	}
	if err := made.fill(t, c); err != nil {
		return nil, err
	}
	made.pass(t.Now)
	return []events.Event{created{events.ProductCreated{Product: made.public()}, made}}, nil
}

// fill sets the lists of a new product, and the fields with rules across fields.
func (s *State) fill(t entrepot.Turn, c Create) (err error) {
	if s.Attributes, err = attributesOf(c.Attributes); err != nil {
		return err
	}
	if s.Tags, err = tagsOf(c.Tags); err != nil {
		return err
	}
	if s.Options, s.Variants, err = s.variantsOf(c.Options, c.Variants, true); err != nil {
		return err
	}
	if s.ShopPrices, err = s.shopPricesOf(t.Caller, c.ShopPrices); err != nil {
		return err
	}
	if s.Sale, err = s.saleOf(t.Now, c.Sale); err != nil {
		return err
	}
	return s.checkTimes(t.Now, c.PublishAt != 0, c.UnpublishAt != 0)
}

// mayCreate returns an error unless the caller is an admin of the company or a manager of all shops.
func mayCreate(caller entrepot.Caller, c *Product) error {
	switch caller.Role {
	case entrepot.SuperAdmin, entrepot.System, entrepot.CompanyAdmin, entrepot.ShopManager:
	default:
		return entrepot.Errorf(entrepot.CodeForbidden, "this role may not create products")
	}
	if !caller.MayReachCompany(c.CompanyID) || !reachesAll(caller, c.CompanyID, c.ShopIDs) {
		return entrepot.ErrNotFound
	}
	return nil
}

func reachesAll(c entrepot.Caller, company entrepot.ID, shops []entrepot.ID) bool {
	return !slices.ContainsFunc(shops, func(id entrepot.ID) bool { return !c.MayReachShop(company, id) })
}

func reachesOne(c entrepot.Caller, company entrepot.ID, shops []entrepot.ID) bool {
	return slices.ContainsFunc(shops, func(id entrepot.ID) bool { return c.MayReachShop(company, id) })
}

func checkCreate(c *Product) error {
	if !entrepot.ValidID(c.CompanyID) {
		return entrepot.Invalid("companyId", "required", "must be given")
	}
	if err := checkShopIDs(c.ShopIDs); err != nil {
		return err
	}
	switch {
	case c.SKU == "":
		return entrepot.Invalid("sku", "required", "must be given")
	case c.Name == "":
		return entrepot.Invalid("name", "required", "must be given")
	case !entrepot.ValidCurrency(c.Currency):
		return entrepot.Invalid("currency", "currency", "must be an ISO 4217 code such as EUR")
	case c.Status != "" && c.Status != Active && c.Status != Draft:
		return entrepot.Invalid("status", "enum", "must be active or draft")
	default:
		return checkPrice("price", c.Price)
	}
}

func checkShopIDs(ids []entrepot.ID) error {
	switch {
	case len(ids) == 0 || len(ids) > MaxShops:
		return entrepot.Invalid("shopIds", "items", "must be 1 to %d shops", MaxShops)
	case !distinctIDs(ids):
		return entrepot.Invalid("shopIds", "id", "must be distinct shop ids")
	default:
		return nil
	}
}

func checkPrice(field string, minor int64) error {
	if minor < 0 || minor > entrepot.MaxMinor {
		return entrepot.Invalid(field, "range", "must be 0 to %d minor units", entrepot.MaxMinor)
	}
	return nil
}

func distinctIDs(ids []string) bool {
	sorted := slices.Sorted(slices.Values(ids))
	return len(slices.Compact(sorted)) == len(ids) &&
		!slices.ContainsFunc(ids, func(id string) bool { return !entrepot.ValidID(id) })
}

// Delete removes the product from the catalogue. A manager must manage all shops that sell it, since
// all of them lose it.
func (s *State) Delete(t entrepot.Turn, _ Delete) ([]events.Event, error) {
	switch {
	case !s.visibleTo(t.Caller):
		return nil, entrepot.ErrNotFound
	case t.Caller.Role == entrepot.ShopStaff || !reachesAll(t.Caller, s.CompanyID, s.ShopIDs):
		return nil, s.refusal(t.Caller, "this role may not delete products of these shops")
	}
	next := *s
	next.Status, next.PublishAt, next.UnpublishAt, next.Sale, next.OnSale = Deleted, 0, 0, nil, false
	next.UpdatedAt = t.Now.UnixMilli()
	next.Version++
	return []events.Event{deleted{events.ProductDeleted{Product: next.public()}, next}}, nil
}

// Get returns an active product to anyone, others to staff of the company.
func (s *State) Get(t entrepot.Turn, _ Get) (*Product, error) {
	if !s.visibleTo(t.Caller) {
		return nil, entrepot.ErrNotFound
	}
	return s.View(), nil
}

func (s *State) visibleTo(c entrepot.Caller) bool {
	switch s.Status {
	case "", Deleted:
		return false
	case Active:
		return true
	default:
		return c.MayReachCompany(s.CompanyID)
	}
}

// refusal returns "forbidden" to staff of the company and "not found" to everyone else.
func (s *State) refusal(c entrepot.Caller, why string) error {
	if c.MayReachCompany(s.CompanyID) {
		return entrepot.Errorf(entrepot.CodeForbidden, "%s", why)
	}
	return entrepot.ErrNotFound
}

// Apply changes the state by one fact.
func (s *State) Apply(e events.Event) {
	switch f := e.(type) {
	case created:
		*s = f.next
	case updated:
		*s = f.next
	case deleted:
		*s = f.next
	}
}

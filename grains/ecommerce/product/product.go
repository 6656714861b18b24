// Package product is one product of a company: what it is, in which variants, what
// it costs where and when, and which shops sell it.
//
// Commands: Create, Update, AddImage, RemoveImage, SetRating, Delete. Queries: Get.
// By itself it is published and taken back at its times, and tells when a sale
// begins and ends. Persisted: the whole [State]; a deleted product stays as a
// tombstone that nothing is made of again.
package product

import (
	"slices"

	"entrepot"
	"entrepot/events"
)

// The statuses of a product. Only active ones are sold and shown to everyone.
// Lists that mean "what exists" ask for the first three.
const (
	Active        = "active"
	Draft         = "draft"
	Archived      = "archived"
	StatusDeleted = "deleted"
)

// MaxShops is how many shops may sell one product.
const MaxShops = 1000

// State is a product. The zero State does not exist yet. Its lists are never
// changed in place: a decision shares them with the state it makes.
type State struct {
	ID          entrepot.ID     `json:"id,omitempty"`
	CompanyID   entrepot.ID     `json:"companyId,omitempty"`
	ShopIDs     []entrepot.ID   `json:"shopIds,omitempty"`
	SKU         string          `json:"sku,omitempty"`
	Name        string          `json:"name,omitempty"`
	Description string          `json:"description,omitempty"`
	Category    string          `json:"category,omitempty"`
	Brand       string          `json:"brand,omitempty"`
	Price       int64           `json:"price,omitempty"` // minor units of Currency
	Currency    string          `json:"currency,omitempty"`
	Status      string          `json:"status,omitempty"`
	Image       string          `json:"image,omitempty"`
	Options     []Option        `json:"options,omitempty"`
	Variants    []StoredVariant `json:"variants,omitempty"`
	Attributes  []Attribute     `json:"attributes,omitempty"`
	Tags        []string        `json:"tags,omitempty"`
	ShopPrices  []ShopPrice     `json:"shopPrices,omitempty"`
	Sale        *Sale           `json:"sale,omitempty"`
	OnSale      bool            `json:"onSale,omitempty"` // the sale runs, as far as was told
	Images      []Image         `json:"images,omitempty"`
	PublishAt   int64           `json:"publish,omitempty"`   // Unix ms: becomes active then
	UnpublishAt int64           `json:"unpublish,omitempty"` // Unix ms: becomes archived then
	Rating      []int64         `json:"rating,omitempty"`    // reviews of 1 to 5 stars
	CreatedAt   int64           `json:"created,omitempty"`   // Unix ms
	UpdatedAt   int64           `json:"updated,omitempty"`   // Unix ms
	Version     int64           `json:"version,omitempty"`   // counts the changes, for If-Match
}

// The facts are the public events with the state they lead to beside them: what
// the public is told is less than the state, and in decimals.
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

// Create takes the product into the catalogue.
func (s *State) Create(t entrepot.Turn, c Create) ([]events.Event, error) {
	if err := mayCreate(t.Caller, c); err != nil {
		return nil, err
	}
	if s.ID != "" {
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the product already exists")
	}
	if err := checkCreate(c); err != nil {
		return nil, err
	}
	now := t.Now.UnixMilli()
	made := State{
		ID: t.ID, CompanyID: c.CompanyID, ShopIDs: slices.Clone(c.ShopIDs), SKU: c.SKU, Name: c.Name,
		Description: c.Description, Category: c.Category, Brand: c.Brand, Price: c.Price,
		Currency: c.Currency, Status: c.Status, Image: c.Image,
		PublishAt: c.PublishAt, UnpublishAt: c.UnpublishAt, CreatedAt: now, UpdatedAt: now, Version: 1,
	}
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

// fill sets the lists of a new product and what has rules across fields.
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

// mayCreate: admins for their company, managers for shops that are all theirs.
func mayCreate(caller entrepot.Caller, c Create) error {
	switch caller.Role {
	case entrepot.SuperAdmin, entrepot.System, entrepot.CompanyAdmin, entrepot.ShopManager:
	default:
		return entrepot.Errorf(entrepot.CodeForbidden, "this role creates no products")
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

func checkCreate(c Create) error {
	if !entrepot.ValidID(c.CompanyID) {
		return entrepot.Invalid("companyId", "required", "a product belongs to a company")
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
		return entrepot.Invalid("shopIds", "items", "1 to %d shops sell a product", MaxShops)
	case !distinctIDs(ids):
		return entrepot.Invalid("shopIds", "id", "must be shop ids, each once")
	default:
		return nil
	}
}

func checkPrice(field string, minor int64) error {
	if minor < 0 || minor > entrepot.MaxMinor {
		return entrepot.Invalid(field, "range", "must be non-negative and not that large")
	}
	return nil
}

func distinctIDs(ids []string) bool {
	sorted := slices.Sorted(slices.Values(ids))
	return len(slices.Compact(sorted)) == len(ids) &&
		!slices.ContainsFunc(ids, func(id string) bool { return !entrepot.ValidID(id) })
}

// Delete takes the product out of the catalogue. A manager must have all the
// shops that sell it: the others would lose it too.
func (s *State) Delete(t entrepot.Turn, _ Delete) ([]events.Event, error) {
	switch {
	case !s.visibleTo(t.Caller):
		return nil, entrepot.ErrNotFound
	case t.Caller.Role == entrepot.ShopStaff || !reachesAll(t.Caller, s.CompanyID, s.ShopIDs):
		return nil, s.refusal(t.Caller, "this role deletes no product of these shops")
	}
	next := *s
	next.Status, next.PublishAt, next.UnpublishAt, next.Sale, next.OnSale = StatusDeleted, 0, 0, nil, false
	next.UpdatedAt = t.Now.UnixMilli()
	next.Version++
	return []events.Event{deleted{events.ProductDeleted{Product: next.public()}, next}}, nil
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

// Get answers an active product to anyone, another one to the company's staff.
func (s *State) Get(t entrepot.Turn, _ Get) (*Product, error) {
	if !s.visibleTo(t.Caller) {
		return nil, entrepot.ErrNotFound
	}
	return s.View(), nil
}

func (s *State) visibleTo(c entrepot.Caller) bool {
	switch s.Status {
	case "", StatusDeleted:
		return false
	case Active:
		return true
	default:
		return c.MayReachCompany(s.CompanyID)
	}
}

// refusal of a change: forbidden within the company, absent to everyone else.
func (s *State) refusal(c entrepot.Caller, why string) error {
	if c.MayReachCompany(s.CompanyID) {
		return entrepot.Errorf(entrepot.CodeForbidden, "%s", why)
	}
	return entrepot.ErrNotFound
}

// Package product is one product of a company: what it is, what it costs and
// which shops sell it.
//
// Commands: Create, Update, Delete. Queries: Get. Persisted: the whole [State];
// a deleted product stays as a tombstone that nothing is made of again.
package product

import (
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains/product/productpb"
)

// The statuses of a product. Only active ones are sold and shown to everyone.
// Lists that mean "what exists" ask for the first three.
const (
	StatusActive   = "active"
	StatusDraft    = "draft"
	StatusArchived = "archived"
	StatusDeleted  = "deleted"
)

// MaxShops is how many shops may sell one product.
const MaxShops = 1000

// State is a product. The zero State does not exist yet.
type State struct {
	ID          entrepot.ID   `json:"id,omitempty"`
	CompanyID   entrepot.ID   `json:"companyId,omitempty"`
	ShopIDs     []entrepot.ID `json:"shopIds,omitempty"`
	SKU         string        `json:"sku,omitempty"`
	Name        string        `json:"name,omitempty"`
	Description string        `json:"description,omitempty"`
	Category    string        `json:"category,omitempty"`
	Brand       string        `json:"brand,omitempty"`
	Price       int64         `json:"price,omitempty"` // minor units of Currency
	Currency    string        `json:"currency,omitempty"`
	Status      string        `json:"status,omitempty"`
	Image       string        `json:"image,omitempty"`
	Created     int64         `json:"created,omitempty"` // Unix ms
	Updated     int64         `json:"updated,omitempty"` // Unix ms
	Version     int64         `json:"version,omitempty"` // counts the changes, for If-Match
}

// The facts are the public events with the price in minor units beside them: the
// state never parses the decimal that readers get.
type (
	created struct {
		events.ProductCreated
		price int64
	}
	updated struct {
		events.ProductUpdated
		price int64
	}
)

// Create takes the product into the catalogue.
func (s *State) Create(t entrepot.Turn, c *productpb.Create) ([]events.Event, error) {
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
		ID: t.ID, CompanyID: c.CompanyId, ShopIDs: slices.Clone(c.ShopIds), SKU: c.Sku, Name: c.Name,
		Description: c.Description, Category: c.Category, Brand: c.Brand, Price: c.PriceMinor,
		Currency: c.Currency, Status: StatusActive, Image: c.Image, Created: now, Updated: now,
	}
	return []events.Event{created{events.ProductCreated{Product: made.public()}, made.Price}}, nil
}

// mayCreate: admins for their company, managers for shops that are all theirs.
func mayCreate(caller entrepot.Caller, c *productpb.Create) error {
	switch caller.Role {
	case entrepot.SuperAdmin, entrepot.System, entrepot.CompanyAdmin, entrepot.ShopManager:
	default:
		return entrepot.Errorf(entrepot.CodeForbidden, "this role creates no products")
	}
	if !caller.MayReachCompany(c.CompanyId) || !reachesAll(caller, c.CompanyId, c.ShopIds) {
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

func checkCreate(c *productpb.Create) error {
	switch {
	case !entrepot.ValidID(c.CompanyId):
		return entrepot.Invalid("companyId", "required", "a product belongs to a company")
	case len(c.ShopIds) == 0 || len(c.ShopIds) > MaxShops:
		return entrepot.Invalid("shopIds", "items", "1 to %d shops sell a product", MaxShops)
	case !distinctIDs(c.ShopIds):
		return entrepot.Invalid("shopIds", "id", "must be shop ids, each once")
	case c.Sku == "":
		return entrepot.Invalid("sku", "required", "must be given")
	case c.Name == "":
		return entrepot.Invalid("name", "required", "must be given")
	case !entrepot.ValidCurrency(c.Currency):
		return entrepot.Invalid("currency", "currency", "must be an ISO 4217 code such as EUR")
	default:
		return checkPrice(c.PriceMinor)
	}
}

func checkPrice(minor int64) error {
	if minor < 0 || minor > entrepot.MaxMinor {
		return entrepot.Invalid("price", "range", "must be non-negative and not that large")
	}
	return nil
}

func distinctIDs(ids []string) bool {
	sorted := slices.Sorted(slices.Values(ids))
	return len(slices.Compact(sorted)) == len(ids) &&
		!slices.ContainsFunc(ids, func(id string) bool { return !entrepot.ValidID(id) })
}

// Update replaces what is set. What equals the present changes nothing.
func (s *State) Update(t entrepot.Turn, c *productpb.Update) ([]events.Event, error) {
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
	changed := next.replace(c)
	if len(changed) == 0 {
		return nil, nil
	}
	next.Updated = t.Now.UnixMilli()
	return []events.Event{updated{events.ProductUpdated{Product: next.public(), Changed: changed}, next.Price}}, nil
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

// refusal of a change: forbidden within the company, absent to everyone else.
func (s *State) refusal(c entrepot.Caller, why string) error {
	if c.MayReachCompany(s.CompanyID) {
		return entrepot.Errorf(entrepot.CodeForbidden, "%s", why)
	}
	return entrepot.ErrNotFound
}

func checkUpdate(c *productpb.Update) error {
	switch {
	case c.Name != nil && *c.Name == "":
		return entrepot.Invalid("name", "required", "must not be empty")
	case c.Status != nil && *c.Status != StatusActive && *c.Status != StatusDraft && *c.Status != StatusArchived:
		return entrepot.Invalid("status", "enum", "must be active, draft or archived")
	default:
		return checkPrice(c.GetPriceMinor())
	}
}

// replace sets what the command names and differs, and returns the names of it.
// It is used on a copy.
func (s *State) replace(c *productpb.Update) (changed []string) {
	text := func(name string, field, value *string) {
		if value != nil && *value != *field {
			*field = *value
			changed = append(changed, name)
		}
	}
	text("name", &s.Name, c.Name)
	text("description", &s.Description, c.Description)
	text("category", &s.Category, c.Category)
	text("brand", &s.Brand, c.Brand)
	text("status", &s.Status, c.Status)
	text("image", &s.Image, c.Image)
	if c.PriceMinor != nil && *c.PriceMinor != s.Price {
		s.Price = *c.PriceMinor
		changed = append(changed, "price")
	}
	return changed
}

// Delete takes the product out of the catalogue. A manager must have all the
// shops that sell it: the others would lose it too.
func (s *State) Delete(t entrepot.Turn, _ *productpb.Delete) ([]events.Event, error) {
	switch {
	case !s.visibleTo(t.Caller):
		return nil, entrepot.ErrNotFound
	case t.Caller.Role == entrepot.ShopStaff || !reachesAll(t.Caller, s.CompanyID, s.ShopIDs):
		return nil, s.refusal(t.Caller, "this role deletes no product of these shops")
	}
	next := *s
	next.Status, next.Updated = StatusDeleted, t.Now.UnixMilli()
	return []events.Event{events.ProductDeleted{Product: next.public()}}, nil
}

// Apply changes the state by one fact.
func (s *State) Apply(e events.Event) {
	switch f := e.(type) {
	case created:
		s.set(f.Product, f.price)
	case updated:
		s.set(f.Product, f.price)
	case events.ProductDeleted:
		s.set(f.Product, s.Price)
	}
}

func (s *State) set(p events.Product, price int64) {
	s.Price = price
	s.Version++
	s.ID, s.CompanyID, s.ShopIDs, s.SKU = p.ProductID, p.CompanyID, slices.Clone(p.ShopIDs), p.SKU
	s.Name, s.Description, s.Category, s.Brand = p.Name, p.Description, p.Category, p.Brand
	s.Currency, s.Status, s.Image = p.Currency, p.Status, p.Image
	s.Created, s.Updated = p.CreatedAt.UnixMilli(), p.UpdatedAt.UnixMilli()
}

// public is the product as events tell it.
func (s *State) public() events.Product {
	return events.Product{
		ProductID: s.ID, CompanyID: s.CompanyID, ShopIDs: slices.Clone(s.ShopIDs), SKU: s.SKU, Name: s.Name,
		Description: s.Description, Category: s.Category, Brand: s.Brand,
		Price: entrepot.Money{Minor: s.Price, Currency: s.Currency}.Amount(), Currency: s.Currency,
		Status: s.Status, Image: s.Image, CreatedAt: s.createdAt(), UpdatedAt: time.UnixMilli(s.Updated).UTC(),
	}
}

// Get answers an active product to anyone, another one to the company's staff.
func (s *State) Get(t entrepot.Turn, _ *productpb.Get) (*productpb.Product, error) {
	if !s.visibleTo(t.Caller) {
		return nil, entrepot.ErrNotFound
	}
	return s.View(), nil
}

func (s *State) visibleTo(c entrepot.Caller) bool {
	switch s.Status {
	case "", StatusDeleted:
		return false
	case StatusActive:
		return true
	default:
		return c.MayReachCompany(s.CompanyID)
	}
}

// View is the whole product.
func (s *State) View() *productpb.Product {
	return &productpb.Product{
		Id: s.ID, CompanyId: s.CompanyID, ShopIds: slices.Clone(s.ShopIDs), Sku: s.SKU, Name: s.Name,
		Description: s.Description, Category: s.Category, Brand: s.Brand, PriceMinor: s.Price,
		Currency: s.Currency, Status: s.Status, Image: s.Image, CreatedMs: s.Created, UpdatedMs: s.Updated, Version: s.Version,
	}
}

func (s *State) createdAt() time.Time { return time.UnixMilli(s.Created).UTC() }

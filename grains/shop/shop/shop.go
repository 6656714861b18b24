// Package shop is one shop of a company: its place, its opening hours and its staff.
//
// Commands: Create, Update, Delete (shop.go), Assign (staff.go). Queries: Get.
// Persisted: the whole [State].
package shop

import (
	"reflect"
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
)

// State is a shop. The zero State does not exist yet.
type State struct {
	Shop

	DeletedAt int64     `json:"deleted,omitempty"`  // Unix ms
	Staffing  *staffing `json:"staffing,omitempty"` // the change of the staff under way
	Settled   []settled `json:"settled,omitempty"`  // the last such changes
}

// MaxStaff is the maximum number of staff of a shop.
const MaxStaff = 500

// gone reports whether the shop does not exist, or is deleted.
func (s *State) gone() bool { return s.ID == "" || s.DeletedAt != 0 }

// Create opens the shop.
func (s *State) Create(t entrepot.Turn, c Create) ([]events.Event, error) {
	switch t.Caller.Role {
	case entrepot.SuperAdmin, entrepot.System:
	case entrepot.CompanyAdmin:
		if !t.Caller.MayReachCompany(c.CompanyID) {
			return nil, entrepot.ErrNotFound
		}
	default:
		return nil, entrepot.Errorf(entrepot.CodeForbidden, "only admins create shops")
	}
	if s.ID != "" {
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the shop already exists")
	}
	if err := checkCreate(c); err != nil {
		return nil, err
	}
	if err := c.Details.check(); err != nil {
		return nil, err
	}
	shop := events.Shop{ShopID: t.ID, CompanyID: c.CompanyID, IsActive: true, CreatedAt: t.Now, UpdatedAt: t.Now}
	c.publish(&shop)
	if t.Caller.Role == entrepot.System {
		shop.ManagerID, shop.StaffIDs = c.ManagerID, slices.Clone(c.StaffIDs)
		return []events.Event{events.ShopCreated{Shop: shop}}, nil
	}
	return append([]events.Event{events.ShopCreated{Shop: shop}}, staffed(t, c)...), nil
}

func checkCreate(c Create) error {
	switch {
	case !entrepot.ValidID(c.CompanyID):
		return entrepot.Invalid("companyId", "required", "must be a company id")
	case c.ManagerID != "" && !entrepot.ValidID(c.ManagerID):
		return entrepot.Invalid("managerId", "id", "must be a user id")
	case len(c.StaffIDs) > MaxStaff:
		return entrepot.Invalid("staffIds", "maxItems", "must have at most %d users", MaxStaff)
	case slices.ContainsFunc(c.StaffIDs, func(id string) bool { return !entrepot.ValidID(id) }):
		return entrepot.Invalid("staffIds", "id", "must be user ids")
	default:
		return nil
	}
}

// mayChange lets admins change the shops of their company. Callers that do not reach
// the shop do not learn that it exists.
func (s *State) mayChange(t entrepot.Turn, expected int64) error {
	switch {
	case s.gone() || !t.Caller.MayReachShop(s.CompanyID, s.ID):
		return entrepot.ErrNotFound
	case t.Caller.Role == entrepot.ShopManager || t.Caller.Role == entrepot.ShopStaff:
		return entrepot.Errorf(entrepot.CodeForbidden, "only admins change shops")
	default:
		return entrepot.CheckVersion(expected, s.Version)
	}
}

// Update replaces the details.
func (s *State) Update(t entrepot.Turn, c Update) ([]events.Event, error) {
	if err := s.mayChange(t, c.ExpectedVersion); err != nil {
		return nil, err
	}
	d := c.clone()
	if err := d.check(); err != nil {
		return nil, err
	}
	if reflect.DeepEqual(d, s.Details) && c.IsActive == s.IsActive {
		return nil, nil
	}
	shop := s.public()
	d.publish(&shop)
	shop.IsActive, shop.UpdatedAt = c.IsActive, t.Now
	return []events.Event{events.ShopUpdated{Shop: shop}}, nil
}

// Delete deletes the shop and removes the assignments of its staff. Its orders,
// payments and stock stay on record.
func (s *State) Delete(t entrepot.Turn, c Delete) ([]events.Event, error) {
	if err := s.mayChange(t, c.ExpectedVersion); err != nil {
		return nil, err
	}
	if s.Staffing != nil {
		return nil, errStaffing
	}
	deleted := events.ShopDeleted{ShopID: s.ID, CompanyID: s.CompanyID, DeletedAt: t.Now}
	return append(s.dismissed(t), deleted), nil
}

// public returns the published data.
func (s *State) public() events.Shop {
	shop := events.Shop{
		ShopID: s.ID, CompanyID: s.CompanyID, ManagerID: s.ManagerID, StaffIDs: slices.Clone(s.StaffIDs),
		IsActive: s.IsActive, CreatedAt: s.createdAt(), UpdatedAt: time.UnixMilli(s.UpdatedAt).UTC(),
	}
	s.publish(&shop)
	return shop
}

// Get returns the shop to anybody, its staff only to callers that reach the shop.
func (s *State) Get(t entrepot.Turn, _ Get) (*Shop, error) {
	switch {
	case s.gone():
		return nil, entrepot.ErrNotFound
	case t.Caller.MayReachShop(s.CompanyID, s.ID):
		return s.view(), nil
	default:
		return s.view().Public(), nil
	}
}

// view returns a copy of the shop.
func (s *State) view() *Shop {
	v := s.Shop
	v.Details, v.StaffIDs = s.clone(), slices.Clone(s.StaffIDs)
	return &v
}

func (s *State) createdAt() time.Time { return time.UnixMilli(s.CreatedAt).UTC() }

// Apply changes the state by one fact.
func (s *State) Apply(e events.Event) {
	switch f := e.(type) {
	case events.ShopCreated:
		s.ID, s.CompanyID, s.CreatedAt = f.ShopID, f.CompanyID, f.CreatedAt.UnixMilli()
		s.ManagerID, s.StaffIDs = f.ManagerID, slices.Clone(f.StaffIDs)
		s.set(&f.Shop)
	case events.ShopUpdated:
		s.set(&f.Shop)
	case events.ShopDeleted:
		s.DeletedAt, s.UpdatedAt, s.IsActive = f.DeletedAt.UnixMilli(), f.DeletedAt.UnixMilli(), false
		s.Version++
	default:
		s.applyStaff(e)
	}
}

// set sets the published data.
func (s *State) set(f *events.Shop) {
	s.Details, s.IsActive, s.UpdatedAt = published(f), f.IsActive, f.UpdatedAt.UnixMilli()
	s.Version++
}

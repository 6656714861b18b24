// Package shop is one shop of a company: where it stands, when it is open and
// who works there.
//
// Commands: Create, Update, Delete, Assign and StaffTold (staff.go). Queries: Get.
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
	Details

	ID        entrepot.ID   `json:"id,omitempty"`
	CompanyID entrepot.ID   `json:"companyId,omitempty"`
	ManagerID entrepot.ID   `json:"managerId,omitempty"`
	StaffIDs  []entrepot.ID `json:"staffIds,omitempty"`
	IsActive  bool          `json:"isActive,omitempty"`
	CreatedAt int64         `json:"created,omitempty"` // Unix ms, as all times of the state
	UpdatedAt int64         `json:"updated,omitempty"`
	DeletedAt int64         `json:"deleted,omitempty"`
	Version   int64         `json:"version,omitempty"` // counts the changes, for If-Match

	Staffing *staffing `json:"staffing,omitempty"` // a change of who works here, under way
	Settled  []settled `json:"settled,omitempty"`  // the last such changes
}

// MaxStaff is how many people may be assigned to one shop.
const MaxStaff = 500

// gone: never created, or deleted.
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
	d := detailsOf(c)
	if err := d.check(); err != nil {
		return nil, err
	}
	shop := events.Shop{ShopID: t.ID, CompanyID: c.CompanyID, IsActive: true, CreatedAt: t.Now, UpdatedAt: t.Now}
	d.tell(&shop)
	if t.Caller.Role == entrepot.System {
		shop.ManagerID, shop.StaffIDs = c.ManagerID, slices.Clone(c.StaffIDs)
		return []events.Event{events.ShopCreated{Shop: shop}}, nil
	}
	return append([]events.Event{events.ShopCreated{Shop: shop}}, s.staffed(t, c)...), nil
}

func checkCreate(c Create) error {
	switch {
	case !entrepot.ValidID(c.CompanyID):
		return entrepot.Invalid("companyId", "required", "a shop belongs to a company")
	case c.ManagerID != "" && !entrepot.ValidID(c.ManagerID):
		return entrepot.Invalid("managerId", "id", "must be a user id")
	case len(c.StaffIDs) > MaxStaff:
		return entrepot.Invalid("staffIds", "maxItems", "a shop has at most %d staff", MaxStaff)
	case slices.ContainsFunc(c.StaffIDs, func(id string) bool { return !entrepot.ValidID(id) }):
		return entrepot.Invalid("staffIds", "id", "must be user ids")
	default:
		return nil
	}
}

// mayChange: admins keep the shops of their company; who only works there, or
// belongs to another, does not learn that there is anything to keep.
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

// Update sets what the shop says of itself.
func (s *State) Update(t entrepot.Turn, c Update) ([]events.Event, error) {
	if err := s.mayChange(t, c.ExpectedVersion); err != nil {
		return nil, err
	}
	d := detailsOf(Create{Name: c.Name, Address: c.Address, City: c.City, State: c.State, Country: c.Country, Point: c.Point, Contact: c.Contact, Hours: c.Hours})
	if err := d.check(); err != nil {
		return nil, err
	}
	if reflect.DeepEqual(d, s.Details) && c.IsActive == s.IsActive {
		return nil, nil
	}
	shop := s.public()
	d.tell(&shop)
	shop.IsActive, shop.UpdatedAt = c.IsActive, t.Now
	return []events.Event{events.ShopUpdated{Shop: shop}}, nil
}

// Delete gives the shop up and takes it from who works there. Its orders, payments and stock stay on record.
func (s *State) Delete(t entrepot.Turn, c Delete) ([]events.Event, error) {
	if err := s.mayChange(t, c.ExpectedVersion); err != nil {
		return nil, err
	}
	if s.Staffing != nil {
		return nil, errStaffing
	}
	return append(s.dismissed(t), events.ShopDeleted{ShopID: s.ID, CompanyID: s.CompanyID, DeletedAt: t.Now}), nil
}

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

func (s *State) set(f *events.Shop) {
	s.Details, s.IsActive, s.UpdatedAt = told(f), f.IsActive, f.UpdatedAt.UnixMilli()
	s.Version++
}

// public is the shop as events tell it.
func (s *State) public() events.Shop {
	shop := events.Shop{
		ShopID: s.ID, CompanyID: s.CompanyID, ManagerID: s.ManagerID, StaffIDs: slices.Clone(s.StaffIDs),
		IsActive: s.IsActive, CreatedAt: s.createdAt(), UpdatedAt: time.UnixMilli(s.UpdatedAt).UTC(),
	}
	s.tell(&shop)
	return shop
}

// Get answers the shop to anyone; who works there only to staff who reach it.
func (s *State) Get(t entrepot.Turn, _ Get) (*Shop, error) {
	switch {
	case s.gone():
		return nil, entrepot.ErrNotFound
	case t.Caller.MayReachShop(s.CompanyID, s.ID):
		return s.View(), nil
	default:
		return s.Public(), nil
	}
}

// View is the whole shop.
func (s *State) View() *Shop {
	v := s.Public()
	v.ManagerID, v.StaffIDs = s.ManagerID, slices.Clone(s.StaffIDs)
	return v
}

// Public is the shop without who works there.
func (s *State) Public() *Shop {
	v := &Shop{
		ID: s.ID, CompanyID: s.CompanyID, IsActive: s.IsActive, CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt, Version: s.Version,
	}
	s.show(v)
	return v
}

func (s *State) createdAt() time.Time { return time.UnixMilli(s.CreatedAt).UTC() }

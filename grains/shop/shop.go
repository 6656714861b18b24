// Package shop is one shop of a company: where it stands and who works there.
//
// Commands: Create. Queries: Get. Persisted: the whole [State].
package shop

import (
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains/shop/shoppb"
)

// State is a shop. The zero State does not exist yet.
type State struct {
	ID        entrepot.ID   `json:"id,omitempty"`
	CompanyID entrepot.ID   `json:"companyId,omitempty"`
	Name      string        `json:"name,omitempty"`
	Address   string        `json:"address,omitempty"`
	City      string        `json:"city,omitempty"`
	Country   string        `json:"country,omitempty"`
	ManagerID entrepot.ID   `json:"managerId,omitempty"`
	StaffIDs  []entrepot.ID `json:"staffIds,omitempty"`
	IsActive  bool          `json:"isActive,omitempty"`
	Created   int64         `json:"created,omitempty"` // Unix ms
	Updated   int64         `json:"updated,omitempty"` // Unix ms
}

// MaxStaff is how many people may be assigned to one shop.
const MaxStaff = 500

// Create opens the shop.
func (s *State) Create(t entrepot.Turn, c *shoppb.Create) ([]events.Event, error) {
	switch t.Caller.Role {
	case entrepot.SuperAdmin, entrepot.System:
	case entrepot.CompanyAdmin:
		if !t.Caller.MayReachCompany(c.CompanyId) {
			return nil, entrepot.ErrNotFound
		}
	default:
		return nil, entrepot.Errorf(entrepot.CodeForbidden, "only admins create shops")
	}
	if s.ID != "" {
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the shop already exists")
	}
	if err := check(c); err != nil {
		return nil, err
	}
	return []events.Event{events.ShopCreated{Shop: events.Shop{
		ShopID: t.ID, CompanyID: c.CompanyId, Name: c.Name,
		Location:  events.Location{Address: c.Address, City: c.City, Country: c.Country},
		ManagerID: c.ManagerId, StaffIDs: slices.Clone(c.StaffIds),
		IsActive: true, CreatedAt: t.Now, UpdatedAt: t.Now,
	}}}, nil
}

func check(c *shoppb.Create) error {
	switch {
	case !entrepot.ValidID(c.CompanyId):
		return entrepot.Invalid("companyId", "required", "a shop belongs to a company")
	case c.Name == "":
		return entrepot.Invalid("name", "required", "must be given")
	case c.ManagerId != "" && !entrepot.ValidID(c.ManagerId):
		return entrepot.Invalid("managerId", "id", "must be a user id")
	case len(c.StaffIds) > MaxStaff:
		return entrepot.Invalid("staffIds", "maxItems", "a shop has at most %d staff", MaxStaff)
	case slices.ContainsFunc(c.StaffIds, func(id string) bool { return !entrepot.ValidID(id) }):
		return entrepot.Invalid("staffIds", "id", "must be user ids")
	default:
		return nil
	}
}

// Apply changes the state by one fact.
func (s *State) Apply(e events.Event) {
	switch f := e.(type) {
	case events.ShopCreated:
		s.ID, s.CompanyID, s.Name = f.ShopID, f.CompanyID, f.Name
		s.Address, s.City, s.Country = f.Location.Address, f.Location.City, f.Location.Country
		s.ManagerID, s.StaffIDs, s.IsActive = f.ManagerID, slices.Clone(f.StaffIDs), f.IsActive
		s.Created, s.Updated = f.CreatedAt.UnixMilli(), f.UpdatedAt.UnixMilli()
	}
}

// Get answers the shop to anyone; who works there only to staff who reach it.
func (s *State) Get(t entrepot.Turn, _ *shoppb.Get) (*shoppb.Shop, error) {
	switch {
	case s.ID == "":
		return nil, entrepot.ErrNotFound
	case t.Caller.MayReachShop(s.CompanyID, s.ID):
		return s.View(), nil
	default:
		return s.Public(), nil
	}
}

// View is the whole shop.
func (s *State) View() *shoppb.Shop {
	v := s.Public()
	v.ManagerId, v.StaffIds = s.ManagerID, slices.Clone(s.StaffIDs)
	return v
}

// Public is the shop without who works there.
func (s *State) Public() *shoppb.Shop {
	return &shoppb.Shop{
		Id: s.ID, CompanyId: s.CompanyID, Name: s.Name, Address: s.Address, City: s.City, Country: s.Country,
		IsActive: s.IsActive, CreatedMs: s.Created, UpdatedMs: s.Updated,
	}
}

func (s *State) createdAt() time.Time { return time.UnixMilli(s.Created).UTC() }

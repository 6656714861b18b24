package shop

import (
	"entrepot"
	"entrepot/grains"
)

// Name is the kind's name in the cluster.
const Name = "Shop"

// Of returns the ref of a shop.
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// Create opens a shop. Its staff is assigned as by Assign, and the shop is not opened
// if one of them cannot be assigned. Admins send it, and the platform, whose staff
// has the shop already.
type Create struct {
	CompanyID entrepot.ID
	Details
	ManagerID entrepot.ID // may be empty
	StaffIDs  []entrepot.ID
}

// Update replaces the details. Admins send it.
type Update struct {
	ExpectedVersion int64 // 0: any
	Details
	IsActive bool
}

// Delete deletes the shop and removes the assignments of its staff. The reply waits
// until their older tokens are withdrawn. Admins send it.
type Delete struct {
	ExpectedVersion int64 // 0: any
}

// Assign changes the staff of the shop, completely or not at all. The reply waits until
// the users' older tokens are withdrawn. Admins send it.
type Assign struct {
	ID              entrepot.ID // of the change; the same change twice is executed once
	ExpectedVersion int64       // 0: any
	ManagerID       entrepot.ID // empty: unchanged
	UserIDs         []entrepot.ID
	Remove          []entrepot.ID
}

// Get returns the shop to anybody, its staff only to callers that reach the shop.
type Get struct{}

// Shop is a shop; its JSON is part of the saved state.
type Shop struct {
	Details

	ID        entrepot.ID   `json:"id,omitempty"`
	CompanyID entrepot.ID   `json:"companyId,omitempty"`
	ManagerID entrepot.ID   `json:"managerId,omitempty"`
	StaffIDs  []entrepot.ID `json:"staffIds,omitempty"`
	IsActive  bool          `json:"isActive,omitempty"`
	CreatedAt int64         `json:"created,omitempty"` // Unix ms
	UpdatedAt int64         `json:"updated,omitempty"` // Unix ms
	Version   int64         `json:"version,omitempty"` // counts the changes, for If-Match
}

// Public returns the shop without its staff.
func (v Shop) Public() *Shop {
	v.ManagerID, v.StaffIDs = "", nil
	return &v
}

func (Create) Answers(*Shop) {}
func (Update) Answers(*Shop) {}
func (Delete) Answers(*Shop) {}
func (Assign) Answers(*Shop) {}
func (Get) Answers(*Shop)    {}

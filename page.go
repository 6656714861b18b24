package entrepot

// Scope selects the documents that a query may see. Every query requires it, so that a query cannot
// forget its tenant.
type Scope struct {
	all       bool
	CompanyID ID
	ShopIDs   []ID // nil: every shop of the company
	OwnerID   ID
}

// AllTenants returns the scope of every tenant, for the platform itself and super admins.
func AllTenants() Scope { return Scope{all: true} }

// InCompany returns the scope of all documents of a company.
func InCompany(id ID) Scope { return Scope{CompanyID: id} }

// InShops returns the scope of the documents of some shops of a company; with no shops it is empty.
func InShops(company ID, shops []ID) Scope {
	if shops == nil {
		shops = []ID{}
	}
	return Scope{CompanyID: company, ShopIDs: shops}
}

// OwnedBy returns the scope of one user's own documents.
func OwnedBy(user ID) Scope { return Scope{OwnerID: user} }

// All reports whether the scope spans every tenant.
func (s Scope) All() bool { return s.all }

// Empty reports whether the scope contains no documents.
func (s Scope) Empty() bool {
	return !s.all && s.OwnerID == "" && (s.CompanyID == "" || (s.ShopIDs != nil && len(s.ShopIDs) == 0))
}

// StaffScope returns the company or shop documents that the caller may see as staff. It is empty
// for customers and anonymous callers.
func StaffScope(c Caller) Scope {
	switch c.Role {
	case SuperAdmin, System:
		return AllTenants()
	case CompanyAdmin:
		return InCompany(c.CompanyID)
	case ShopManager, ShopStaff:
		return InShops(c.CompanyID, c.ShopIDs)
	default:
		return Scope{}
	}
}

// Page is one page of a list. NextCursor is empty on the last page.
type Page[T any] struct {
	Items      []T    `json:"items"`
	NextCursor string `json:"nextCursor,omitempty"`
}

package entrepot

// Scope is whose documents a query may see. It is a required argument of every
// query, so a query without a tenant cannot be written by accident.
type Scope struct {
	all       bool
	CompanyID ID
	ShopIDs   []ID // nil: every shop of the company
	OwnerID   ID
}

// AllTenants is the scope of the platform itself and of super admins.
func AllTenants() Scope { return Scope{all: true} }

// InCompany is every document of a company.
func InCompany(id ID) Scope { return Scope{CompanyID: id} }

// InShops is the documents of some shops of a company; no shops means no documents.
func InShops(company ID, shops []ID) Scope {
	if shops == nil {
		shops = []ID{}
	}
	return Scope{CompanyID: company, ShopIDs: shops}
}

// OwnedBy is the documents of one customer.
func OwnedBy(user ID) Scope { return Scope{OwnerID: user} }

// All reports whether the scope spans tenants.
func (s Scope) All() bool { return s.all }

// Empty reports whether the scope names nobody, and so contains nothing.
func (s Scope) Empty() bool {
	return !s.all && s.OwnerID == "" && (s.CompanyID == "" || (s.ShopIDs != nil && len(s.ShopIDs) == 0))
}

// StaffScope is what a caller sees of documents that belong to a company or shop.
// Customers and strangers see nothing through it.
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

// Page is one page of a list. NextCursor is empty on the last one.
type Page[T any] struct {
	Items      []T    `json:"items"`
	NextCursor string `json:"nextCursor,omitempty"`
}

package entrepot

import (
	"context"
	"slices"
	"time"
)

// Role is what a user may do, in general; the entity checks the tenant besides.
type Role string

// The five roles of the specification, and the platform itself acting on an
// event or on time.
const (
	SuperAdmin   Role = "super_admin"
	CompanyAdmin Role = "company_admin"
	ShopManager  Role = "shop_manager"
	ShopStaff    Role = "shop_staff"
	Customer     Role = "customer"
	System       Role = "system"
)

// Caller is who a command acts for. It travels with every command and stands in
// every event as its actor.
type Caller struct {
	UserID    ID
	Email     string
	Role      Role
	CompanyID ID   // staff: their one company
	ShopIDs   []ID // shop managers and staff: the shops they are assigned to
	// Scopes bound at the edge what an API key may do beyond its role; nil: a person.
	Scopes    []string
	RequestID string
	IP        string
	UserAgent string
}

// SystemCaller is the platform acting by itself, for reason (an event id, "wake").
func SystemCaller(reason string) Caller { return Caller{Role: System, RequestID: reason} }

// MayReachCompany reports whether staff data of the company is the caller's to see.
func (c Caller) MayReachCompany(companyID ID) bool {
	switch c.Role {
	case SuperAdmin, System:
		return true
	case CompanyAdmin, ShopManager, ShopStaff:
		return companyID != "" && c.CompanyID == companyID
	default:
		return false
	}
}

// Administers reports whether the company is the caller's to administer: the
// platform's admins may any, a company's admins their own.
func (c Caller) Administers(companyID ID) bool {
	return c.Role != ShopManager && c.Role != ShopStaff && c.MayReachCompany(companyID)
}

// MayReachShop reports whether staff data of the shop is the caller's to see.
func (c Caller) MayReachShop(companyID, shopID ID) bool {
	if !c.MayReachCompany(companyID) {
		return false
	}
	switch c.Role {
	case ShopManager, ShopStaff:
		return slices.Contains(c.ShopIDs, shopID)
	default:
		return true
	}
}

// Is reports whether the caller is the user, or the platform itself.
func (c Caller) Is(userID ID) bool {
	return c.Role == System || (userID != "" && c.UserID == userID)
}

type callerKey struct{}

// WithCaller returns a context that acts for c.
func WithCaller(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// CallerFrom is the caller of the context; the zero Caller may do nothing.
func CallerFrom(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return c
}

// Turn is what a decision knows besides its state and its command.
type Turn struct {
	ID        ID        // of the entity that decides
	Now       time.Time // the moment of the decision, UTC
	Caller    Caller
	CommandID string
}

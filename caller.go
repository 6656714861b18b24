package entrepot

import (
	"context"
	"slices"
	"time"
)

// Role names what a user may do in general. Entities check the tenant as well.
type Role string

// The five roles of the specification, and System for the platform itself when it reacts to an
// event or to time.
const (
	SuperAdmin   Role = "super_admin"
	CompanyAdmin Role = "company_admin"
	ShopManager  Role = "shop_manager"
	ShopStaff    Role = "shop_staff"
	Customer     Role = "customer"
	System       Role = "system"
)

// Caller identifies the user or system that a command acts for. It travels with every command and
// becomes the actor of the resulting events.
type Caller struct {
	UserID    ID
	Email     string
	Role      Role
	CompanyID ID   // staff: the company they work for
	ShopIDs   []ID // shop managers and staff: the shops they are assigned to
	// Scopes further limits what an API key may do; the HTTP edge checks it. Nil for people.
	Scopes    []string
	RequestID string
	IP        string
	UserAgent string
	// For is the role of the caller that the platform acts for; see Delegated.
	For Role
}

// SystemCaller returns the platform as caller. The reason (an event id, "wake") becomes the request
// id.
func SystemCaller(reason string) Caller { return Caller{Role: System, RequestID: reason} }

// Delegated returns the platform acting for the caller: it may do what only the platform may, and
// events keep the caller as their actor.
func (c Caller) Delegated() Caller {
	if c.Role == System {
		return c
	}
	return Caller{Role: System, For: c.Role, UserID: c.UserID, IP: c.IP, RequestID: c.RequestID, UserAgent: c.UserAgent}
}

// MayReachCompany reports whether the caller may see the company's internal (staff) data.
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

// Administers reports whether the caller may administer the company: super admins may administer
// every company, company admins their own.
func (c Caller) Administers(companyID ID) bool {
	return c.Role != ShopManager && c.Role != ShopStaff && c.MayReachCompany(companyID)
}

// MayReachShop reports whether the caller may see the shop's internal (staff) data.
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

// Is reports whether the caller is the given user or the platform itself.
func (c Caller) Is(userID ID) bool {
	return c.Role == System || (userID != "" && c.UserID == userID)
}

type callerKey struct{}

// WithCaller returns a context that acts for c.
func WithCaller(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// CallerFrom returns the caller stored in the context, or the zero Caller, which has no rights.
func CallerFrom(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return c
}

// Turn holds the input of a decision besides its state and its command.
type Turn struct {
	ID        ID        // the entity that decides
	Now       time.Time // time of the decision, UTC
	Caller    Caller
	CommandID string
}

// RequireSystem returns ErrNotFound unless the platform itself is the caller.
func (t Turn) RequireSystem() error {
	if t.Caller.Role != System {
		return ErrNotFound
	}
	return nil
}

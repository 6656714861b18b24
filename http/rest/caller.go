package rest

import (
	"context"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/query"
	"entrepot/http/edge"
	"entrepot/persistence"
)

// RefreshStanding makes this member aware of a withdrawal at once; errors are ignored,
// since every member polls. standing may be nil.
func RefreshStanding(ctx context.Context, standing *edge.Standing) {
	if standing != nil {
		_ = standing.Now(ctx)
	}
}

// NotNil returns s, or an empty slice for nil, so that JSON shows [].
func NotNil[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// CompanyFor returns the company to create something in: super admins must name one,
// all others have their own and may not name another.
func CompanyFor(ctx context.Context, named string) (entrepot.ID, error) {
	c := entrepot.CallerFrom(ctx)
	switch {
	case c.Role == entrepot.SuperAdmin && named == "":
		return "", entrepot.Invalid("companyId", "required", "must be given by a super admin")
	case c.Role == entrepot.SuperAdmin || named == c.CompanyID:
		return named, nil
	case named != "":
		return "", entrepot.Invalid("companyId", "privileged", "is the caller's own company and may not be another")
	default:
		return c.CompanyID, nil
	}
}

// CheckIDs returns an error for the first element of the field that is not an id.
func CheckIDs(field string, ids []string) error {
	for i, id := range ids {
		if !entrepot.ValidID(id) {
			return entrepot.Invalid(query.Indexed(field, i, ""), "format", "must be an id of 24 hex digits")
		}
	}
	return nil
}

// CheckShops returns an error unless all ids of the field are shops of the company. The
// edge checks this because products and warehouses do not query shops.
func CheckShops(ctx context.Context, a grains.Asker, field string, company entrepot.ID, ids []entrepot.ID) error {
	if err := CheckIDs(field, ids); err != nil {
		return err
	}
	return query.Each(ctx, len(ids), func(ctx context.Context, i int) error {
		v, err := query.Shop(ctx, a, ids[i])
		if entrepot.CodeOf(err) == entrepot.CodeNotFound || (err == nil && v.CompanyID != company) {
			return query.Missing(query.Indexed(field, i, ""), "no such shop")
		}
		return err
	})
}

// IsStaff reports whether the caller works for a company or the platform.
func IsStaff(ctx context.Context) bool {
	switch entrepot.CallerFrom(ctx).Role {
	case "", entrepot.Customer:
		return false
	default:
		return true
	}
}

// OwnOrStaff returns the scope of a customer's own documents, or of those that staff
// have access to.
func OwnOrStaff(ctx context.Context) entrepot.Scope {
	c := entrepot.CallerFrom(ctx)
	if c.Role == entrepot.Customer {
		return entrepot.OwnedBy(c.UserID)
	}
	return entrepot.StaffScope(c)
}

// CompanyScope returns the scope of the caller's company, for documents that belong to
// no single shop of it.
func CompanyScope(ctx context.Context) entrepot.Scope {
	c := entrepot.CallerFrom(ctx)
	switch c.Role {
	case entrepot.ShopManager, entrepot.ShopStaff:
		return entrepot.InCompany(c.CompanyID)
	default:
		return entrepot.StaffScope(c)
	}
}

// Seen returns a page of a company's documents without those that the caller may not
// see. The page may hold fewer documents than its limit while there is a next one.
func Seen[S, V any](ctx context.Context, r query.Reader, c *persistence.Collection, q persistence.Query, see func(*S, entrepot.Caller) bool, view func(*S) V) (*List[V], error) {
	caller := entrepot.CallerFrom(ctx)
	all, err := query.Find(ctx, r, c, CompanyScope(ctx), q, func(s *S, _ *persistence.Document) *S { return s })
	page := entrepot.Page[V]{Items: []V{}, NextCursor: all.NextCursor}
	for _, s := range all.Items {
		if see(s, caller) {
			page.Items = append(page.Items, view(s))
		}
	}
	return &List[V]{page}, err
}

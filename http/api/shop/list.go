package shop

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"entrepot"
	"entrepot/events"
	"entrepot/grains/query"
	"entrepot/grains/shop/shop"
	"entrepot/http/rest"
	"entrepot/persistence"
)

type shopListInput struct {
	rest.ListParams
	CompanyID rest.ID `query:"companyId"`
	City      string  `query:"city" maxLength:"100"`
	OpenNow   string  `query:"openNow" enum:"true,false" doc:"for shops with operating hours"`
	Near      string  `query:"near" maxLength:"64" doc:"latitude and longitude in degrees" example:"53.5436,9.9663"`
	Radius    float64 `query:"radius" minimum:"0.01" maximum:"500" default:"25" doc:"kilometres around near"`
}

func (s *shopAPI) list(ctx context.Context, in *shopListInput) (*rest.List[ShopView], error) {
	l := s.shopsFor(ctx, in)
	if in.Near != "" {
		return s.nearest(ctx, in, l)
	}
	out := &rest.List[ShopView]{Body: entrepot.Page[ShopView]{Items: []ShopView{}}}
	q := persistence.Query{Where: l.where, Desc: true, Cursor: in.Cursor}
	for range maxShopReads {
		q.Limit = in.Limit - len(out.Body.Items)
		page, err := s.shops(ctx, l, q)
		if err != nil {
			return nil, err
		}
		out.Body.Items = append(out.Body.Items, page.Items...)
		q.Cursor, out.Body.NextCursor = page.NextCursor, page.NextCursor
		if page.NextCursor == "" || len(out.Body.Items) == in.Limit {
			break
		}
	}
	return out, nil
}

// maxShopReads bounds how many pages of the database one page of the list is
// made of: whether a shop is open is not in an index.
const maxShopReads = 20

// shopList is which shops a caller may list, and asked for.
type shopList struct {
	scope entrepot.Scope
	where []persistence.Cond
	view  func(*shop.Shop) ShopView
	keep  func(*ShopView) bool
}

// shopsFor: staff list the shops they reach, everybody else what is active.
func (s *shopAPI) shopsFor(ctx context.Context, in *shopListInput) shopList {
	now := s.Now()
	l := shopList{
		scope: entrepot.StaffScope(entrepot.CallerFrom(ctx)),
		where: []persistence.Cond{{Field: "deletedAt", Op: persistence.Eq}},
		view:  func(v *shop.Shop) ShopView { return ShopOf(v, now) },
		keep: func(v *ShopView) bool {
			return in.OpenNow == "" || (v.OpenNow != nil && *v.OpenNow == (in.OpenNow == "true"))
		},
	}
	l.where = query.Where(query.Where(l.where, "companyId", in.CompanyID), "city", in.City)
	if !rest.IsStaff(ctx) {
		l.scope = entrepot.AllTenants()
		l.view = func(v *shop.Shop) ShopView { return ShopOf(v.Public(), now) }
		l.where = append(l.where, persistence.Cond{Field: "isActive", Op: persistence.Eq, Value: true})
	}
	return l
}

// shops is a page of the database, less what was not asked for.
func (s *shopAPI) shops(ctx context.Context, l shopList, q persistence.Query) (entrepot.Page[ShopView], error) {
	page, err := query.Find(ctx, s.Store, shop.Collection, l.scope, q,
		func(v *shop.Shop, _ *persistence.Document) ShopView { return l.view(v) })
	page.Items = slices.DeleteFunc(page.Items, func(v ShopView) bool { return !l.keep(&v) })
	return page, err
}

// nearest returns the nearest shops within the radius. It starts with a small circle,
// so that a search in a city does not read the country.
func (s *shopAPI) nearest(ctx context.Context, in *shopListInput, l shopList) (*rest.List[ShopView], error) {
	center, err := parsePoint(in.Near)
	if err != nil {
		return nil, err
	}
	if in.Cursor != "" {
		return nil, entrepot.Invalid("cursor", "exclusive", "a search near a point has one page")
	}
	for radius := min(1, in.Radius); ; radius = min(radius*4, in.Radius) {
		found, err := s.within(ctx, center, radius, l)
		if err != nil {
			return nil, err
		}
		if len(found) < in.Limit && radius < in.Radius {
			continue
		}
		slices.SortFunc(found, func(a, b ShopView) int {
			return cmp.Or(cmp.Compare(*a.Distance, *b.Distance), cmp.Compare(a.ID, b.ID))
		})
		return &rest.List[ShopView]{Body: entrepot.Page[ShopView]{Items: found[:min(len(found), in.Limit)]}}, nil
	}
}

// within are all shops in a circle, in no order.
func (s *shopAPI) within(ctx context.Context, center events.Point, radius float64, l shopList) ([]ShopView, error) {
	found := []ShopView{}
	for _, cell := range shop.Cover(center, radius) {
		q := persistence.Query{Sort: "cell", Limit: 100}
		q.Where = append(slices.Clone(l.where), persistence.Cond{Field: "cell", Op: persistence.Prefix, Value: cell})
		for {
			page, err := s.shops(ctx, l, q)
			if err != nil {
				return nil, err
			}
			for _, v := range page.Items {
				if km := v.distanceTo(center); km <= radius {
					v.Distance = &km
					found = append(found, v)
				}
			}
			if page.NextCursor == "" {
				break
			}
			q.Cursor = page.NextCursor
		}
	}
	return found, nil
}

// parsePoint reads "53.5436,9.9663".
func parsePoint(s string) (events.Point, error) {
	lat, lng, _ := strings.Cut(s, ",")
	p, errLat, errLng := events.Point{}, error(nil), error(nil)
	p.Lat, errLat = strconv.ParseFloat(strings.TrimSpace(lat), 64)
	p.Lng, errLng = strconv.ParseFloat(strings.TrimSpace(lng), 64)
	onEarth := p.Lat >= -90 && p.Lat <= 90 && p.Lng >= -180 && p.Lng <= 180 // and no NaN
	if errLat != nil || errLng != nil || !onEarth {
		return p, entrepot.Invalid("near", "format", "must be a latitude and a longitude in degrees, such as 53.5436,9.9663")
	}
	return p, nil
}

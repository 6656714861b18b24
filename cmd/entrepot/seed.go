package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/auth/user"
	"entrepot/grains/company/company"
	"entrepot/grains/ecommerce/product"
	"entrepot/grains/inventory/stock"
	"entrepot/grains/shop/shipping"
	"entrepot/grains/shop/shop"
)

// demoPassword is every demo user's. Demo data is loaded into embedded
// installations only, or by `entrepot seed`.
const demoPassword = "demo-entrepot-2026" //nolint:gosec // printed for everybody

// demoUser is one login of data/demo.json.
type demoUser struct {
	Email     string        `json:"email"`
	Password  string        `json:"password"`
	UserID    entrepot.ID   `json:"userId"`
	CompanyID entrepot.ID   `json:"companyId,omitempty"`
	ShopIDs   []entrepot.ID `json:"shopIds,omitempty"`
}

// demo is data/demo.json: what scripts and tests log in with.
type demo struct {
	BaseURL    string              `json:"baseUrl"`
	Users      map[string]demoUser `json:"users"` // by role
	ProductIDs []entrepot.ID       `json:"productIds"`
	CompanyID  entrepot.ID         `json:"companyId"`
	ShopIDs    []entrepot.ID       `json:"shopIds"`
}

// seed loads the demo tenant. Its ids are derived, so doing it again changes nothing.
func seed(ctx context.Context, a grains.Asker, hash func(string) (string, error), baseURL string) (*demo, error) {
	companyID := entrepot.DeriveID("demo", "company")
	shops := []entrepot.ID{entrepot.DeriveID("demo", "shop", "harbour"), entrepot.DeriveID("demo", "shop", "station")}
	d := &demo{BaseURL: baseURL, Users: map[string]demoUser{}, CompanyID: companyID, ShopIDs: shops}
	passwordHash, err := hash(demoPassword)
	if err != nil {
		return nil, err
	}
	s := seeder{ctx: entrepot.WithCaller(ctx, entrepot.SystemCaller("seed")), a: a}
	admin := entrepot.DeriveID("demo", "user", string(entrepot.CompanyAdmin))
	s.put(company.Of(companyID), company.Create{
		Slug: "entrepot-coffee", Profile: company.Profile{
			Name: "Entrepôt Coffee", Description: "The demo company", Email: "hello@coffee.example",
		},
		Currency: "EUR", Timezone: "Europe/Brussels", TaxBasisPoints: 600, OwnerID: admin, Plan: "business",
	})
	for i, create := range demoShops() {
		create.CompanyID = companyID
		s.put(shop.Of(shops[i]), create)
	}
	s.ship(companyID)
	for _, role := range []entrepot.Role{entrepot.SuperAdmin, entrepot.CompanyAdmin, entrepot.ShopManager, entrepot.ShopStaff, entrepot.Customer} {
		u := demoUser{Email: string(role) + "@demo.example", Password: demoPassword, UserID: entrepot.DeriveID("demo", "user", string(role))}
		if role != entrepot.SuperAdmin && role != entrepot.Customer {
			u.CompanyID = companyID
		}
		if role == entrepot.ShopManager || role == entrepot.ShopStaff {
			u.ShopIDs = shops[:1]
		}
		s.put(user.Of(u.UserID), user.Register{
			Email: u.Email, Name: "Demo " + string(role), PasswordHash: passwordHash, Role: role, CompanyID: u.CompanyID, ShopIDs: u.ShopIDs,
		})
		d.Users[string(role)] = u
	}
	s.categories(companyID)
	s.varied(companyID, shops)
	for i, g := range demoGoods {
		id := demoProduct(g.name)
		d.ProductIDs = append(d.ProductIDs, id)
		p := g.product(i)
		p.CompanyID, p.ShopIDs = companyID, shops
		s.put(product.Of(id), p)
		for _, shop := range shops {
			s.receive(id, "", companyID, shop, 200)
		}
	}
	return d, s.err
}

// demoShops are two shops of Antwerp: the first with the demo's manager and
// staff, the other one open through the night from Friday to Sunday.
func demoShops() []shop.Create {
	harbour, station := shop.Hours{Timezone: "Europe/Brussels"}, shop.Hours{Timezone: "Europe/Brussels"}
	for _, day := range []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday"} {
		harbour.Week = append(harbour.Week, events.OpeningSpan{Day: day, Open: "09:00", Close: "18:30"})
		station.Week = append(station.Week, events.OpeningSpan{Day: day, Open: "06:30", Close: "20:00"})
	}
	for _, day := range []string{"friday", "saturday"} {
		station.Week = append(station.Week, events.OpeningSpan{Day: day, Open: "20:00", Close: "02:00"})
	}
	return []shop.Create{
		{
			Details: shop.Details{
				Name: "Harbour Shop", Address: "Godefriduskaai 1", City: "Antwerp", Country: "BE",
				Point:   &events.Point{Lat: 51.2303, Lng: 4.4075},
				Contact: events.ShopContact{Email: "harbour@coffee.example", Phone: "+32 3 555 01 01"}, Hours: harbour,
			},
			ManagerID: entrepot.DeriveID("demo", "user", string(entrepot.ShopManager)),
			StaffIDs:  []entrepot.ID{entrepot.DeriveID("demo", "user", string(entrepot.ShopStaff))},
		},
		{
			Details: shop.Details{
				Name: "Station Shop", Address: "Koningin Astridplein 27", City: "Antwerp", Country: "BE",
				Point:   &events.Point{Lat: 51.2172, Lng: 4.4212},
				Contact: events.ShopContact{Email: "station@coffee.example"}, Hours: station,
			},
		},
	}
}

type seeder struct {
	ctx context.Context //nolint:containedctx // lives for one seeding only
	a   grains.Asker
	err error
}

// put creates what is not there yet; part names one of several of an entity.
func (s *seeder) put(to grains.Ref, cmd any, part ...string) {
	if s.err != nil {
		return
	}
	id := entrepot.DeriveID(append([]string{"seed", to.Kind, to.ID}, part...)...)
	if _, err := s.a.Ask(s.ctx, to, cmd, grains.As(id)); err != nil && entrepot.CodeOf(err) != entrepot.CodeConflict {
		s.err = fmt.Errorf("seed %s %s: %w", to.Kind, to.ID, err)
	}
}

// ship sets what sending costs at both shops, once: who changed it keeps that.
func (s *seeder) ship(company entrepot.ID) {
	if s.err != nil {
		return
	}
	id := shipping.ID(company, "")
	if have, err := grains.Ask(s.ctx, s.a, shipping.Of(id), shipping.Get{}); err == nil && have.Version > 0 {
		return
	}
	s.put(shipping.Of(id), shipping.Set{CompanyID: company, Rules: &shipping.Rules{Currency: "EUR", Zones: []shipping.Zone{
		{Name: "Benelux", Countries: []string{"BE", "NL", "LU"}, Methods: []shipping.Method{
			{ID: "standard", Name: "Standard, 2 days", Price: 490, FreeFrom: 5000},
			{ID: "express", Name: "Express, next day", Price: 990},
		}},
		{Name: "World", Methods: []shipping.Method{
			{ID: "standard", Name: "Parcel, 7 days", Price: 1490, FreeFrom: 15000},
		}},
	}}})
}

// receive brings the first goods of a stock item in.
func (s *seeder) receive(product, variant, company, shop entrepot.ID, quantity int64) {
	if s.err != nil {
		return
	}
	item := stock.ID(cmp.Or(variant, product), shop)
	if have, err := grains.Ask(s.ctx, s.a, stock.Of(item), stock.Get{}); err == nil && have.Movements > 0 {
		return
	}
	s.put(stock.Of(item), stock.Receive{ProductID: product, VariantID: variant, CompanyID: company, LocationID: shop, Quantity: quantity, Reason: "demo data"})
}

// write saves the demo's logins for scripts, readable by the owner alone.
func (d *demo) write(dir string) error {
	b, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "demo.json"), append(b, '\n'), 0o600)
}

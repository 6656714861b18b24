package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/company/companypb"
	"entrepot/grains/product/productpb"
	"entrepot/grains/shipping/shippingpb"
	"entrepot/grains/shop/shoppb"
	"entrepot/grains/stock/stockpb"
	"entrepot/grains/user/userpb"

	"google.golang.org/protobuf/proto"
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
	company := entrepot.DeriveID("demo", "company")
	shops := []entrepot.ID{entrepot.DeriveID("demo", "shop", "harbour"), entrepot.DeriveID("demo", "shop", "station")}
	d := &demo{BaseURL: baseURL, Users: map[string]demoUser{}, CompanyID: company, ShopIDs: shops}
	passwordHash, err := hash(demoPassword)
	if err != nil {
		return nil, err
	}
	s := seeder{ctx: entrepot.WithCaller(ctx, entrepot.SystemCaller("seed")), a: a}
	admin := entrepot.DeriveID("demo", "user", string(entrepot.CompanyAdmin))
	s.put(companypb.Kind, company, &companypb.Create{
		Name: "Entrepôt Coffee", Slug: "entrepot-coffee", Description: "The demo company", Email: "hello@coffee.example",
		Currency: "EUR", Timezone: "Europe/Brussels", TaxBasisPoints: 600, OwnerId: admin, Plan: "business",
	})
	for i, shop := range demoShops() {
		shop.CompanyId = company
		s.put(shoppb.Kind, shops[i], shop)
	}
	s.ship(company)
	for _, role := range []entrepot.Role{entrepot.SuperAdmin, entrepot.CompanyAdmin, entrepot.ShopManager, entrepot.ShopStaff, entrepot.Customer} {
		u := demoUser{Email: string(role) + "@demo.example", Password: demoPassword, UserID: entrepot.DeriveID("demo", "user", string(role))}
		if role != entrepot.SuperAdmin && role != entrepot.Customer {
			u.CompanyID = company
		}
		if role == entrepot.ShopManager || role == entrepot.ShopStaff {
			u.ShopIDs = shops[:1]
		}
		s.put(userpb.Kind, u.UserID, &userpb.Register{
			Email: u.Email, Name: "Demo " + string(role), PasswordHash: passwordHash, Role: string(role), CompanyId: u.CompanyID, ShopIds: u.ShopIDs,
		})
		d.Users[string(role)] = u
	}
	s.categories(company)
	s.varied(company, shops)
	for i, g := range demoGoods {
		id := demoProduct(g.name)
		d.ProductIDs = append(d.ProductIDs, id)
		p := g.product(i)
		p.CompanyId, p.ShopIds = company, shops
		s.put(productpb.Kind, id, p)
		for _, shop := range shops {
			s.receive(id, "", company, shop, 200)
		}
	}
	return d, s.err
}

// demoShops are two shops of Antwerp: the first with the demo's manager and
// staff, the other one open through the night from Friday to Sunday.
func demoShops() []*shoppb.Create {
	harbour, station := &shoppb.Hours{Timezone: "Europe/Brussels"}, &shoppb.Hours{Timezone: "Europe/Brussels"}
	for _, day := range []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday"} {
		harbour.Week = append(harbour.Week, &shoppb.Span{Day: day, Open: "09:00", Close: "18:30"})
		station.Week = append(station.Week, &shoppb.Span{Day: day, Open: "06:30", Close: "20:00"})
	}
	for _, day := range []string{"friday", "saturday"} {
		station.Week = append(station.Week, &shoppb.Span{Day: day, Open: "20:00", Close: "02:00"})
	}
	return []*shoppb.Create{
		{
			Name: "Harbour Shop", Address: "Godefriduskaai 1", City: "Antwerp", Country: "BE", Point: &shoppb.Point{Lat: 51.2303, Lng: 4.4075},
			Contact: &shoppb.Contact{Email: "harbour@coffee.example", Phone: "+32 3 555 01 01"}, Hours: harbour,
			ManagerId: entrepot.DeriveID("demo", "user", string(entrepot.ShopManager)),
			StaffIds:  []entrepot.ID{entrepot.DeriveID("demo", "user", string(entrepot.ShopStaff))},
		},
		{
			Name: "Station Shop", Address: "Koningin Astridplein 27", City: "Antwerp", Country: "BE", Point: &shoppb.Point{Lat: 51.2172, Lng: 4.4212},
			Contact: &shoppb.Contact{Email: "station@coffee.example"}, Hours: station,
		},
	}
}

type seeder struct {
	ctx context.Context //nolint:containedctx // lives for one seeding only
	a   grains.Asker
	err error
}

// put creates what is not there yet; part names one of several of an entity.
func (s *seeder) put(kind string, id entrepot.ID, cmd proto.Message, part ...string) {
	if s.err != nil {
		return
	}
	ctx := grains.WithCommand(s.ctx, grains.CommandID{ID: entrepot.DeriveID(append([]string{"seed", kind, id}, part...)...)})
	if _, err := s.a.Ask(ctx, kind, id, cmd); err != nil && entrepot.CodeOf(err) != entrepot.CodeConflict {
		s.err = fmt.Errorf("seed %s %s: %w", kind, id, err)
	}
}

// ship sets what sending costs at both shops, once: who changed it keeps that.
func (s *seeder) ship(company entrepot.ID) {
	if s.err != nil {
		return
	}
	id := shippingpb.ID(company, "")
	if have, err := grains.Ask[*shippingpb.Shipping](s.ctx, s.a, shippingpb.Kind, id, &shippingpb.Get{}); err == nil && have.GetVersion() > 0 {
		return
	}
	s.put(shippingpb.Kind, id, &shippingpb.Set{CompanyId: company, Rules: &shippingpb.Rules{Currency: "EUR", Zones: []*shippingpb.Zone{
		{Name: "Benelux", Countries: []string{"BE", "NL", "LU"}, Methods: []*shippingpb.Method{
			{Id: "standard", Name: "Standard, 2 days", PriceMinor: 490, FreeFromMinor: 5000},
			{Id: "express", Name: "Express, next day", PriceMinor: 990},
		}},
		{Name: "World", Methods: []*shippingpb.Method{
			{Id: "standard", Name: "Parcel, 7 days", PriceMinor: 1490, FreeFromMinor: 15000},
		}},
	}}})
}

// receive brings the first goods of a stock item in.
func (s *seeder) receive(product, variant, company, shop entrepot.ID, quantity int64) {
	if s.err != nil {
		return
	}
	item := stockpb.ID(cmp.Or(variant, product), shop)
	if have, err := grains.Ask[*stockpb.Item](s.ctx, s.a, stockpb.Kind, item, &stockpb.Get{}); err == nil && have.GetMovements() > 0 {
		return
	}
	s.put(stockpb.Kind, item, &stockpb.Receive{ProductId: product, VariantId: variant, CompanyId: company, LocationId: shop, Quantity: quantity, Reason: "demo data"})
}

// write saves the demo's logins for scripts, readable by the owner alone.
func (d *demo) write(dir string) error {
	b, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "demo.json"), append(b, '\n'), 0o600)
}

package main

import (
	"fmt"
	"strings"
	"time"

	"entrepot"
	"entrepot/grains/ecommerce/categories"
	"entrepot/grains/ecommerce/product"
)

// demoGood is a product without options.
type demoGood struct {
	name, category, brand string
	price                 int64  // cents
	attributes, tags      string // name=value|name=value, tag|tag
}

// demoGoods are the products of data/demo.json.
var demoGoods = []demoGood{
	{"Espresso Beans 1 kg", "coffee", "Kaai", 2190, "roast=dark|origin=Brazil|organic=no", "bestseller"},
	{"Filter Roast 500 g", "coffee", "Kaai", 1290, "roast=light|origin=Ethiopia|organic=yes", ""},
	{"Decaf Blend 500 g", "coffee", "Kaai", 1390, "roast=medium|origin=Colombia|organic=no", ""},
	{"Hand Grinder", "equipment", "Maalwerk", 8900, "material=steel", "gift"},
	{"Gooseneck Kettle", "equipment", "Maalwerk", 6450, "material=steel", ""},
	{"Pour-over Dripper", "equipment", "Maalwerk", 2450, "material=ceramic", "gift"},
	{"Paper Filters 100", "equipment", "Maalwerk", 490, "material=paper", ""},
	{"Milk Jug 600 ml", "equipment", "Maalwerk", 1990, "material=steel", ""},
	{"Stoneware Cup", "tableware", "Terra", 1450, "material=stoneware|colour=sand", "gift"},
	{"Espresso Cup, pair", "tableware", "Terra", 1890, "material=porcelain|colour=white", "gift"},
	{"Glass Carafe", "tableware", "Terra", 2990, "material=glass", ""},
	{"Serving Tray", "tableware", "Terra", 3490, "material=oak", ""},
	{"Assam Leaf 250 g", "tea", "Dhow", 1190, "kind=black|origin=India|organic=yes", ""},
	{"Sencha 100 g", "tea", "Dhow", 1490, "kind=green|origin=Japan|organic=yes", ""},
	{"Rooibos 250 g", "tea", "Dhow", 990, "kind=herbal|origin=South Africa|organic=no", ""},
	{"Earl Grey 250 g", "tea", "Dhow", 1190, "kind=black|origin=Sri Lanka|organic=no", "bestseller"},
	{"Teapot 1 l", "tableware", "Terra", 4290, "material=stoneware|colour=sand", "gift"},
	{"Tea Strainer", "equipment", "Dhow", 790, "material=steel", ""},
	{"Dark Chocolate 70 %", "pantry", "Cacaoport", 390, "organic=yes", "bestseller|gift"},
	{"Drinking Chocolate", "pantry", "Cacaoport", 890, "organic=yes", ""},
	{"Almond Biscotti", "pantry", "Cacaoport", 590, "organic=no", ""},
	{"Raw Cane Sugar", "pantry", "Cacaoport", 350, "organic=yes", ""},
	{"Oat Drink 1 l", "pantry", "Cacaoport", 249, "organic=yes", ""},
	{"Gift Box", "pantry", "Kaai", 4900, "", "gift"},
}

// The demo's sale, of every tenth product. Its days stay the same, so that seeding
// again is the same command.
var (
	saleStarts = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
	saleEnds   = time.Date(2036, time.January, 1, 0, 0, 0, 0, time.UTC)
)

func demoProduct(name string) entrepot.ID { return entrepot.DeriveID("demo", "product", name) }

func (g *demoGood) product(i int) product.Create {
	p := product.Create{Product: product.Product{
		SKU: fmt.Sprintf("DEMO-%03d", i+1), Name: g.name, Description: g.name + " from " + g.brand, Category: g.category,
		Brand: g.brand, Price: g.price, Currency: "EUR", Attributes: attributesIn(g.attributes),
	}}
	if g.tags != "" {
		p.Tags = strings.Split(g.tags, "|")
	}
	if i%10 == 9 {
		p.Sale = &product.Sale{Percent: 20, StartsAt: saleStarts.UnixMilli(), EndsAt: saleEnds.UnixMilli()}
	}
	return p
}

func attributesIn(text string) (out []product.Attribute) {
	for pair := range strings.SplitSeq(text, "|") {
		if name, value, ok := strings.Cut(pair, "="); ok {
			out = append(out, product.Attribute{Name: name, Value: value})
		}
	}
	return out
}

// categories is the demo's tree: slug, parent, title.
func (s *seeder) categories(company entrepot.ID) {
	for i, c := range [][3]string{
		{"drinks", "", "Coffee and tea"},
		{"coffee", "drinks", "Coffee"},
		{"tea", "drinks", "Tea"},
		{"home", "", "For the kitchen"},
		{"equipment", "home", "Equipment"},
		{"tableware", "home", "Tableware"},
		{"pantry", "", "Pantry"},
	} {
		s.put(categories.Of(categories.ID(company)), categories.Create{
			CompanyID: company, Slug: c[0], Parent: c[1], Title: c[2], Position: int64(i),
		}, c[0])
	}
}

// varied are the demo's products with variants, and one that is sold out. They
// are not in data/demo.json: scripts buy what is there as it is.
func (s *seeder) varied(company entrepot.ID, shops []entrepot.ID) {
	apron := product.Create{Product: product.Product{
		SKU: "DEMO-APRON", Name: "Barista Apron", Description: "Waxed canvas", Category: "equipment", Brand: "Maalwerk", Price: 3900,
		Options: []product.Option{{Name: "size", Values: []string{"S", "M", "L"}}}, Attributes: attributesIn("material=canvas"), Tags: []string{"gift"},
	}}
	sidamo := product.Create{Product: product.Product{
		SKU: "DEMO-SIDAMO", Name: "Sidamo Beans", Description: "Washed, of one farm", Category: "coffee", Brand: "Kaai", Price: 990,
		Options: []product.Option{{Name: "weight", Values: []string{"250 g", "1 kg"}}}, Attributes: attributesIn("roast=light|origin=Ethiopia|organic=yes"),
	}}
	pitcher := product.Create{Product: product.Product{
		SKU: "DEMO-PITCHER", Name: "Cold Brew Pitcher", Description: "Back in spring", Category: "tableware", Brand: "Terra", Price: 2790,
		Attributes: attributesIn("material=glass"),
	}}
	dearer := map[string]int64{"L": 4200, "1 kg": 3490}
	for _, p := range []product.Create{apron, sidamo, pitcher} {
		p.CompanyID, p.ShopIDs, p.Currency = company, shops, "EUR"
		id := demoProduct(p.Name)
		for _, o := range p.Options {
			for i, value := range o.Values {
				v := product.Variant{
					ID: entrepot.DeriveID("demo", "variant", p.Name, value), SKU: fmt.Sprintf("%s-%d", p.SKU, i+1),
					Options: []product.Attribute{{Name: o.Name, Value: value}},
				}
				if price := dearer[value]; price > 0 {
					v.Price = &price
				}
				p.Variants = append(p.Variants, v)
			}
		}
		s.put(product.Of(id), p)
		for _, v := range p.Variants {
			for _, shop := range shops {
				s.receive(id, v.ID, company, shop, 60)
			}
		}
	}
}

package checkout

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/query"
	"entrepot/grains/sales/order"
	"entrepot/grains/shop/shipping"
)

// Destination is the place that an order goes to, and the chosen shipping methods.
type Destination struct {
	Field      string // of the request that names it: "shippingAddress."
	Country    string // "": not known yet
	PostalCode string
	Method     string                 // for every shop; "": the cheapest
	Methods    map[entrepot.ID]string // for single shops; overrides Method
}

// by returns the chosen method of a shop, and the request's field for it.
func (d *Destination) by(shop entrepot.ID) (method, field string) {
	if m := d.Methods[shop]; m != "" {
		return m, "shippingMethods." + shop
	}
	return d.Method, "shippingMethod"
}

// check returns an error for a method of a shop that is not in the groups.
func (d *Destination) check(groups []*order.Group) error {
	for _, shop := range slices.Sorted(maps.Keys(d.Methods)) {
		if !slices.ContainsFunc(groups, func(g *order.Group) bool { return g.ShopID == shop }) {
			return entrepot.Invalid("shippingMethods."+shop, "shop", "must be a shop of the items")
		}
	}
	return nil
}

// shippingQuote is the methods that a group may be sent by. Open: they depend on a
// place that is not known yet.
type shippingQuote struct {
	Offers []shipping.Offer
	Open   bool
}

// shippingRules caches the rules in force for shops for a second. While the shop
// service is unavailable, its last reply is used.
type shippingRules struct {
	known query.ReplyCache[*shipping.Rules]
}

const shippingRulesAge = time.Second

func (r *shippingRules) init(now func() time.Time) { r.known.Init(now, shippingRulesAge) }

// of returns the rules of a shop, or nil if it has none.
func (r *shippingRules) of(ctx context.Context, a grains.Asker, company, shop entrepot.ID) (*shipping.Rules, error) {
	asked := r.known.Now()
	rules, known, fresh := r.known.Get(shop)
	if fresh {
		return rules, nil
	}
	now, _, err := EffectiveShipping(ctx, a, company, shop)
	switch {
	case err != nil && known:
		return rules, nil
	case err != nil:
		return nil, err
	}
	rules = now.Rules
	r.known.Put(shop, rules, asked)
	return rules, nil
}

// ship computes the shipping of each group by the chosen method. It comes before the
// promo codes, which may make shipping free.
func (s *Pricer) ship(ctx context.Context, q *Quote, to Destination) error {
	if err := to.check(q.Groups); err != nil {
		return err
	}
	q.Shipping = make([]shippingQuote, len(q.Groups))
	ruled := false
	for i, g := range q.Groups {
		rules, err := s.shipping.of(ctx, s.Asker, g.CompanyID, g.ShopID)
		if err != nil {
			return err
		}
		if rules == nil {
			continue // free, by any method
		}
		if q.Shipping[i], err = shipGroup(g, rules, to); err != nil {
			return err
		}
		ruled = true
	}
	if !ruled && to.Method != "" {
		return notOffered("shippingMethod", to.Method, nil)
	}
	return nil
}

func shipGroup(g *order.Group, rules *shipping.Rules, to Destination) (out shippingQuote, err error) {
	switch {
	case to.Country == "":
		out.Open = true
		return out, nil
	case rules.Currency != g.Currency:
		e := entrepot.Invalid("items", "currency",
			"the shop sends goods in %s only, these are in %s", rules.Currency, g.Currency)
		e.Code = entrepot.CodeConflict
		return out, e
	}
	subtotal, pieces := int64(0), int64(0)
	for _, l := range g.Lines {
		cost, ok := entrepot.Money{Minor: l.Price, Currency: g.Currency}.Times(l.Quantity)
		if !ok {
			return out, entrepot.Invalid("items.quantity", "maximum", "price times quantity is too large")
		}
		subtotal, pieces = subtotal+cost.Minor, pieces+l.Quantity
	}
	out.Offers, err = rules.Offers(shipping.Place{Country: to.Country, PostalCode: to.PostalCode}, subtotal, pieces)
	if err != nil {
		return out, within(to.Field, err)
	}
	at := 0
	method, field := to.by(g.ShopID)
	if method != "" {
		at = slices.IndexFunc(out.Offers, func(o shipping.Offer) bool { return o.ID == method })
	}
	if at < 0 {
		return out, notOffered(field, method, out.Offers)
	}
	chosen := out.Offers[at]
	g.Shipping, g.ShippingTaxed = chosen.Price, rules.Taxed
	g.Method = order.Method{ID: chosen.ID, Name: chosen.Name}
	return out, nil
}

func notOffered(field, method string, offers []shipping.Offer) error {
	ids := make([]string, 0, len(offers))
	for _, o := range offers {
		ids = append(ids, o.ID)
	}
	e := entrepot.Invalid(field, "offered",
		"the shop has no method %s for this place; it has: %s", method, strings.Join(ids, ", "))
	if len(ids) == 0 {
		e = entrepot.Invalid(field, "offered", "the shop has no shipping methods to choose from")
	}
	e.Code = entrepot.CodeConflict
	return e
}

// within prefixes the fields of an error as in the request.
func within(prefix string, err error) error {
	known := *entrepot.AsError(err)
	known.Fields = slices.Clone(known.Fields)
	for i, f := range known.Fields {
		known.Fields[i].Field = prefix + f.Field
		known.Message = known.Fields[i].Field + ": " + f.Message
	}
	return &known
}

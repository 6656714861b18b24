// Package cart is the shopping cart of a user, with the user's id, or of a guest,
// with an id derived from a secret token: lines of products at the price of their
// last addition, lines saved for later, and promo codes.
//
// Commands: AddItem, SetQuantity, RemoveItem, Clear, Take; SaveItem, RestoreItem,
// RemoveSaved (saved.go); AddPromo, RemovePromo (promo.go); Open, HandOver, Settle
// of a guest's cart (guest.go); Merge of the customer's cart that takes it over
// (merge.go, process.go). Queries: Get. By time: an unchanged cart is abandoned, a
// guest's is emptied (idle.go). Persisted: the whole [State]. It is written on every
// addition, the hottest write of the platform, so lines are a slice, keys are short,
// and totals are computed.
package cart

import (
	"slices"

	"entrepot"
	"entrepot/events"
)

// Limits of a cart. An order has the same maximum number of lines.
const (
	MaxLines    = 200
	MaxQuantity = 10_000 // of one line
	// MaxTaken is the number of orders that a cart remembers to have taken lines: far
	// more than a customer has under way at a time.
	MaxTaken = 32
)

// State is a cart. The zero State is the empty cart of a user who never used it.
type State struct {
	ID        entrepot.ID   `json:"id,omitempty"`
	Currency  string        `json:"cur,omitempty"` // of all lines; empty while there are none
	Lines     []Line        `json:"lines,omitempty"`
	Taken     []entrepot.ID `json:"taken,omitempty"`   // the last orders that took lines, oldest first
	CreatedAt int64         `json:"created,omitempty"` // Unix ms
	UpdatedAt int64         `json:"updated,omitempty"` // Unix ms
	Version   int64         `json:"v,omitempty"`
	Saved     []Item        `json:"saved,omitempty"` // for later
	Promos    []string      `json:"promo,omitempty"` // codes in capitals
	Idle      int64         `json:"idle,omitempty"`  // ms until it is abandoned; 0: [DefaultIdle]
	Told      bool          `json:"told,omitempty"`  // cart.abandoned was published since the last change

	Erased bool `json:"erased,omitempty"` // the user is deleted

	Guest bool      `json:"guest,omitempty"`
	Hand  *Handover `json:"hand,omitempty"` // of a guest's cart

	Merging *Merging      `json:"merging,omitempty"`
	Merged  []entrepot.ID `json:"merged,omitempty"` // the last guests' carts, oldest first
	Merges  int64         `json:"merges,omitempty"`
	Refused *Refusal      `json:"refused,omitempty"` // of the last merge
}

// Line is some pieces of a variant of a product of a shop.
type Line struct {
	ID        entrepot.ID `json:"id"`
	ProductID entrepot.ID `json:"pid"`
	ShopID    entrepot.ID `json:"sid"`
	CompanyID entrepot.ID `json:"cid"`
	Quantity  int64       `json:"qty"`
	Price     int64       `json:"price"` // of one piece, in minor units
	Name      string      `json:"name"`
	VariantID entrepot.ID `json:"vid,omitempty"` // empty in the state: the product itself
}

// Item is a line with a currency: saved for later, or in a reply.
type Item struct {
	Line
	Currency string `json:"cur"`
}

// ItemID returns the id of the line of a variant of a shop, the same in every cart.
func ItemID(variant, shop entrepot.ID) entrepot.ID { return entrepot.DeriveID("item", variant, shop) }

// variant returns the id of the variant, which is the product's if it has none.
func (l *Line) variant() entrepot.ID {
	if l.VariantID == "" {
		return l.ProductID
	}
	return l.VariantID
}

// variantOf returns the variant id of a message as the state keeps it: empty for the
// product itself.
func variantOf(variant, product entrepot.ID) entrepot.ID {
	if variant == product {
		return ""
	}
	return variant
}

type (
	// added has the new state of a line.
	added struct {
		events.CartItemAdded
		line Line
		at   int64
		idle int64
	}
	// changed has the new content of the cart.
	changed struct {
		events.CartUpdated
		content
	}
	// content is everything in a cart.
	content struct {
		lines  []Line
		saved  []Item
		promos []string
	}
	// taken marks an order whose lines are taken, so that it takes them once.
	taken struct {
		events.Private
		userID  entrepot.ID
		orderID entrepot.ID
		at      int64
	}
)

// AddItem adds pieces to a line, or makes it. The whole line gets the new price.
func (s *State) AddItem(t entrepot.Turn, c AddItem) ([]events.Event, error) {
	if !s.reachable(t) {
		return nil, entrepot.ErrNotFound
	}
	if err := s.checkAdd(c); err != nil {
		return nil, err
	}
	return s.add(t, c)
}

func (s *State) add(t entrepot.Turn, c AddItem) ([]events.Event, error) {
	line := Line{
		ProductID: c.ProductID, ShopID: c.ShopID, CompanyID: c.CompanyID,
		VariantID: variantOf(c.VariantID, c.ProductID), Quantity: c.Quantity, Price: c.Price, Name: c.Name,
	}
	line.ID = ItemID(line.variant(), line.ShopID)
	total := s.Total()
	if at := s.find(line.ID); at >= 0 {
		line.Quantity += s.Lines[at].Quantity
		total -= s.Lines[at].subtotal()
	} else if len(s.Lines) >= MaxLines {
		return nil, entrepot.Errorf(entrepot.CodeConflict, "a cart holds at most %d lines", MaxLines)
	}
	if line.Quantity > MaxQuantity {
		return nil, entrepot.Invalid("quantity", "maximum", "a cart holds at most %d pieces of one product", MaxQuantity)
	}
	total, err := grown(total, line, c.Currency)
	if err != nil {
		return nil, err
	}
	return []events.Event{added{
		CartItemAdded: events.CartItemAdded{
			UserID: t.ID, Guest: s.Guest, ItemID: line.ID, ProductID: line.ProductID, VariantID: line.variant(),
			ShopID: line.ShopID, CompanyID: line.CompanyID, Name: line.Name, Quantity: c.Quantity,
			LineQuantity: line.Quantity, Currency: c.Currency,
			Price: amount(line.Price, c.Currency), Total: amount(total, c.Currency),
		},
		line: line, at: t.Now.UnixMilli(), idle: c.AbandonAfterMs,
	}}, nil
}

func (s *State) checkAdd(c AddItem) error {
	switch {
	case !entrepot.ValidID(c.ProductID):
		return entrepot.Invalid("productId", "id", "must be a product id")
	case c.VariantID != "" && !entrepot.ValidID(c.VariantID):
		return entrepot.Invalid("variantId", "id", "must be a variant id")
	case !entrepot.ValidID(c.ShopID):
		return entrepot.Invalid("shopId", "id", "must be a shop id")
	case c.Quantity < 1 || c.Quantity > MaxQuantity:
		return entrepot.Invalid("quantity", "range", "must be 1 to %d", MaxQuantity)
	case c.Price < 0:
		return entrepot.Invalid("price", "range", "must not be negative")
	case !entrepot.ValidCurrency(c.Currency):
		return entrepot.Invalid("currency", "currency", "must be an ISO 4217 code such as EUR")
	case s.Currency != "" && s.Currency != c.Currency:
		return entrepot.Errorf(entrepot.CodeConflict,
			"the cart is in %s and the product in %s: order or clear the cart first", s.Currency, c.Currency)
	default:
		return nil
	}
}

// grown returns a total with one more line. Its limit keeps every sum far from
// overflow.
func grown(total int64, l Line, currency string) (int64, error) {
	sub, ok := entrepot.Money{Minor: l.Price, Currency: currency}.Times(l.Quantity)
	if !ok || total+sub.Minor > entrepot.MaxMinor {
		return 0, entrepot.Invalid("quantity", "maximum", "the cart's total would be too large")
	}
	return total + sub.Minor, nil
}

// SetQuantity changes the pieces of a line; 0 removes it.
func (s *State) SetQuantity(t entrepot.Turn, c SetQuantity) ([]events.Event, error) {
	at := s.find(c.ItemID)
	switch {
	case !s.reachable(t):
		return nil, entrepot.ErrNotFound
	case c.ExpectedVersion != 0 && c.ExpectedVersion != s.Version:
		return nil, entrepot.CheckVersion(c.ExpectedVersion, s.Version)
	case at < 0:
		return nil, entrepot.ErrNotFound
	case c.Quantity < 0 || c.Quantity > MaxQuantity:
		return nil, entrepot.Invalid("quantity", "range", "must be 0 to %d", MaxQuantity)
	case c.Quantity == s.Lines[at].Quantity:
		return nil, nil
	}
	lines := slices.Clone(s.Lines)
	lines[at].Quantity = c.Quantity
	if _, err := grown(s.Total()-s.Lines[at].subtotal(), lines[at], s.Currency); err != nil {
		return nil, err
	}
	if c.Quantity == 0 {
		lines = slices.Delete(lines, at, at+1)
	}
	return []events.Event{s.update(t, content{lines, s.Saved, s.Promos}, "")}, nil
}

// RemoveItem removes a line.
func (s *State) RemoveItem(t entrepot.Turn, c RemoveItem) ([]events.Event, error) {
	return s.SetQuantity(t, SetQuantity{ItemID: c.ItemID, ExpectedVersion: c.ExpectedVersion})
}

// Clear removes every line and promo code. Saved lines stay.
func (s *State) Clear(t entrepot.Turn, c Clear) ([]events.Event, error) {
	switch {
	case !s.reachable(t):
		return nil, entrepot.ErrNotFound
	case c.ExpectedVersion != 0 && c.ExpectedVersion != s.Version:
		return nil, entrepot.CheckVersion(c.ExpectedVersion, s.Version)
	case len(s.Lines) == 0 && len(s.Promos) == 0 && s.ID != "":
		return nil, nil
	}
	return []events.Event{s.update(t, content{saved: s.Saved}, "")}, nil
}

// Take removes the pieces that an order bought, once. Pieces added since the order
// read the cart stay.
func (s *State) Take(t entrepot.Turn, c Take) ([]events.Event, error) {
	switch {
	case t.RequireSystem() != nil:
		return nil, entrepot.ErrNotFound
	case c.OrderID == "":
		return nil, entrepot.Invalid("orderId", "required", "must be given")
	case slices.Contains(s.Taken, c.OrderID), s.Erased:
		return nil, nil
	}
	happened := []events.Event{taken{userID: t.ID, orderID: c.OrderID, at: t.Now.UnixMilli()}}
	if lines, some := without(s.Lines, c.Items); some {
		left := content{lines, s.Saved, s.Promos}
		if len(lines) == 0 {
			left.promos = nil // the order has used them
		}
		happened = append(happened, s.update(t, left, c.OrderID))
	}
	return happened, nil
}

// erased is the fact that the user's data is gone.
type erased struct {
	events.Private
	at int64
}

// Erase erases the cart of a deleted user. While a guest's cart is being merged it
// returns CodeUnavailable, and the command is sent again.
func (s *State) Erase(t entrepot.Turn, _ Erase) ([]events.Event, error) {
	switch {
	case t.RequireSystem() != nil:
		return nil, entrepot.ErrNotFound
	case s.ID == "" || s.Erased:
		return nil, nil
	case s.Merging != nil:
		return nil, entrepot.Unavailable("a guest's cart is being taken over")
	}
	return []events.Event{erased{at: t.Now.UnixMilli()}}, nil
}

// without returns the lines without the taken pieces, and whether any were taken.
func without(lines []Line, items []Taken) (rest []Line, some bool) {
	rest = slices.Clone(lines)
	for _, it := range items {
		variant := variantOf(it.VariantID, it.ProductID)
		at := slices.IndexFunc(rest, func(l Line) bool {
			return l.ProductID == it.ProductID && l.VariantID == variant && l.ShopID == it.ShopID
		})
		if at >= 0 && it.Quantity > 0 {
			rest[at].Quantity = max(0, rest[at].Quantity-it.Quantity)
			some = true
		}
	}
	return slices.DeleteFunc(rest, func(l Line) bool { return l.Quantity == 0 }), some
}

// update returns the fact that the cart has this content.
func (s *State) update(t entrepot.Turn, c content, orderID entrepot.ID) changed {
	next := State{Lines: c.lines}
	if len(c.lines) > 0 {
		next.Currency = s.Currency
	}
	u := events.CartUpdated{
		UserID: t.ID, Guest: s.Guest, Items: make([]events.CartItem, 0, len(c.lines)),
		Total: amount(
			next.Total(), next.Currency,
		), Currency: next.Currency, PromoCodes: slices.Clone(c.promos), OrderID: orderID, UpdatedAt: t.Now,
	}
	for i := range c.lines {
		u.Items = append(u.Items, c.lines[i].public(next.Currency))
	}
	for i := range c.saved {
		u.Saved = append(u.Saved, c.saved[i].public(c.saved[i].Currency))
	}
	return changed{u, c}
}

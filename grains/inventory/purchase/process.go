package purchase

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/inventory/stock"
	"entrepot/grains/sales/series"
)

// process numbers a purchase order and brings its deliveries into stock. A purchase
// order asks the number series and stock items, which ask no grain.
var process = []grains.Row[*State]{
	grains.Step("number", grains.When((*State).isOrdering), number, (*State).numbered), // ordered
	grains.Step("receipt", (*State).unbooked, book, (*State).booked),                   // partially received, or received
}

func (s *State) isOrdering() bool { return s.Status == ordering }

// number draws the next number of the company's series of the year.
func number(ctx context.Context, a grains.Asker, s *State, _ string) (int64, error) {
	id := series.ID(s.CompanyID, "purchase", s.year())
	n, err := grains.Ask(ctx, a, series.Of(id), series.Next{ForID: s.ID, CompanyID: s.CompanyID})
	if err != nil {
		return 0, err
	}
	return n.Number, nil
}

func (s *State) numbered(t entrepot.Turn, n int64) ([]events.Event, error) {
	next := *s
	next.Status, next.Number = Ordered, fmt.Sprintf("PO-%s-%06d", s.year(), n)
	return []events.Event{events.PurchaseOrderOrdered{PurchaseOrder: next.public(t.Now)}}, nil
}

// year returns the year of the order, by which numbers are counted.
func (s *State) year() string { return strconv.Itoa(time.UnixMilli(s.OrderedAt).UTC().Year()) }

// unbooked returns the ids of the receipts that are still to be booked.
func (s *State) unbooked() (out []string) {
	for i := range s.Receipts {
		if !s.Receipts[i].Booked {
			out = append(out, s.Receipts[i].ID)
		}
	}
	return out
}

// booking is the result of bringing a receipt into stock.
type booking struct {
	receiptID entrepot.ID
	refused   []entrepot.ID // variants
}

// book brings a receipt into the stock of the location. The receipt's id in the
// reference makes a stock item receive each part once.
func book(ctx context.Context, a grains.Asker, s *State, of string) (booking, error) {
	parts := s.receipt(of).Parts
	no, err := grains.Each(parts, func(p Part) (bool, error) {
		_, err := grains.Ask(ctx, a, stock.Of(stock.ID(p.VariantID, s.LocationID)), stock.Receive{
			ProductID: s.line(p.VariantID).ProductID, VariantID: p.VariantID, CompanyID: s.CompanyID, LocationID: s.LocationID,
			Quantity: p.Quantity, Reason: "purchase " + s.Number, Reference: "po:" + s.ID + ":" + of,
			UnitCost: p.UnitCost, Currency: s.Currency, Lot: p.Batch, ExpiresOn: p.ExpiresOn,
		})
		return grains.Refused(err, entrepot.CodeInvalid) // more than a stock item may hold
	})
	r := booking{receiptID: of}
	for i := range no {
		if no[i] {
			r.refused = append(r.refused, parts[i].VariantID)
		}
	}
	return r, err
}

// booked notes a receipt in stock. The purchase order is received when every line is
// complete, or when a final receipt is booked without refusals.
func (s *State) booked(t entrepot.Turn, b booking) ([]events.Event, error) {
	r := s.receipt(b.receiptID)
	var parts []events.PurchasePart
	for _, p := range r.Parts {
		if !slices.Contains(b.refused, p.VariantID) {
			parts = append(parts, events.PurchasePart{VariantID: p.VariantID, Quantity: p.Quantity, Batch: p.Batch})
		}
	}
	next := *s
	next.Lines, next.Status = slices.Clone(s.Lines), PartiallyReceived
	next.take(parts)
	facts := []events.Event{refused{booking: b, at: t.Now.UnixMilli()}}
	if len(parts) > 0 {
		facts[0] = partlyReceived{
			PurchaseOrderPartlyReceived: events.PurchaseOrderPartlyReceived{
				PurchaseOrder: next.public(t.Now), ReceiptID: r.ID, Parts: parts,
			},
			refused: b.refused,
		}
	}
	complete := !slices.ContainsFunc(next.Lines, func(l Line) bool { return l.Received < l.Quantity })
	if complete || (r.Final && len(b.refused) == 0) {
		next.Status = Received
		facts = append(facts, events.PurchaseOrderReceived{PurchaseOrder: next.public(t.Now)})
	}
	return facts, nil
}

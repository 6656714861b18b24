package stock

import (
	"math/bits"

	"entrepot"
	"entrepot/events"
)

// Layer is pieces that came in at one cost.
type Layer struct {
	Quantity int64 `json:"q"`
	Minor    int64 `json:"c"` // cost of all pieces, minor units
}

// MaxLayers bounds the layers. When there are more, the two oldest are merged with
// their joint cost. The value of the stock stays exact; pieces of a merged layer leave
// at their average cost.
const MaxLayers = 50

// maxValue bounds the value of an item, in minor units.
const maxValue = 1_000_000_000_000_000_000

// share returns part/whole of minor units, rounded half up. part <= whole.
func share(minor, part, whole int64) int64 {
	if whole <= 0 || part >= whole {
		return minor
	}
	hi, lo := bits.Mul64(uint64(minor), uint64(part)) //nolint:gosec // neither is negative
	lo, carry := bits.Add64(lo, uint64(whole)/2, 0)
	q, _ := bits.Div64(hi+carry, lo, uint64(whole)) // part < whole
	return int64(q)                                 //nolint:gosec // at most minor
}

// Valued returns the pieces that have a cost.
func (s *Record) Valued() (n int64) {
	for _, l := range s.Layers {
		n += l.Quantity
	}
	return n
}

// FIFO returns the value of the pieces that have a cost, first in, first out, in minor units.
func (s *Record) FIFO() (minor int64) {
	for _, l := range s.Layers {
		minor += l.Minor
	}
	return minor
}

// costOf returns the cost of the pieces that leave next, first in, first out, and at
// the moving average. Pieces without a cost leave first and cost nothing.
func (s *Record) costOf(quantity int64) (fifo, average int64) {
	valued := s.Valued()
	rest := min(valued, max(0, quantity-(s.OnHand-valued)))
	average = share(s.Average, rest, valued)
	for _, l := range s.Layers {
		n := min(rest, l.Quantity)
		fifo += share(l.Minor, n, l.Quantity)
		if rest -= n; rest == 0 {
			break
		}
	}
	return fifo, average
}

// cost sets the cost of a movement. Pieces leave by the layers. Pieces that come
// without a cost get the average of the pieces on hand, or the last one.
func (s *Record) cost(e *events.InventoryUpdated) {
	valued := s.Valued()
	if s.Currency == "" || e.Delta == 0 || e.Cost != "" || (valued == 0 && (e.Delta < 0 || s.LastCost == 0)) {
		return
	}
	minor, each := int64(0), s.LastCost
	if valued > 0 {
		each = share(s.Average, 1, valued)
	}
	if e.Delta < 0 {
		minor, _ = s.costOf(-e.Delta)
	} else if each <= maxValue/MaxQuantity {
		minor = each * e.Delta
	}
	e.Cost, e.Currency = entrepot.Money{Minor: minor, Currency: s.Currency}.Amount(), s.Currency
}

// value applies a movement to the layers and the average. OnHand is still the one before.
func (s *State) value(e events.InventoryUpdated) {
	switch {
	case e.Delta < 0 && len(s.Layers) > 0:
		valued := s.Valued()
		rest := min(valued, max(0, -e.Delta-(s.OnHand-valued)))
		if rest == valued {
			s.LastCost = share(s.Average, 1, valued)
		}
		s.Average -= share(s.Average, rest, valued)
		for rest > 0 {
			l := &s.Layers[0]
			n := min(rest, l.Quantity)
			l.Minor -= share(l.Minor, n, l.Quantity)
			l.Quantity -= n
			if rest -= n; l.Quantity == 0 {
				s.Layers = s.Layers[1:]
			}
		}
	case e.Delta > 0 && e.Cost != "":
		m, err := entrepot.ParseMoney("cost", string(e.Cost), e.Currency)
		if err != nil {
			return // cannot happen: a decision made it
		}
		s.Currency = e.Currency
		if e.Delta == e.Unvalued {
			return
		}
		average := m
		if e.AverageCost != "" {
			if average, err = entrepot.ParseMoney("averageCost", string(e.AverageCost), e.Currency); err != nil {
				return
			}
		}
		s.Average += average.Minor
		s.Layers = append(s.Layers, Layer{e.Delta - e.Unvalued, m.Minor})
		if len(s.Layers) > MaxLayers {
			s.Layers[1] = Layer{s.Layers[0].Quantity + s.Layers[1].Quantity, s.Layers[0].Minor + s.Layers[1].Minor}
			s.Layers = s.Layers[1:]
		}
	}
}

// priced sets the cost of a movement of goods that come in at a unit cost.
func (s *State) priced(e *events.InventoryUpdated, unit *int64, currency string) error {
	if unit == nil {
		return nil
	}
	total, fits := entrepot.Money{Minor: *unit, Currency: currency}.Times(e.Quantity)
	switch {
	case !entrepot.ValidCurrency(currency):
		return entrepot.Invalid("currency", "pattern", "must be an ISO 4217 code")
	case s.Currency != "" && s.Currency != currency:
		return entrepot.Invalid("currency", "current", "the item is valued in %s", s.Currency)
	case *unit < 0 || !fits || s.Average+total.Minor > maxValue || s.FIFO()+total.Minor > maxValue:
		return entrepot.Invalid("unitCost", "maximum", "must be 0 or more, and within the greatest value of the item")
	}
	e.Cost, e.Currency = total.Amount(), currency
	return nil
}

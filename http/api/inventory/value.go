package inventory

import (
	"context"
	"slices"

	"entrepot"
	"entrepot/grains/inventory/stock"
	"entrepot/grains/query"
	"entrepot/http/rest"
	"entrepot/persistence"
)

// Valuation is what stock on hand is worth, by currency.
type Valuation struct {
	Method     string       `json:"method"`
	Totals     []StockTotal `json:"totals"`
	Items      int64        `json:"items" doc:"stock items that were summed"`
	Unvalued   int64        `json:"unvaluedPieces" doc:"pieces on hand that came in without a cost"`
	NextCursor string       `json:"nextCursor,omitempty"`
}

// StockTotal is a sum in one currency.
type StockTotal struct {
	Currency string          `json:"currency"`
	Value    entrepot.Amount `json:"value"`
	Pieces   int64           `json:"pieces"`

	minor int64
}

type valuationInput struct {
	rest.CompanyFilter
	Method     string  `query:"method" enum:"fifo,average" default:"fifo"`
	LocationID rest.ID `query:"locationId"`
	Cursor     string  `query:"cursor" maxLength:"1024" doc:"nextCursor of the part before"`
}

// valuedPages bounds what one request sums, in pages of 100 items.
const valuedPages = 20

func (s *inventoryAPI) valuation(ctx context.Context, in *valuationInput) (*rest.Answer[Valuation], error) {
	v := Valuation{Method: in.Method, Totals: []StockTotal{}}
	q := persistence.Query{Limit: 100, Cursor: in.Cursor}
	q.Where = query.Where(query.Where(nil, "shopId", in.LocationID), persistence.CompanyID, in.CompanyID)
	for range valuedPages {
		page, err := query.Find(ctx, s.Store, stock.Collection, entrepot.StaffScope(entrepot.CallerFrom(ctx)), q,
			func(r *stock.Record, _ *persistence.Document) *stock.Record { return r })
		if err != nil {
			return nil, err
		}
		for _, i := range page.Items {
			v.add(i)
		}
		if v.NextCursor = page.NextCursor; v.NextCursor == "" {
			break
		}
		q.Cursor = page.NextCursor
	}
	for i := range v.Totals {
		v.Totals[i].Value = rest.Amount(v.Totals[i].minor, v.Totals[i].Currency)
	}
	return rest.AnswerOf(v), nil
}

func (v *Valuation) add(i *stock.Record) {
	v.Items++
	valued := i.Valued()
	v.Unvalued += i.OnHand - valued
	if valued == 0 {
		return
	}
	at := slices.IndexFunc(v.Totals, func(t StockTotal) bool { return t.Currency == i.Currency })
	if at < 0 {
		v.Totals = append(v.Totals, StockTotal{Currency: i.Currency})
		at = len(v.Totals) - 1
	}
	worth := i.FIFO()
	if v.Method == "average" {
		worth = i.Average
	}
	v.Totals[at].minor += worth
	v.Totals[at].Pieces += valued
}

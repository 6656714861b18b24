package inventory

import (
	"context"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/inventory/stock"
	"entrepot/grains/inventory/stocktake"
	"entrepot/grains/query"
	"entrepot/http/rest"
	"entrepot/persistence"
)

// StocktakeView is a stocktake as the API shows it.
type StocktakeView struct {
	ID         entrepot.ID     `json:"id"`
	CompanyID  entrepot.ID     `json:"companyId"`
	LocationID entrepot.ID     `json:"locationId"`
	Status     string          `json:"status" enum:"open,closing,closed,cancelled"`
	Note       string          `json:"note,omitempty"`
	Reason     string          `json:"reason,omitempty" doc:"reason for the cancellation"`
	Lines      []StocktakeLine `json:"lines,omitempty" doc:"not in lists"`
	CreatedAt  rest.Time       `json:"createdAt"`
	UpdatedAt  rest.Time       `json:"updatedAt"`
	EndedAt    *rest.Time      `json:"endedAt,omitempty"`
}

// StocktakeLine is one stock item of a stocktake.
type StocktakeLine struct {
	ProductID    entrepot.ID `json:"productId"`
	VariantID    entrepot.ID `json:"variantId"`
	OnHandAtOpen int64       `json:"onHandAtOpen"`
	Expected     *int64      `json:"expected,omitempty" doc:"on hand when it was counted"`
	Counted      *int64      `json:"counted,omitempty"`
	Variance     *int64      `json:"variance,omitempty" doc:"counted minus expected"`
	CountedBy    entrepot.ID `json:"countedBy,omitempty"`
	CountedAt    *rest.Time  `json:"countedAt,omitempty"`
	Refused      string      `json:"refused,omitempty" doc:"why the variance is not booked"`
}

func stocktakeOf(s *stocktake.Stocktake) StocktakeView {
	v := StocktakeView{
		ID: s.ID, CompanyID: s.CompanyID, LocationID: s.LocationID, Status: s.Status, Note: s.Note, Reason: s.Reason,
		CreatedAt: rest.Time(s.CreatedAt), UpdatedAt: rest.Time(s.UpdatedAt), EndedAt: timeAt(s.EndedAt),
	}
	for _, l := range s.Lines {
		line := StocktakeLine{ProductID: l.ProductID, VariantID: l.VariantID, OnHandAtOpen: l.OnHandAtOpen, Refused: l.Refused}
		if l.IsCounted() {
			variance := l.Counted - l.Expected
			line.Expected, line.Counted, line.Variance = &l.Expected, &l.Counted, &variance
			line.CountedBy, line.CountedAt = l.CountedBy, timeAt(l.CountedAt)
		}
		v.Lines = append(v.Lines, line)
	}
	return v
}

type stocktakeListInput struct {
	rest.ListParams
	rest.CompanyFilter
	Status     string  `query:"status" enum:"open,closing,closed,cancelled"`
	LocationID rest.ID `query:"locationId"`
}

func (s *logisticsAPI) listStocktakes(ctx context.Context, in *stocktakeListInput) (*rest.List[StocktakeView], error) {
	q := persistence.Query{Desc: true, Limit: in.Limit, Cursor: in.Cursor, Where: query.Where(nil, persistence.CompanyID, in.CompanyID)}
	q.Where = query.Where(query.Where(q.Where, "status", in.Status), persistence.ShopID, in.LocationID)
	page, err := query.Find(ctx, s.Store, stocktake.Collection, entrepot.StaffScope(entrepot.CallerFrom(ctx)), q,
		func(v *stocktake.Stocktake, _ *persistence.Document) StocktakeView {
			v.Lines = nil
			return stocktakeOf(v)
		})
	return &rest.List[StocktakeView]{Body: page}, err
}

type stocktakeInput struct {
	rest.Here
	rest.KeyHeader
	RawBody []byte
	Body    struct {
		LocationID rest.ID  `json:"locationId" doc:"a shop or a warehouse"`
		ItemIDs    []string `json:"itemIds,omitempty" maxItems:"1000" doc:"stock items of the location; none: all of them, if they are no more than 1000"`
		Note       string   `json:"note,omitempty" maxLength:"500"`
	}
}

func (s *logisticsAPI) openStocktake(ctx context.Context, in *stocktakeInput) (*rest.Created[StocktakeView], error) {
	b := &in.Body
	at, err := locateOwn(ctx, s.Asker, "locationId", string(b.LocationID))
	if err != nil {
		return nil, err
	}
	id := in.NewID(ctx, "stocktake")
	if err := s.noOtherCount(ctx, at, id); err != nil {
		return nil, err
	}
	cmd := stocktake.Begin{CompanyID: at.CompanyID, LocationID: at.ID, Note: b.Note}
	if len(b.ItemIDs) == 0 {
		cmd.Items, err = s.allItems(ctx, at)
	} else {
		cmd.Items, err = s.someItems(ctx, at, b.ItemIDs)
	}
	if err != nil {
		return nil, err
	}
	r, err := grains.Call(ctx, s.Asker, stocktake.Of(id), cmd, in.Keyed(ctx, "open-stocktake", in.RawBody)...)
	v := r.Reply
	if err != nil {
		return nil, err
	}
	return &rest.Created[StocktakeView]{Replay: rest.ReplayOf(r.Replayed), Versioned: rest.ETagOf(v.Version), Location: in.Below(v.ID), Body: stocktakeOf(v)}, nil
}

// noOtherCount: two stocktakes of one item would both book what one finds.
func (s *logisticsAPI) noOtherCount(ctx context.Context, at Location, id entrepot.ID) error {
	for _, status := range []string{stocktake.Open, stocktake.Closing} {
		q := persistence.Query{Limit: 1, Where: query.Where(query.Where(nil, persistence.ShopID, at.ID), "status", status)}
		found, _, err := s.Store.Find(ctx, stocktake.Collection, entrepot.InCompany(at.CompanyID), q)
		switch {
		case err != nil:
			return query.Unreadable(stocktake.Collection, err)
		case len(found) > 0 && found[0].ID != id:
			return entrepot.Errorf(entrepot.CodeConflict, "the location is being counted already, by the stocktake %s", found[0].ID)
		}
	}
	return nil
}

// allItems are all stock items of a location.
func (s *logisticsAPI) allItems(ctx context.Context, at Location) (out []events.StocktakeItem, err error) {
	q := persistence.Query{Limit: 100, Where: query.Where(nil, persistence.ShopID, at.ID)}
	for {
		page, err := query.Find(ctx, s.Store, stock.Collection, entrepot.InCompany(at.CompanyID), q,
			func(r *stock.Record, _ *persistence.Document) events.StocktakeItem { return countable(r) })
		if err != nil {
			return nil, err
		}
		out = append(out, page.Items...)
		switch {
		case len(out) > stocktake.MaxItems:
			return nil, entrepot.Invalid("itemIds", "required", "the location has more than %d stock items: name some", stocktake.MaxItems)
		case page.NextCursor == "" && len(out) == 0:
			return nil, entrepot.Invalid("locationId", "stocked", "nothing lies there")
		case page.NextCursor == "":
			return out, nil
		}
		q.Cursor = page.NextCursor
	}
}

// someItems are the named stock items, which must be the location's.
func (s *logisticsAPI) someItems(ctx context.Context, at Location, ids []entrepot.ID) ([]events.StocktakeItem, error) {
	if err := rest.CheckIDs("itemIds", ids); err != nil {
		return nil, err
	}
	out := make([]events.StocktakeItem, len(ids))
	return out, query.Each(ctx, len(ids), func(ctx context.Context, i int) error {
		item, err := s.askItem(ctx, ids[i])
		if entrepot.CodeOf(err) == entrepot.CodeNotFound || (err == nil && item.LocationID != at.ID) {
			return query.Missing(query.Indexed("itemIds", i, ""), "no such stock item in the location")
		}
		if err == nil {
			out[i] = countable(&item.Record)
		}
		return err
	})
}

func countable(i *stock.Record) events.StocktakeItem {
	variant := i.VariantID
	if variant == "" {
		variant = i.ProductID
	}
	return events.StocktakeItem{ProductID: i.ProductID, VariantID: variant, OnHand: i.OnHand}
}

func (s *logisticsAPI) askItem(ctx context.Context, id entrepot.ID) (*stock.Item, error) {
	return grains.Ask(ctx, s.Asker, stock.Of(id), stock.Get{})
}

func (s *logisticsAPI) getStocktake(ctx context.Context, in *struct{ rest.IDPath }) (*rest.Answer[StocktakeView], error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	return s.stocktakeAfter(ctx, id, stocktake.Get{})
}

type countsInput struct {
	rest.IDPath
	rest.IfMatch
	Body struct {
		Counts []ItemCount `json:"counts" minItems:"1" maxItems:"1000"`
	}
}

// ItemCount is what was counted of one item.
type ItemCount struct {
	VariantID rest.ID `json:"variantId" doc:"the product's id for a product without variants"`
	Counted   int64   `json:"counted" minimum:"0" maximum:"1000000000"`
}

// setCounts notes what was counted, with what each stock item has on hand now.
func (s *logisticsAPI) setCounts(ctx context.Context, in *countsInput) (*rest.Answer[StocktakeView], error) {
	id, expected, err := in.Target(in.IDPath)
	if err != nil {
		return nil, err
	}
	now, err := s.askStocktake(ctx, id, stocktake.Get{})
	if err != nil {
		return nil, err
	}
	counts := in.Body.Counts
	cmd := stocktake.SetCounts{ExpectedVersion: expected, Counts: make([]stocktake.Count, len(counts))}
	err = query.Each(ctx, len(counts), func(ctx context.Context, i int) error {
		item, err := s.askItem(ctx, stock.ID(string(counts[i].VariantID), now.LocationID))
		if entrepot.CodeOf(err) == entrepot.CodeNotFound {
			return query.Missing(query.Indexed("counts", i, "variantId"), "no such stock item in the location")
		}
		if err == nil {
			cmd.Counts[i] = stocktake.Count{VariantID: string(counts[i].VariantID), Counted: counts[i].Counted, OnHand: item.OnHand}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.stocktakeAfter(ctx, id, cmd)
}

func (s *logisticsAPI) closeStocktake(ctx context.Context, in *actInput) (*rest.Answer[StocktakeView], error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	return s.stocktakeAfter(ctx, id, stocktake.Close{})
}

func (s *logisticsAPI) cancelStocktake(ctx context.Context, in *endInput) (*rest.Answer[StocktakeView], error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	return s.stocktakeAfter(ctx, id, stocktake.Cancel{Reason: in.reason()})
}

func (s *logisticsAPI) stocktakeAfter(ctx context.Context, id entrepot.ID, cmd grains.Message[*stocktake.Stocktake]) (*rest.Answer[StocktakeView], error) {
	v, err := s.askStocktake(ctx, id, cmd)
	if err != nil {
		return nil, err
	}
	return rest.AnswerAt(v.Version, stocktakeOf(v)), nil
}

func (s *logisticsAPI) askStocktake(ctx context.Context, id entrepot.ID, cmd grains.Message[*stocktake.Stocktake]) (*stocktake.Stocktake, error) {
	return grains.Ask(ctx, s.Asker, stocktake.Of(id), cmd)
}

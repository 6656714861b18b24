package ecommerce

import (
	"context"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/ecommerce/review"
	"entrepot/grains/query"
	"entrepot/http/rest"
	"entrepot/persistence"
)

func (s *reviewAPI) mark(ctx context.Context, in *struct{ rest.IDPath }) (*rest.NoContent, error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	r, err := s.ask(ctx, id, review.Show{})
	if err != nil {
		return nil, err
	}
	vote := review.VoteID(id, entrepot.CallerFrom(ctx).UserID)
	_, err = grains.Ask(ctx, s.Asker, review.VoteOf(vote), review.Mark{ReviewID: id, ProductID: r.ProductID, WrittenAt: r.CreatedAt})
	return nil, err
}

func (s *reviewAPI) unmark(ctx context.Context, in *struct{ rest.IDPath }) (*rest.NoContent, error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	_, err = grains.Ask(ctx, s.Asker, review.VoteOf(review.VoteID(id, entrepot.CallerFrom(ctx).UserID)), review.Unmark{})
	return nil, err
}

// VoteView is a review that the caller finds helpful.
type VoteView struct {
	ReviewID entrepot.ID `json:"reviewId"`
	At       rest.Time   `json:"at"`
}

type votesInput struct {
	rest.IDPath
	rest.ListParams
}

func (s *reviewAPI) votes(ctx context.Context, in *votesInput) (*rest.List[VoteView], error) {
	product, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	if _, err := query.Product(ctx, s.Asker, product); err != nil {
		return nil, err
	}
	q := persistence.Query{Limit: in.Limit, Cursor: in.Cursor, Sort: persistence.CreatedAt, Desc: true, Where: query.Where(nil, "productId", product)}
	scope := entrepot.OwnedBy(entrepot.CallerFrom(ctx).UserID)
	page, err := query.Find(ctx, s.Store, review.Votes, scope, q, func(v *review.Vote, _ *persistence.Document) VoteView {
		return VoteView{ReviewID: v.ReviewID, At: rest.Time(v.At)}
	})
	if err != nil {
		return nil, err
	}
	return &rest.List[VoteView]{Body: page}, nil
}

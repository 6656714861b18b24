package shop

import (
	"context"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/shop/shop"
	"entrepot/http/rest"
)

type assignStaffInput struct {
	rest.IDPath
	rest.IfMatch
	rest.KeyHeader
	RawBody []byte
	Body    struct {
		UserIDs   []string `json:"userIds,omitempty" maxItems:"100" doc:"staff to add to the shop"`
		ManagerID rest.ID  `json:"managerId,omitempty" doc:"a shop manager of the company; replaces the current one"`
		Remove    []string `json:"remove,omitempty" maxItems:"100" doc:"staff who left the shop"`
	}
}

func (s *shopAPI) assign(ctx context.Context, in *assignStaffInput) (*rest.Answer[ShopView], error) {
	id, expected, err := in.Target(in.IDPath)
	if err != nil {
		return nil, err
	}
	b := &in.Body
	if err := rest.CheckIDs("userIds", b.UserIDs); err != nil {
		return nil, err
	}
	if err := rest.CheckIDs("remove", b.Remove); err != nil {
		return nil, err
	}
	r, err := grains.Call(ctx, s.Asker, shop.Of(id), shop.Assign{
		ID: in.NewID(ctx, "staff of "+id), ExpectedVersion: expected, ManagerID: string(b.ManagerID), UserIDs: b.UserIDs, Remove: b.Remove,
	}, in.Keyed(ctx, "assign-shop-staff", in.RawBody)...)
	v := r.Reply
	if err != nil {
		return nil, err
	}
	rest.RefreshStanding(ctx, s.Standing)
	out := rest.AnswerAt(v.Version, s.view(v))
	out.Replay = rest.ReplayOf(r.Replayed)
	return out, nil
}

type dismissStaffInput struct {
	rest.IDPath
	UserID string `path:"userId" example:"65a1b2c3d4e5f60718293a4b"`
}

func (s *shopAPI) dismiss(ctx context.Context, in *dismissStaffInput) (*rest.NoContent, error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	user, err := rest.ExistingID(in.UserID)
	if err != nil {
		return nil, err
	}
	_, err = grains.Ask(ctx, s.Asker, shop.Of(id), shop.Assign{ID: entrepot.NewID(), Remove: []string{user}})
	if entrepot.CodeOf(err) == entrepot.CodeNotFound {
		return nil, entrepot.ErrNotFound // the shop, or the user in it
	}
	if err != nil {
		return nil, err
	}
	rest.RefreshStanding(ctx, s.Standing)
	return nil, nil
}

package shop

import (
	"context"
	"testing"
	"time"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/checkout"
	"entrepot/grains/query"
	"entrepot/grains/shop/shop"
	"entrepot/persistence"
)

// shopAnswer is a shop service that answers the same until told otherwise.
type shopAnswer struct {
	shop  *shop.Shop
	err   error
	asked int
}

func (a *shopAnswer) Ask(context.Context, grains.Ref, any, ...grains.Option) (grains.Answer, error) {
	a.asked++
	if a.err != nil {
		return grains.Answer{}, a.err
	}
	return grains.Answer{Value: a.shop}, nil
}

// What a shop said holds for a second, and on while the shop service does not
// answer; that there is no such shop is an answer.
func TestWhatAShopSaidHolds(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	var s checkout.SellingShops
	s.Init(func() time.Time { return now })
	a := &shopAnswer{err: entrepot.Unavailable("away")}
	want := func(sells bool, code entrepot.Code, asked int) {
		t.Helper()
		is, err := s.Sells(t.Context(), a, "shop")
		if is != sells || entrepot.CodeOf(err) != code || a.asked != asked {
			t.Errorf("sells %v, %v, asked %d times; want %v, %q, %d", is, err, a.asked, sells, code, asked)
		}
	}
	want(false, entrepot.CodeUnavailable, 1)
	a.err, a.shop = nil, &shop.Shop{IsActive: true}
	want(true, "", 2)
	a.shop = &shop.Shop{}
	now = now.Add(checkout.SellingShopAge - 1)
	want(true, "", 2)
	a.err = entrepot.Unavailable("away")
	now = now.Add(1)
	want(true, "", 3)
	a.err = nil
	want(false, "", 4)
	a.shop = &shop.Shop{IsActive: true}
	now = now.Add(checkout.SellingShopAge)
	want(true, "", 5)
	a.err = entrepot.ErrNotFound
	now = now.Add(checkout.SellingShopAge)
	want(false, "", 6)
}

// endless is a collection that has a page after every page.
type endless struct {
	query.Reader
	pages int
}

func (e *endless) Find(context.Context, *persistence.Collection, entrepot.Scope, persistence.Query) ([]persistence.Document, string, error) {
	e.pages++
	return nil, "next", nil
}

// A period with more events than can be read in time is refused, not half told.
func TestPerformanceIsBounded(t *testing.T) {
	t.Parallel()
	e := &endless{}
	s := &shopAPI{Deps{Store: e}}
	day := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	_, err := s.days(t.Context(), &shop.Shop{ID: "s", CompanyID: "c"}, day, day, (&shop.Hours{}).Clock())
	if entrepot.CodeOf(err) != entrepot.CodeInvalid || e.pages != maxPerformanceRows/100 {
		t.Errorf("%v after %d pages", err, e.pages)
	}
}

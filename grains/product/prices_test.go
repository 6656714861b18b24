package product

import (
	"reflect"
	"testing"
	"time"

	"entrepot"
	"entrepot/grains/product/productpb"

	"google.golang.org/protobuf/proto"
)

func TestShopPrices(t *testing.T) {
	t.Parallel()
	s := made(t, StatusActive)
	update(t, s, turn(admin), &productpb.Update{Options: shirt(), ShopPrices: &productpb.ShopPrices{Prices: []*productpb.ShopPrice{
		{ShopId: shopA, PriceMinor: 1800}, {ShopId: shopB, PriceMinor: 1700},
	}}})
	medium := s.Variants[1].ID
	// The manager of A replaces the prices of A; B's stay.
	update(t, s, turn(managerA), &productpb.Update{ShopPrices: &productpb.ShopPrices{Prices: []*productpb.ShopPrice{{ShopId: shopA, VariantId: medium, PriceMinor: 2300}}}})
	v := s.View()
	for _, c := range []struct {
		variant, shop entrepot.ID
		want          int64
	}{{medium, shopA, 2300}, {s.Variants[0].ID, shopA, 1999}, {medium, shopB, 1700}, {medium, "", 2500}} {
		if got := v.PriceOf(c.variant, c.shop, start); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
	for field, p := range map[string]*productpb.ShopPrice{
		"shopPrices[0].shopId":    {ShopId: entrepot.DeriveID("shop", "c"), PriceMinor: 1},
		"shopPrices[0].variantId": {ShopId: shopA, VariantId: entrepot.DeriveID("x"), PriceMinor: 1},
		"shopPrices[0].price":     {ShopId: shopA, PriceMinor: -1},
	} {
		if _, err := s.Update(turn(admin), &productpb.Update{ShopPrices: &productpb.ShopPrices{Prices: []*productpb.ShopPrice{p}}}); fieldOf(err) != field {
			t.Errorf("want %s: %v", field, err)
		}
	}
	foreign := &productpb.Update{ShopPrices: &productpb.ShopPrices{Prices: []*productpb.ShopPrice{{ShopId: shopB, PriceMinor: 1}}}}
	if _, err := s.Update(turn(managerA), foreign); entrepot.CodeOf(err) != entrepot.CodeForbidden {
		t.Errorf("another shop's price: %v", err)
	}
	// Prices go with their variants and shops.
	update(t, s, turn(admin), &productpb.Update{Options: &productpb.Options{}, ShopIds: &productpb.ShopIDs{Ids: []string{shopA}}})
	if len(s.ShopPrices) != 0 {
		t.Errorf("%+v", s.ShopPrices)
	}
}

func TestSale(t *testing.T) {
	t.Parallel()
	for field, sale := range map[string]*productpb.Sale{
		"sale.price":   {PriceMinor: 1999},
		"sale.percent": {Percent: 100},
		"sale.endsAt":  {Percent: 10, EndsMs: ms(0)},
	} {
		if _, err := made(t, StatusActive).Update(turn(admin), &productpb.Update{Sale: sale}); fieldOf(err) != field {
			t.Errorf("want %s: %v", field, err)
		}
	}
	s := made(t, StatusActive)
	e := update(t, s, turn(admin), &productpb.Update{Sale: &productpb.Sale{Percent: 25, StartsMs: ms(10), EndsMs: ms(20)}})
	if e.Sale != nil || !s.WakeAt().Equal(start.Add(10*time.Minute)) || s.Index().Fields[4] != int64(1999) {
		t.Fatalf("before: %+v, %v", e, s.WakeAt())
	}
	if facts := s.Wake(at(entrepot.SystemCaller("wake"), 9)); facts != nil {
		t.Fatal("woke early")
	}
	facts := s.Wake(at(entrepot.SystemCaller("wake"), 10))
	play(s, facts)
	begun := facts[0].(updated).ProductUpdated
	if begun.Sale == nil || begun.Sale.Price != "14.99" || begun.Price != "19.99" || !reflect.DeepEqual(begun.Changed, []string{"sale"}) {
		t.Fatalf("%+v", begun)
	}
	if s.Index().Fields[4] != int64(1499) || !s.WakeAt().Equal(start.Add(20*time.Minute)) || s.Wake(at(super, 11)) != nil {
		t.Fatalf("during: %+v", s)
	}
	play(s, s.Wake(at(entrepot.SystemCaller("wake"), 20)))
	if s.Sale != nil || s.OnSale || !s.WakeAt().IsZero() || s.Index().Fields[4] != int64(1999) {
		t.Fatalf("after: %+v", s)
	}
	update(t, s, at(admin, 30), &productpb.Update{Sale: &productpb.Sale{PriceMinor: 999}})
	update(t, s, at(admin, 31), &productpb.Update{Sale: &productpb.Sale{}})
	if s.Sale != nil {
		t.Fatal("a zero sale removes it")
	}
}

func TestSchedule(t *testing.T) {
	t.Parallel()
	s := &State{}
	facts, err := s.Create(turn(admin), creation(func(c *productpb.Create) { c.PublishMs, c.UnpublishMs = ms(10), ms(20) }))
	if err != nil {
		t.Fatal(err)
	}
	play(s, facts)
	if s.Status != StatusDraft || !s.WakeAt().Equal(start.Add(10*time.Minute)) {
		t.Fatalf("%+v", s)
	}
	for field, c := range map[string]*productpb.Update{
		"publishAt":   {Status: proto.String(StatusActive), PublishMs: proto.Int64(ms(30))},
		"unpublishAt": {UnpublishMs: proto.Int64(ms(5))},
	} {
		if _, err := s.Update(turn(admin), c); fieldOf(err) != field {
			t.Errorf("want %s: %v", field, err)
		}
	}
	if _, err := s.Update(turn(admin), &productpb.Update{PublishMs: proto.Int64(ms(-1))}); fieldOf(err) != "publishAt" {
		t.Error(err)
	}
	version := s.Version
	play(s, s.Wake(at(entrepot.SystemCaller("wake"), 10)))
	if s.Status != StatusActive || s.Version != version+1 {
		t.Fatalf("%+v", s)
	}
	play(s, s.Wake(at(entrepot.SystemCaller("wake"), 25)))
	if s.Status != StatusArchived || !s.WakeAt().IsZero() {
		t.Fatalf("%+v", s)
	}
	// Slept through both.
	late := &State{}
	play(late, facts)
	play(late, late.Wake(at(entrepot.SystemCaller("wake"), 25)))
	if late.Status != StatusArchived {
		t.Fatalf("%+v", late)
	}
	// By hand.
	update(t, late, at(admin, 26), &productpb.Update{Status: proto.String(StatusDraft), PublishMs: proto.Int64(ms(40))})
	update(t, late, at(admin, 27), &productpb.Update{Status: proto.String(StatusActive)})
	if late.Publish != 0 || !late.WakeAt().IsZero() {
		t.Fatalf("%+v", late)
	}
}

package product

import (
	"reflect"
	"testing"
	"time"

	"entrepot"
)

func TestShopPrices(t *testing.T) {
	t.Parallel()
	s := made(t, Active)
	c := shirt().update()
	c.ShopPrices = &[]ShopPrice{{ShopID: shopA, Price: 1800}, {ShopID: shopB, Price: 1700}}
	update(t, s, turn(admin), c)
	medium := s.Variants[1].ID
	// The manager of A replaces the prices of A; B's stay.
	update(t, s, turn(managerA), Update{ShopPrices: &[]ShopPrice{{ShopID: shopA, VariantID: medium, Price: 2300}}})
	v := s.View()
	for _, c := range []struct {
		variant, shop entrepot.ID
		want          int64
	}{{medium, shopA, 2300}, {s.Variants[0].ID, shopA, 1999}, {medium, shopB, 1700}, {medium, "", 2500}} {
		if got := v.PriceOf(c.variant, c.shop, start); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
	for field, p := range map[string]ShopPrice{
		"shopPrices[0].shopId":    {ShopID: entrepot.DeriveID("shop", "c"), Price: 1},
		"shopPrices[0].variantId": {ShopID: shopA, VariantID: entrepot.DeriveID("x"), Price: 1},
		"shopPrices[0].price":     {ShopID: shopA, Price: -1},
	} {
		if _, err := s.Update(turn(admin), Update{ShopPrices: &[]ShopPrice{p}}); fieldOf(err) != field {
			t.Errorf("want %s: %v", field, err)
		}
	}
	foreign := Update{ShopPrices: &[]ShopPrice{{ShopID: shopB, Price: 1}}}
	if _, err := s.Update(turn(managerA), foreign); entrepot.CodeOf(err) != entrepot.CodeForbidden {
		t.Errorf("another shop's price: %v", err)
	}
	// Prices are removed with their variants and shops.
	update(t, s, turn(admin), Update{Options: &[]Option{}, ShopIDs: &[]entrepot.ID{shopA}})
	if len(s.ShopPrices) != 0 {
		t.Errorf("%+v", s.ShopPrices)
	}
}

func TestSale(t *testing.T) {
	t.Parallel()
	for field, sale := range map[string]*Sale{
		"sale.price":   {Price: 1999},
		"sale.percent": {Percent: 100},
		"sale.endsAt":  {Percent: 10, EndsAt: ms(0)},
	} {
		if _, err := made(t, Active).Update(turn(admin), Update{Sale: sale}); fieldOf(err) != field {
			t.Errorf("want %s: %v", field, err)
		}
	}
	s := made(t, Active)
	e := update(t, s, turn(admin), Update{Sale: &Sale{Percent: 25, StartsAt: ms(10), EndsAt: ms(20)}})
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
	update(t, s, at(admin, 30), Update{Sale: &Sale{Price: 999}})
	update(t, s, at(admin, 31), Update{Sale: &Sale{}})
	if s.Sale != nil {
		t.Fatal("a zero sale removes it")
	}
}

func TestSchedule(t *testing.T) {
	t.Parallel()
	s := &State{}
	facts, err := s.Create(turn(admin), creation(func(c *Create) { c.PublishAt, c.UnpublishAt = ms(10), ms(20) }))
	if err != nil {
		t.Fatal(err)
	}
	play(s, facts)
	if s.Status != Draft || !s.WakeAt().Equal(start.Add(10*time.Minute)) {
		t.Fatalf("%+v", s)
	}
	for field, c := range map[string]Update{
		"publishAt":   {Status: new(Active), PublishAt: new(ms(30))},
		"unpublishAt": {UnpublishAt: new(ms(5))},
	} {
		if _, err := s.Update(turn(admin), c); fieldOf(err) != field {
			t.Errorf("want %s: %v", field, err)
		}
	}
	if _, err := s.Update(turn(admin), Update{PublishAt: new(ms(-1))}); fieldOf(err) != "publishAt" {
		t.Error(err)
	}
	version := s.Version
	play(s, s.Wake(at(entrepot.SystemCaller("wake"), 10)))
	if s.Status != Active || s.Version != version+1 {
		t.Fatalf("%+v", s)
	}
	play(s, s.Wake(at(entrepot.SystemCaller("wake"), 25)))
	if s.Status != Archived || !s.WakeAt().IsZero() {
		t.Fatalf("%+v", s)
	}
	// Woken after both times.
	late := &State{}
	play(late, facts)
	play(late, late.Wake(at(entrepot.SystemCaller("wake"), 25)))
	if late.Status != Archived {
		t.Fatalf("%+v", late)
	}
	// By hand.
	update(t, late, at(admin, 26), Update{Status: new(Draft), PublishAt: new(ms(40))})
	update(t, late, at(admin, 27), Update{Status: new(Active)})
	if late.PublishAt != 0 || !late.WakeAt().IsZero() {
		t.Fatalf("%+v", late)
	}
}

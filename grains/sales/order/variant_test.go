package order_test

import (
	"strings"
	"testing"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/ecommerce/cart"
	"entrepot/grains/sales/order"
)

const (
	coarse = "fffffffffffffffffffffff8"
	fine   = "fffffffffffffffffffffff9"
)

func variant(product, id string, n, price int64) order.Line {
	l := line(product, n, price)
	l.VariantID = id
	return l
}

// Stock is reserved, sold and refused by the variant, and the cart loses its line alone.
func TestAnOrderOfVariants(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.receive(coarse, harbour, 3)
	f.receive(fine, harbour, 1)
	id := entrepot.NewID()
	for _, v := range []string{coarse, fine} {
		if _, err := grains.Ask(f.buyer(), f, cart.Of(customer), cart.AddItem{
			ProductID: beans, VariantID: v, ShopID: harbour, CompanyID: company, Quantity: 2, Price: 500, Currency: "EUR",
			Name: "Beans",
		}); err != nil {
			t.Fatal(err)
		}
	}
	_, err := f.place(group(id, harbour, variant(beans, coarse, 2, 500), variant(beans, fine, 2, 500)))
	if refusal := entrepot.AsError(err); entrepot.CodeOf(err) != entrepot.CodeOutOfStock || len(refusal.Fields) != 1 ||
		!strings.HasPrefix(refusal.Fields[0].Field, fine+"@") {
		t.Fatalf("%+v", err)
	}
	id = entrepot.NewID()
	placed, err := f.send(order.Place{
		CheckoutID: id, CustomerID: customer, FromCart: true,
		Groups: []order.Group{group(id, harbour, variant(beans, coarse, 2, 500), line(kettle, 1, 100))},
	})
	if err != nil {
		t.Fatal(err)
	}
	o := placed.Orders[0]
	if o.Lines[0].VariantID != coarse || o.Lines[1].VariantID != kettle {
		t.Fatalf("lines: %+v", o.Lines)
	}
	f.pay(o)
	f.until("sold by the variant", func() bool {
		return f.stock(
			coarse, harbour,
		).OnHand == 1 && f.stock(fine, harbour).Available == 1 && f.stock(beans, harbour).OnHand == 5
	})
	c, err := grains.Ask(f.buyer(), f, cart.Of(customer), cart.Get{})
	if err != nil || len(c.Items) != 1 || c.Items[0].VariantID != fine {
		t.Fatalf("the cart: %+v, %v", c, err)
	}
}

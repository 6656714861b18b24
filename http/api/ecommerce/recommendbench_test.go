package ecommerce_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"entrepot"
	"entrepot/actors/ecommerce"
	"entrepot/events"
	"entrepot/http/api/apitest"
)

// BenchmarkRecommendations measures one answer of ten, of each kind, through the
// whole HTTP interface: 512 products, 3,000 orders of two to four of them, 200 of
// the customer's own. cpu-µs/op is what the process used, whatever else the
// machine does.
func BenchmarkRecommendations(b *testing.B) {
	w := apitest.New(b)
	var products []entrepot.ID
	for i := range 512 {
		products = append(products, w.Product(b, w.Company, fmt.Sprint("P", i), 100+int64(i), w.ShopA))
	}
	var batch []*events.Delivery
	for n := range 3000 {
		o := events.OrderCreated{OrderFacts: events.OrderFacts{OrderID: entrepot.DeriveID("o", fmt.Sprint(n)), CompanyID: w.Company, CustomerID: entrepot.DeriveID("u", fmt.Sprint(n%97))}}
		if n%15 == 0 {
			o.CustomerID = w.Users["customer"].ID
		}
		for i := range 2 + n%3 {
			o.Items = append(o.Items, events.OrderItem{ProductID: products[(n*n+i*(n%7+1))%512]})
		}
		data, err := json.Marshal(o)
		if err != nil {
			b.Fatal(err)
		}
		batch = append(batch, &events.Delivery{Attempt: 1, Envelope: events.Envelope{ID: entrepot.DeriveID("e", fmt.Sprint(n)), Type: "order.created", OccurredAt: time.Now(), Data: data}})
	}
	handle := ecommerce.Recommendations(w.Store, w.Member)
	began := cpu()
	for chunk := range slices.Chunk(batch, 1000) {
		for _, err := range handle(b.Context(), chunk) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Logf("3,000 orders learnt in batches of 1,000: %.0f µs of cpu an order", float64((cpu()-began).Microseconds())/3000)
	for _, c := range []struct{ name, as, query string }{
		{"bought_together", "", "?kind=bought_together&productId=" + products[1]},
		{"similar", "", "?kind=similar&productId=" + products[1]},
		{"trending", "", "?kind=trending"},
		{"personal", "customer", "?kind=personal"},
		{"mix", "customer", "?productId=" + products[1]},
	} {
		b.Run(c.name, func(b *testing.B) {
			began := cpu()
			for b.Loop() {
				if r := w.Recommended(b, c.as, c.query); len(r.List("items")) == 0 {
					b.Fatalf("%s", r.Raw)
				}
			}
			b.ReportMetric(float64((cpu()-began).Microseconds())/float64(b.N), "cpu-µs/op")
		})
	}
	b.Run("view", func(b *testing.B) {
		began := cpu()
		for n := 0; b.Loop(); n++ {
			w.Want(b, 204, "customer", "POST", "/api/products/"+products[n%512]+"/views", nil)
		}
		b.ReportMetric(float64((cpu()-began).Microseconds())/float64(b.N), "cpu-µs/op")
	})
}

// cpu is what the process has used so far.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

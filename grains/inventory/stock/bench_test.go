package stock

import (
	"encoding/json"
	"fmt"
	"testing"

	"entrepot"
)

// BenchmarkHotItem measures one reservation of an item with many open ones: the
// decision, and the encoding of the document of a write.
func BenchmarkHotItem(b *testing.B) {
	for _, open := range []int{0, 100, 1000, 5000} {
		b.Run(fmt.Sprint(open), func(b *testing.B) {
			s := &State{}
			reserve := func(i int) {
				happened, err := watched((*State).Reserve)(s, turn(2), Reserve{
					OrderID: entrepot.DeriveID(fmt.Sprint(i)), Quantity: 1, ExpiresAt: 1_800_000_000_000,
				})
				if err != nil {
					b.Fatal(err)
				}
				for _, e := range happened {
					s.Apply(e)
				}
			}
			received, err := s.Receive(turn(1), Receive{
				ProductID: productID, CompanyID: companyID, LocationID: shopID, Quantity: MaxQuantity,
			})
			if err != nil {
				b.Fatal(err)
			}
			s.Apply(received[0])
			for i := range open {
				reserve(i)
			}
			size, last := 0, open
			b.ResetTimer()
			for range b.N {
				reserve(last)
				doc, err := json.Marshal(s)
				if err != nil {
					b.Fatal(err)
				}
				size = len(doc)
				b.StopTimer()
				happened, _ := s.Release(turn(3), Release{OrderID: entrepot.DeriveID(fmt.Sprint(last))})
				s.Apply(happened[0])
				s.Gone = s.Gone[:0]
				last++
				b.StartTimer()
			}
			b.ReportMetric(float64(size), "doc-B")
		})
	}
}

package stock

import (
	"encoding/json"
	"slices"
	"testing"

	"entrepot"

	"pgregory.net/rapid"
)

// Packed reservations unpack to the same, whatever their ids.
func TestReservationsPack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all Reservations
		for range rapid.IntRange(0, 8).Draw(t, "reservations") {
			all = append(all, Reservation{
				OrderID:  rapid.OneOf(rapid.StringMatching("[0-9a-f]{24}"), rapid.String()).Draw(t, "order"),
				Quantity: rapid.Int64().Draw(t, "quantity"), ExpiresAt: rapid.Int64Range(0, lastMoment).Draw(t, "expires"),
				Backordered: rapid.Int64().Draw(t, "beyond"),
			})
		}
		packed, err := json.Marshal(all)
		if err != nil {
			t.Fatal(err)
		}
		var got Reservations
		if err := json.Unmarshal(packed, &got); err != nil || !slices.Equal(got, all) {
			t.Fatalf("%s: %v, %v, want %v", packed, got, err, all)
		}
	})
	for _, b := range []string{`"AA=="`, `"AAAA"`, `"//8="`, `7`, `"!"`, `"//////////////8="`, `[{"quantity":1}]`} {
		var got Reservations
		if err := json.Unmarshal([]byte(b), &got); err == nil {
			t.Errorf("%s unpacks to %v", b, got)
		}
	}
}

// BenchmarkReservations is the encoding of 5,000 of them, packed and as a list.
func BenchmarkReservations(b *testing.B) {
	var all Reservations
	for i := range int64(5000) {
		all = append(all, Reservation{OrderID: entrepot.NewID(), Quantity: 1, ExpiresAt: 1_800_000_000_000 + i})
	}
	for name, v := range map[string]any{"packed": all, "plain": []Reservation(all)} {
		b.Run(name, func(b *testing.B) {
			for range b.N {
				if _, err := json.Marshal(v); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

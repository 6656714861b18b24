package shop_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains/shop/shop"
	"entrepot/http/api/apitest"
)

// TestShopIsChanged: PUT sets everything, by If-Match, and DELETE ends it, each
// for admins of the company alone; a foreign shop is like one that is not.
func TestShopIsChanged(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	path := "/api/shops/" + w.ShopA
	tag := w.Want(t, 200, "", "GET", path, nil).Header.Get("ETag")
	absent := w.Want(t, 404, "other_admin", "PUT", "/api/shops/"+entrepot.NewID(), apitest.ShopBody("x"))
	for as, want := range map[string]int{"other_admin": 404, "shop_manager": 403, "shop_staff": 403, "customer": 403, "": 401} {
		if r := w.Want(t, want, as, "PUT", path, apitest.ShopBody("x")); want == 404 && r.Text("detail") != absent.Text("detail") {
			t.Errorf("%s differs from %s", r.Raw, absent.Raw)
		}
		w.Want(t, want, as, "DELETE", path, nil)
	}
	r := w.Want(t, 200, "company_admin", "PUT", path, apitest.ShopBody("Kai"), "If-Match", tag)
	if r.Text("name") != "Kai" || r.At("location.coordinates.lng") != 9.9663 || r.Text("contactInfo.phone") != "+49 40 1" ||
		r.Text("hoursExceptions.0.reason") != "moving" || r.Text("operatingHours.1.close") != "02:00" || r.Header.Get("ETag") == tag {
		t.Errorf("%s %v", r.Raw, r.Header)
	}
	w.Want(t, 409, "company_admin", "PUT", path, apitest.ShopBody("Other"), "If-Match", tag)
	w.Want(t, 409, "company_admin", "DELETE", path, nil, "If-Match", tag)
	w.Want(t, 400, "company_admin", "PUT", path, apitest.ShopBody("Other"), "If-Match", "x")

	hidden := apitest.ShopBody("Kai")
	hidden["isActive"] = false
	w.Want(t, 200, "super_admin", "PUT", path, hidden)
	w.Want(t, 404, "customer", "GET", path, nil)
	w.Want(t, 200, "shop_staff", "GET", path, nil)
	last := w.Want(t, 200, "company_admin", "PUT", path, map[string]any{"name": "Bare", "isActive": true})
	if last.At("location.coordinates") != nil || last.At("openNow") != nil || last.Text("timezone") != "" {
		t.Errorf("left %s", last.Raw)
	}

	w.Want(t, 204, "company_admin", "DELETE", path, nil, "If-Match", last.Header.Get("ETag"))
	for _, as := range []string{"", "company_admin", "super_admin"} {
		w.Want(t, 404, as, "GET", path, nil)
		for _, i := range w.Want(t, 200, as, "GET", "/api/shops?limit=100", nil).List("items") {
			if v, _ := i.(map[string]any); v["id"] == w.ShopA {
				t.Errorf("%q lists the deleted shop", as)
			}
		}
	}
	w.Want(t, 404, "company_admin", "PUT", path, apitest.ShopBody("x"))
	w.Want(t, 404, "company_admin", "DELETE", path, nil)
}

func TestShopFieldsAreNamed(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	for field, change := range map[string]func(b map[string]any){
		"name":     func(b map[string]any) { b["name"] = "" },
		"timezone": func(b map[string]any) { b["timezone"] = "Europe/Atlantis" },
		"location.coordinates.lat": func(b map[string]any) {
			b["location"] = map[string]any{"coordinates": map[string]any{"lat": 91, "lng": 0}}
		},
		"location.coordinates.lng": func(b map[string]any) {
			b["location"] = map[string]any{"coordinates": map[string]any{"lat": 0, "lng": -181}}
		},
		"contactInfo.email":   func(b map[string]any) { b["contactInfo"] = map[string]any{"email": "kai"} },
		"contactInfo.website": func(b map[string]any) { b["contactInfo"] = map[string]any{"website": "javascript:alert(1)"} },
		"operatingHours[0].day": func(b map[string]any) {
			b["operatingHours"] = []map[string]any{{"day": "Montag", "open": "09:00", "close": "10:00"}}
		},
		"operatingHours[0].open": func(b map[string]any) {
			b["operatingHours"] = []map[string]any{{"day": "monday", "open": "9", "close": "10:00"}}
		},
		"operatingHours[0].close": func(b map[string]any) {
			b["operatingHours"] = []map[string]any{{"day": "monday", "open": "10:00", "close": "10:00"}}
		},
		"hoursExceptions[0].date": func(b map[string]any) {
			b["hoursExceptions"] = []map[string]any{{"date": "2026-02-30", "closed": true}}
		},
		"hoursExceptions[0].open": func(b map[string]any) { b["hoursExceptions"] = []map[string]any{{"date": "2026-02-28"}} },
		"rating":                  func(b map[string]any) { b["rating"] = 5 },
	} {
		b := apitest.ShopBody("Kai")
		change(b)
		if r := w.Want(t, 400, "company_admin", "PUT", "/api/shops/"+w.ShopA, b); r.Text("errors.0.field") != field {
			t.Errorf("%s: %s", field, r.Raw)
		}
		delete(b, "isActive")
		if r := w.Want(t, 400, "company_admin", "POST", "/api/shops", b); r.Text("errors.0.field") != field {
			t.Errorf("%s: %s", field, r.Raw)
		}
	}
}

func TestOpenNow(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	now := time.Date(2026, 6, 1, 10, 0, 0, 0, time.UTC) // a Monday
	w.Deps.Now = func() time.Time { return now }
	w.Mount()
	path := "/api/shops/" + w.ShopA
	w.Want(t, 200, "company_admin", "PUT", path, apitest.ShopBody("Kai"))
	for _, c := range []struct {
		at   time.Time
		open bool
		next string
	}{
		{now, true, "2026-06-01T16:00:00.000Z"},
		{time.Date(2026, 6, 1, 16, 0, 0, 0, time.UTC), false, "2026-06-05T18:00:00.000Z"},
		{time.Date(2026, 6, 5, 23, 0, 0, 0, time.UTC), true, "2026-06-06T00:00:00.000Z"},
		{time.Date(2026, 6, 8, 10, 0, 0, 0, time.UTC), false, "2026-06-09T08:00:00.000Z"},
	} {
		now = c.at
		if r := w.Want(t, 200, "", "GET", path, nil); r.At("openNow") != c.open || r.Text("nextChange") != c.next {
			t.Errorf("at %v: %v until %s", c.at, r.At("openNow"), r.Text("nextChange"))
		}
		for query, is := range map[string]bool{"true": c.open, "false": !c.open} {
			for _, limit := range []string{"1", "100"} { // the shops that say nothing are in neither list
				l := w.Want(t, 200, "", "GET", "/api/shops?openNow="+query+"&limit="+limit, nil)
				if (len(l.List("items")) == 1) != is {
					t.Errorf("at %v openNow=%s lists %s", c.at, query, l.Raw)
				}
			}
		}
	}
}

// TestShopsNear: the nearest first, as brute force finds them, around a city, a
// pole and the antimeridian; each role within its scope.
func TestShopsNear(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	random := rand.New(rand.NewPCG(1, 2))
	centers := []events.Point{{Lat: 53.55, Lng: 10}, {Lat: 89.9, Lng: 20}, {Lat: -17, Lng: 180}, {Lat: -17, Lng: -179.99}}
	places := map[entrepot.ID]events.Point{}
	for i := range 120 {
		c := centers[i%len(centers)]
		spread := []float64{0.005, 0.1, 3}[i%3]
		p := events.Point{Lat: min(90, c.Lat+(random.Float64()-0.5)*spread), Lng: c.Lng + (random.Float64()-0.5)*spread}
		if c.Lat > 80 {
			p.Lng = random.Float64()*360 - 180
		}
		if p.Lng > 180 {
			p.Lng -= 360
		} else if p.Lng < -180 {
			p.Lng += 360
		}
		id := entrepot.NewID()
		places[id] = p
		w.Tell(t, shop.Name, id, shop.Create{
			CompanyID: w.OtherCompany, Details: shop.Details{Name: "near", Point: &events.Point{Lat: p.Lat, Lng: p.Lng}},
		})
	}
	for _, c := range centers {
		for _, radius := range []float64{0.5, 12, 200, 500} {
			for _, limit := range []int{3, 100} {
				var want []entrepot.ID
				for id, p := range places {
					if shop.Distance(c, p) <= radius {
						want = append(want, id)
					}
				}
				slices.SortFunc(want, func(a, b entrepot.ID) int {
					return cmp.Or(cmp.Compare(shop.Distance(c, places[a]), shop.Distance(c, places[b])), cmp.Compare(a, b))
				})
				want = want[:min(limit, len(want))]
				r := w.Want(t, 200, "", "GET", fmt.Sprintf("/api/shops?near=%f,%f&radius=%f&limit=%d", c.Lat, c.Lng, radius, limit), nil)
				var got []entrepot.ID
				for _, i := range r.List("items") {
					v, _ := i.(map[string]any)
					id, _ := v["id"].(string)
					got = append(got, id)
				}
				if !slices.Equal(got, want) {
					t.Errorf("%g km around %v (%d): %d shops %v, want %d %v", radius, c, limit, len(got), got, len(want), want)
				}
			}
		}
	}
	for as, some := range map[string]bool{"other_admin": true, "super_admin": true, "customer": true, "company_admin": false, "shop_staff": false} {
		if l := w.Want(t, 200, as, "GET", "/api/shops?near=53.55,10&radius=500", nil); (len(l.List("items")) > 0) != some {
			t.Errorf("as %s: %s", as, l.Raw)
		}
	}
	for query, field := range map[string]string{
		"near=53.55": "near", "near=north,10": "near", "near=91,10": "near", "near=NaN,NaN": "near", "near=1,1&radius=501": "radius", "near=1,1&radius=0": "radius", "near=1,1&cursor=abc": "cursor",
	} {
		if r := w.Want(t, 400, "", "GET", "/api/shops?"+query, nil); r.Text("errors.0.field") != field {
			t.Errorf("%s: %s", query, r.Raw)
		}
	}
}

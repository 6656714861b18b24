package api_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains/shop"
	"entrepot/grains/shop/shoppb"
)

func shopBody(name string) map[string]any {
	return map[string]any{
		"name": name, "isActive": true,
		"location":       map[string]any{"address": "Am Kai 1", "city": "Hamburg", "state": "HH", "country": "DE", "coordinates": map[string]any{"lat": 53.5436, "lng": 9.9663}},
		"contactInfo":    map[string]any{"email": "kai@example.com", "phone": "+49 40 1"},
		"timezone":       "Europe/Berlin",
		"operatingHours": []map[string]any{{"day": "monday", "open": "09:00", "close": "18:00"}, {"day": "friday", "open": "20:00", "close": "02:00"}},
		"hoursExceptions": []map[string]any{
			{"date": "2026-06-08", "closed": true, "reason": "moving"}, {"date": "2026-06-09", "open": "10:00", "close": "11:00"},
		},
	}
}

// TestShopIsChanged: PUT sets everything, by If-Match, and DELETE ends it, each
// for admins of the company alone; a foreign shop is like one that is not.
func TestShopIsChanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := "/api/shops/" + w.shopA
	tag := w.want(t, 200, "", "GET", path, nil).header.Get("ETag")
	absent := w.want(t, 404, "other_admin", "PUT", "/api/shops/"+entrepot.NewID(), shopBody("x"))
	for as, want := range map[string]int{"other_admin": 404, "shop_manager": 403, "shop_staff": 403, "customer": 403, "": 401} {
		if r := w.want(t, want, as, "PUT", path, shopBody("x")); want == 404 && r.text("detail") != absent.text("detail") {
			t.Errorf("%s differs from %s", r.raw, absent.raw)
		}
		w.want(t, want, as, "DELETE", path, nil)
	}
	r := w.want(t, 200, "company_admin", "PUT", path, shopBody("Kai"), "If-Match", tag)
	if r.text("name") != "Kai" || r.at("location.coordinates.lng") != 9.9663 || r.text("contactInfo.phone") != "+49 40 1" ||
		r.text("hoursExceptions.0.reason") != "moving" || r.text("operatingHours.1.close") != "02:00" || r.header.Get("ETag") == tag {
		t.Errorf("%s %v", r.raw, r.header)
	}
	w.want(t, 409, "company_admin", "PUT", path, shopBody("Other"), "If-Match", tag)
	w.want(t, 409, "company_admin", "DELETE", path, nil, "If-Match", tag)
	w.want(t, 400, "company_admin", "PUT", path, shopBody("Other"), "If-Match", "x")

	hidden := shopBody("Kai")
	hidden["isActive"] = false
	w.want(t, 200, "super_admin", "PUT", path, hidden)
	w.want(t, 404, "customer", "GET", path, nil)
	w.want(t, 200, "shop_staff", "GET", path, nil)
	last := w.want(t, 200, "company_admin", "PUT", path, map[string]any{"name": "Bare", "isActive": true})
	if last.at("location.coordinates") != nil || last.at("openNow") != nil || last.text("timezone") != "" {
		t.Errorf("left %s", last.raw)
	}

	w.want(t, 204, "company_admin", "DELETE", path, nil, "If-Match", last.header.Get("ETag"))
	for _, as := range []string{"", "company_admin", "super_admin"} {
		w.want(t, 404, as, "GET", path, nil)
		for _, i := range w.want(t, 200, as, "GET", "/api/shops?limit=100", nil).list("items") {
			if v, _ := i.(map[string]any); v["id"] == w.shopA {
				t.Errorf("%q lists the deleted shop", as)
			}
		}
	}
	w.want(t, 404, "company_admin", "PUT", path, shopBody("x"))
	w.want(t, 404, "company_admin", "DELETE", path, nil)
}

func TestShopFieldsAreNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
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
		b := shopBody("Kai")
		change(b)
		if r := w.want(t, 400, "company_admin", "PUT", "/api/shops/"+w.shopA, b); r.text("errors.0.field") != field {
			t.Errorf("%s: %s", field, r.raw)
		}
		delete(b, "isActive")
		if r := w.want(t, 400, "company_admin", "POST", "/api/shops", b); r.text("errors.0.field") != field {
			t.Errorf("%s: %s", field, r.raw)
		}
	}
}

func TestOpenNow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := time.Date(2026, 6, 1, 10, 0, 0, 0, time.UTC) // a Monday
	w.deps.Now = func() time.Time { return now }
	w.mount()
	path := "/api/shops/" + w.shopA
	w.want(t, 200, "company_admin", "PUT", path, shopBody("Kai"))
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
		if r := w.want(t, 200, "", "GET", path, nil); r.at("openNow") != c.open || r.text("nextChange") != c.next {
			t.Errorf("at %v: %v until %s", c.at, r.at("openNow"), r.text("nextChange"))
		}
		for query, is := range map[string]bool{"true": c.open, "false": !c.open} {
			for _, limit := range []string{"1", "100"} { // the shops that say nothing are in neither list
				l := w.want(t, 200, "", "GET", "/api/shops?openNow="+query+"&limit="+limit, nil)
				if (len(l.list("items")) == 1) != is {
					t.Errorf("at %v openNow=%s lists %s", c.at, query, l.raw)
				}
			}
		}
	}
}

// TestShopsNear: the nearest first, as brute force finds them, around a city, a
// pole and the antimeridian; each role within its scope.
func TestShopsNear(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
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
		w.ask(t, shoppb.Kind, id, &shoppb.Create{CompanyId: w.otherCompany, Name: "near", Point: &shoppb.Point{Lat: p.Lat, Lng: p.Lng}})
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
				r := w.want(t, 200, "", "GET", fmt.Sprintf("/api/shops?near=%f,%f&radius=%f&limit=%d", c.Lat, c.Lng, radius, limit), nil)
				var got []entrepot.ID
				for _, i := range r.list("items") {
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
		if l := w.want(t, 200, as, "GET", "/api/shops?near=53.55,10&radius=500", nil); (len(l.list("items")) > 0) != some {
			t.Errorf("as %s: %s", as, l.raw)
		}
	}
	for query, field := range map[string]string{
		"near=53.55": "near", "near=north,10": "near", "near=91,10": "near", "near=NaN,NaN": "near", "near=1,1&radius=501": "radius", "near=1,1&radius=0": "radius", "near=1,1&cursor=abc": "cursor",
	} {
		if r := w.want(t, 400, "", "GET", "/api/shops?"+query, nil); r.text("errors.0.field") != field {
			t.Errorf("%s: %s", query, r.raw)
		}
	}
}

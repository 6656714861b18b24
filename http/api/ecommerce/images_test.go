package ecommerce_test

import (
	"bytes"
	"image"
	"strings"
	"testing"

	"entrepot/actors/ecommerce/images"
	"entrepot/events"
	"entrepot/http/api/apitest"
	"entrepot/persistence/blob/picture"
)

func TestImages(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	at, upload := "/api/products/"+w.Mug+"/images", string(apitest.PNG(800, 400))
	made := w.Want(t, 201, "shop_staff", "POST", at+"?alt=a+mug", upload, "Content-Type", "image/png")
	id, url := made.Text("id"), made.Text("url")
	if url != "/api/products/images/"+id || made.Header.Get("Location") != url || made.At("width") != 800.0 || made.Text("alt") != "a mug" {
		t.Fatalf("%v %s", made.Header, made.Raw)
	}
	if again := w.Want(t, 201, "shop_staff", "POST", at, upload, "Content-Type", "image/png"); again.Text("id") != id {
		t.Fatalf("the same image again: %s", again.Raw)
	}
	if p := w.Want(t, 200, "", "GET", "/api/products/"+w.Mug, nil); p.Text("images.0.url") != url || p.Text("image") != url || len(p.List("images")) != 1 {
		t.Fatalf("%s", p.Raw)
	}
	for query, width := range map[string]int{"": 800, "?w=160": 160, "?w=640": 640, "?w=1280": 800} {
		r := w.Want(t, 200, "", "GET", url+query, nil)
		config, _, err := image.DecodeConfig(bytes.NewReader(r.Raw))
		if err != nil || config.Width != width {
			t.Errorf("%s: %+v, %v", query, config, err)
		}
		for name, want := range map[string]string{
			"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff",
			"Cross-Origin-Resource-Policy": "cross-origin", "Content-Type": "image/png",
		} {
			if got := r.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q", query, name, got)
			}
		}
		w.Want(t, 304, "", "GET", url+query, nil, "If-None-Match", r.Header.Get("ETag"))
	}
	w.Want(t, 400, "", "GET", url+"?w=7", nil)
	w.Want(t, 404, "", "GET", "/api/products/images/"+w.Mug, nil)
	w.Want(t, 404, "", "GET", "/api/products/images/x", nil)

	for as, want := range map[string]int{"": 401, "customer": 403, "other_admin": 404} {
		w.Want(t, want, as, "DELETE", at+"/"+id, nil)
		w.Want(t, want, as, "POST", at, upload)
	}
	w.Want(t, 403, "shop_staff", "DELETE", "/api/products/"+w.Cup+"/images/"+id, nil)
	w.Want(t, 403, "shop_staff", "POST", "/api/products/"+w.Cup+"/images", upload)
	w.Want(t, 204, "shop_staff", "DELETE", at+"/"+id, nil)
	w.Want(t, 404, "shop_staff", "DELETE", at+"/"+id, nil)
	w.Want(t, 404, "", "GET", url, nil)
	w.Want(t, 404, "", "GET", url+"?w=160", nil)

	// What a change leaves out goes too.
	again := w.Want(t, 201, "shop_staff", "POST", at, upload)
	w.Want(t, 200, "company_admin", "PATCH", "/api/products/"+w.Mug, `{"images":[]}`)
	w.Want(t, 404, "", "GET", again.Text("url"), nil)

	// And those of a deleted product, once its event has come, however often.
	last := w.Want(t, 201, "shop_staff", "POST", at, upload)
	w.Want(t, 204, "company_admin", "DELETE", "/api/products/"+w.Mug, nil)
	w.Want(t, 200, "", "GET", last.Text("url")+"?w=640", nil)
	for range 2 {
		told := &events.Delivery{Envelope: events.Envelope{Type: "product.deleted", Data: []byte(`{"productId":"` + w.Mug + `","images":["` + last.Text("id") + `"]}`)}}
		if results := images.Forget(w.Deps.Blobs)(t.Context(), []*events.Delivery{told}); results[0] != nil {
			t.Fatal(results)
		}
	}
	for _, query := range []string{"", "?w=160", "?w=640", "?w=1280"} {
		w.Want(t, 404, "", "GET", last.Text("url")+query, nil)
	}
}

func TestBadImages(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	at := "/api/products/" + w.Mug + "/images"
	for name, body := range map[string]string{
		"nothing": "", "text": "hello", "a script": `<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>`, "half": string(apitest.PNG(50, 50)[:60]),
	} {
		if r := w.Want(t, 400, "company_admin", "POST", at, body, "Content-Type", "image/png"); !apitest.Names(r, "body") {
			t.Errorf("%s: %s", name, r.Raw)
		}
	}
	if r := w.Want(t, 413, "company_admin", "POST", at, strings.Repeat("x", picture.MaxBytes+1)); r.Text("code") != "too_large" {
		t.Errorf("%s", r.Raw)
	}
	// Larger than other bodies may be, and read to be no image.
	w.Want(t, 400, "company_admin", "POST", at, strings.Repeat("x", picture.MaxBytes))
	w.Want(t, 413, "company_admin", "PATCH", "/api/products/"+w.Mug, strings.Repeat("x", picture.MaxBytes))
}

package api_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"strings"
	"testing"

	"entrepot/blob/picture"
	"entrepot/events"
	"entrepot/http/api"
)

func pngOf(w, h int) []byte {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range w {
		img.SetNRGBA(i, 0, color.NRGBA{R: 200, A: 255})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func TestImages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at, upload := "/api/products/"+w.mug+"/images", string(pngOf(800, 400))
	made := w.want(t, 201, "shop_staff", "POST", at+"?alt=a+mug", upload, "Content-Type", "image/png")
	id, url := made.text("id"), made.text("url")
	if url != "/api/products/images/"+id || made.header.Get("Location") != url || made.at("width") != 800.0 || made.text("alt") != "a mug" {
		t.Fatalf("%v %s", made.header, made.raw)
	}
	if again := w.want(t, 201, "shop_staff", "POST", at, upload, "Content-Type", "image/png"); again.text("id") != id {
		t.Fatalf("the same image again: %s", again.raw)
	}
	if p := w.want(t, 200, "", "GET", "/api/products/"+w.mug, nil); p.text("images.0.url") != url || p.text("image") != url || len(p.list("images")) != 1 {
		t.Fatalf("%s", p.raw)
	}
	for query, width := range map[string]int{"": 800, "?w=160": 160, "?w=640": 640, "?w=1280": 800} {
		r := w.want(t, 200, "", "GET", url+query, nil)
		config, _, err := image.DecodeConfig(bytes.NewReader(r.raw))
		if err != nil || config.Width != width {
			t.Errorf("%s: %+v, %v", query, config, err)
		}
		for name, want := range map[string]string{
			"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff",
			"Cross-Origin-Resource-Policy": "cross-origin", "Content-Type": "image/png",
		} {
			if got := r.header.Get(name); got != want {
				t.Errorf("%s: %s is %q", query, name, got)
			}
		}
		w.want(t, 304, "", "GET", url+query, nil, "If-None-Match", r.header.Get("ETag"))
	}
	w.want(t, 400, "", "GET", url+"?w=7", nil)
	w.want(t, 404, "", "GET", "/api/products/images/"+w.mug, nil)
	w.want(t, 404, "", "GET", "/api/products/images/x", nil)

	for as, want := range map[string]int{"": 401, "customer": 403, "other_admin": 404} {
		w.want(t, want, as, "DELETE", at+"/"+id, nil)
		w.want(t, want, as, "POST", at, upload)
	}
	w.want(t, 403, "shop_staff", "DELETE", "/api/products/"+w.cup+"/images/"+id, nil)
	w.want(t, 403, "shop_staff", "POST", "/api/products/"+w.cup+"/images", upload)
	w.want(t, 204, "shop_staff", "DELETE", at+"/"+id, nil)
	w.want(t, 404, "shop_staff", "DELETE", at+"/"+id, nil)
	w.want(t, 404, "", "GET", url, nil)
	w.want(t, 404, "", "GET", url+"?w=160", nil)

	// What a change leaves out goes too.
	again := w.want(t, 201, "shop_staff", "POST", at, upload)
	w.want(t, 200, "company_admin", "PATCH", "/api/products/"+w.mug, `{"images":[]}`)
	w.want(t, 404, "", "GET", again.text("url"), nil)

	// And those of a deleted product, once its event has come, however often.
	last := w.want(t, 201, "shop_staff", "POST", at, upload)
	w.want(t, 204, "company_admin", "DELETE", "/api/products/"+w.mug, nil)
	w.want(t, 200, "", "GET", last.text("url")+"?w=640", nil)
	for range 2 {
		told := &events.Delivery{Envelope: events.Envelope{Type: "product.deleted", Data: []byte(`{"productId":"` + w.mug + `","images":["` + last.text("id") + `"]}`)}}
		if results := api.ForgetImages(w.deps)(t.Context(), []*events.Delivery{told}); results[0] != nil {
			t.Fatal(results)
		}
	}
	for _, query := range []string{"", "?w=160", "?w=640", "?w=1280"} {
		w.want(t, 404, "", "GET", last.text("url")+query, nil)
	}
}

func TestBadImages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := "/api/products/" + w.mug + "/images"
	for name, body := range map[string]string{
		"nothing": "", "text": "hello", "a script": `<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>`, "half": string(pngOf(50, 50)[:60]),
	} {
		if r := w.want(t, 400, "company_admin", "POST", at, body, "Content-Type", "image/png"); !names(r, "body") {
			t.Errorf("%s: %s", name, r.raw)
		}
	}
	if r := w.want(t, 413, "company_admin", "POST", at, strings.Repeat("x", picture.MaxBytes+1)); r.text("code") != "too_large" {
		t.Errorf("%s", r.raw)
	}
	// Larger than other bodies may be, and read to be no image.
	w.want(t, 400, "company_admin", "POST", at, strings.Repeat("x", picture.MaxBytes))
	w.want(t, 413, "company_admin", "PATCH", "/api/products/"+w.mug, strings.Repeat("x", picture.MaxBytes))
}

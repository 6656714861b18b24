package picture

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"
)

// painted returns an image whose left half is red and right half is blue.
func painted(w, h int, alpha uint8) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.NRGBA{R: 255, A: alpha}
			if x >= w/2 {
				c = color.NRGBA{B: 255, A: alpha}
			}
			img.SetNRGBA(x, y, c)
		}
	}
	return img
}

func encoded(t testing.TB, img image.Image, format string) []byte {
	t.Helper()
	var b bytes.Buffer
	var err error
	switch format {
	case "jpeg":
		err = jpeg.Encode(&b, img, nil)
	case "gif":
		err = gif.Encode(&b, img, nil)
	default:
		err = png.Encode(&b, img)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestSizes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		data   []byte
		w, h   int
		widths []int
		typ    string
	}{
		"a large photograph": {
			encoded(t, painted(3000, 1500, 255), "jpeg"), 2560, 1280, []int{0, 1280, 640, 160}, "image/jpeg",
		},
		"a small image":       {encoded(t, painted(200, 100, 255), "png"), 200, 100, []int{0, 160}, "image/jpeg"},
		"a tiny image":        {encoded(t, painted(1, 1, 255), "gif"), 1, 1, []int{0}, "image/jpeg"},
		"a transparent image": {encoded(t, painted(700, 20, 128), "png"), 700, 20, []int{0, 640, 160}, "image/png"},
		"a flat image": {
			encoded(t, painted(2000, 1, 255), "png"), 2000, 1, []int{0, 1280, 640, 160}, "image/jpeg",
		},
	} {
		p, err := Read(c.data)
		if err != nil || p.Width != c.w || p.Height != c.h || len(p.Sizes) != len(c.widths) {
			t.Errorf("%s: want %d x %d in widths %v, got %+v (error %v)", name, c.w, c.h, c.widths, p, err)
			continue
		}
		for i, s := range p.Sizes {
			config, _, err := image.DecodeConfig(bytes.NewReader(s.Data))
			want := c.widths[i]
			if s.Width != want || s.ContentType != c.typ || err != nil || (want != 0 && config.Width != want) {
				t.Errorf("%s: size %d: want width %d as %s, got width %d as %s, decoded %+v (error %v)",
					name, i, want, c.typ, s.Width, s.ContentType, config, err)
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	good := encoded(t, painted(50, 50, 255), "png")
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"nothing":          {nil, ErrFormat},
		"text":             {[]byte("<svg xmlns='http://www.w3.org/2000/svg'/>"), ErrFormat},
		"half an image":    {good[:len(good)/2], ErrFormat},
		"a bomb":           {claiming(good, 11_000, 11_000), ErrSize},
		"a very long bomb": {claiming(good, 1_000_000, 1), ErrSize},
	} {
		if _, err := Read(c.data); !errors.Is(err, c.want) {
			t.Errorf("%s: want %v, got %v", name, c.want, err)
		}
	}
}

// claiming returns a PNG whose header claims the given size.
func claiming(good []byte, w, h uint32) []byte {
	b := bytes.Clone(good)
	binary.BigEndian.PutUint32(b[16:], w)
	binary.BigEndian.PutUint32(b[20:], h)
	binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
	return b
}

// TestOrientation checks that images are rotated according to their Exif orientation.
func TestOrientation(t *testing.T) {
	t.Parallel()
	plain := encoded(t, painted(40, 20, 255), "jpeg")
	for orientation, want := range map[uint16]struct {
		w, h int
		red  image.Point
	}{
		1: {40, 20, image.Pt(5, 10)}, 3: {40, 20, image.Pt(35, 10)}, 6: {20, 40, image.Pt(10, 5)},
		8: {20, 40, image.Pt(10, 35)}, 2: {40, 20, image.Pt(35, 10)}, 5: {20, 40, image.Pt(10, 5)},
		99: {40, 20, image.Pt(5, 10)},
	} {
		header := []byte("MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01")
		tiff := append(header, byte(orientation>>8), byte(orientation), 0, 0)
		segment := append([]byte("Exif\x00\x00"), tiff...)
		data := append([]byte{0xFF, 0xD8, 0xFF, 0xE1, 0, byte(len(segment) + 2)}, segment...)
		p, err := Read(append(data, plain[2:]...))
		if err != nil || p.Width != want.w || p.Height != want.h {
			t.Fatalf("orientation %d: want %d x %d, got %+v (error %v)", orientation, want.w, want.h, p, err)
		}
		img, _, err := image.Decode(bytes.NewReader(p.Sizes[0].Data))
		if err != nil {
			t.Fatal(err)
		}
		if r, _, b, _ := img.At(want.red.X, want.red.Y).RGBA(); r < 0xC000 || b > 0x4000 {
			t.Errorf("orientation %d: want red at %v, got red %x, blue %x", orientation, want.red, r, b)
		}
	}
}

func TestWorkshopIsBounded(t *testing.T) {
	t.Parallel()
	w := NewWorkshop(1)
	leave, err := w.Enter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.Enter(gone); err == nil {
		t.Fatal("Enter while the only slot is taken: want an error, got nil")
	}
	leave()
	if _, err := w.Enter(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(encoded(f, painted(8, 8, 255), "jpeg"))
	f.Add(encoded(f, painted(8, 8, 128), "png"))
	f.Fuzz(func(_ *testing.T, data []byte) {
		_ = orientation(data)
		if c, _, err := image.DecodeConfig(bytes.NewReader(data)); err == nil && c.Width*c.Height < 1<<16 {
			_, _ = Read(data)
		}
	})
}

// Package picture reads uploaded images and makes the sizes that are served. What
// is served is always made here, never the upload itself: so it is an image and
// nothing else, without what a camera wrote into it.
package picture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/gif" // is read, as its first frame
	"image/jpeg"
	"image/png"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp" // is read
)

// The bounds of an upload, checked before it is decoded: a small file may be a
// huge image.
const (
	MaxBytes  = 8 << 20
	MaxPixels = 24_000_000
	MaxSide   = 12_000
)

// Full is the width of the largest size that is served.
const Full = 2560

// Widths are the smaller sizes that are served, in pixels.
var Widths = []int{160, 640, 1280}

// Refusals of an upload.
var (
	ErrFormat = errors.New("is no JPEG, PNG, GIF or WebP image")
	ErrSize   = fmt.Errorf("must have at most %d megapixels and %d pixels a side", MaxPixels/1_000_000, MaxSide)
)

// Picture is an image in the sizes that are served.
type Picture struct {
	Width, Height int // of the full size
	Sizes         []Size
}

// Size is one of them.
type Size struct {
	Width       int // one of Widths; 0: the full size
	ContentType string
	Data        []byte
}

// Workshop bounds how many images are worked on at a time: each takes up to some
// hundred megabytes and a core.
type Workshop struct{ slots chan struct{} }

// NewWorkshop works on n images at a time.
func NewWorkshop(n int) *Workshop { return &Workshop{make(chan struct{}, max(1, n))} }

// Enter waits for a place, which leave gives back.
func (w *Workshop) Enter(ctx context.Context) (leave func(), err error) {
	select {
	case w.slots <- struct{}{}:
		return func() { <-w.slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Read makes the sizes of an upload; the larger ones only if it is that large.
func Read(data []byte) (*Picture, error) {
	config, format, err := image.DecodeConfig(bytes.NewReader(data))
	switch {
	case err != nil:
		return nil, ErrFormat
	case config.Width < 1 || config.Height < 1:
		return nil, ErrFormat
	case config.Width > MaxSide || config.Height > MaxSide || config.Width*config.Height > MaxPixels:
		return nil, ErrSize
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, ErrFormat
	}
	if format == "jpeg" {
		img = upright(img, orientation(data))
	}
	img = scaled(img, Full)
	p := &Picture{Width: img.Bounds().Dx(), Height: img.Bounds().Dy()}
	for i := len(Widths); i >= 0; i-- { // each from the one above, largest first
		width := 0
		if i < len(Widths) {
			if width = Widths[i]; width >= p.Width {
				continue
			}
			img = scaled(img, width)
		}
		size, err := encode(img)
		if err != nil {
			return nil, err
		}
		size.Width = width
		p.Sizes = append(p.Sizes, size)
	}
	return p, nil
}

// scaled is the image, no wider than width.
func scaled(img image.Image, width int) image.Image {
	b := img.Bounds()
	if b.Dx() <= width {
		return img
	}
	out := image.NewNRGBA(image.Rect(0, 0, width, max(1, b.Dy()*width/b.Dx())))
	draw.BiLinear.Scale(out, out.Bounds(), img, b, draw.Src, nil)
	return out
}

// jpegQuality is where more is not seen in a photograph of a product.
const jpegQuality = 85

// encode writes what is opaque as JPEG, else PNG.
func encode(img image.Image) (Size, error) {
	var b bytes.Buffer
	if o, ok := img.(interface{ Opaque() bool }); ok && o.Opaque() {
		err := jpeg.Encode(&b, img, &jpeg.Options{Quality: jpegQuality})
		return Size{ContentType: "image/jpeg", Data: b.Bytes()}, err
	}
	err := png.Encode(&b, img)
	return Size{ContentType: "image/png", Data: b.Bytes()}, err
}

// upright turns and mirrors an image as a camera said (Exif 2.3, tag 0x0112).
func upright(img image.Image, orientation int) image.Image {
	if orientation < 2 || orientation > 8 {
		return img
	}
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	if orientation >= 5 {
		w, h = h, w
	}
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			sx, sy := x, y
			switch orientation {
			case 2:
				sx = w - 1 - x
			case 3:
				sx, sy = w-1-x, h-1-y
			case 4:
				sy = h - 1 - y
			case 5:
				sx, sy = y, x
			case 6:
				sx, sy = y, w-1-x
			case 7:
				sx, sy = h-1-y, w-1-x
			case 8:
				sx, sy = h-1-y, x
			}
			r, g, bl, a := img.At(b.Min.X+sx, b.Min.Y+sy).RGBA()
			out.SetNRGBA(x, y, color.NRGBAModel.Convert(color.RGBA64{uint16(r), uint16(g), uint16(bl), uint16(a)}).(color.NRGBA)) //nolint:gosec // RGBA gives 16 bits
		}
	}
	return out
}

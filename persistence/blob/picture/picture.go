// Package picture decodes uploaded images and encodes the sizes that are served ([Read]). Uploads
// are never served themselves, so everything served is a valid image without the camera's metadata.
package picture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/gif" // reads the first frame
	"image/jpeg"
	"image/png"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp" // reads WebP
)

// Limits of an upload, checked before decoding because a small file may decode to a huge image.
const (
	MaxBytes  = 8 << 20
	MaxPixels = 24_000_000
	MaxSide   = 12_000
)

// Full is the maximum width of the full size, in pixels.
const Full = 2560

// Widths lists the widths of the smaller sizes, in pixels.
var Widths = []int{160, 640, 1280}

// Errors of an upload, worded to follow the name of the field.
var (
	ErrFormat = errors.New("must be a JPEG, PNG, GIF or WebP image")
	ErrSize   = fmt.Errorf("must have at most %d megapixels and %d pixels per side", MaxPixels/1_000_000, MaxSide)
)

// Picture is an image in all served sizes.
type Picture struct {
	Width, Height int // of the full size
	Sizes         []Size
}

// Size is one encoded size of an image.
type Size struct {
	Width       int // one of Widths; 0 for the full size
	ContentType string
	Data        []byte
}

// Workshop limits the number of images processed at a time, because each takes up to some hundred
// megabytes and a core.
type Workshop struct{ slots chan struct{} }

// NewWorkshop returns a workshop for n concurrent images.
func NewWorkshop(n int) *Workshop { return &Workshop{make(chan struct{}, max(1, n))} }

// Enter waits for a slot until the context ends. The caller must call leave to free the slot.
func (w *Workshop) Enter(ctx context.Context) (leave func(), err error) {
	select {
	case w.slots <- struct{}{}:
		return func() { <-w.slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Read decodes an upload and returns it in the full size and all smaller widths. It returns
// ErrFormat or ErrSize for an upload that is rejected.
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
	for i := len(Widths); i >= 0; i-- { // largest first, each scaled from the previous one
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

// scaled returns the image scaled down to width, or unchanged if it is not wider.
func scaled(img image.Image, width int) image.Image {
	b := img.Bounds()
	if b.Dx() <= width {
		return img
	}
	out := image.NewNRGBA(image.Rect(0, 0, width, max(1, b.Dy()*width/b.Dx())))
	draw.BiLinear.Scale(out, out.Bounds(), img, b, draw.Src, nil)
	return out
}

// jpegQuality is high enough that product photographs show no visible loss.
const jpegQuality = 85

// encode encodes an opaque image as JPEG and any other as PNG.
func encode(img image.Image) (Size, error) {
	var b bytes.Buffer
	if o, ok := img.(interface{ Opaque() bool }); ok && o.Opaque() {
		err := jpeg.Encode(&b, img, &jpeg.Options{Quality: jpegQuality})
		return Size{ContentType: "image/jpeg", Data: b.Bytes()}, err
	}
	err := png.Encode(&b, img)
	return Size{ContentType: "image/png", Data: b.Bytes()}, err
}

// upright rotates and mirrors an image according to its Exif orientation (Exif 2.3, tag 0x0112).
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
			//nolint:gosec // RGBA returns 16 bits
			c := color.RGBA64{uint16(r), uint16(g), uint16(bl), uint16(a)}
			out.SetNRGBA(x, y, color.NRGBAModel.Convert(c).(color.NRGBA))
		}
	}
	return out
}

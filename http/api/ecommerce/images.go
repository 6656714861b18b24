package ecommerce

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"path"
	"slices"
	"strconv"
	"time"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/ecommerce/product"
	"entrepot/grains/query"
	"entrepot/http/api/ecommerce/form"
	"entrepot/http/rest"
	"entrepot/persistence/blob"
	"entrepot/persistence/blob/picture"

	"github.com/danielgtaylor/huma/v2"
)

// imageRoutes are the images of products.
func (s *productAPI) imageRoutes() []rest.Route {
	return []rest.Route{
		rest.Bind(rest.Route{
			ID: "add-image", Method: http.MethodPost, Path: "/products/{id}/images", Access: rest.Staff,
			Status: http.StatusCreated, Summary: "Upload product image",
			Doc: "The body is a JPEG, PNG, GIF or WebP image of at most 8 MiB, 24 megapixels and 12,000 " +
				"pixels a side. It is served upright, at most 2560 pixels wide, and without metadata. " +
				"Uploading the same image again returns the existing one.",
			Takes: []string{"image/jpeg", "image/png", "image/gif", "image/webp"},
		}, s.addImage),
		rest.Bind(rest.Route{
			ID: "remove-image", Method: http.MethodDelete, Path: "/products/{id}/images/{imageId}",
			Access: rest.Staff, Status: http.StatusNoContent, Summary: "Remove product image",
		}, s.removeImage),
		rest.Bind(rest.Route{
			ID: "get-image", Method: http.MethodGet, Path: "/products/images/{id}", Access: rest.Public,
			Summary: "Get image",
			Doc:     "An image never changes and can be cached forever. w selects a maximal width.",
		}, s.image),
	}
}

type imageInput struct {
	rest.Here
	rest.IDPath
	rest.Upload
	Alt string `query:"alt" maxLength:"200" doc:"alternative text for screen readers"`
}

func (s *productAPI) addImage(ctx context.Context, in *imageInput) (*rest.Created[ImageView], error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	if err := s.mayIllustrate(ctx, id); err != nil {
		return nil, err
	}
	if s.Blobs == nil || s.Pictures == nil {
		return nil, entrepot.Unavailable("images are kept elsewhere")
	}
	image, err := s.keepImage(ctx, id, &in.Upload)
	if err != nil {
		return nil, err
	}
	image.Alt = in.Alt
	p, err := grains.Ask(ctx, s.Asker, product.Of(id), product.AddImage{Image: image})
	if err != nil {
		return nil, err
	}
	s.Lists.Invalidate(p.CompanyID)
	at := slices.IndexFunc(p.Images, func(i product.Image) bool { return i.ID == image.ID })
	if at < 0 { // taken off again by another before this was answered
		return nil, entrepot.ErrNotFound
	}
	return &rest.Created[ImageView]{Versioned: rest.ETagOf(p.Version), Location: path.Join(path.Dir(path.Dir(in.Base)), "images", image.ID), Body: imageOf(p.Images[at])}, nil
}

// mayIllustrate spares the work for who the product would refuse; the product
// decides again.
func (s *productAPI) mayIllustrate(ctx context.Context, id entrepot.ID) error {
	p, err := query.Product(ctx, s.Asker, id)
	if err != nil {
		return err
	}
	c := entrepot.CallerFrom(ctx)
	switch {
	case !c.MayReachCompany(p.CompanyID):
		return entrepot.ErrNotFound
	case !slices.ContainsFunc(p.ShopIDs, func(shop string) bool { return c.MayReachShop(p.CompanyID, shop) }):
		return entrepot.Errorf(entrepot.CodeForbidden, "this role changes no product of these shops")
	default:
		return nil
	}
}

// keepImage makes the sizes and keeps them. The id is made of product and
// content: nobody else's image is touched when it goes.
func (s *productAPI) keepImage(ctx context.Context, productID entrepot.ID, in *rest.Upload) (product.Image, error) {
	leave, err := s.Pictures.Enter(ctx)
	if err != nil {
		return product.Image{}, entrepot.Unavailable("too many images are being worked on")
	}
	defer leave()
	data, err := in.Read(rest.MaxImage)
	if err != nil {
		return product.Image{}, err
	}
	p, err := picture.Read(data)
	if errors.Is(err, picture.ErrFormat) || errors.Is(err, picture.ErrSize) {
		return product.Image{}, entrepot.Invalid("body", "image", "%s", err)
	}
	if err != nil {
		return product.Image{}, err
	}
	sum := sha256.Sum256(data)
	id := entrepot.DeriveID("image", productID, hex.EncodeToString(sum[:]))
	for _, size := range p.Sizes {
		if _, err := s.Blobs.Put(ctx, form.ImageKey(id, size.Width), size.ContentType, bytes.NewReader(size.Data)); err != nil {
			return product.Image{}, s.blobError(ctx, err)
		}
	}
	return product.Image{ID: id, Width: int32(p.Width), Height: int32(p.Height)}, nil //nolint:gosec // bounded by picture.Full
}

// blobError: a store that does not answer is not a defect of ours.
func (s *productAPI) blobError(ctx context.Context, err error) error {
	if errors.Is(err, blob.ErrNotFound) {
		return entrepot.ErrNotFound
	}
	s.Log.WarnContext(ctx, "the blob store failed", "error", err, "requestId", entrepot.CallerFrom(ctx).RequestID)
	return entrepot.Unavailable("files cannot be read or kept right now")
}

func (s *productAPI) removeImage(ctx context.Context, in *struct {
	rest.IDPath
	ImageID string `path:"imageId" example:"65a1b2c3d4e5f60718293a4b"`
},
) (*rest.NoContent, error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	image, err := rest.ExistingID(in.ImageID)
	if err != nil {
		return nil, err
	}
	p, err := grains.Ask(ctx, s.Asker, product.Of(id), product.RemoveImage{ID: image})
	if err != nil {
		return nil, err
	}
	s.Lists.Invalidate(p.CompanyID)
	s.forget(ctx, image)
	return nil, nil
}

// forget removes the files of images. A file that stays after a failure is reachable
// only by its id.
func (s *productAPI) forget(ctx context.Context, images ...entrepot.ID) {
	if s.Blobs == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	for _, id := range images {
		for _, width := range append([]int{0}, picture.Widths...) {
			if err := s.Blobs.Delete(ctx, form.ImageKey(id, width)); err != nil {
				s.Log.WarnContext(ctx, "an image was not removed", "image", id, "error", err)
			}
		}
	}
}

type imageGet struct {
	rest.IDPath
	Width string `query:"w" enum:"160,640,1280" doc:"maximal width in pixels; default 2560"`
	Match string `header:"If-None-Match" maxLength:"1000"`
}

func (s *productAPI) image(ctx context.Context, in *imageGet) (*huma.StreamResponse, error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	if s.Blobs == nil {
		return nil, entrepot.Unavailable("images are kept elsewhere")
	}
	tag := `"` + id + "-" + in.Width + `"`
	if in.Match == tag {
		return &huma.StreamResponse{Body: func(out huma.Context) {
			immutable(out, tag)
			out.SetStatus(http.StatusNotModified)
		}}, nil
	}
	width, _ := strconv.Atoi(in.Width) // the full one if none is named
	b, err := s.Blobs.Get(ctx, form.ImageKey(id, width), 0)
	if errors.Is(err, blob.ErrNotFound) && width != 0 { // it is no wider
		b, err = s.Blobs.Get(ctx, form.ImageKey(id, 0), 0)
	}
	if err != nil {
		return nil, s.blobError(ctx, err)
	}
	return &huma.StreamResponse{Body: func(out huma.Context) {
		defer func() { _ = b.Close() }()
		immutable(out, tag)
		out.SetHeader("Content-Type", b.ContentType)
		out.SetHeader("Content-Length", strconv.FormatInt(b.Size, 10))
		out.SetStatus(http.StatusOK)
		_, _ = io.Copy(out.BodyWriter(), b) // the client is gone if this fails
	}}, nil
}

// immutable lets browsers and caches keep an image, also one that another site shows.
func immutable(out huma.Context, tag string) {
	out.SetHeader("ETag", tag)
	out.SetHeader("Cache-Control", "public, max-age=31536000, immutable")
	out.SetHeader("Cross-Origin-Resource-Policy", "cross-origin")
}

package product

import (
	"fmt"
	"slices"

	"entrepot"
	"entrepot/events"
)

// MaxImages bounds the images of a product.
const MaxImages = 20

// AddImage appends an image. An image that the product has stays as it is.
func (s *State) AddImage(t entrepot.Turn, c AddImage) ([]events.Event, error) {
	if err := s.mayUpdate(t.Caller); err != nil {
		return nil, err
	}
	i := c.Image
	switch {
	case !entrepot.ValidID(i.ID):
		return nil, entrepot.Invalid("image", "id", "must be the id of an image")
	case s.image(i.ID) >= 0:
		return nil, nil
	case len(s.Images) >= MaxImages:
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the product already has %d images", MaxImages)
	}
	next := *s
	next.Images = append(slices.Clone(s.Images), i)
	return s.became(t.Now, next), nil
}

// RemoveImage removes an image.
func (s *State) RemoveImage(t entrepot.Turn, c RemoveImage) ([]events.Event, error) {
	if err := s.mayUpdate(t.Caller); err != nil {
		return nil, err
	}
	at := s.image(c.ID)
	if at < 0 {
		return nil, entrepot.ErrNotFound
	}
	next := *s
	next.Images = orNil(slices.Delete(slices.Clone(s.Images), at, at+1))
	return s.became(t.Now, next), nil
}

func (s *State) image(id entrepot.ID) int {
	return slices.IndexFunc(s.Images, func(i Image) bool { return i.ID == id })
}

// arranged returns the product's images in the given order with the given texts. Images that are not
// given are removed; new ones come by AddImage only.
func (s *State) arranged(list []Image) (out []Image, err error) {
	for i, given := range list {
		at := s.image(given.ID)
		switch {
		case at < 0:
			return nil, entrepot.Invalid(fmt.Sprintf("images[%d].id", i), "exists", "the product has no such image")
		case slices.ContainsFunc(out, func(o Image) bool { return o.ID == given.ID }):
			return nil, entrepot.Invalid(fmt.Sprintf("images[%d].id", i), "unique", "is given twice")
		}
		image := s.Images[at]
		image.Alt = given.Alt
		out = append(out, image)
	}
	return out, nil
}

// stars is the highest rating of a review.
const stars = 5

// SetRating sets the counts of reviews. Version and time of change stay, because editors need not
// know about it.
func (s *State) SetRating(t entrepot.Turn, c SetRating) ([]events.Event, error) {
	switch {
	case t.Caller.Role != entrepot.System:
		return nil, entrepot.Errorf(entrepot.CodeForbidden, "only the platform sets ratings")
	case s.Status == "" || s.Status == Deleted:
		return nil, entrepot.ErrNotFound
	case len(c.Counts) != stars || slices.Min(c.Counts) < 0:
		return nil, entrepot.Invalid("counts", "items", "must be the counts of 1 to %d stars", stars)
	case slices.Equal(s.Rating, c.Counts), s.Rating == nil && slices.Max(c.Counts) == 0:
		return nil, nil
	}
	next := *s
	next.Rating = slices.Clone(c.Counts)
	public := events.ProductUpdated{Product: next.public(), Changed: []string{"rating"}}
	return []events.Event{updated{public, next}}, nil
}

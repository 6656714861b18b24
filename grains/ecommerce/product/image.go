package product

import (
	"fmt"
	"slices"

	"entrepot"
	"entrepot/events"
)

// MaxImages is how many images a product may have.
const MaxImages = 20

// Image is one uploaded image, in the order they are shown.
type Image struct {
	ID     entrepot.ID `json:"id"` // of the blob
	Alt    string      `json:"alt,omitempty"`
	Width  int32       `json:"width,omitempty"`
	Height int32       `json:"height,omitempty"`
}

// AddImage puts an image last. The same again changes nothing.
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
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the product has %d images already", MaxImages)
	}
	next := *s
	next.Images = append(slices.Clone(s.Images), Image{i.ID, i.Alt, i.Width, i.Height})
	return s.became(t.Now, next), nil
}

// RemoveImage takes an image away. One that is not there is absent.
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

// arranged is the product's images in the order and with the texts that are
// given; those not given go. An image joins by AddImage alone.
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

// stars are the five that a review may give.
const stars = 5

// SetRating takes over the recounted reviews. It is no change of the product that
// an editor would have to know: version and time stay.
func (s *State) SetRating(t entrepot.Turn, c SetRating) ([]events.Event, error) {
	switch {
	case t.Caller.Role != entrepot.System:
		return nil, entrepot.Errorf(entrepot.CodeForbidden, "ratings are counted")
	case s.Status == "" || s.Status == StatusDeleted:
		return nil, entrepot.ErrNotFound
	case len(c.Counts) != stars || slices.Min(c.Counts) < 0:
		return nil, entrepot.Invalid("counts", "items", "must be the counts of 1 to %d stars", stars)
	case slices.Equal(s.Rating, c.Counts), s.Rating == nil && slices.Max(c.Counts) == 0:
		return nil, nil
	}
	next := *s
	next.Rating = slices.Clone(c.Counts)
	return []events.Event{updated{events.ProductUpdated{Product: next.public(), Changed: []string{"rating"}}, next}}, nil
}

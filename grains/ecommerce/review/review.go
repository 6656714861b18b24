// Package review is a buyer's review of a product: stars, title and text, which are public once the
// company has approved them. It also holds the kind of votes on reviews (vote.go).
//
// Commands: Write, Edit, Delete (of its author), Approve, Reject, Reply (of the
// company), Anonymise and SetHelpful (of the platform). Queries: Get, Show.
// Persisted: the whole [State]; of a deleted review without author and words.
package review

import (
	"strings"
	"time"
	"unicode/utf8"

	"entrepot"
	"entrepot/events"
)

// The statuses of a review. Approved reviews are shown and counted.
const (
	Pending  = "pending"
	Approved = "approved"
	Rejected = "rejected"
	Deleted  = "deleted"
)

// Bounds of a review, in characters.
const (
	MaxTitle  = 120
	MaxText   = 4000
	MaxReason = 500
	MaxReply  = 2000
)

// State is a review. The zero State was not written yet.
type State struct {
	Review
	UserID entrepot.ID `json:"userId,omitempty"` // empty: the author was deleted
}

type (
	created struct {
		events.ReviewCreated
		author string
	}
	anonymised struct{ events.Private }
	counted    struct {
		events.Private
		helpful int64
	}
)

// Write creates the review. A deleted one may be written again.
func (s *State) Write(t entrepot.Turn, c Write) ([]events.Event, error) {
	switch {
	case t.Caller.UserID == "" || t.ID != ID(c.ProductID, t.Caller.UserID):
		return nil, entrepot.ErrNotFound // the id of another user's review
	case s.ID != "" && s.Status != Deleted:
		return nil, entrepot.Errorf(entrepot.CodeConflict,
			"you have reviewed this product already: change that review, or delete it first")
	case !entrepot.ValidID(c.CompanyID) || !entrepot.ValidID(c.ShopID):
		return nil, entrepot.Invalid("productId", "bought",
			"must be a product that was bought from a company, in a shop")
	}
	if err := checkWords(c.Stars, c.Title, c.Text); err != nil {
		return nil, err
	}
	return []events.Event{created{events.ReviewCreated{Review: events.Review{
		ReviewID: t.ID, ProductID: c.ProductID, CompanyID: c.CompanyID, ShopID: c.ShopID, UserID: t.Caller.UserID,
		Stars: c.Stars, Title: c.Title, Text: c.Text, Status: Pending, CreatedAt: t.Now, UpdatedAt: t.Now,
	}}, c.Author}}, nil
}

func checkWords(stars int64, title, text string) error {
	switch {
	case stars < 1 || stars > 5:
		return entrepot.Invalid("stars", "range", "must be 1 to 5")
	case utf8.RuneCountInString(title) > MaxTitle:
		return entrepot.Invalid("title", "maxLength", "must be at most %d characters", MaxTitle)
	case utf8.RuneCountInString(text) > MaxText:
		return entrepot.Invalid("text", "maxLength", "must be at most %d characters", MaxText)
	default:
		return nil
	}
}

// exists reports whether the review was written and not deleted since.
func (s *State) exists() bool { return s.ID != "" && s.Status != Deleted }

// isAuthor reports whether the caller wrote the review.
func (s *State) isAuthor(c entrepot.Caller) bool {
	return s.exists() && s.UserID != "" && c.UserID == s.UserID
}

// mayModerate reports whether the caller is an admin of the company or a manager of the shop.
func (s *State) mayModerate(c entrepot.Caller) bool {
	return s.exists() && c.Role != entrepot.ShopStaff && c.MayReachShop(s.CompanyID, s.ShopID)
}

// Edit changes the review, which then needs approval again: the company approved other words.
func (s *State) Edit(t entrepot.Turn, c Edit) ([]events.Event, error) {
	if !s.isAuthor(t.Caller) {
		return nil, entrepot.ErrNotFound
	}
	if err := entrepot.CheckVersion(c.ExpectedVersion, s.Version); err != nil {
		return nil, err
	}
	if err := checkWords(c.Stars, c.Title, c.Text); err != nil {
		return nil, err
	}
	if c.Stars == s.Stars && c.Title == s.Title && c.Text == s.Text {
		return nil, nil
	}
	next := s.public()
	next.UpdatedAt = t.Now
	next.Stars, next.Title, next.Text, next.Status, next.Reason = c.Stars, c.Title, c.Text, Pending, ""
	next.Reply, next.RepliedAt = "", nil // it referred to the old words
	return []events.Event{events.ReviewUpdated{Review: next}}, nil
}

// Delete deletes the review, for its author or for the platform with its company.
func (s *State) Delete(t entrepot.Turn, _ Delete) ([]events.Event, error) {
	if !s.isAuthor(t.Caller) && (t.Caller.Role != entrepot.System || !s.exists()) {
		return nil, entrepot.ErrNotFound
	}
	next := s.public()
	next.UpdatedAt = t.Now
	next.Status, next.Reason, next.Title, next.Text = Deleted, "", "", ""
	next.Reply, next.RepliedAt = "", nil
	return []events.Event{events.ReviewDeleted{Review: next}}, nil
}

// Approve publishes the review.
func (s *State) Approve(t entrepot.Turn, c Approve) ([]events.Event, error) {
	if !s.mayModerate(t.Caller) {
		return nil, entrepot.ErrNotFound
	}
	if s.Status == Approved {
		return nil, nil
	}
	if err := entrepot.CheckVersion(c.ExpectedVersion, s.Version); err != nil {
		return nil, err
	}
	next := s.public()
	next.Status, next.Reason = Approved, ""
	return []events.Event{events.ReviewApproved{Review: next}}, nil
}

// Reject refuses or hides the review, with a reason for its author.
func (s *State) Reject(t entrepot.Turn, c Reject) ([]events.Event, error) {
	if !s.mayModerate(t.Caller) {
		return nil, entrepot.ErrNotFound
	}
	switch {
	case strings.TrimSpace(c.Reason) == "" || utf8.RuneCountInString(c.Reason) > MaxReason:
		return nil, entrepot.Invalid("reason", "required", "must be given, in at most %d characters", MaxReason)
	case s.Status == Rejected && s.Reason == c.Reason:
		return nil, nil
	}
	if err := entrepot.CheckVersion(c.ExpectedVersion, s.Version); err != nil {
		return nil, err
	}
	next := s.public()
	next.Status, next.Reason = Rejected, c.Reason
	return []events.Event{events.ReviewRejected{Review: next}}, nil
}

// Answer sets or removes the company's public reply to an approved review. The reply disappears
// when the review's words change.
func (s *State) Answer(t entrepot.Turn, c Reply) ([]events.Event, error) {
	if !s.mayModerate(t.Caller) {
		return nil, entrepot.ErrNotFound
	}
	switch {
	case utf8.RuneCountInString(c.Text) > MaxReply:
		return nil, entrepot.Invalid("text", "maxLength", "must be at most %d characters", MaxReply)
	case s.Reply == c.Text:
		return nil, nil
	case s.Status != Approved && c.Text != "":
		return nil, entrepot.Errorf(entrepot.CodeConflict,
			"the review is %s: only an approved review can be replied to", s.Status)
	}
	if err := entrepot.CheckVersion(c.ExpectedVersion, s.Version); err != nil {
		return nil, err
	}
	next := s.public()
	if next.Reply, next.RepliedAt = c.Text, nil; c.Text != "" {
		next.RepliedAt = &t.Now
	}
	return []events.Event{events.ReviewReplied{Review: next}}, nil
}

// Anonymise removes the author. Stars and words stay.
func (s *State) Anonymise(t entrepot.Turn, _ Anonymise) ([]events.Event, error) {
	if err := t.RequireSystem(); err != nil || s.UserID == "" && s.Author == "" {
		return nil, err
	}
	return []events.Event{anonymised{}}, nil
}

// SetHelpful sets the counted votes. The version stays, so an If-Match of author or moderator
// remains valid.
func (s *State) SetHelpful(t entrepot.Turn, c SetHelpful) ([]events.Event, error) {
	switch {
	case t.Caller.Role != entrepot.System || !s.exists():
		return nil, entrepot.ErrNotFound
	case c.WrittenAt != s.CreatedAt || c.Count == s.Helpful:
		return nil, nil
	}
	return []events.Event{counted{helpful: c.Count}}, nil
}

// public returns the review as it is published.
func (s *State) public() events.Review {
	r := events.Review{
		ReviewID: s.ID, ProductID: s.ProductID, CompanyID: s.CompanyID, ShopID: s.ShopID, UserID: s.UserID,
		Stars: s.Stars, Title: s.Title, Text: s.Text, Status: s.Status, Reason: s.Reason,
		Reply: s.Reply, CreatedAt: s.createdAt(), UpdatedAt: time.UnixMilli(s.UpdatedAt).UTC(),
	}
	if s.RepliedAt != 0 {
		at := time.UnixMilli(s.RepliedAt).UTC()
		r.RepliedAt = &at
	}
	return r
}

// Get returns the review to its author and to the staff of the shop that sold the product.
func (s *State) Get(t entrepot.Turn, _ Get) (*Review, error) {
	if !s.isAuthor(t.Caller) && (!s.exists() || !t.Caller.MayReachShop(s.CompanyID, s.ShopID)) {
		return nil, entrepot.ErrNotFound
	}
	return s.View(), nil
}

// Show returns an approved review to anyone.
func (s *State) Show(entrepot.Turn, Show) (*Review, error) {
	if s.Status != Approved {
		return nil, entrepot.ErrNotFound
	}
	return s.View(), nil
}

// View returns a copy of the review without its author's id.
func (s *State) View() *Review {
	r := s.Review
	return &r
}

func (s *State) createdAt() time.Time { return time.UnixMilli(s.CreatedAt).UTC() }

// Apply changes the state by one fact.
func (s *State) Apply(e events.Event) {
	switch f := e.(type) {
	case created:
		s.Author, s.Helpful = f.author, 0
		s.set(f.Review)
	case events.ReviewUpdated:
		s.set(f.Review)
	case events.ReviewApproved:
		s.set(f.Review)
	case events.ReviewRejected:
		s.set(f.Review)
	case events.ReviewReplied:
		s.set(f.Review)
	case events.ReviewDeleted:
		s.set(f.Review)
		s.Author, s.Helpful = "", 0
	case counted:
		s.Helpful = f.helpful
	case anonymised:
		s.UserID, s.Author = "", ""
		s.Version++
	}
}

func (s *State) set(r events.Review) {
	s.ID, s.ProductID, s.CompanyID, s.ShopID, s.UserID = r.ReviewID, r.ProductID, r.CompanyID, r.ShopID, r.UserID
	s.Stars, s.Title, s.Text, s.Status, s.Reason = r.Stars, r.Title, r.Text, r.Status, r.Reason
	if s.Reply, s.RepliedAt = r.Reply, 0; r.RepliedAt != nil {
		s.RepliedAt = r.RepliedAt.UnixMilli()
	}
	s.CreatedAt, s.UpdatedAt = r.CreatedAt.UnixMilli(), r.UpdatedAt.UnixMilli()
	s.Version++
}

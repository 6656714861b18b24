// Package review is what one buyer says of one product: stars and words, shown to
// everybody once the company has approved it.
//
// Commands: Write, Edit, Delete (of its author), Approve, Reject, Reply (of the
// company), Anonymise and SetHelpful (of the platform). Queries: Get, Show.
// Persisted: the whole [State]; of a deleted review only that it was there. Who
// finds it helpful is in vote.go.
package review

import (
	"strings"
	"time"
	"unicode/utf8"

	"entrepot"
	"entrepot/events"
)

// The states of a review. Approved ones are shown and counted.
const (
	Pending  = "pending"
	Approved = "approved"
	Rejected = "rejected"
	Deleted  = "deleted"
)

// The bounds of a review, in characters.
const (
	MaxTitle  = 120
	MaxText   = 4000
	MaxReason = 500
	MaxReply  = 2000
)

// State is a review. The zero State was not written yet.
type State struct {
	ID        entrepot.ID `json:"id,omitempty"`
	ProductID entrepot.ID `json:"productId,omitempty"`
	CompanyID entrepot.ID `json:"companyId,omitempty"`
	ShopID    entrepot.ID `json:"shopId,omitempty"` // where the product was bought
	UserID    entrepot.ID `json:"userId,omitempty"` // none: its author is no more
	Author    string      `json:"author,omitempty"` // as shown
	Stars     int64       `json:"stars,omitempty"`
	Title     string      `json:"title,omitempty"`
	Text      string      `json:"text,omitempty"`
	Status    string      `json:"status,omitempty"`
	Reason    string      `json:"reason,omitempty"`
	Reply     string      `json:"reply,omitempty"`   // of the company
	RepliedAt int64       `json:"replied,omitempty"` // Unix ms
	Helpful   int64       `json:"helpful,omitempty"` // votes, as counted
	CreatedAt int64       `json:"created,omitempty"` // Unix ms
	UpdatedAt int64       `json:"updated,omitempty"` // by its author, Unix ms
	Version   int64       `json:"version,omitempty"`
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

// Write makes the review. One that was taken back may be written again.
func (s *State) Write(t entrepot.Turn, c Write) ([]events.Event, error) {
	switch {
	case t.Caller.UserID == "" || t.ID != ID(c.ProductID, t.Caller.UserID):
		return nil, entrepot.ErrNotFound // each writes the own one
	case s.ID != "" && s.Status != Deleted:
		return nil, entrepot.Errorf(entrepot.CodeConflict, "you have reviewed this product already: change that review, or delete it first")
	case !entrepot.ValidID(c.CompanyID) || !entrepot.ValidID(c.ShopID):
		return nil, entrepot.Invalid("productId", "bought", "was bought of a company, in a shop")
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

// there reports whether there is a review.
func (s *State) there() bool { return s.ID != "" && s.Status != Deleted }

// isAuthor: the platform writes for nobody.
func (s *State) isAuthor(c entrepot.Caller) bool {
	return s.there() && s.UserID != "" && c.UserID == s.UserID
}

// mayModerate: admins of the company, and managers of the shop that sold it.
func (s *State) mayModerate(c entrepot.Caller) bool {
	return s.there() && c.Role != entrepot.ShopStaff && c.MayReachShop(s.CompanyID, s.ShopID)
}

// Edit changes the review, which waits for its approval again: nobody publishes
// unseen words, and what was approved is not what is there now.
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
	next.Reply, next.RepliedAt = "", nil // it was said to other words
	return []events.Event{events.ReviewUpdated{Review: next}}, nil
}

// Delete takes the review back, by its author; the platform ends those of an
// erased company.
func (s *State) Delete(t entrepot.Turn, _ Delete) ([]events.Event, error) {
	if !s.isAuthor(t.Caller) && (t.Caller.Role != entrepot.System || !s.there()) {
		return nil, entrepot.ErrNotFound
	}
	next := s.public()
	next.UpdatedAt = t.Now
	next.Status, next.Reason, next.Title, next.Text = Deleted, "", "", ""
	next.Reply, next.RepliedAt = "", nil
	return []events.Event{events.ReviewDeleted{Review: next}}, nil
}

// Approve publishes the review. One that is published stays so.
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

// Reject refuses the review, or takes it off again, for a reason that its author reads.
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

// Answer says what the company has to say to a review that everybody reads, below
// it; or takes that back. It goes with the words that it was said to.
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
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the review is %s: only an approved one is replied to", s.Status)
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

// Anonymise forgets the author. What was said of the product stays.
func (s *State) Anonymise(t entrepot.Turn, _ Anonymise) ([]events.Event, error) {
	switch {
	case t.Caller.Role != entrepot.System:
		return nil, entrepot.ErrNotFound
	case s.UserID == "" && s.Author == "":
		return nil, nil
	}
	return []events.Event{anonymised{}}, nil
}

// SetHelpful notes how many find the review helpful. It is not a change that an
// If-Match minds.
func (s *State) SetHelpful(t entrepot.Turn, c SetHelpful) ([]events.Event, error) {
	switch {
	case t.Caller.Role != entrepot.System || !s.there():
		return nil, entrepot.ErrNotFound
	case c.WrittenAt != s.CreatedAt || c.Count == s.Helpful:
		return nil, nil
	}
	return []events.Event{counted{helpful: c.Count}}, nil
}

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

// public is the review as events tell it.
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

// Get answers the review to its author and to the staff of the shop that sold it.
func (s *State) Get(t entrepot.Turn, _ Get) (*Review, error) {
	if !s.isAuthor(t.Caller) && (!s.there() || !t.Caller.MayReachShop(s.CompanyID, s.ShopID)) {
		return nil, entrepot.ErrNotFound
	}
	return s.View(), nil
}

// Show answers the review to anybody, once it is approved.
func (s *State) Show(entrepot.Turn, Show) (*Review, error) {
	if s.Status != Approved {
		return nil, entrepot.ErrNotFound
	}
	return s.View(), nil
}

// View is the review without its author's id.
func (s *State) View() *Review {
	return &Review{
		ID: s.ID, ProductID: s.ProductID, CompanyID: s.CompanyID, ShopID: s.ShopID, Author: s.Author, Stars: s.Stars,
		Title: s.Title, Text: s.Text, Status: s.Status, Reason: s.Reason, CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt, Version: s.Version,
		Reply: s.Reply, RepliedAt: s.RepliedAt, Helpful: s.Helpful,
	}
}

func (s *State) createdAt() time.Time { return time.UnixMilli(s.CreatedAt).UTC() }

package review

import (
	"strconv"
	"time"

	"entrepot"
	"entrepot/events"
)

// Vote is one customer who finds one review helpful, or did. A review knows how
// many there are as they were counted (SetHelpful): its document does not grow
// with them, and no vote counts twice, whatever is told how often.
type Vote struct {
	ReviewID  entrepot.ID `json:"reviewId,omitempty"`
	ProductID entrepot.ID `json:"productId,omitempty"`
	UserID    entrepot.ID `json:"userId,omitempty"`  // none: the user is no more
	WrittenAt int64       `json:"written,omitempty"` // the review, Unix ms
	Given     bool        `json:"given,omitempty"`
	At        int64       `json:"at,omitempty"` // Unix ms
}

type (
	voted struct {
		events.ReviewVoted
		written int64
	}
	dropped   struct{ events.Private } // with the review
	forgotten struct{ events.Private }
)

// VotesOf names the votes on a review that was written then.
func VotesOf(review entrepot.ID, writtenMs int64) string {
	return review + "/" + strconv.FormatInt(writtenMs, 10)
}

// Mark gives the vote. Given already, it stays. Nobody votes on the own review.
// The edge has seen that the review is there.
func (s *Vote) Mark(t entrepot.Turn, c Mark) ([]events.Event, error) {
	user := t.Caller.UserID
	switch {
	case user == "" || t.ID != VoteID(c.ReviewID, user):
		return nil, entrepot.ErrNotFound
	case c.ReviewID == ID(c.ProductID, user):
		return nil, entrepot.Errorf(entrepot.CodeForbidden, "nobody votes on the own review")
	case s.Given && s.WrittenAt == c.WrittenAt:
		return nil, nil
	}
	next := &Vote{ReviewID: c.ReviewID, ProductID: c.ProductID, UserID: user, WrittenAt: c.WrittenAt}
	return []events.Event{next.voted(t, true)}, nil
}

// Unmark takes the vote back, by who gave it; the platform drops those of a
// review that is gone.
func (s *Vote) Unmark(t entrepot.Turn, _ Unmark) ([]events.Event, error) {
	switch {
	case t.Caller.Role == entrepot.System && s.Given:
		return []events.Event{dropped{}}, nil
	case !s.Given || !t.Caller.Is(s.UserID):
		return nil, entrepot.ErrNotFound
	default:
		return []events.Event{s.voted(t, false)}, nil
	}
}

// Forget forgets whose the vote is. It still counts.
func (s *Vote) Forget(t entrepot.Turn, _ Forget) ([]events.Event, error) {
	switch {
	case t.Caller.Role != entrepot.System:
		return nil, entrepot.ErrNotFound
	case s.UserID == "":
		return nil, nil
	}
	return []events.Event{forgotten{}}, nil
}

func (s *Vote) voted(t entrepot.Turn, helpful bool) voted {
	return voted{events.ReviewVoted{
		ReviewID: s.ReviewID, ProductID: s.ProductID, UserID: s.UserID, Helpful: helpful,
		WrittenAt: time.UnixMilli(s.WrittenAt).UTC(), At: t.Now,
	}, s.WrittenAt}
}

// Apply changes the state by one fact.
func (s *Vote) Apply(e events.Event) {
	switch f := e.(type) {
	case voted:
		*s = Vote{ReviewID: f.ReviewID, ProductID: f.ProductID, UserID: f.UserID, WrittenAt: f.written, Given: f.Helpful, At: f.At.UnixMilli()}
	case dropped:
		s.Given = false
	case forgotten:
		s.UserID = ""
	}
}

// View is the vote without its customer.
func (s *Vote) View() *VoteView {
	return &VoteView{ReviewID: s.ReviewID, Helpful: s.Given, At: s.At}
}

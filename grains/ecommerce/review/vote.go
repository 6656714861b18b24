package review

import (
	"strconv"
	"time"

	"entrepot"
	"entrepot/events"
)

// Vote is the state of the kind of votes: one customer who found one review helpful. A review
// stores only the counted votes (SetHelpful), so its document does not grow with them, and a
// repeated event counts no vote twice.
type Vote struct {
	ReviewID  entrepot.ID `json:"reviewId,omitempty"`
	ProductID entrepot.ID `json:"productId,omitempty"`
	UserID    entrepot.ID `json:"userId,omitempty"`  // empty: the user was deleted
	WrittenAt int64       `json:"written,omitempty"` // when the review was written, Unix ms
	Given     bool        `json:"given,omitempty"`   // false: taken back
	At        int64       `json:"at,omitempty"`      // Unix ms
}

type (
	voted struct {
		events.ReviewVoted
		written int64
	}
	dropped   struct{ events.Private } // with the review
	forgotten struct{ events.Private }
)

// VotesOf returns the index value of the votes on a review that was written at a time.
func VotesOf(review entrepot.ID, writtenMs int64) string {
	return review + "/" + strconv.FormatInt(writtenMs, 10)
}

// Mark votes for a review of another user. A given vote stays as it is. The HTTP layer has
// verified that the review is public.
func (s *Vote) Mark(t entrepot.Turn, c Mark) ([]events.Event, error) {
	user := t.Caller.UserID
	switch {
	case user == "" || t.ID != VoteID(c.ReviewID, user):
		return nil, entrepot.ErrNotFound
	case c.ReviewID == ID(c.ProductID, user):
		return nil, entrepot.Errorf(entrepot.CodeForbidden, "authors cannot vote for their own review")
	case s.Given && s.WrittenAt == c.WrittenAt:
		return nil, nil
	}
	next := &Vote{ReviewID: c.ReviewID, ProductID: c.ProductID, UserID: user, WrittenAt: c.WrittenAt}
	return []events.Event{next.voted(t, true)}, nil
}

// Unmark takes the vote back, for its customer or for the platform with the review.
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

// Forget removes the customer of the vote, which still counts.
func (s *Vote) Forget(t entrepot.Turn, _ Forget) ([]events.Event, error) {
	if err := t.RequireSystem(); err != nil || s.UserID == "" {
		return nil, err
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
		*s = Vote{
			ReviewID: f.ReviewID, ProductID: f.ProductID, UserID: f.UserID,
			WrittenAt: f.written, Given: f.Helpful, At: f.At.UnixMilli(),
		}
	case dropped:
		s.Given = false
	case forgotten:
		s.UserID = ""
	}
}

// View returns a copy of the vote.
func (s *Vote) View() *Vote {
	v := *s
	return &v
}

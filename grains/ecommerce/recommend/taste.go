package recommend

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"time"

	"entrepot"
	"entrepot/events"
)

// The bounds of a taste.
const (
	maxTaste   = 50
	maxLikings = 2048
	likesKnown = 256
	viewsKnown = 512 // of viewers who are not known
	tasteHalf  = 30 * 24 * time.Hour
	// ViewedAgain is the time in which looking again is the same interest.
	ViewedAgain = 30 * time.Minute
	// MaxDuration is how long a view may have lasted.
	MaxDuration = 4 * time.Hour

	tasteBought, tasteWished, tasteViewed = 5.0, 3.0, 1.0
)

// How a product is known to a taste.
const (
	HowBought = "bought" // told by the rows of purchases, see [WithBought]
	Wished    = "wished"
	HowViewed = "viewed"
	// Unwished takes a wish back that was given up.
	Unwished = "unwished"
)

// Taste is what one user wished for and looked at lately. The zero Taste knows of
// nothing. One of those who are not known (see recommendpb.Anonymous) records
// views and keeps no taste.
type Taste struct {
	UserID    entrepot.ID `json:"userId,omitempty"`
	Items     []known     `json:"items,omitempty"`
	Counted   memory      `json:"counted"`
	CreatedAt int64       `json:"created,omitempty"` // Unix ms
	Forgotten bool        `json:"forgotten,omitempty"`
}

// known is a product that the user came across, and when last in each way (Unix ms).
type known struct {
	ID entrepot.ID `json:"p"`
	Decayed
	Viewed int64 `json:"v,omitempty"`
	Wished int64 `json:"l,omitempty"`
}

// viewed is the public event, and what tells the viewers apart who are not known.
type viewed struct {
	events.ProductViewed
	key string
	at  int64
}

type liked struct {
	events.Private
	user    entrepot.ID
	likings []liking
	at      int64
}

type liking struct {
	event    string
	at       int64
	how      string
	products []entrepot.ID
}

// View records that the user, or somebody who is not known, looked at a product.
func (s *Taste) View(t entrepot.Turn, c View) ([]events.Event, error) {
	customer := t.Caller.Role == entrepot.Customer && t.Caller.UserID == t.ID
	nobody := t.Caller.Role == "" && c.Viewer != "" && Anonymous(c.Viewer) == t.ID
	switch {
	case (!customer && !nobody) || s.Forgotten:
		return nil, entrepot.ErrNotFound
	case !entrepot.ValidID(c.ProductID):
		return nil, entrepot.Invalid("productId", "id", "must be the id of a product")
	case c.DurationMs < 0 || c.DurationMs > MaxDuration.Milliseconds():
		return nil, entrepot.Invalid("duration", "range", "must be between 0 and %d milliseconds", MaxDuration.Milliseconds())
	}
	v := viewed{at: t.Now.UnixMilli(), ProductViewed: events.ProductViewed{
		ProductID: c.ProductID, CompanyID: c.CompanyID, ViewedAt: time.UnixMilli(t.Now.UnixMilli()).UTC(), Duration: c.DurationMs,
	}}
	if nobody {
		// The same viewer of the same product is recorded once in a window.
		v.key = entrepot.DeriveID(c.Viewer, c.ProductID, strconv.FormatInt(window(v.at), 10))
		if s.Counted.has(v.key) {
			return nil, nil
		}
		return []events.Event{v}, nil
	}
	v.UserID = t.ID
	if i := s.find(c.ProductID); i >= 0 {
		v.Repeated = v.at-s.Items[i].Viewed < ViewedAgain.Milliseconds()
	}
	return []events.Event{v}, nil
}

// window is the beginning of the half hour that a moment lies in.
func window(at int64) int64 { return at - at%ViewedAgain.Milliseconds() }

// Like adds what was wished for, and takes back what is wished for no more, unless
// that is known. Nothing is added to the taste of who was erased.
func (s *Taste) Like(t entrepot.Turn, c Like) ([]events.Event, error) {
	switch {
	case t.Caller.Role != entrepot.System:
		return nil, entrepot.ErrNotFound
	case len(c.Likings) > maxLikings:
		return nil, entrepot.Invalid("likings", "items", "at most %d", maxLikings)
	case s.Forgotten:
		return nil, nil
	}
	f := liked{user: t.ID, at: t.Now.UnixMilli()}
	for _, l := range c.Likings {
		at := moment(l.At, t.Now)
		again := slices.ContainsFunc(f.likings, func(o liking) bool { return o.event == l.EventID })
		if again || s.Counted.knows(l.EventID, at) || (l.How != Wished && l.How != Unwished) {
			continue
		}
		f.likings = append(f.likings, liking{l.EventID, at, l.How, l.ProductIDs})
	}
	if len(f.likings) == 0 {
		return nil, nil
	}
	return []events.Event{f}, nil
}

// Forget empties the taste for good: its user was erased.
func (s *Taste) Forget(t entrepot.Turn, _ Forget) ([]events.Event, error) {
	switch {
	case t.Caller.Role != entrepot.System:
		return nil, entrepot.ErrNotFound
	case s.Forgotten:
		return nil, nil
	default:
		return []events.Event{forgotten{}}, nil
	}
}

// Apply changes the state by one fact.
func (s *Taste) Apply(e events.Event) {
	switch f := e.(type) {
	case viewed:
		s.begin(f.UserID, f.at)
		if f.UserID == "" {
			s.Counted.keep(f.key, window(f.at), viewsKnown)
			return
		}
		weight := tasteViewed * interest(f.Duration)
		if f.Repeated {
			weight = 0
		}
		s.know(f.ProductID, weight, f.at).Viewed = f.at
	case liked:
		s.begin(f.user, f.at)
		for _, l := range f.likings {
			s.learn(&l)
			s.Counted.keep(l.event, l.at, likesKnown)
		}
	case forgotten:
		*s = Taste{CreatedAt: max(s.CreatedAt, 1), Forgotten: true}
	}
}

func (s *Taste) learn(l *liking) {
	for _, id := range l.products {
		if l.how == Wished {
			k := s.know(id, tasteWished, l.at)
			k.Wished = max(k.Wished, l.at)
		} else if i := s.find(id); i >= 0 && s.Items[i].Wished > 0 && s.Items[i].Wished <= l.at {
			s.Items[i].lessen(tasteWished, l.at)
			s.Items[i].Wished = 0
		}
	}
}

// lessen takes a weight back.
func (k *known) lessen(weight float64, at int64) {
	k.add(-weight, at, tasteHalf)
	k.Sum = max(0, k.Sum)
}

func (s *Taste) begin(user entrepot.ID, at int64) {
	if s.CreatedAt == 0 {
		s.UserID, s.CreatedAt = user, at
	}
}

// interest is what a view of a duration says: a glance little, a long look more.
// Without a duration it is 1.
func interest(ms int64) float64 {
	switch {
	case ms == 0:
		return 1
	case ms < 3_000:
		return 0.3
	default:
		return min(2, 0.5+math.Log2(1+float64(ms)/10_000)/2)
	}
}

func (s *Taste) find(id entrepot.ID) int {
	return slices.IndexFunc(s.Items, func(k known) bool { return k.ID == id })
}

// know adds a weight to a product; over the bound the weakest of the others goes.
func (s *Taste) know(id entrepot.ID, weight float64, at int64) *known {
	i := s.find(id)
	if i < 0 {
		if len(s.Items) >= maxTaste {
			weakest := 0
			for j := range s.Items {
				if s.Items[j].at(at, tasteHalf) < s.Items[weakest].at(at, tasteHalf) {
					weakest = j
				}
			}
			s.Items = slices.Delete(s.Items, weakest, weakest+1)
		}
		s.Items = append(s.Items, known{ID: id})
		i = len(s.Items) - 1
	}
	s.Items[i].add(weight, at, tasteHalf)
	return &s.Items[i]
}

// GetTaste answers the taste to the user whose it is.
func (s *Taste) GetTaste(t entrepot.Turn, _ GetTaste) (*Profile, error) {
	if !t.Caller.Is(t.ID) {
		return nil, entrepot.ErrNotFound
	}
	return s.Known(t.Now), nil
}

// Known is the taste as of a moment, strongest first.
func (s *Taste) Known(now time.Time) *Profile {
	out := &Profile{}
	for _, k := range s.Items {
		if k.Sum <= 0 {
			continue // all that spoke for it was taken back
		}
		l := &Liked{ProductID: k.ID, Weight: k.at(now.UnixMilli(), tasteHalf), At: max(k.Wished, k.Viewed), How: HowViewed}
		if k.Wished > 0 {
			l.How = Wished
		}
		out.Items = append(out.Items, l)
	}
	strongestFirst(out.Items)
	return out
}

func strongestFirst(items []*Liked) {
	slices.SortFunc(items, func(a, b *Liked) int {
		return cmp.Or(cmp.Compare(b.Weight, a.Weight), cmp.Compare(a.ProductID, b.ProductID))
	})
}

// MaxPurchases is how many of a user's last purchases a taste is made of.
const MaxPurchases = 100

// Purchased is a product of one of the user's orders. Of an order that was
// cancelled it was of interest all the same.
type Purchased struct {
	ProductID entrepot.ID
	At        time.Time
	Cancelled bool
}

// WithBought is a taste with what the user bought, strongest first. Purchases are
// kept as rows already: a taste that learnt of them would cost every order a write.
func WithBought(taste []*Liked, purchases []Purchased, now time.Time) []*Liked {
	out := append([]*Liked{}, taste...)
	for _, p := range purchases {
		i := slices.IndexFunc(out, func(l *Liked) bool { return l.ProductID == p.ProductID })
		if i < 0 {
			i, out = len(out), append(out, &Liked{ProductID: p.ProductID, How: HowViewed})
		}
		l, at, weight := out[i], p.At.UnixMilli(), tasteViewed
		if !p.Cancelled {
			weight, l.How, l.BoughtAt = tasteBought, HowBought, max(l.BoughtAt, at)
		}
		l.Weight += weight * faded(max(0, now.UnixMilli()-at), tasteHalf)
		l.At = max(l.At, at)
	}
	strongestFirst(out)
	return out[:min(maxTaste, len(out))]
}

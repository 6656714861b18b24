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

// Bounds and weights of a taste.
const (
	maxTaste   = 50
	maxLikings = 2048
	likesKnown = 256
	viewsKnown = 512 // of anonymous viewers
	tasteHalf  = 30 * 24 * time.Hour
	// ViewedAgain is the time within which another view shows no new interest.
	ViewedAgain = 30 * time.Minute
	// MaxDuration bounds the duration of a view.
	MaxDuration = 4 * time.Hour

	tasteBought, tasteWished, tasteViewed = 5.0, 3.0, 1.0
)

// The reasons for which a product is in a taste.
const (
	HowBought = "bought" // from the rows of purchases, see [WithBought]
	Wished    = "wished"
	HowViewed = "viewed"
	// Unwished withdraws a wish.
	Unwished = "unwished"
)

// Taste is the state of the kind of tastes: the products that a user wished for and viewed lately.
// The zero Taste is empty. The entity of [Anonymous] viewers records views and keeps no taste.
type Taste struct {
	UserID    entrepot.ID `json:"userId,omitempty"`
	Items     []known     `json:"items,omitempty"`
	Counted   memory      `json:"counted"`
	CreatedAt int64       `json:"created,omitempty"` // Unix ms
	Forgotten bool        `json:"forgotten,omitempty"`
}

// known is a product with the last view and the last wish (Unix ms).
type known struct {
	ID entrepot.ID `json:"p"`
	Decayed
	Viewed int64 `json:"v,omitempty"`
	Wished int64 `json:"l,omitempty"`
}

// viewed is the public event. key identifies a view of an anonymous viewer.
type viewed struct {
	events.ProductViewed
	key string
	at  int64
}

type liked struct {
	events.Private
	user    entrepot.ID
	likings []Liking
	at      int64
}

// View records a view of the user or of an anonymous viewer.
func (s *Taste) View(t entrepot.Turn, c View) ([]events.Event, error) {
	customer := t.Caller.Role == entrepot.Customer && t.Caller.UserID == t.ID
	anonymous := t.Caller.Role == "" && c.Viewer != "" && Anonymous(c.Viewer) == t.ID
	switch {
	case (!customer && !anonymous) || s.Forgotten:
		return nil, entrepot.ErrNotFound
	case !entrepot.ValidID(c.ProductID):
		return nil, entrepot.Invalid("productId", "id", "must be the id of a product")
	case c.DurationMs < 0 || c.DurationMs > MaxDuration.Milliseconds():
		most := MaxDuration.Milliseconds()
		return nil, entrepot.Invalid("duration", "range", "must be between 0 and %d milliseconds", most)
	}
	now := t.Now.UnixMilli()
	v := viewed{at: now, ProductViewed: events.ProductViewed{
		ProductID: c.ProductID, CompanyID: c.CompanyID, ViewedAt: time.UnixMilli(now).UTC(), Duration: c.DurationMs,
	}}
	if anonymous {
		// Views of one product by one viewer are recorded once in a window.
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

// window returns the beginning of the half hour of a time.
func window(at int64) int64 { return at - at%ViewedAgain.Milliseconds() }

// Like adds and withdraws the wishes that were not counted before. A forgotten taste stays empty.
func (s *Taste) Like(t entrepot.Turn, c Like) ([]events.Event, error) {
	if err := t.RequireSystem(); err != nil {
		return nil, err
	}
	switch {
	case len(c.Likings) > maxLikings:
		return nil, entrepot.Invalid("likings", "items", "must be at most %d", maxLikings)
	case s.Forgotten:
		return nil, nil
	}
	f := liked{user: t.ID, at: t.Now.UnixMilli()}
	for _, l := range c.Likings {
		at := moment(l.At, t.Now)
		again := slices.ContainsFunc(f.likings, func(o Liking) bool { return o.EventID == l.EventID })
		if again || s.Counted.knows(l.EventID, at) || (l.How != Wished && l.How != Unwished) {
			continue
		}
		l.At = at
		f.likings = append(f.likings, l)
	}
	if len(f.likings) == 0 {
		return nil, nil
	}
	return []events.Event{f}, nil
}

// Forget empties the taste of a deleted user for good.
func (s *Taste) Forget(t entrepot.Turn, _ Forget) ([]events.Event, error) {
	if err := t.RequireSystem(); err != nil {
		return nil, err
	}
	switch {
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
			s.learn(l)
			s.Counted.keep(l.EventID, l.At, likesKnown)
		}
	case forgotten:
		*s = Taste{CreatedAt: max(s.CreatedAt, 1), Forgotten: true}
	}
}

func (s *Taste) learn(l Liking) {
	for _, id := range l.ProductIDs {
		if l.How == Wished {
			k := s.know(id, tasteWished, l.At)
			k.Wished = max(k.Wished, l.At)
		} else if i := s.find(id); i >= 0 && s.Items[i].Wished > 0 && s.Items[i].Wished <= l.At {
			s.Items[i].lessen(tasteWished, l.At)
			s.Items[i].Wished = 0
		}
	}
}

// lessen subtracts a weight.
func (k *known) lessen(weight float64, at int64) {
	k.add(-weight, at, tasteHalf)
	k.Sum = max(0, k.Sum)
}

func (s *Taste) begin(user entrepot.ID, at int64) {
	if s.CreatedAt == 0 {
		s.UserID, s.CreatedAt = user, at
	}
}

// interest returns the weight of a view by its duration: low for a glance, higher for a long look, 1
// without a duration.
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

// know adds a weight to a product. A new product replaces the weakest of a full taste.
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

// GetTaste returns the taste to its user.
func (s *Taste) GetTaste(t entrepot.Turn, _ GetTaste) (*Profile, error) {
	if !t.Caller.Is(t.ID) {
		return nil, entrepot.ErrNotFound
	}
	return s.Known(t.Now), nil
}

// Known returns the taste as of a time, strongest first.
func (s *Taste) Known(now time.Time) *Profile {
	out := &Profile{}
	for _, k := range s.Items {
		if k.Sum <= 0 {
			continue // all wishes were withdrawn
		}
		l := Liked{ProductID: k.ID, Weight: k.at(now.UnixMilli(), tasteHalf), At: max(k.Wished, k.Viewed), How: HowViewed}
		if k.Wished > 0 {
			l.How = Wished
		}
		out.Items = append(out.Items, l)
	}
	strongestFirst(out.Items)
	return out
}

func strongestFirst(items []Liked) {
	slices.SortFunc(items, func(a, b Liked) int {
		return cmp.Or(cmp.Compare(b.Weight, a.Weight), cmp.Compare(a.ProductID, b.ProductID))
	})
}

// MaxPurchases bounds the last purchases of a user that a taste takes into account.
const MaxPurchases = 100

// Purchased is a product of one of the user's orders. A cancelled order still shows interest.
type Purchased struct {
	ProductID entrepot.ID
	At        time.Time
	Cancelled bool
}

// WithBought returns a taste with the user's purchases added, strongest first. Purchases are read
// from their rows, because counting them in the taste would cost a write per order.
func WithBought(taste []Liked, purchases []Purchased, now time.Time) []Liked {
	out := append([]Liked{}, taste...)
	for _, p := range purchases {
		i := slices.IndexFunc(out, func(l Liked) bool { return l.ProductID == p.ProductID })
		if i < 0 {
			i, out = len(out), append(out, Liked{ProductID: p.ProductID, How: HowViewed})
		}
		l, at, weight := &out[i], p.At.UnixMilli(), tasteViewed
		if !p.Cancelled {
			weight, l.How, l.BoughtAt = tasteBought, HowBought, max(l.BoughtAt, at)
		}
		l.Weight += weight * faded(max(0, now.UnixMilli()-at), tasteHalf)
		l.At = max(l.At, at)
	}
	strongestFirst(out)
	return out[:min(maxTaste, len(out))]
}

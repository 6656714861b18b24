package recommend

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"entrepot"
	"entrepot/events"
)

// history is a generated purchase history whose structure is known:
//
//   - products lie in clusters (a hobby, a room of the house), and their popularity
//     within a cluster follows a power law;
//   - a few best sellers (bags, batteries) are in a fifth of all baskets, whatever
//     else is: the noise that a naive count falls for;
//   - half of the products have a complement (printer and ink), which is bought
//     with them in one of three cases, and may lie in another cluster;
//   - a user has one to three interests, bought from in most baskets; now and then
//     one is given up for another (drift);
//   - products are launched over the year: a third of them in its last half.
type history struct {
	rng        *rand.Rand
	clusters   [][]int // products of each, most popular first
	sellers    []int
	complement []int // of each product; -1: none
	launched   []int64
	interests  [][]int // of each user
	orders     []basket
}

type basket struct {
	user int
	at   int64
	has  []int
}

const (
	genClusters   = 25
	genPerCluster = 40
	genSellers    = 10
	genUsers      = 2500
	genOrders     = 20_000
	genDays       = 360
)

func productID(p int) entrepot.ID { return entrepot.DeriveID("product", fmt.Sprint(p)) }

func generate(seed uint64) *history {
	h := &history{rng: rand.New(rand.NewPCG(seed, 1))}
	total := genClusters*genPerCluster + genSellers
	for c := range genClusters {
		var of []int
		for i := range genPerCluster {
			of = append(of, c*genPerCluster+i)
		}
		h.rng.Shuffle(len(of), func(i, j int) { of[i], of[j] = of[j], of[i] })
		h.clusters = append(h.clusters, of)
	}
	for i := range genSellers {
		h.sellers = append(h.sellers, genClusters*genPerCluster+i)
	}
	h.complement, h.launched = make([]int, total), make([]int64, total)
	for p := range h.complement {
		h.complement[p] = -1
		if p < genClusters*genPerCluster {
			if h.rng.IntN(2) == 0 {
				h.complement[p] = h.rng.IntN(genClusters * genPerCluster)
				if h.rng.IntN(10) < 7 { // most lie in the same cluster
					h.complement[p] = p/genPerCluster*genPerCluster + h.rng.IntN(genPerCluster)
				}
			}
			if h.rng.IntN(3) == 0 {
				h.launched[p] = day(genDays/2 + h.rng.IntN(genDays/2))
			}
		}
	}
	for range genUsers {
		var of []int
		for range 1 + h.rng.IntN(3) {
			of = append(of, h.rng.IntN(genClusters))
		}
		h.interests = append(h.interests, of)
	}
	for i := range genOrders {
		h.orders = append(h.orders, h.basket(day(0)+int64(i)*(day(genDays)-day(0))/genOrders))
	}
	return h
}

func day(n int) int64 { return 1_750_000_000_000 + int64(n)*24*3600*1000 }

// zipf is an index below n, small ones more often.
func (h *history) zipf(n int) int {
	return min(n-1, int(math.Pow(float64(n+1), h.rng.Float64()))-1)
}

func (h *history) basket(at int64) basket {
	// Some users buy ten times as much as others.
	b := basket{user: int(float64(genUsers) * math.Pow(h.rng.Float64(), 1.8)), at: at}
	of := h.interests[b.user]
	if h.rng.IntN(40) == 0 {
		of[h.rng.IntN(len(of))] = h.rng.IntN(genClusters)
	}
	add := func(p int) {
		if p >= 0 && h.launched[p] <= at && !slices.Contains(b.has, p) {
			b.has = append(b.has, p)
		}
	}
	cluster := of[h.rng.IntN(len(of))]
	for range 1 + h.rng.IntN(4) {
		c := cluster
		if h.rng.IntN(6) == 0 {
			c = h.rng.IntN(genClusters)
		}
		p := h.clusters[c][h.zipf(genPerCluster)]
		add(p)
		if h.rng.IntN(3) == 0 {
			add(h.complement[p])
		}
	}
	for h.rng.IntN(5) == 0 {
		add(h.sellers[h.zipf(genSellers)])
	}
	return b
}

// engine is the production decisions over states in memory, without host or store.
type engine struct {
	affinity map[int]*Affinity
	bought   map[int][]Purchased
	trending Trending
	index    map[entrepot.ID]int
}

func newEngine() *engine {
	e := &engine{affinity: map[int]*Affinity{}, bought: map[int][]Purchased{}, index: map[entrepot.ID]int{}}
	for p := range genClusters*genPerCluster + genSellers {
		e.index[productID(p)] = p
		e.affinity[p] = &Affinity{}
	}
	return e
}

func must(list []events.Event, err error) []events.Event {
	if err != nil {
		panic(err)
	}
	return list
}

// learn is what the consumer does with one order.
func (e *engine) learn(n int, b basket) {
	turn := entrepot.Turn{Now: time.UnixMilli(b.at), Caller: entrepot.SystemCaller("test")}
	order := entrepot.DeriveID("order", fmt.Sprint(n))
	popular, ids := map[int]float64{}, make([]entrepot.ID, len(b.has))
	for i, p := range b.has {
		popular[p], ids[i] = e.affinity[p].Own.at(b.at, affinityHalf), productID(p)
	}
	for _, p := range b.has {
		c := Purchase{OrderID: order, At: b.at}
		for _, other := range b.has {
			if other != p {
				c.With = append(c.With, Companion{ProductID: productID(other), Popularity: popular[other]})
			}
		}
		for _, f := range must(e.affinity[p].Bought(turn, Bought{Purchases: []Purchase{c}})) {
			e.affinity[p].Apply(f)
		}
	}
	for _, f := range must(e.trending.Count(turn, Count{Signals: []Signal{{EventID: order, At: b.at, ProductIDs: ids, Weight: WeightOrder}}})) {
		e.trending.Apply(f)
	}
	for _, id := range ids {
		e.bought[b.user] = append(e.bought[b.user], Purchased{ProductID: id, At: time.UnixMilli(b.at)})
	}
}

// measure is hit rate at 10 and mean reciprocal rank at 10 over many questions.
type measure struct {
	asked, hits int
	reciprocal  float64
}

func (m *measure) add(answer []entrepot.ID, want entrepot.ID) {
	m.asked++
	if i := slices.Index(answer[:min(10, len(answer))], want); i >= 0 {
		m.hits++
		m.reciprocal += 1 / float64(i+1)
	}
}

func (m *measure) rate() float64 { return float64(m.hits) / float64(m.asked) }
func (m *measure) mrr() float64  { return m.reciprocal / float64(m.asked) }

func ids(list []Scored, without ...entrepot.ID) (out []entrepot.ID) {
	for _, s := range list {
		if !slices.Contains(without, s.ID) {
			out = append(out, s.ID)
		}
	}
	return out
}

// quality is what leave-one-out measures on the last tenth of a history. Each
// order is asked about before it is learnt: for what was bought together, one of
// its products is shown and another is to be found; for what is personal, one
// product that the user has not bought before is to be found from the taste.
//
// niche is together for the questions whose answer is no best seller: who only
// shows best sellers finds none. shown counts the products in all answers.
// known is who knows how the history was made: the complement, and what is
// popular in the product's cluster, or in the user's interests.
type quality struct {
	together, togetherPopular, togetherKnown measure
	niche, nichePopular, nicheKnown          measure
	personal, personalPopular, personalKnown measure

	shown map[entrepot.ID]int
}

// coverage is how many different products were shown, and how much of what was
// shown were the best sellers.
func (q *quality) coverage() (products int, sellers float64) {
	all := 0
	for id, n := range q.shown {
		all += n
		for i := range genSellers {
			if id == productID(genClusters*genPerCluster+i) {
				sellers += float64(n)
			}
		}
	}
	return len(q.shown), sellers / float64(all)
}

func evaluate(h *history) (q quality) {
	e := newEngine()
	q.shown = map[entrepot.ID]int{}
	ask := rand.New(rand.NewPCG(7, 7))
	for n, b := range h.orders {
		if n >= len(h.orders)*9/10 {
			trends := e.trending.Top(time.UnixMilli(b.at), 10+maxTaste)
			e.askTogether(h, ask, b, trends, &q)
			if n%2 == 0 { // it is what takes the time
				e.askPersonal(h, ask, b, trends, &q)
			}
		}
		e.learn(n, b)
	}
	return q
}

func (e *engine) askTogether(h *history, ask *rand.Rand, b basket, trends []Scored, q *quality) {
	if len(b.has) < 2 {
		return
	}
	pair := ask.Perm(len(b.has))
	shown, want := b.has[pair[0]], productID(b.has[pair[1]])
	now := time.UnixMilli(b.at)
	answer, popular := ids(e.affinity[shown].Neighbours(now, 10)), ids(trends, productID(shown))
	q.together.add(answer, want)
	q.togetherPopular.add(popular, want)
	known := h.knows(b, shown)
	q.togetherKnown.add(known, want)
	if b.has[pair[1]] < genClusters*genPerCluster {
		q.niche.add(answer, want)
		q.nichePopular.add(popular, want)
		q.nicheKnown.add(known, want)
	}
	for _, id := range answer {
		q.shown[id]++
	}
}

func (e *engine) askPersonal(h *history, ask *rand.Rand, b basket, trends []Scored, q *quality) {
	now := time.UnixMilli(b.at)
	bought := e.bought[b.user]
	taste := WithBought(nil, bought[max(0, len(bought)-MaxPurchases):], now)
	var had, fresh []entrepot.ID
	for _, l := range taste {
		had = append(had, l.ProductID)
	}
	for _, p := range b.has {
		if !slices.Contains(had, productID(p)) {
			fresh = append(fresh, productID(p))
		}
	}
	if len(fresh) == 0 || len(had) == 0 {
		return
	}
	want, near := fresh[ask.IntN(len(fresh))], map[entrepot.ID][]Scored{}
	for _, l := range Seeds(taste) {
		near[l.ProductID] = e.affinity[e.index[l.ProductID]].Neighbours(now, PerSeed)
	}
	var answer []entrepot.ID
	for _, s := range Personal(taste, near, nil, 10) {
		answer = append(answer, s.ID)
	}
	q.personal.add(answer, want)
	q.personalPopular.add(ids(trends, had...), want)
	q.personalKnown.add(h.wants(b, had), want)
}

// knows are the best answers to what goes with a product, from how the history is made.
func (h *history) knows(b basket, shown int) (out []entrepot.ID) {
	add := func(p int) {
		if p >= 0 && p != shown && h.launched[p] <= b.at {
			out = append(out, productID(p))
		}
	}
	if shown < genClusters*genPerCluster {
		add(h.complement[shown])
		for _, p := range h.clusters[shown/genPerCluster] {
			add(p)
		}
		return out
	}
	for _, p := range h.sellers {
		add(p)
	}
	return out
}

// wants are the best answers to what a user buys next.
func (h *history) wants(b basket, had []entrepot.ID) (out []entrepot.ID) {
	for rank := range genPerCluster {
		for _, c := range h.interests[b.user] {
			p := h.clusters[c][rank]
			if id := productID(p); h.launched[p] <= b.at && !slices.Contains(had, id) && !slices.Contains(out, id) {
				out = append(out, id)
			}
		}
	}
	return out
}

// TestQuality prints what `make recommend-quality` shows, and holds a floor.
func TestQuality(t *testing.T) {
	t.Parallel()
	started := time.Now()
	q := evaluate(generate(1))
	t.Logf("%d orders of %d users, %d products in %d clusters and %d best sellers; measured in %v", genOrders, genUsers, genClusters*genPerCluster, genClusters, genSellers, time.Since(started).Round(10*time.Millisecond))
	t.Logf("%-24s %9s %20s %20s %20s", "hit rate@10, MRR", "questions", "recommended", "popularity", "knowing the structure")
	for _, r := range []struct {
		name                string
		ours, theirs, known measure
		rate, mrr           float64 // the floor
	}{
		{"bought together", q.together, q.togetherPopular, q.togetherKnown, 0.29, 0.15},
		{"  without best sellers", q.niche, q.nichePopular, q.nicheKnown, 0.30, 0.16},
		{"personal", q.personal, q.personalPopular, q.personalKnown, 0.20, 0.07},
	} {
		t.Logf("%-24s %9d %12.3f  %.3f %13.3f  %.3f %13.3f  %.3f", r.name, r.ours.asked, r.ours.rate(), r.ours.mrr(), r.theirs.rate(), r.theirs.mrr(), r.known.rate(), r.known.mrr())
		if r.ours.asked < 800 || r.ours.rate() < r.rate || r.ours.mrr() < r.mrr || r.ours.rate() < 2*r.theirs.rate() {
			t.Errorf("%s: below its floor of %.2f and %.2f, or twice the popularity baseline", r.name, r.rate, r.mrr)
		}
	}
	products, sellers := q.coverage()
	t.Logf("bought together shows %d different products; best sellers are %.1f %% of what it shows", products, 100*sellers)
	if products < 850 || sellers > 0.12 {
		t.Errorf("it shows little else than best sellers")
	}
}

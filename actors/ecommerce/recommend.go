package ecommerce

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"entrepot"
	"entrepot/actors"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/ecommerce/recommend"
	"entrepot/persistence"
)

// Recommendations feeds orders, views and wishes to the recommendation grains, one command per
// grain and batch, records the views of customers, and forgets deleted users and companies. A
// repeated delivery repeats all its signals; the grains recognise them by their ids.
func Recommendations(store persistence.Store, a grains.Asker) events.Handler {
	feed := func(ctx context.Context, batch []*events.Delivery) []error {
		s := signalBatch{
			asker: a, batch: batch, results: make([]error, len(batch)), byGrain: map[string]*grainCommand{},
		}
		s.collect(ctx)
		s.send(ctx)
		return s.results
	}
	return actors.Each(
		actors.On(insertViews(store), "product.viewed"),
		actors.On(feed, "order.created", "product.viewed", "wishlist.item_added", "wishlist.item_removed"),
		actors.On(forgetUser(store, a), "user.deleted"),
		actors.OnCompanyDeleted(store, a, affinities, trends),
	)
}

var (
	affinities = actors.Owned{
		Collection: recommend.Affinities, Kind: recommend.AffinityName,
		End: recommend.Forget{},
	}
	trends = actors.Owned{
		Collection: recommend.Trends, Kind: recommend.TrendingName,
		End: recommend.Forget{},
	}
)

// concurrentSignals bounds the recommendation grains that one batch calls at the same time.
const concurrentSignals = 64

// signalBatch collects the signals of one batch by the grain that receives them.
type signalBatch struct {
	asker   grains.Asker
	batch   []*events.Delivery
	results []error // of each delivery

	orders  []orderSignal
	byGrain map[string]*grainCommand // by kind/id
	inOrder []*grainCommand
}

// grainCommand is the command for one grain, with the indexes of the deliveries that it carries.
type grainCommand struct {
	kind       string
	id         entrepot.ID
	cmd        any        // a pointer, to add to
	message    func() any // what cmd points to
	deliveries []int
}

// orderSignal is an order.created with its distinct products.
type orderSignal struct {
	events.OrderCreated
	delivery int
	atMs     int64
	products []entrepot.ID
}

// collect turns the deliveries into commands. Events that cannot be decoded fail for good.
func (s *signalBatch) collect(ctx context.Context) {
	for i, d := range s.batch {
		if err := s.add(i, d); err != nil {
			s.results[i] = events.Permanent(fmt.Errorf("%s: %w", d.Type, err))
		}
	}
	s.addPurchases(ctx)
}

func (s *signalBatch) add(i int, d *events.Delivery) error {
	switch d.Type {
	case "order.created":
		o := orderSignal{delivery: i, atMs: d.OccurredAt.UnixMilli()}
		if err := json.Unmarshal(d.Data, &o.OrderCreated); err != nil {
			return err
		}
		s.addOrder(d, o)
	case "product.viewed":
		var v events.ProductViewed
		if err := d.Decode(&v); err != nil || v.Repeated {
			return err
		}
		s.addTrend(d, i, v.CompanyID, []entrepot.ID{v.ProductID}, recommend.WeightView)
	case "wishlist.item_added", "wishlist.item_removed":
		var w events.WishlistItemAdded // both types have its userId and productId
		if err := d.Decode(&w); err != nil {
			return err
		}
		how := recommend.Wished
		if d.Type == "wishlist.item_removed" {
			how = recommend.Unwished
		}
		s.addTaste(d, i, w.UserID, recommend.Liking{How: how, ProductIDs: []string{w.ProductID}})
	}
	return nil
}

func (s *signalBatch) addOrder(d *events.Delivery, o orderSignal) {
	for _, it := range o.Items {
		if !slices.Contains(o.products, it.ProductID) {
			o.products = append(o.products, it.ProductID)
		}
	}
	if len(o.products) == 0 {
		return
	}
	s.orders = append(s.orders, o)
	s.addTrend(d, o.delivery, o.CompanyID, o.products, recommend.WeightOrder)
}

// addTrend counts the products in the trends of their company and of the whole platform.
func (s *signalBatch) addTrend(d *events.Delivery, i int, company entrepot.ID, products []entrepot.ID, weight float64) {
	signal := recommend.Signal{EventID: d.ID, At: d.OccurredAt.UnixMilli(), ProductIDs: products, Weight: weight}
	if company != "" {
		c := commandFor(s, i, recommend.TrendingName, company, recommend.Count{CompanyID: company})
		c.Signals = append(c.Signals, signal)
	}
	c := commandFor(s, i, recommend.TrendingName, recommend.Everywhere(), recommend.Count{})
	c.Signals = append(c.Signals, signal)
}

// addTaste adds to the taste of a user. Guests have none.
func (s *signalBatch) addTaste(d *events.Delivery, i int, user entrepot.ID, liking recommend.Liking) {
	if user == "" {
		return
	}
	c := commandFor(s, i, recommend.TasteName, user, recommend.Like{})
	liking.EventID, liking.At = d.ID, d.OccurredAt.UnixMilli()
	c.Likings = append(c.Likings, liking)
}

// commandFor returns the command of a grain, made on its first use in the batch, and assigns the
// delivery to it.
func commandFor[C any](s *signalBatch, delivery int, kind string, id entrepot.ID, first C) *C {
	key := kind + "/" + id
	g := s.byGrain[key]
	if g == nil {
		g = &grainCommand{kind: kind, id: id, cmd: &first, message: func() any { return first }}
		s.byGrain[key] = g
		s.inOrder = append(s.inOrder, g)
	}
	if !slices.Contains(g.deliveries, delivery) {
		g.deliveries = append(g.deliveries, delivery)
	}
	return g.cmd.(*C)
}

// addPurchases adds each order to the affinities of its products, with the popularity of the
// products bought together. Orders over [recommend.MaxBasket] products count without pairs.
func (s *signalBatch) addPurchases(ctx context.Context) {
	popular, failed := s.popularity(ctx)
	for _, o := range s.orders {
		if err := failed[o.delivery]; err != nil {
			s.results[o.delivery] = err
			continue
		}
		for _, id := range o.products {
			p := recommend.Purchase{OrderID: o.OrderID, At: o.atMs}
			if len(o.products) <= recommend.MaxBasket {
				for _, other := range o.products {
					if other != id {
						p.With = append(p.With, recommend.Companion{ProductID: other, Popularity: popular[other]})
					}
				}
			}
			c := commandFor(s, o.delivery, recommend.AffinityName, id, recommend.Bought{CompanyID: o.CompanyID})
			c.Purchases = append(c.Purchases, p)
		}
	}
}

// popularity queries the products that were bought together with others. It returns their weights
// and, by delivery, the errors of orders whose products could not be queried.
func (s *signalBatch) popularity(ctx context.Context) (popular map[entrepot.ID]float64, failed map[int]error) {
	orders := map[entrepot.ID][]int{} // by product: the deliveries of its orders
	for _, o := range s.orders {
		if len(o.products) > 1 && len(o.products) <= recommend.MaxBasket {
			for _, id := range o.products {
				orders[id] = append(orders[id], o.delivery)
			}
		}
	}
	var mu sync.Mutex
	popular, failed = map[entrepot.ID]float64{}, map[int]error{}
	ids := slices.Collect(maps.Keys(orders))
	_ = actors.FanOut(ctx, concurrentSignals, ids, func(ctx context.Context, id entrepot.ID) error {
		ctx = actors.AsSystem(ctx, s.batch[orders[id][0]])
		p, err := grains.Ask(ctx, s.asker, recommend.AffinityOf(id), recommend.GetPopularity{})
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			for _, i := range orders[id] {
				failed[i] = err
			}
			return nil // the error is in failed
		}
		popular[id] = p.Weight
		return nil
	})
	return popular, failed
}

// send sends every command. A delivery succeeds when all its commands did.
func (s *signalBatch) send(ctx context.Context) {
	var mu sync.Mutex
	_ = actors.FanOut(ctx, concurrentSignals, s.inOrder, func(ctx context.Context, g *grainCommand) error {
		_, err := s.asker.Ask(actors.AsSystem(ctx, s.batch[g.deliveries[0]]), grains.Ref{Kind: g.kind, ID: g.id}, g.message())
		if err == nil {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		for _, i := range g.deliveries {
			s.results[i] = errors.Join(s.results[i], err)
		}
		return nil // the error is in results
	})
}

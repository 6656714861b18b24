package actors

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/recommend"
	"entrepot/grains/recommend/recommendpb"
	"entrepot/persistence"

	"google.golang.org/protobuf/proto"
)

// Recommendations tells the grains of recommendations what was bought, viewed and
// wished for, one command a grain and batch; keeps the customers' views; and
// forgets who was erased. A delivery that comes again repeats all that it is for,
// and each grain knows by its id whether it had counted it.
func Recommendations(store persistence.Store, a grains.Asker) events.Handler {
	learn := func(ctx context.Context, batch []*events.Delivery) []error {
		l := lessons{ctx: ctx, asker: a, batch: batch, results: make([]error, len(batch)), byGrain: map[string]*lesson{}}
		l.read()
		l.teach()
		return l.results
	}
	return Each(
		On(keepViews(store), "product.viewed"),
		On(learn, "order.created", "product.viewed", "wishlist.item_added", "wishlist.item_removed"),
		On(forget(store, a), "user.deleted"),
		On(onCompanyDeleted(store, a, affinities, trends), "company.deleted"),
	)
}

var (
	affinities = belongings{recommend.Affinities, recommendpb.Affinity, func() proto.Message { return &recommendpb.Forget{} }}
	trends     = belongings{recommend.Trends, recommendpb.Trending, func() proto.Message { return &recommendpb.Forget{} }}
)

// keepViews inserts the customers' views as rows.
func keepViews(store persistence.Store) events.Handler {
	return insert(store, recommend.Views, func(d *events.Delivery) (*persistence.Document, error) {
		var v events.ProductViewed
		if err := d.Decode(&v); err != nil || v.UserID == "" {
			return nil, err
		}
		state, err := store.Marshal(&v)
		return &persistence.Document{
			OwnerID: v.UserID, Fields: []any{v.ProductID, v.Duration}, State: state,
			WakeAt: d.OccurredAt.Add(recommend.ViewsKept),
		}, err
	})
}

// lessons are what one batch teaches, gathered by the grain that is to learn it.
type lessons struct {
	ctx     context.Context
	asker   grains.Asker
	batch   []*events.Delivery
	results []error // of each delivery

	orders  []order
	byGrain map[string]*lesson
	inOrder []*lesson
}

// lesson is one command, and the deliveries that it is made of.
type lesson struct {
	kind string
	id   entrepot.ID
	cmd  proto.Message
	of   []int
}

// order is what is learnt from an order.created.
type order struct {
	events.OrderCreated
	delivery int
	atMs     int64
	products []entrepot.ID // each once
}

// read turns the deliveries into lessons. What cannot be read never will be.
func (l *lessons) read() {
	for i, d := range l.batch {
		var err error
		switch d.Type {
		case "order.created":
			o := order{delivery: i, atMs: d.OccurredAt.UnixMilli()}
			if err = json.Unmarshal(d.Data, &o.OrderCreated); err == nil {
				l.order(d, o)
			}
		case "product.viewed":
			var v events.ProductViewed
			if err = d.Decode(&v); err == nil && !v.Repeated {
				l.trend(d, i, v.CompanyID, []entrepot.ID{v.ProductID}, recommend.WeightView)
			}
		case "wishlist.item_added", "wishlist.item_removed":
			var w events.WishlistItemAdded // reads what both have
			how := recommend.Wished
			if d.Type == "wishlist.item_removed" {
				how = recommend.Unwished
			}
			if err = d.Decode(&w); err == nil {
				l.like(d, i, w.UserID, &recommendpb.Liking{How: how, ProductIds: []string{w.ProductID}})
			}
		}
		if err != nil {
			l.results[i] = events.Permanent(fmt.Errorf("%s: %w", d.Type, err))
		}
	}
	l.affinities()
}

func (l *lessons) order(d *events.Delivery, o order) {
	for _, it := range o.Items {
		if !slices.Contains(o.products, it.ProductID) {
			o.products = append(o.products, it.ProductID)
		}
	}
	if len(o.products) == 0 {
		return
	}
	l.orders = append(l.orders, o)
	l.trend(d, o.delivery, o.CompanyID, o.products, recommend.WeightOrder)
}

// of is the lesson of a grain, made at its first mention in the batch.
func (l *lessons) of(delivery int, kind string, id entrepot.ID, make func() proto.Message) proto.Message {
	key := kind + "/" + id
	g := l.byGrain[key]
	if g == nil {
		g = &lesson{kind: kind, id: id, cmd: make()}
		l.byGrain[key] = g
		l.inOrder = append(l.inOrder, g)
	}
	if !slices.Contains(g.of, delivery) {
		g.of = append(g.of, delivery)
	}
	return g.cmd
}

func (l *lessons) trend(d *events.Delivery, i int, company entrepot.ID, products []entrepot.ID, weight float64) {
	s := &recommendpb.Signal{EventId: d.ID, AtMs: d.OccurredAt.UnixMilli(), ProductIds: products, Weight: weight}
	if company != "" {
		c := l.of(i, recommendpb.Trending, company, func() proto.Message { return &recommendpb.Count{CompanyId: company} }).(*recommendpb.Count)
		c.Signals = append(c.Signals, s)
	}
	c := l.of(i, recommendpb.Trending, recommendpb.Everywhere(), func() proto.Message { return &recommendpb.Count{} }).(*recommendpb.Count)
	c.Signals = append(c.Signals, s)
}

func (l *lessons) like(d *events.Delivery, i int, user entrepot.ID, what *recommendpb.Liking) {
	if user == "" {
		return
	}
	c := l.of(i, recommendpb.Tastes, user, func() proto.Message { return &recommendpb.Like{} }).(*recommendpb.Like)
	what.EventId, what.AtMs = d.ID, d.OccurredAt.UnixMilli()
	c.Likings = append(c.Likings, what)
}

// affinities are told of each order with how much what else was in it is bought,
// which is asked first.
func (l *lessons) affinities() {
	popular, failed := l.popularity()
	for _, o := range l.orders {
		if err := failed[o.delivery]; err != nil {
			l.results[o.delivery] = err
			continue
		}
		for _, id := range o.products {
			p := &recommendpb.Purchase{OrderId: o.OrderID, AtMs: o.atMs}
			if len(o.products) <= recommend.MaxBasket {
				for _, other := range o.products {
					if other != id {
						p.With = append(p.With, &recommendpb.Companion{ProductId: other, Popularity: popular[other]})
					}
				}
			}
			c := l.of(o.delivery, recommendpb.Affinity, id, func() proto.Message { return &recommendpb.Bought{CompanyId: o.CompanyID} }).(*recommendpb.Bought)
			c.Purchases = append(c.Purchases, p)
		}
	}
}

// popularity asks every product that was in an order with another. Orders whose
// products did not answer wait for their next delivery.
func (l *lessons) popularity() (popular map[entrepot.ID]float64, failed map[int]error) {
	in := map[entrepot.ID][]int{}
	for _, o := range l.orders {
		if len(o.products) > 1 && len(o.products) <= recommend.MaxBasket {
			for _, id := range o.products {
				in[id] = append(in[id], o.delivery)
			}
		}
	}
	var mu sync.Mutex
	popular, failed = map[entrepot.ID]float64{}, map[int]error{}
	var asks []func()
	for id, deliveries := range in {
		asks = append(asks, func() {
			p, err := grains.Ask[*recommendpb.Popularity](l.as(deliveries[0]), l.asker, recommendpb.Affinity, id, &recommendpb.GetPopularity{})
			mu.Lock()
			defer mu.Unlock()
			if popular[id] = p.GetWeight(); err != nil {
				for _, i := range deliveries {
					failed[i] = err
				}
			}
		})
	}
	sideBySide(asks)
	return popular, failed
}

// teach sends every lesson. A delivery succeeds when all of its lessons did.
func (l *lessons) teach() {
	var mu sync.Mutex
	var asks []func()
	for _, g := range l.inOrder {
		asks = append(asks, func() {
			_, err := l.asker.Ask(l.as(g.of[0]), g.kind, g.id, g.cmd)
			if err == nil {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			for _, i := range g.of {
				l.results[i] = errors.Join(l.results[i], err)
			}
		})
	}
	sideBySide(asks)
}

// as is the platform acting for a delivery.
func (l *lessons) as(i int) context.Context {
	d := l.batch[i]
	return entrepot.WithCaller(grains.WithTrace(l.ctx, d.TraceParent), entrepot.SystemCaller(d.ID))
}

// sideBySide does all, some at a time.
func sideBySide(all []func()) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, reactions)
	for _, do := range all {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			do()
		})
	}
	wg.Wait()
}

// forget removes what is known of an erased user: the taste, and the views.
func forget(store persistence.Store, a grains.Asker) events.Handler {
	return func(ctx context.Context, batch []*events.Delivery) []error {
		results := make([]error, len(batch))
		for i, d := range batch {
			var e events.UserDeleted
			if err := d.Decode(&e); err != nil {
				results[i] = events.Permanent(err)
				continue
			}
			ctx := entrepot.WithCaller(grains.WithTrace(ctx, d.TraceParent), entrepot.SystemCaller(d.ID))
			_, err := a.Ask(grains.WithCommand(ctx, grains.CommandID{ID: d.ID}), recommendpb.Tastes, e.UserID, &recommendpb.Forget{})
			if err == nil {
				err = dropRows(ctx, store, recommend.Views, entrepot.OwnedBy(e.UserID), nil, d.OccurredAt, nil)
			}
			results[i] = err
		}
		return results
	}
}

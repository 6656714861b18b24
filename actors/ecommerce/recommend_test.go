package ecommerce

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"entrepot"
	"entrepot/actors/actorstest"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/ecommerce/recommend"
	"entrepot/grains/grainstest"
	"entrepot/persistence"
	"entrepot/persistence/storetest"
)

// learner is a member with the recommendation grains; calls to the kind that is down fail.
type learner struct {
	*grainstest.Member
	store persistence.Store
	down  string // a kind
}

func newLearner(t *testing.T) *learner {
	t.Helper()
	store := storetest.NewMemory()
	l := &learner{store: store}
	l.Member = grainstest.New(t, store, []*grains.Kind{
		recommend.AffinityKind(), recommend.TrendingKind(), recommend.TasteKind(),
	})
	if err := store.Ensure(t.Context(), []*persistence.Collection{recommend.Views}); err != nil {
		t.Fatal(err)
	}
	return l
}

// failing is the Asker of a learner.
type failing struct{ *learner }

func (f failing) Ask(
	ctx context.Context, to grains.Ref, message any, options ...grains.Option,
) (grains.Answer, error) {
	if to.Kind == f.down {
		return grains.Answer{}, entrepot.Unavailable("down")
	}
	return f.Member.Ask(ctx, to, message, options...)
}

func (l *learner) hand(t *testing.T, batch ...*events.Delivery) []error {
	t.Helper()
	return Recommendations(l.store, failing{l})(t.Context(), batch)
}

func (l *learner) want(t *testing.T, batch ...*events.Delivery) {
	t.Helper()
	for i, err := range l.hand(t, batch...) {
		if err != nil {
			t.Fatalf("%s: %v", batch[i].Type, err)
		}
	}
}

// weights describes the product's weights: orders, trend in the company and on the platform, and
// the taste of the user.
func (l *learner) weights(t *testing.T, product, user entrepot.ID) string {
	t.Helper()
	ask := func(kind string, id entrepot.ID, q any) any {
		r, err := l.Member.Ask(l.Platform(), grains.Ref{Kind: kind, ID: id}, q)
		if err != nil {
			t.Fatal(err)
		}
		return r.Value
	}
	out := []string{
		fmt.Sprintf("orders %.0f",
			ask(recommend.AffinityName, product, recommend.GetPopularity{}).(*recommend.Popularity).Weight),
	}
	for _, id := range []entrepot.ID{"c", recommend.Everywhere()} {
		for _, p := range ask(recommend.TrendingName, id, recommend.GetTop{Limit: 10}).(*recommend.Top).Products {
			if p.ID == product {
				out = append(out, fmt.Sprintf("trend %.0f", p.Score))
			}
		}
	}
	for _, i := range ask(recommend.TasteName, user, recommend.GetTaste{}).(*recommend.Profile).Items {
		if i.ProductID == product {
			out = append(out, fmt.Sprintf("%s %.0f", i.How, i.Weight))
		}
	}
	return strings.Join(out, ", ")
}

func placed(n int, customer entrepot.ID, products ...entrepot.ID) *events.Delivery {
	var items []string
	for _, p := range products {
		items = append(items, `{"productId":"`+p+`","quantity":1}`)
	}
	d := actorstest.Delivery(entrepot.DeriveID("event", fmt.Sprint(n)), "order.created",
		fmt.Sprintf(`{"orderId":%q,"companyId":"c","customerId":%q,"items":[%s]}`,
			entrepot.DeriveID("order", fmt.Sprint(n)), customer, strings.Join(items, ",")))
	d.OccurredAt = time.Now().Add(-time.Minute)
	return d
}

// A repeated delivery counts once, whichever part of it failed the first time.
func TestRepeatedSignalsCountOnce(t *testing.T) {
	t.Parallel()
	mug, tea, ann := entrepot.DeriveID("mug"), entrepot.DeriveID("tea"), entrepot.DeriveID("ann")
	for _, down := range []string{recommend.AffinityName, recommend.TrendingName, recommend.TasteName} {
		t.Run(down, func(t *testing.T) {
			t.Parallel()
			l := newLearner(t)
			first, second := placed(1, ann, mug, tea, mug), placed(2, ann, mug)
			wish := actorstest.Delivery(
				entrepot.DeriveID("wish"), "wishlist.item_added", `{"userId":"`+ann+`","productId":"`+tea+`"}`,
			)
			wish.OccurredAt = time.Now()
			seen := actorstest.Delivery(
				entrepot.DeriveID("view"), "product.viewed",
				`{"userId":"`+ann+`","productId":"`+mug+`","companyId":"c","viewedAt":"2026-11-25T10:00:00Z"}`,
			)
			seen.OccurredAt = time.Now()
			l.down = down
			failed := 0
			for _, err := range l.hand(t, first, second, wish, seen) {
				if err != nil {
					failed++
					if events.IsPermanent(err) {
						t.Fatalf("%v", err)
					}
				}
			}
			if want := map[string]int{
				recommend.AffinityName: 2, recommend.TrendingName: 3, recommend.TasteName: 1,
			}[down]; failed != want {
				t.Fatalf("%d deliveries failed, want %d", failed, want)
			}
			l.down = ""
			l.want(t, first, second, seen)
			l.want(t, second, first, wish, seen)
			l.Restart()
			l.want(t, placed(1, ann, mug, tea, mug), seen)
			if got := l.weights(t, mug, ann); got != "orders 2, trend 11, trend 11" {
				t.Errorf("weights of the mug: %s", got)
			}
			if got := l.weights(t, tea, ann); got != "orders 1, trend 5, trend 5, wished 3" {
				t.Errorf("weights of the tea: %s", got)
			}
			docs, _, err := l.store.Find(t.Context(), recommend.Views, entrepot.OwnedBy(ann), persistence.Query{Limit: 10})
			if err != nil || len(docs) != 1 || docs[0].ID != seen.ID ||
				!docs[0].WakeAt.Equal(persistence.Millis(seen.OccurredAt.Add(recommend.ViewsKept))) {
				t.Errorf("%+v, %v", docs, err)
			}
		})
	}
}

func TestLargeOrderHasNoPairs(t *testing.T) {
	t.Parallel()
	l := newLearner(t)
	var many []entrepot.ID
	for i := range recommend.MaxBasket + 1 {
		many = append(many, entrepot.DeriveID("p", fmt.Sprint(i)))
	}
	l.want(t, placed(1, "u", many...), placed(2, "u", many[:recommend.MaxBasket]...))
	near, err := grains.Ask(l.Platform(), l.Member, recommend.AffinityOf(many[0]), recommend.GetNeighbours{})
	if err != nil || len(near.Neighbours) != recommend.MaxBasket-1 {
		t.Fatalf("neighbours %v, error %v, want %d", near, err, recommend.MaxBasket-1)
	}
	if got := l.weights(t, many[0], "u"); !strings.HasPrefix(got, "orders 2, trend 10") {
		t.Errorf("%s", got)
	}
}

func TestBatchIsOneCommandPerGrain(t *testing.T) {
	t.Parallel()
	a := &actorstest.Recorder{Answer: func(any) error { return nil }}
	var batch []*events.Delivery
	for i := range 100 {
		d := actorstest.Delivery(
			fmt.Sprint("e", i), "product.viewed", `{"productId":"p","companyId":"c","viewedAt":"2026-11-25T10:00:00Z"}`,
		)
		batch = append(batch, d)
	}
	batch = append(
		batch,
		actorstest.Delivery("x", "product.viewed", `{"productId":7}`),
		actorstest.Delivery("y", "order.created", `[]`),
		actorstest.Delivery("z", "order.created", `{"orderId":"o","companyId":"c"}`),
		actorstest.Delivery("w", "product.viewed",
			`{"productId":"p","companyId":"c","viewedAt":"2026-11-25T10:00:00Z","repeated":true}`),
	)
	store := storetest.NewMemory()
	if err := store.Ensure(t.Context(), []*persistence.Collection{recommend.Views}); err != nil {
		t.Fatal(err)
	}
	results := Recommendations(store, a)(t.Context(), batch)
	if !events.IsPermanent(results[100]) || !events.IsPermanent(results[101]) || results[0] != nil ||
		results[102] != nil || results[103] != nil {
		t.Fatalf("results: %v", results[100:])
	}
	if len(a.Cmds) != 2 || len(a.Cmds[0].(recommend.Count).Signals) != 100 ||
		slices.Contains(a.Kinds, recommend.TasteName) {
		t.Fatalf("%d commands: %v", len(a.Cmds), a.Kinds)
	}
}

// The views of a deleted user are emptied and lose their owner at once; the waker removes them.
func TestDeletedUserLosesViews(t *testing.T) {
	t.Parallel()
	l := newLearner(t)
	ann, ben := entrepot.DeriveID("ann"), entrepot.DeriveID("ben")
	for i, user := range []entrepot.ID{ann, ann, ben} {
		l.want(
			t,
			actorstest.Delivery(
				entrepot.DeriveID("v", fmt.Sprint(i)), "product.viewed",
				`{"userId":"`+user+`","productId":"p","companyId":"c","viewedAt":"2026-11-25T10:00:00Z"}`,
			),
		)
	}
	gone := actorstest.Delivery("gone", "user.deleted", `{"userId":"`+ann+`","role":"customer"}`)
	l.want(t, gone)
	l.want(t, gone)
	docs, _, err := l.store.Find(t.Context(), recommend.Views, entrepot.AllTenants(), persistence.Query{Limit: 10})
	if err != nil || len(docs) != 3 {
		t.Fatalf("%d, %v", len(docs), err)
	}
	for _, d := range docs {
		if emptied := d.OwnerID == "" && d.Fields[0] == nil && !strings.Contains(string(d.State), ann); emptied == (d.OwnerID == ben) {
			t.Errorf("%+v", d)
		}
	}
	n, err := l.store.Purge(t.Context(), recommend.Views, gone.OccurredAt, 10)
	if err != nil || n != 2 {
		t.Errorf("%d rows purged, want 2: %v", n, err)
	}
	if err := l.hand(t, actorstest.Delivery("bad", "user.deleted", `7`))[0]; !events.IsPermanent(err) {
		t.Errorf("%v", err)
	}
}

func TestRemovedWishLeavesTaste(t *testing.T) {
	t.Parallel()
	l := newLearner(t)
	mug, ann := entrepot.DeriveID("mug"), entrepot.DeriveID("ann")
	wish := actorstest.Delivery("wish", "wishlist.item_added", fmt.Sprintf(`{"userId":%q,"productId":%q}`, ann, mug))
	given := actorstest.Delivery("given", "wishlist.item_removed", fmt.Sprintf(`{"userId":%q,"productId":%q}`, ann, mug))
	wish.OccurredAt, given.OccurredAt = time.Now(), time.Now()
	for _, step := range []struct {
		batch []*events.Delivery
		want  string
	}{
		{[]*events.Delivery{wish}, "orders 0, wished 3"},
		{[]*events.Delivery{wish, given}, "orders 0"},
		{[]*events.Delivery{given, wish}, "orders 0"},
	} {
		l.want(t, step.batch...)
		if got := l.weights(t, mug, ann); got != step.want {
			t.Errorf("weights %s, want %s", got, step.want)
		}
	}
}

func TestDeletedCompanyIsForgotten(t *testing.T) {
	t.Parallel()
	l := newLearner(t)
	mug, tea := entrepot.DeriveID("mug"), entrepot.DeriveID("tea")
	l.want(t, placed(1, "u", mug, tea))
	for range 2 {
		l.want(t, actorstest.Delivery("gone", "company.deleted", `{"companyId":"c"}`))
	}
	if got := l.weights(t, mug, "x"); got != "orders 0, trend 5" { // the trend of the platform decays by itself
		t.Errorf("%s", got)
	}
}

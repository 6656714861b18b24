package mongostore

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"entrepot"
	"entrepot/persistence"
)

func e(key string, value any) bson.E { return bson.E{Key: key, Value: value} }

// Load returns one document, or ErrNotFound.
func (s *Store) Load(ctx context.Context, c *persistence.Collection, id entrepot.ID) (*persistence.Document, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.leave()
	t, err := s.table(c)
	if err != nil {
		return nil, err
	}
	raw, err := t.coll.FindOne(ctx, bson.D{e("_id", idValue(id))}).Raw()
	switch {
	case errors.Is(err, mongo.ErrNoDocuments):
		return nil, persistence.ErrNotFound
	case err != nil:
		return nil, err
	}
	d, err := t.decode(raw)
	if err != nil {
		return nil, err
	}
	return &d, nil
}

// Due returns documents whose wakeAt has passed. The filter repeats the condition of the partial
// index, because FerretDB uses the index only then.
func (s *Store) Due(
	ctx context.Context, c *persistence.Collection, now time.Time, limit int,
) ([]persistence.Due, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.leave()
	t, err := s.table(c)
	if err != nil {
		return nil, err
	}
	filter := bson.D{e("wakeAt", bson.D{e("$exists", true), e("$lte", bson.NewDateTimeFromTime(now))})}
	o := options.Find().SetSort(bson.D{e("wakeAt", 1), e("_id", 1)}).SetLimit(int64(limit)).
		SetProjection(bson.D{e("wakeAt", 1)})
	docs, err := t.find(ctx, filter, o)
	var due []persistence.Due
	for _, d := range docs {
		due = append(due, persistence.Due{ID: d.ID, WakeAt: d.WakeAt})
	}
	return due, err
}

// Purge deletes documents whose wakeAt has passed. The delete checks wakeAt again, so that a
// document written meanwhile stays.
func (s *Store) Purge(ctx context.Context, c *persistence.Collection, now time.Time, limit int) (int, error) {
	due, err := s.Due(ctx, c, now, limit)
	if err != nil || len(due) == 0 {
		return 0, err
	}
	if err := s.enter(); err != nil {
		return 0, err
	}
	defer s.leave()
	t, err := s.table(c)
	if err != nil {
		return 0, err
	}
	ids := make(bson.A, len(due))
	for i, d := range due {
		ids[i] = idValue(d.ID)
	}
	r, err := t.coll.DeleteMany(ctx, bson.D{
		e("_id", bson.D{e("$in", ids)}), e("wakeAt", bson.D{e("$lte", bson.NewDateTimeFromTime(now))}),
	})
	if err != nil {
		return 0, err
	}
	return int(r.DeletedCount), nil
}

func (t *table) find(
	ctx context.Context, filter bson.D, o *options.FindOptionsBuilder,
) (docs []persistence.Document, err error) {
	cursor, err := t.coll.Find(ctx, filter, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, cursor.Close(ctx)) }()
	for cursor.Next(ctx) {
		// The cursor reuses its buffer, so the document needs a copy.
		d, err := t.decode(append(bson.Raw(nil), cursor.Current...))
		if err != nil {
			return nil, err
		}
		docs = append(docs, d)
	}
	return docs, cursor.Err()
}

// Find returns a page of documents and the cursor of the next page.
func (s *Store) Find(
	ctx context.Context, c *persistence.Collection, scope entrepot.Scope, q persistence.Query,
) ([]persistence.Document, string, error) {
	if err := s.enter(); err != nil {
		return nil, "", err
	}
	defer s.leave()
	t, err := s.table(c)
	if err != nil {
		return nil, "", err
	}
	p, err := persistence.NewPlan(c, q)
	if err != nil || scope.Empty() {
		return nil, "", err
	}
	order := 1
	if p.Desc {
		order = -1
	}
	var docs []persistence.Document
	for _, r := range p.Ranges() {
		o := options.Find().SetSort(bson.D{e(p.Sort, order), e("_id", order)}).SetLimit(int64(p.Limit + 1 - len(docs))).
			SetProjection(bson.D{e("recent", 0), e("outbox", 0)})
		more, err := t.find(ctx, filterOf(t, scope, p, r), o)
		if err != nil {
			return nil, "", err
		}
		if docs = append(docs, more...); len(docs) > p.Limit {
			docs = docs[:p.Limit]
			return docs, p.Next(c, &docs[p.Limit-1]), nil
		}
	}
	return docs, "", nil
}

// Count returns the number of matching documents, at most limit.
func (s *Store) Count(
	ctx context.Context, c *persistence.Collection, scope entrepot.Scope, where []persistence.Cond, limit int,
) (int, error) {
	if err := s.enter(); err != nil {
		return 0, err
	}
	defer s.leave()
	t, err := s.table(c)
	if err != nil {
		return 0, err
	}
	p, err := persistence.NewCountPlan(c, where)
	if err != nil || scope.Empty() {
		return 0, err
	}
	filter := filterOf(t, scope, p, persistence.RangeAll)
	n, err := t.coll.CountDocuments(ctx, filter, options.Count().SetLimit(int64(limit)))
	return int(n), err
}

// filterOf returns the filter for one range of a plan. Its terms are combined by $and, so that no
// term can replace another, in particular the scope.
func filterOf(t *table, scope entrepot.Scope, p *persistence.Plan, r persistence.Range) bson.D {
	terms := scopeTerms(scope)
	for _, w := range p.Where {
		terms = append(terms, t.condTerms(w)...)
	}
	terms = append(terms, rangeTerms(p, r)...)
	if len(terms) == 0 {
		return bson.D{}
	}
	return bson.D{e("$and", terms)}
}

func scopeTerms(s entrepot.Scope) (terms bson.A) {
	if s.All() {
		return nil
	}
	if s.OwnerID != "" {
		terms = append(terms, is("ownerId", "$eq", idValue(s.OwnerID)))
	}
	if s.CompanyID != "" {
		terms = append(terms, is("companyId", "$eq", idValue(s.CompanyID)))
	}
	if s.ShopIDs != nil {
		shops := bson.A{}
		for _, id := range s.ShopIDs {
			shops = append(shops, idValue(id))
		}
		terms = append(terms, is("shopId", "$in", shops))
	}
	return terms
}

// is returns one comparison. The value follows an operator, so it is always treated as data.
func is(field, op string, value any) bson.D { return bson.D{e(field, bson.D{e(op, value)})} }

func rangeTerms(p *persistence.Plan, r persistence.Range) bson.A {
	op := "$gt"
	if p.Desc {
		op = "$lt"
	}
	switch r {
	case persistence.RangeBeyond:
		v := p.After.Value
		return bson.A{
			is(p.Sort, op+"e", v), // lets the index be used; the next term is exact
			bson.D{e("$or", bson.A{is(p.Sort, op, v), bson.D{e("$and", bson.A{is(p.Sort, "$eq", v), idBeyond(p)})}})},
		}
	case persistence.RangeNone:
		terms := bson.A{is(p.Sort, "$exists", false)}
		if p.After.Value == nil {
			terms = append(terms, idBeyond(p))
		}
		return terms
	case persistence.RangeSome:
		return bson.A{is(p.Sort, "$exists", true)}
	default:
		return nil
	}
}

// idBeyond selects the ids after the position's. Comparisons cover a single BSON type, and strings
// sort before ObjectIDs.
func idBeyond(p *persistence.Plan) bson.D {
	id := idValue(p.After.ID)
	_, isString := id.(string)
	switch {
	case p.Desc && !isString:
		return bson.D{e("$or", bson.A{is("_id", "$lt", id), is("_id", "$type", "string")})}
	case p.Desc:
		return is("_id", "$lt", id)
	case isString:
		return bson.D{e("$or", bson.A{is("_id", "$gt", id), is("_id", "$type", "objectId")})}
	default:
		return is("_id", "$gt", id)
	}
}

func (t *table) condTerms(w persistence.Cond) (terms bson.A) {
	value := func(v any) any { return v }
	if w.Field == persistence.CompanyID || w.Field == persistence.ShopID || w.Field == persistence.OwnerID {
		value = func(v any) any { return idValue(v.(string)) }
	}
	switch w.Op {
	case persistence.Eq:
		if w.Value == nil {
			return bson.A{is(w.Field, "$exists", false)}
		}
		terms = bson.A{is(w.Field, "$eq", value(w.Value))}
	case persistence.In:
		values := bson.A{}
		for _, v := range w.Values {
			values = append(values, value(v))
		}
		terms = bson.A{is(w.Field, "$in", values)}
	case persistence.Gte:
		terms = bson.A{is(w.Field, "$gte", w.Value)}
	case persistence.Lt:
		terms = bson.A{is(w.Field, "$lt", w.Value)}
	case persistence.Prefix:
		terms = bson.A{is(w.Field, "$gte", w.Value)}
		if end, ok := persistence.PrefixEnd(w.Value.(string)); ok {
			terms = append(terms, is(w.Field, "$lt", end))
		}
	}
	return terms
}

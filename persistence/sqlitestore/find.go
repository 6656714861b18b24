package sqlitestore

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"entrepot"
	"entrepot/persistence"
)

// query is a WHERE clause under construction.
type query struct {
	terms []string
	args  []value
}

func (q *query) add(term string, args ...value) {
	q.terms = append(q.terms, term)
	q.args = append(q.args, args...)
}

func (q *query) in(column string, values []value) {
	if len(values) == 0 {
		q.add("0")
		return
	}
	q.add(column+" IN (?"+strings.Repeat(",?", len(values)-1)+")", values...)
}

// Find returns a page of documents and the cursor of the next page.
func (s *Store) Find(
	ctx context.Context, c *persistence.Collection, scope entrepot.Scope, q persistence.Query,
) ([]persistence.Document, string, error) {
	t, err := s.table(c)
	if err != nil {
		return nil, "", err
	}
	p, err := persistence.NewPlan(c, q)
	if err != nil || scope.Empty() {
		return nil, "", err
	}
	var docs []persistence.Document
	err = s.read(ctx, func(conn *conn) error {
		for _, r := range p.Ranges() {
			text, args := t.find(scope, p, r, p.Limit+1-len(docs))
			err := conn.rows(ctx, text, args, func(row []value) error {
				d, err := t.scan(row)
				docs = append(docs, d)
				return err
			})
			if err != nil || len(docs) > p.Limit {
				return err
			}
		}
		return nil
	})
	if err != nil || len(docs) <= p.Limit {
		return docs, "", err
	}
	docs = docs[:p.Limit]
	return docs, p.Next(c, &docs[p.Limit-1]), nil
}

// Count returns the number of matching documents, at most limit.
func (s *Store) Count(
	ctx context.Context, c *persistence.Collection, scope entrepot.Scope, where []persistence.Cond, limit int,
) (n int, err error) {
	t, err := s.table(c)
	if err != nil {
		return 0, err
	}
	p, err := persistence.NewCountPlan(c, where)
	if err != nil || scope.Empty() {
		return 0, err
	}
	q := &query{}
	addScope(q, scope)
	for _, w := range p.Where {
		t.addCond(q, w)
	}
	text := "SELECT 1 FROM " + quote(c.Name)
	if len(q.terms) > 0 {
		text += " WHERE " + strings.Join(q.terms, " AND ")
	}
	text = "SELECT COUNT(*) FROM (" + text + " LIMIT ?)"
	err = s.read(ctx, func(conn *conn) error {
		return conn.rows(ctx, text, append(q.args, int64(limit)), func(row []value) error {
			r := rowReader{row: row}
			n = int(r.int())
			return r.err
		})
	})
	return n, err
}

// find returns the statement and arguments for one range of a plan.
func (t *table) find(scope entrepot.Scope, p *persistence.Plan, r persistence.Range, limit int) (string, []value) {
	q := &query{}
	addScope(q, scope)
	for _, w := range p.Where {
		t.addCond(q, w)
	}
	sort, beyond, order := column(p.Sort), ">", "ASC"
	if p.Desc {
		beyond, order = "<", "DESC"
	}
	switch r {
	case persistence.RangeAll:
	case persistence.RangeBeyond:
		q.add(fmt.Sprintf("(%s, id) %s (?, ?)", sort, beyond), toColumn(p.After.Value), p.After.ID)
	case persistence.RangeNone:
		q.add(sort + " IS NULL")
		if p.After.Value == nil {
			q.add("id "+beyond+" ?", p.After.ID)
		}
	case persistence.RangeSome:
		q.add(sort + " IS NOT NULL")
	}
	text := t.list
	if len(q.terms) > 0 {
		text += " WHERE " + strings.Join(q.terms, " AND ")
	}
	text += fmt.Sprintf(" ORDER BY %s %s, id %s LIMIT ?", sort, order, order)
	return text, append(q.args, int64(limit))
}

func addScope(q *query, s entrepot.Scope) {
	if s.All() {
		return
	}
	if s.OwnerID != "" {
		q.add("owner_id = ?", s.OwnerID)
	}
	if s.CompanyID != "" {
		q.add("company_id = ?", s.CompanyID)
	}
	if s.ShopIDs != nil {
		shops := make([]value, len(s.ShopIDs))
		for i, id := range s.ShopIDs {
			shops[i] = id
		}
		q.in("shop_id", shops)
	}
}

func (t *table) addCond(q *query, w persistence.Cond) {
	name := column(w.Field)
	switch w.Op {
	case persistence.Eq:
		if w.Value == nil {
			q.add(name + " IS NULL")
			return
		}
		q.add(name+" = ?", toColumn(w.Value))
	case persistence.In:
		values := make([]value, len(w.Values))
		for i, v := range w.Values {
			values[i] = toColumn(v)
		}
		q.in(name, values)
	case persistence.Gte:
		q.add(name+" >= ?", toColumn(w.Value))
	case persistence.Lt:
		q.add(name+" < ?", toColumn(w.Value))
	case persistence.Prefix:
		q.add(name+" >= ?", w.Value)
		if end, ok := persistence.PrefixEnd(w.Value.(string)); ok {
			q.add(name+" < ?", end)
		}
	}
	if w.Op != persistence.Lt && w.Value != "" && !slices.Contains(w.Values, any("")) && t.uniqueText(w.Field) {
		q.add(name + " > ''") // the partial unique index requires this condition
	}
}

// uniqueText reports whether the field has a unique index, which covers only non-empty strings.
func (t *table) uniqueText(field string) bool {
	for _, f := range t.c.Fields {
		if f.Name == field {
			return f.Unique && f.Type == persistence.String
		}
	}
	return false
}

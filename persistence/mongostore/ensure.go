package mongostore

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"entrepot/persistence"
)

// table is a collection that has been ensured.
type table struct {
	c    *persistence.Collection
	coll *mongo.Collection
}

func (s *Store) table(c *persistence.Collection) (*table, error) {
	if t, ok := s.tables.Load(c.Name); ok {
		return t.(*table), nil
	}
	return nil, fmt.Errorf("mongostore: collection %s was not ensured", c.Name)
}

// Ensure creates missing indexes and tests the compare-and-set. It never drops an index, so that
// members of an older version continue to work during a rolling restart. A newly declared field is
// missing in each document until its next write.
func (s *Store) Ensure(ctx context.Context, collections []*persistence.Collection) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	for _, c := range collections {
		if err := c.Validate(); err != nil {
			return err
		}
		t := &table{c: c, coll: s.db.Collection(c.Name)}
		if _, err := t.coll.Indexes().CreateMany(ctx, indexes(c)); err != nil {
			return fmt.Errorf("mongostore: %s: %w", c.Name, err)
		}
		s.tables.Store(c.Name, t)
	}
	probe := &table{c: persistence.ProbeCollection, coll: s.db.Collection(persistence.ProbeCollection.Name)}
	s.tables.Store(probe.c.Name, probe)
	id, err := persistence.Probe(ctx, s)
	if err != nil {
		return err
	}
	_, err = probe.coll.DeleteOne(ctx, bson.D{{Key: "_id", Value: idValue(id)}})
	return err
}

// uniquePrefix starts the names of unique indexes. A duplicate key error names the index, and
// thereby the field.
const uniquePrefix = "unique_"

func indexes(c *persistence.Collection) []mongo.IndexModel {
	var models []mongo.IndexModel
	seen := map[string]bool{}
	add := func(name string, o *options.IndexOptionsBuilder, keys ...string) {
		if seen[name] {
			return
		}
		seen[name] = true
		doc := bson.D{}
		for _, k := range keys {
			doc = append(doc, bson.E{Key: k, Value: 1})
		}
		models = append(models, mongo.IndexModel{Keys: doc, Options: o.SetName(name)})
	}
	exists := bson.D{{Key: "$exists", Value: true}}
	add("wakeAt", options.Index().SetPartialFilterExpression(bson.D{{Key: "wakeAt", Value: exists}}), "wakeAt", "_id")
	for _, keys := range append([][]string{
		{persistence.CompanyID, persistence.CreatedAt}, {persistence.OwnerID, persistence.CreatedAt},
	}, c.Indexes...) {
		add(strings.Join(keys, "."), options.Index(), append(slices.Clone(keys), "_id")...)
	}
	for _, f := range c.Fields {
		if !f.Unique {
			continue
		}
		// The index omits absent and empty values, so that they do not conflict.
		holds := exists
		if f.Type == persistence.String {
			holds = bson.D{{Key: "$gt", Value: ""}}
		}
		filter := bson.D{{Key: f.Name, Value: holds}}
		add(uniquePrefix+f.Name, options.Index().SetUnique(true).SetPartialFilterExpression(filter), f.Name)
	}
	return models
}

package check

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"entrepot/events"
	"entrepot/persistence/mongostore"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// mongoDB reads an installation on a MongoDB-compatible server.
type mongoDB struct {
	client *mongo.Client
	prefix string
	rabbit *Rabbit
}

// codec turns BSON into states. It needs no connection.
var codec = new(mongostore.Store)

// Mongo is the installation whose databases begin with prefix. The broker may be nil.
func Mongo(uri, prefix string, r *Rabbit) (Source, error) {
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		return nil, err
	}
	return &mongoDB{client, prefix, r}, nil
}

func (m *mongoDB) Each(ctx context.Context, database, collection string, f func(Doc) error) (err error) {
	cursor, err := m.client.Database(m.prefix+database).Collection(collection).Find(ctx, bson.D{}, options.Find().SetBatchSize(1000))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cursor.Close(ctx)) }()
	for cursor.Next(ctx) {
		d, err := docOf(append(bson.Raw(nil), cursor.Current...)) // the cursor reuses its memory
		if err != nil {
			return err
		}
		if err := f(d); err != nil {
			return err
		}
	}
	return cursor.Err()
}

func docOf(raw bson.Raw) (Doc, error) {
	d := Doc{}
	if id, ok := raw.Lookup("_id").ObjectIDOK(); ok {
		d.ID = hex.EncodeToString(id[:])
	} else if d.ID, ok = raw.Lookup("_id").StringValueOK(); !ok {
		return d, fmt.Errorf("a document has the _id %v", raw.Lookup("_id"))
	}
	d.Version, _ = raw.Lookup("version").AsInt64OK()
	d.Sequence, _ = raw.Lookup("sequence").AsInt64OK()
	if at, ok := raw.Lookup("wakeAt").TimeOK(); ok {
		d.WakeAt = at
	}
	state, _ := raw.Lookup("state").DocumentOK()
	d.Decode = func(into any) error { return codec.Unmarshal(state, into) }
	outbox, ok := raw.Lookup("outbox").ArrayOK()
	if !ok {
		return d, nil
	}
	values, err := outbox.Values()
	if err != nil {
		return d, err
	}
	for _, v := range values {
		var e events.Envelope
		if err := codec.Unmarshal(v.Document(), &e); err != nil {
			return d, fmt.Errorf("outbox of %s: %w", d.ID, err)
		}
		d.Outbox = append(d.Outbox, e)
	}
	return d, nil
}

func (m *mongoDB) Kept(ctx context.Context) (map[string]int64, error) {
	if m.rabbit == nil {
		return nil, nil
	}
	return m.rabbit.Queues(ctx)
}

func (m *mongoDB) Close() error { return m.client.Disconnect(context.Background()) }

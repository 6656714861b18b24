package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains/ecommerce/cart"
	"entrepot/persistence"
	"entrepot/persistence/mongostore"

	"go.mongodb.org/mongo-driver/v2/mongo"
	mongooptions "go.mongodb.org/mongo-driver/v2/mongo/options"
)

// settings are those of the servers to run on; done removes what was made there.
func (b *bench) settings() (settings []string, done func(), err error) {
	if !b.stack {
		return []string{"MONGO_URI=", "AMQP_URL=", "CONSUL_ADDR="}, func() {}, nil
	}
	for _, name := range []string{"MONGO_URI", "AMQP_URL", "CONSUL_ADDR"} {
		if os.Getenv(name) == "" {
			return nil, nil, errors.New(name + ` is not set: eval "$(scripts/stack env)"`)
		}
	}
	name := "bench" + strconv.FormatInt(time.Now().Unix(), 36)
	b.prefix = name + "_"
	amqp, dropVhost, err := vhost(name)
	if err != nil {
		return nil, nil, err
	}
	return []string{"MONGO_PREFIX=" + b.prefix, "AMQP_URL=" + amqp, "CLUSTER_NAME=" + name}, func() {
		dropVhost()
		b.dropDatabases()
	}, nil
}

// vhost is a broker of one's own on the RabbitMQ of scripts/stack: the queues'
// names are the specification's, and others may be using them.
func vhost(name string) (amqp string, drop func(), err error) {
	u, err := url.Parse(os.Getenv("AMQP_URL"))
	if err != nil {
		return "", nil, err
	}
	ctl := func(args ...string) error {
		out, err := exec.Command("scripts/stack", append([]string{"rabbitmqctl", "-q"}, args...)...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("rabbitmqctl %v: %w: %s", args, err, out)
		}
		return nil
	}
	if err := ctl("add_vhost", name); err != nil {
		return "", nil, err
	}
	drop = func() {
		if err := ctl("delete_vhost", name); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
		}
	}
	if err := ctl("set_permissions", "-p", name, u.User.Username(), ".*", ".*", ".*"); err != nil {
		drop()
		return "", nil, err
	}
	u.Path = "/" + name
	return u.String(), drop, nil
}

func (b *bench) dropDatabases() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	client, err := mongo.Connect(mongooptions.Client().ApplyURI(os.Getenv("MONGO_URI")))
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		return
	}
	defer func() { _ = client.Disconnect(ctx) }()
	names, err := client.ListDatabaseNames(ctx, map[string]any{})
	for _, name := range names {
		if strings.HasPrefix(name, b.prefix) {
			err = errors.Join(err, client.Database(name).Drop(ctx))
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench: databases", b.prefix+"* are left:", err)
	}
}

// As the server's committers write: at most so many documents in a batch, so many batches at a time.
const (
	batchSize = 256
	inFlight  = 2
)

// direct measures the database's own rate for the writes of "add to cart", the
// same documents in bulks of compare-and-sets with nothing around them, and
// holds the server's rate against it: in bulks as the server's were, which
// its callers make as large as they are many, and in the largest.
func (b *bench) direct() error {
	if b.adds.perSecond == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	store, err := mongostore.Open(ctx, os.Getenv("MONGO_URI"), b.prefix+"direct", mongostore.Options{Timeout: 20 * time.Second})
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	if err := store.Ensure(ctx, []*persistence.Collection{cart.Collection}); err != nil {
		return err
	}
	b.table.row("%-32s %10.0f writes/s in bulks of %.0f with %.2f cores", "the database under the adds", b.adds.perSecond, b.adds.batch, b.adds.database)
	for _, size := range []int{int(b.adds.batch), batchSize} {
		batches, err := b.sampleCarts(ctx, size)
		if err != nil {
			return err
		}
		before, begin := databaseCPU(), time.Now()
		rate, err := bulkRate(ctx, store, batches, time.Duration(b.seconds*float64(time.Second)))
		if err != nil {
			return err
		}
		cores := (databaseCPU() - before).Seconds() / time.Since(begin).Seconds()
		b.table.row("%-32s %10.0f writes/s in bulks of %d, %d at a time, with %.2f cores", "the database by itself", rate, size, inFlight, cores)
		share := 100 * b.adds.perSecond / rate
		b.table.aim(fmt.Sprintf("adds beside the database's bulks of %d", size), fmt.Sprintf("%.0f/s of %.0f/s: %.0f %%", b.adds.perSecond, rate, share), "≥ 60 %", share >= 60)
		if cores > 0 && b.adds.database > 0 {
			share = 100 * (b.adds.perSecond / b.adds.database) / (rate / cores)
			b.table.aim("  for each CPU second it was given", fmt.Sprintf("%.0f %%", share), "≥ 60 %", share >= 60)
		}
	}
	return nil
}

// sampleCarts are copies of carts as the server wrote them, each with one new
// event, in batches of the size.
func (b *bench) sampleCarts(ctx context.Context, size int) ([][]persistence.Write, error) {
	from, err := mongostore.Open(ctx, os.Getenv("MONGO_URI"), b.prefix+"ecommercedb", mongostore.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { _ = from.Close() }()
	if err := from.Ensure(ctx, []*persistence.Collection{cart.Collection}); err != nil {
		return nil, err
	}
	found, _, err := from.Find(ctx, cart.Collection, entrepot.AllTenants(), persistence.Query{Limit: 1})
	if err == nil && len(found) == 0 {
		err = errors.New("no cart to copy")
	}
	if err != nil {
		return nil, err
	}
	doc, err := from.Load(ctx, cart.Collection, found[0].ID)
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(events.CartItemAdded{
		UserID: doc.ID, ItemID: doc.ID, ProductID: doc.ID, ShopID: doc.ID, CompanyID: doc.ID,
		Name: "Bench product 100", Quantity: 1, LineQuantity: 10, Price: "12.50", Currency: "EUR", Total: "125.00",
	})
	if err != nil {
		return nil, err
	}
	batches := make([][]persistence.Write, 4*inFlight)
	for i := range batches {
		for range size {
			w := persistence.Write{Collection: cart.Collection, Doc: *doc}
			w.Doc.ID, w.Doc.Version, w.Doc.Outbox = entrepot.NewID(), 0, nil
			w.Events = []events.Envelope{{
				ID: entrepot.NewID(), Type: "cart.item.added", Version: 1, OccurredAt: time.Now().UTC(), CompanyID: doc.ID, ShopID: doc.ID,
				Actor:     events.Actor{UserID: doc.ID, Role: entrepot.Customer, RequestID: doc.ID, IP: "127.0.0.1"},
				Aggregate: events.Aggregate{Kind: "Cart", ID: w.Doc.ID, Sequence: 1}, Data: data,
			}}
			batches[i] = append(batches[i], w)
		}
	}
	return batches, nil
}

// bulkRate commits the batches again and again, each document one version up.
func bulkRate(ctx context.Context, store persistence.Store, batches [][]persistence.Write, d time.Duration) (float64, error) {
	var wg sync.WaitGroup
	counts, errs := make([]int, inFlight), make([]error, inFlight)
	commit := func(k int, batch []persistence.Write) {
		for i := range batch {
			batch[i].Doc.Version++
		}
		for _, err := range store.Commit(ctx, batch) {
			errs[k] = errors.Join(errs[k], err)
		}
	}
	for _, batch := range batches { // they must be there
		commit(0, batch)
	}
	end := time.Now().Add(d)
	for k := range inFlight {
		wg.Go(func() {
			for i := k; time.Now().Before(end) && errs[k] == nil; i = (i + inFlight) % len(batches) {
				commit(k, batches[i])
				counts[k] += len(batches[i])
			}
		})
	}
	wg.Wait()
	total := 0
	for _, n := range counts {
		total += n
	}
	return float64(total) / d.Seconds(), errors.Join(errs...)
}

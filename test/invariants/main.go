// Command invariants reads an installation's databases from outside, after a run
// and once all is quiet, and exits 1 when they break I1 to I6 of
// docs/guarantees.md.
//
//	go run ./test/invariants -data ./data
//	go run ./test/invariants -mongo mongodb://127.0.0.1:27017 -prefix "" -amqp amqp://guest:guest@127.0.0.1:5672/
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"entrepot/test/check"
)

func main() {
	data := flag.String("data", "", "folder of an embedded installation")
	mongo := flag.String("mongo", "", "address of its MongoDB")
	prefix := flag.String("prefix", "", "what its databases' names begin with")
	amqp := flag.String("amqp", "", "address of its RabbitMQ; empty: the queues are not looked at")
	management := flag.String("management", "", "address of RabbitMQ's management API; empty: port 15672 beside -amqp")
	history := flag.String("history", "", "file of what the clients of the run saw, as test/e2e keeps it")
	flag.Parse()
	if err := run(*data, *mongo, *prefix, *amqp, *management, *history); err != nil {
		fmt.Fprintln(os.Stderr, "invariants:", err)
		os.Exit(1)
	}
}

func run(data, mongo, prefix, amqp, management, history string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	s, err := source(data, mongo, prefix, amqp, management)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	w, err := check.Read(ctx, s)
	if err != nil {
		return err
	}
	var h *check.History
	if history != "" {
		if h, err = check.Load(history); err != nil {
			return err
		}
	}
	found := check.Check(w, h)
	for _, v := range found {
		fmt.Println(v)
	}
	fmt.Println(w.Summary())
	if len(found) > 0 {
		return fmt.Errorf("%d violations", len(found))
	}
	return nil
}

func source(data, mongo, prefix, amqp, management string) (check.Source, error) {
	switch {
	case data != "" && mongo == "":
		return check.SQLite(data), nil
	case mongo != "" && data == "":
		if amqp == "" {
			return check.Mongo(mongo, prefix, nil)
		}
		r, err := check.NewRabbit(amqp, management)
		if err != nil {
			return nil, err
		}
		return check.Mongo(mongo, prefix, r)
	default:
		return nil, errors.New("give -data or -mongo")
	}
}

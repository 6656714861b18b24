package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"entrepot"
	"entrepot/cmd/entrepot/services"
	"entrepot/grains/auth/user"
	"entrepot/http/edge"
	"entrepot/persistence"
	"entrepot/persistence/mongostore"
	"entrepot/persistence/sqlitestore"
)

// pruneSeal removes the keys of the seal that nothing needs. What they sealed for
// mails is void after a time; a second factor's secret is under its key until its
// user logs in with a code again, so the users are looked through before a key goes.
func (k *keyring) pruneSeal(ctx context.Context, out io.Writer) error {
	old := slices.DeleteFunc(k.seal.List(), func(x edge.SealInfo) bool { return x.State != "old" })
	if len(old) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	store, done, err := k.cfg.openUsers(ctx)
	if err != nil {
		return fmt.Errorf("keys of the seal are kept, as the users cannot be read: %w", err)
	}
	needed := map[string]int{}
	if err = store.Ensure(ctx, []*persistence.Collection{user.Collection}); err == nil {
		needed, err = k.secondFactors(ctx, store)
	}
	if err = errors.Join(err, done()); err != nil {
		return fmt.Errorf("keys of the seal are kept, as the users cannot be read: %w", err)
	}
	removed, err := k.seal.Prune(needed)
	for _, x := range removed {
		fmt.Fprintln(out, "removed", x.ID)
	}
	for _, x := range old {
		if n := needed[x.ID]; n > 0 {
			fmt.Fprintf(out, "kept %s: %d second factors have not been used since another key seals\n", x.ID, n)
		}
	}
	return err
}

// secondFactors counts the secrets that each key has sealed.
func (k *keyring) secondFactors(ctx context.Context, store persistence.Store) (map[string]int, error) {
	n, q, users := map[string]int{}, persistence.Query{Limit: 100}, 0
	for {
		docs, next, err := store.Find(ctx, user.Collection, entrepot.AllTenants(), q)
		if err != nil {
			return nil, err
		}
		users += len(docs)
		for i := range docs {
			sealed, err := user.SealedSecret(store.Unmarshal, &docs[i])
			if err != nil {
				return nil, fmt.Errorf("user %s: %w", docs[i].ID, err)
			}
			if sealed != nil {
				n[k.seal.KeyOf(sealed)]++
			}
		}
		if q.Cursor = next; next != "" {
			continue
		}
		if users == 0 {
			return nil, errors.New("there are none: another MONGO_URI, MONGO_PREFIX or DATA_DIR is meant")
		}
		return n, nil
	}
}

// openUsers is the auth service's database, to read; it may be in use.
func (c *config) openUsers(ctx context.Context) (persistence.Store, func() error, error) {
	name := services.Find("auth").Database
	if c.MongoURI != "" {
		m, err := mongostore.Dial(ctx, c.MongoURI, mongostore.Options{})
		if err != nil {
			return nil, nil, fmt.Errorf("MONGO_URI: %w", err)
		}
		return m.Database(c.MongoPrefix + name), m.Close, nil
	}
	file := filepath.Join(c.DataDir, name+".sqlite")
	if _, err := os.Stat(file); err != nil { // it would be made
		return nil, nil, err
	}
	s, err := sqlitestore.Open(ctx, file, sqlitestore.Options{})
	if err != nil {
		return nil, nil, err
	}
	return s, s.Close, nil
}

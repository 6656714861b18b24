package persistence

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"entrepot"
)

// Size of the probe: enough contention to expose a database that loses updates, small enough to
// finish in well under 200 ms.
const (
	probeWriters = 8
	probeRounds  = 8
)

// ProbeCollection is the collection that [Probe] writes to. A store creates it in Ensure and may
// empty it afterwards.
var ProbeCollection = &Collection{Name: "persistence_probe"}

// Probe tests a database's compare-and-set: writers race on one document for several rounds. In
// each round all of them write from the same version, so exactly one must win, and the document
// must be the winner's. Any other result means that the database loses updates or reports lost ones
// as successful. (FerretDB v1 reported 1,360 updates for 81 real ones.) Probe returns the id of the
// document, which it does not delete.
func Probe(ctx context.Context, s Store) (entrepot.ID, error) {
	id := entrepot.NewID()
	for version := int64(1); version <= probeRounds; version++ {
		winner, err := probeRound(ctx, s, id, version)
		if err != nil {
			return id, err
		}
		doc, err := s.Load(ctx, ProbeCollection, id)
		if err != nil {
			return id, fmt.Errorf("persistence: compare-and-set probe: %w", err)
		}
		if doc.Version != version || doc.Sequence != winner {
			return id, fmt.Errorf("persistence: this database loses updates: "+
				"writer %d won version %d, but the document is writer %d's version %d",
				winner, version, doc.Sequence, doc.Version)
		}
	}
	return id, nil
}

// probeRound lets all writers race for one version and returns the winner.
func probeRound(ctx context.Context, s Store, id entrepot.ID, version int64) (int64, error) {
	var (
		wg     sync.WaitGroup
		wins   atomic.Int64
		winner atomic.Int64
		errs   [probeWriters]error
	)
	for i := range probeWriters {
		wg.Go(func() {
			state, err := s.Marshal(map[string]int{"writer": i})
			if err == nil {
				doc := Document{ID: id, Version: version, Sequence: int64(i + 1), State: state}
				err = s.Commit(ctx, []Write{{Collection: ProbeCollection, Doc: doc}})[0]
			}
			switch {
			case err == nil:
				wins.Add(1)
				winner.Store(int64(i + 1))
			case !errors.Is(err, ErrStale):
				errs[i] = err
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		return 0, fmt.Errorf("persistence: compare-and-set probe: %w", err)
	}
	if n := wins.Load(); n != 1 {
		return 0, fmt.Errorf("persistence: this database loses updates: "+
			"%d of %d racing writers succeeded in writing version %d, want 1",
			n, probeWriters, version)
	}
	return winner.Load(), nil
}

package persistence

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"entrepot"
)

// The probe's size: enough contention that a database which loses updates shows
// it, little enough to end in well under 200 ms.
const (
	probeWriters = 8
	probeRounds  = 8
)

// ProbeCollection is where [Probe] races. A store makes it in Ensure and may
// empty it afterwards.
var ProbeCollection = &Collection{Name: "persistence_probe"}

// Probe proves a database's compare-and-set: writers race on one document for a
// few rounds. In each round all of them write from the same version, so exactly
// one may win, and the document must be the winner's. Anything else is a
// database that loses updates, or calls lost ones won. (FerretDB v1 reported
// 1,360 updates for 81 real ones.) The document remains at a new id.
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
			return id, fmt.Errorf("persistence: this database loses updates: writer %d won version %d, but it holds writer %d's version %d",
				winner, version, doc.Sequence, doc.Version)
		}
	}
	return id, nil
}

// probeRound lets all writers race for one version and returns the one that won.
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
		return 0, fmt.Errorf("persistence: this database loses updates: %d of %d racing writers were told that they won version %d",
			n, probeWriters, version)
	}
	return winner.Load(), nil
}

package api

import (
	"context"
	"time"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/company/companypb"
	"entrepot/http/edge"
	"entrepot/persistence"
)

// Counter counts what exists of a resource; a service's store is one.
type Counter interface {
	Count(ctx context.Context, c *persistence.Collection, scope entrepot.Scope, where []persistence.Cond, most int) (int, error)
}

// resource is what a plan limits and where it is counted.
type resource struct {
	name  string // as the company grain knows it
	in    *persistence.Collection
	where []persistence.Cond
}

// Bounds of the tries to make something while others are made.
const (
	claimTries = 200
	claimPause = 10 * time.Millisecond
)

// withinPlan makes an entity of a company if its plan allows one more, exactly also
// when many are made at a time on many members: the company says from when on to
// count, the service counts its own database, and the company takes the count
// only if nothing was made meanwhile (grains/company/quota.go).
func (d *Deps) withinPlan(ctx context.Context, counter Counter, r resource, companyID, id entrepot.ID, do func() error) error {
	return d.severalWithinPlan(ctx, counter, r, companyID, id, 1, do)
}

// severalWithinPlan is withinPlan for several entities that are made together,
// under one claim whose id they share: all, or none for the plan's sake.
func (d *Deps) severalWithinPlan(ctx context.Context, counter Counter, r resource, companyID, id entrepot.ID, several int, do func() error) error {
	if companyID == "" { // nobody's plan
		return do()
	}
	as := asPlatform(ctx)
	for try := 0; ; try++ {
		allowed, err := grains.Ask[*companypb.Allowed](as, d.Asker, companypb.Kind, companyID, &companypb.Quota{Resource: r.name})
		if err != nil {
			return err
		}
		if allowed.Limit == 0 {
			return do()
		}
		n, err := counter.Count(ctx, r.in, entrepot.InCompany(companyID), r.where, int(allowed.Limit))
		if err != nil {
			return unreadable(r.in, err)
		}
		_, err = d.Asker.Ask(as, companypb.Kind, companyID, &companypb.Claim{
			Resource: r.name, EntityId: id, Existing: int64(n), Made: allowed.Made, Several: int64(several),
		})
		switch code := entrepot.CodeOf(err); {
		case err == nil:
			err = do()
			// Not the request's own context: a claim that is not ended holds the
			// others up until it ends by itself.
			end, cancel := context.WithTimeout(context.WithoutCancel(as), keyWrite)
			defer cancel()
			_, _ = d.Asker.Ask(end, companypb.Kind, companyID, &companypb.Made{EntityId: id})
			return err
		case code != entrepot.CodeStale && code != entrepot.CodeUnavailable, try == claimTries:
			return err
		case code == entrepot.CodeUnavailable:
			if edge.Sleep(ctx, claimPause) != nil {
				return err
			}
		}
	}
}

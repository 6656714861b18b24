// Package quota keeps companies within their plans when entities are created.
package quota

import (
	"context"
	"time"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/company/company"
	"entrepot/grains/query"
	"entrepot/persistence"
)

// Resource is a kind of entity that plans limit, and the place where it is counted.
type Resource struct {
	Name  string // in the company grain
	In    *persistence.Collection
	Where []persistence.Cond
}

// Limits of the tries to create an entity while others are created.
const (
	claimTries = 200
	claimPause = 10 * time.Millisecond
	endWrite   = 5 * time.Second // timeout for ending a claim, also after the client has left
)

// Within calls do to create an entity of a company if the company's plan allows one
// more. The limit is exact when many members create at a time: the service counts its
// own database, and the company accepts the count only if nothing was created since
// the count began (grains/company/company/quota.go).
func Within(
	ctx context.Context, a grains.Asker, counter query.Counter, r Resource, companyID, id entrepot.ID, do func() error,
) error {
	return WithinSeveral(ctx, a, counter, r, companyID, id, 1, do)
}

// WithinSeveral is [Within] for several entities that are created together under one
// claim, whose id they share: all, or none if the plan does not allow all.
func WithinSeveral(
	ctx context.Context, a grains.Asker, counter query.Counter, r Resource,
	companyID, id entrepot.ID, several int, do func() error,
) error {
	if companyID == "" { // no company, no plan
		return do()
	}
	as := query.AsPlatform(ctx)
	for try := 0; ; try++ {
		allowed, err := grains.Ask(as, a, company.Of(companyID), company.Quota{Resource: r.Name})
		if err != nil {
			return err
		}
		if allowed.Limit == 0 {
			return do()
		}
		n, err := counter.Count(ctx, r.In, entrepot.InCompany(companyID), r.Where, int(allowed.Limit))
		if err != nil {
			return query.Unreadable(r.In, err)
		}
		_, err = grains.Ask(as, a, company.Of(companyID), company.Claim{
			Resource: r.Name, EntityID: id, Existing: int64(n), Made: allowed.Made, Several: int64(several),
		})
		switch code := entrepot.CodeOf(err); {
		case err == nil:
			err = do()
			// The claim ends even if the request is cancelled: an open claim delays others
			// until it expires.
			end, cancel := context.WithTimeout(context.WithoutCancel(as), endWrite)
			defer cancel()
			_, _ = grains.Ask(end, a, company.Of(companyID), company.EndClaim{EntityID: id})
			return err
		case code != entrepot.CodeStale && code != entrepot.CodeUnavailable, try == claimTries:
			return err
		case code == entrepot.CodeUnavailable:
			if pause(ctx, claimPause) != nil {
				return err
			}
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

package importer

import (
	"context"
	"sync"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/query"
	"entrepot/http/rest"
)

// shopsSeen caches the shops known to belong to the company, for one chunk of an
// import.
type shopsSeen struct {
	asker   grains.Asker
	company entrepot.ID
	known   sync.Map // id → error or nil
}

// check returns an error for an id that is not a shop of the company.
func (s *shopsSeen) check(ctx context.Context, ids []entrepot.ID) error {
	if err := rest.CheckIDs("shopIds", ids); err != nil {
		return err
	}
	for i, id := range ids {
		if _, ok := s.known.Load(id); ok {
			continue
		}
		v, err := query.Shop(ctx, s.asker, id)
		if entrepot.CodeOf(err) == entrepot.CodeNotFound || (err == nil && v.CompanyID != s.company) {
			return query.Missing(query.Indexed("shopIds", i, ""), "no such shop")
		}
		if err != nil {
			return err
		}
		s.known.Store(id, nil)
	}
	return nil
}

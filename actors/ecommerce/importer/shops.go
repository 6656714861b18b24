package importer

import (
	"context"
	"sync"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/query"
	"entrepot/http/rest"
)

// shopsSeen caches, for one chunk of an import, the shops that were checked.
type shopsSeen struct {
	asker   grains.Asker
	company entrepot.ID
	known   sync.Map // id → error or nil
}

// check returns an error unless all ids are shops of the company.
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

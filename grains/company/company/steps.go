package company

import (
	"context"
	"strconv"

	"entrepot/grains"
	"entrepot/grains/auth/access"
)

// steps tells the access grain of the standing. A company asks Access, which asks nobody.
func steps(s *State) []grains.OldStep {
	if s.StandingKnown >= s.StandingVersion {
		return nil
	}
	version := s.StandingVersion
	cmd := access.SetCompany{CompanyID: s.ID, Standing: s.Standing, Version: version}
	return []grains.OldStep{{
		Key: "standing:" + strconv.FormatInt(version, 10),
		Do: func(ctx context.Context, a grains.Asker) (any, error) {
			if _, err := grains.Ask(ctx, a, access.Of(access.ID), cmd); err != nil {
				return nil, err
			}
			return StandingKnown{Version: version}, nil
		},
	}}
}

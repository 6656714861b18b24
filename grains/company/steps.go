package company

import (
	"context"
	"strconv"

	"entrepot/grains"
	"entrepot/grains/access/accesspb"
	"entrepot/grains/company/companypb"

	"google.golang.org/protobuf/proto"
)

// steps tells the access grain of the standing. A company asks Access, which asks nobody.
func steps(s *State) []grains.Step {
	if s.StandingKnown >= s.StandingVersion {
		return nil
	}
	version := s.StandingVersion
	cmd := &accesspb.SetCompany{CompanyId: s.ID, Standing: s.Standing, Version: version}
	return []grains.Step{{
		Key: "standing:" + strconv.FormatInt(version, 10),
		Do: func(ctx context.Context, a grains.Asker) (proto.Message, error) {
			if _, err := a.Ask(ctx, accesspb.Kind, accesspb.ID, cmd); err != nil {
				return nil, err
			}
			return &companypb.StandingKnown{Version: version}, nil
		},
	}}
}

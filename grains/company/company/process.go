package company

import (
	"context"
	"strconv"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/auth/access"
)

// process sets the calls of a company: it sends every change of its standing to the
// access grain.
func process(k *grains.Kind) {
	grains.Process(k,
		grains.Step("standing", (*State).openStanding, sendStanding, (*State).standingSent),
	)
}

// openStanding returns the version of the standing that the access grain does not
// have yet.
func (s *State) openStanding() []string {
	if s.StandingKnown >= s.StandingVersion {
		return nil
	}
	return []string{strconv.FormatInt(s.StandingVersion, 10)}
}

func sendStanding(ctx context.Context, a grains.Asker, s *State, _ string) (standingKnown, error) {
	_, err := grains.Ask(ctx, a, access.Of(access.ID), access.SetCompany{
		CompanyID: s.ID, Standing: s.Standing, Version: s.StandingVersion,
	})
	return standingKnown{Version: s.StandingVersion}, err
}

func (s *State) standingSent(_ entrepot.Turn, known standingKnown) ([]events.Event, error) {
	return []events.Event{known}, nil
}

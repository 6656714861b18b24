// Package auth holds the auth service's reactions to events.
package auth

import (
	"entrepot/actors"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/auth/apikey"
	"entrepot/grains/auth/user"
	"entrepot/persistence"
)

// Inboxes returns the inboxes of the auth service.
func Inboxes() []actors.Inbox {
	return []actors.Inbox{{
		Queue:   events.Queue{Name: "auth.events", Bindings: []string{"company.deleted"}},
		Consume: CompanyDeleted,
	}}
}

var (
	users = actors.Owned{
		Collection: user.Collection, Kind: user.Name,
		End: user.Erase{},
	}
	apiKeys = actors.Owned{
		Collection: apikey.Collection, Kind: apikey.Name,
		End: apikey.Revoke{},
	}
)

// CompanyDeleted erases the accounts of a deleted company and revokes its API keys.
func CompanyDeleted(store persistence.Store, a grains.Asker) events.Handler {
	return actors.OnCompanyDeleted(store, a, users, apiKeys)
}

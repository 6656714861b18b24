// Package audit is the HTTP interface of the audit service.
package audit

import (
	"entrepot/grains/query"
	"entrepot/http/rest"
	"entrepot/persistence"
)

// Deps is what the handlers work with.
type Deps struct {
	Store query.Reader // the service's database
	// AuditLogs holds an events.Envelope as its documents' state and has the fields
	// userId, action, resource and resourceId (String).
	AuditLogs *persistence.Collection
}

// Routes returns the routes of the service.
func Routes(d Deps) []rest.Routes { return []rest.Routes{auditRoutes(d)} }

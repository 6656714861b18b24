// Package gateway holds the routes that belong to no service: health, the public
// keys at their well-known address, the API document and the benchmark's route.
package gateway

import (
	"context"
	"time"

	"entrepot/http/api/auth"
)

// Deps is what the handlers work with.
type Deps struct {
	Tokens auth.Tokens
	Broker BrokerStatus
	// Checks reports the parts that a service needs; nil: none.
	Checks func(ctx context.Context, service string) []Check
	// Services reports every service of the platform, for GET /health/all.
	Services func(ctx context.Context) []ServiceHealth
	Now      func() time.Time
}

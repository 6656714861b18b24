package gateway

import (
	"context"
	"net/http"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/http/rest"
)

// Check is one part that a service needs, as it is now.
type Check struct {
	Name      string  `json:"name" example:"ecommercedb"`
	Up        bool    `json:"up"`
	LatencyMs float64 `json:"latencyMs"`
	Detail    string  `json:"detail,omitempty"`
}

// ServiceHealth is one service of the platform.
type ServiceHealth struct {
	Name         string     `json:"name" example:"sales"`
	Status       string     `json:"status" enum:"up,degraded,down"`
	Instances    []Instance `json:"instances"`
	Dependencies []Check    `json:"dependencies"`
}

// Instance is one running process of a service.
type Instance struct {
	ID        string  `json:"id"`
	Address   string  `json:"address"`
	Up        bool    `json:"up"`
	LatencyMs float64 `json:"latencyMs"`
}

// The statuses of a service and of the platform.
const (
	Up       = "up"
	Degraded = "degraded"
	Down     = "down"
)

// Health returns the routes that every service has on its own port and on the
// gateway's.
func Health(d Deps, service string) rest.Routes {
	s := &healthAPI{d, service}
	return rest.Routes{Service: "health", List: []rest.Route{
		rest.Bind(rest.Route{
			ID: "health", Method: http.MethodGet, Path: "/health", Access: rest.Open, Root: true,
			Summary: "Check liveness",
		}, s.live),
		rest.Bind(rest.Route{
			ID: "ready", Method: http.MethodGet, Path: "/ready", Access: rest.Open, Root: true,
			Summary: "Check readiness",
		}, s.ready),
	}}
}

// HealthAll is the gateway's view of all services.
func HealthAll(d Deps) rest.Routes {
	s := &healthAPI{d, "gateway"}
	return rest.Routes{Service: "health", List: []rest.Route{
		rest.Bind(rest.Route{
			ID: "health-all", Method: http.MethodGet, Path: "/health/all", Access: rest.Open,
			Summary: "Check all services",
			Doc:     "Always 200: a part that is down makes the status degraded.",
		}, s.all),
	}}
}

type healthAPI struct {
	Deps
	service string
}

// Live confirms that the process responds.
type Live struct {
	Status  string    `json:"status" example:"ok"`
	Service string    `json:"service"`
	Time    rest.Time `json:"time"`
}

func (s *healthAPI) live(context.Context, *struct{}) (*rest.Answer[Live], error) {
	return rest.AnswerOf(Live{Status: "ok", Service: s.service, Time: rest.TimeOf(s.Now())}), nil
}

// Ready reports whether the service can serve, and what is missing.
type Ready struct {
	Status  string  `json:"status" enum:"ready,unready"`
	Service string  `json:"service"`
	Checks  []Check `json:"checks"`
}

type readyOutput struct {
	Status int
	Body   Ready
}

func (s *healthAPI) ready(ctx context.Context, _ *struct{}) (*readyOutput, error) {
	out := &readyOutput{http.StatusOK, Ready{Status: "ready", Service: s.service, Checks: []Check{}}}
	if s.Checks != nil {
		out.Body.Checks = rest.NotNil(s.Checks(ctx, s.service))
	}
	for _, c := range out.Body.Checks {
		if !c.Up {
			out.Status, out.Body.Status = http.StatusServiceUnavailable, "unready"
		}
	}
	return out, nil
}

// Platform is every service of the platform.
type Platform struct {
	Status   string          `json:"status" enum:"up,degraded"`
	Time     rest.Time       `json:"time"`
	Services []ServiceHealth `json:"services"`
	Queues   []QueueHealth   `json:"queues,omitempty" doc:"for super admins"`
}

// QueueHealth is the backlog of one queue.
type QueueHealth struct {
	Name    string `json:"name"`
	Ready   int64  `json:"ready"`
	Unacked int64  `json:"unacked"`
}

func (s *healthAPI) all(ctx context.Context, _ *struct{}) (*rest.Answer[Platform], error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	p := Platform{Status: Up, Time: rest.TimeOf(s.Now()), Services: []ServiceHealth{}}
	if s.Services != nil {
		p.Services = rest.NotNil(s.Services(ctx))
	}
	for i := range p.Services {
		v := &p.Services[i]
		v.Instances, v.Dependencies = rest.NotNil(v.Instances), rest.NotNil(v.Dependencies)
		if v.Status != Up {
			p.Status = Degraded
		}
	}
	if s.Broker != nil && entrepot.CallerFrom(ctx).Role == entrepot.SuperAdmin {
		p.Queues = s.queues(ctx, &p)
	}
	return rest.AnswerOf(p), nil
}

func (s *healthAPI) queues(ctx context.Context, p *Platform) (out []QueueHealth) {
	queues, err := s.Broker.Status(ctx)
	if err != nil {
		p.Status = Degraded
		return nil
	}
	for _, q := range queues {
		out = append(out, QueueHealth{q.Name, q.Ready, q.Unacked})
	}
	return out
}

// BrokerStatus is the part of an events.Broker that health needs.
type BrokerStatus interface {
	Status(ctx context.Context) ([]events.QueueStatus, error)
}

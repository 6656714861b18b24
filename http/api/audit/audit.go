package audit

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains/query"
	"entrepot/http/rest"
	"entrepot/persistence"
)

// auditRoutes returns the audit service: what its queue wrote down of every event.
func auditRoutes(d Deps) rest.Routes {
	s := &auditAPI{d}
	may := rest.Only(entrepot.SuperAdmin, entrepot.CompanyAdmin)
	return rest.Routes{Service: "audit", List: []rest.Route{
		rest.Bind(rest.Route{
			ID: "list-audit-logs", Method: http.MethodGet, Path: "/audit/logs", Access: may,
			Summary: "List audit logs",
		}, s.list),
		rest.Bind(rest.Route{
			ID: "get-audit-log", Method: http.MethodGet, Path: "/audit/logs/{id}", Access: may,
			Summary: "Get audit log",
		}, s.get),
		rest.Bind(rest.Route{
			ID: "list-user-activity", Method: http.MethodGet, Path: "/audit/user/{userId}", Access: may,
			Summary: "List user activity",
		}, s.user),
		rest.Bind(rest.Route{
			ID: "list-resource-history", Method: http.MethodGet,
			Path: "/audit/resource/{resourceType}/{resourceId}", Access: may,
			Summary: "List resource history",
		}, s.resource),
	}}
}

type auditAPI struct{ Deps }

// AuditLog is one event of the audit log.
type AuditLog struct {
	ID         entrepot.ID     `json:"id"`
	UserID     entrepot.ID     `json:"userId,omitempty"`
	CompanyID  entrepot.ID     `json:"companyId,omitempty"`
	Action     string          `json:"action" example:"order.created"`
	Resource   string          `json:"resource" example:"Order"`
	ResourceID entrepot.ID     `json:"resourceId"`
	Changes    json.RawMessage `json:"changes"`
	IPAddress  string          `json:"ipAddress,omitempty"`
	UserAgent  string          `json:"userAgent,omitempty"`
	Timestamp  rest.Time       `json:"timestamp"`
	Metadata   AuditMetadata   `json:"metadata"`
}

// AuditMetadata is where an event came from.
type AuditMetadata struct {
	Role        entrepot.Role `json:"role,omitempty"`
	ShopID      entrepot.ID   `json:"shopId,omitempty"`
	RequestID   string        `json:"requestId,omitempty"`
	TraceParent string        `json:"traceparent,omitempty"`
	Sequence    int64         `json:"sequence" doc:"counts the events of the resource from 1"`
}

func auditOf(e *events.Envelope, _ *persistence.Document) AuditLog {
	changes := e.Data
	if len(changes) == 0 {
		changes = json.RawMessage("{}")
	}
	return AuditLog{
		ID: e.ID, UserID: e.Actor.UserID, CompanyID: e.CompanyID, Action: e.Type,
		Resource: e.Aggregate.Kind, ResourceID: e.Aggregate.ID, Changes: changes,
		IPAddress: e.Actor.IP, UserAgent: e.Actor.UserAgent, Timestamp: rest.TimeOf(e.OccurredAt),
		Metadata: AuditMetadata{e.Actor.Role, e.ShopID, e.Actor.RequestID, e.TraceParent, e.Aggregate.Sequence},
	}
}

// AuditFilter is what every list of the audit log takes.
type AuditFilter struct {
	rest.ListParams
	Action string    `query:"action" maxLength:"100" doc:"event type" example:"order.created"`
	From   time.Time `query:"from" doc:"at or after"`
	To     time.Time `query:"to" doc:"before"`
}

func (s *auditAPI) find(ctx context.Context, f AuditFilter, conds []persistence.Cond) (*rest.List[AuditLog], error) {
	conds = query.Where(conds, "action", f.Action)
	if !f.From.IsZero() {
		conds = append(conds, persistence.Cond{Field: persistence.CreatedAt, Op: persistence.Gte, Value: f.From.UTC()})
	}
	if !f.To.IsZero() {
		conds = append(conds, persistence.Cond{Field: persistence.CreatedAt, Op: persistence.Lt, Value: f.To.UTC()})
	}
	q := persistence.Query{Where: conds, Sort: persistence.CreatedAt, Desc: true, Limit: f.Limit, Cursor: f.Cursor}
	page, err := query.Find(ctx, s.Store, s.AuditLogs, entrepot.StaffScope(entrepot.CallerFrom(ctx)), q, auditOf)
	return &rest.List[AuditLog]{Body: page}, err
}

type auditListInput struct {
	AuditFilter
	rest.CompanyFilter
	UserID   rest.ID `query:"userId"`
	Resource string  `query:"resource" maxLength:"100" example:"Order"`
}

func (s *auditAPI) list(ctx context.Context, in *auditListInput) (*rest.List[AuditLog], error) {
	return s.find(ctx, in.AuditFilter, query.Where(query.Where(query.Where(nil, "userId", in.UserID), "resource", in.Resource), persistence.CompanyID, in.CompanyID))
}

func (s *auditAPI) get(ctx context.Context, in *struct{ rest.IDPath }) (*rest.Answer[AuditLog], error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	doc, err := s.Store.Load(ctx, s.AuditLogs, id)
	if err != nil {
		return nil, query.Absent(s.AuditLogs, err)
	}
	var e events.Envelope
	if err := s.Store.Unmarshal(doc.State, &e); err != nil {
		return nil, err
	}
	c := entrepot.CallerFrom(ctx)
	if c.Role != entrepot.SuperAdmin && !c.MayReachCompany(e.CompanyID) {
		return nil, entrepot.ErrNotFound
	}
	return rest.AnswerOf(auditOf(&e, doc)), nil
}

type auditUserInput struct {
	AuditFilter
	UserID string `path:"userId" example:"65a1b2c3d4e5f60718293a4b"`
}

func (s *auditAPI) user(ctx context.Context, in *auditUserInput) (*rest.List[AuditLog], error) {
	id, err := rest.ExistingID(in.UserID)
	if err != nil {
		return nil, err
	}
	return s.find(ctx, in.AuditFilter, query.Where(nil, "userId", id))
}

type auditResourceInput struct {
	AuditFilter
	Type string `path:"resourceType" example:"Order"`
	ID   string `path:"resourceId" example:"65a1b2c3d4e5f60718293a4b"`
}

func (s *auditAPI) resource(ctx context.Context, in *auditResourceInput) (*rest.List[AuditLog], error) {
	id, err := rest.ExistingID(in.ID)
	if err != nil || len(in.Type) > 100 {
		return nil, entrepot.ErrNotFound
	}
	return s.find(ctx, in.AuditFilter, query.Where(query.Where(nil, "resource", in.Type), "resourceId", id))
}

package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"net/http"
	"time"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/auth/apikey"
	"entrepot/grains/query"
	"entrepot/http/edge"
	"entrepot/http/rest"
	"entrepot/persistence"
)

// apiKeyRoutes are how a company lets machines act for it.
func (s *authAPI) apiKeyRoutes() []rest.Route {
	admins := rest.Only(entrepot.SuperAdmin, entrepot.CompanyAdmin)
	return []rest.Route{
		rest.Bind(rest.Route{
			ID: "create-api-key", Method: http.MethodPost, Path: "/auth/api-keys", Access: admins,
			Status: http.StatusCreated, Summary: "Create API key",
			Doc: "The key is returned only here; send it as a bearer token. It acts as the company's admin " +
				"or, with shopIds, as the manager of those shops, within its scopes. Each route declares its " +
				"scope as x-scope.",
		}, s.createAPIKey),
		rest.Bind(rest.Route{
			ID: "list-api-keys", Method: http.MethodGet, Path: "/auth/api-keys", Access: admins,
			Summary: "List API keys",
		}, s.listAPIKeys),
		rest.Bind(rest.Route{
			ID: "revoke-api-key", Method: http.MethodDelete, Path: "/auth/api-keys/{id}", Access: admins,
			Status: http.StatusNoContent, Summary: "Revoke API key",
			Doc: "Every member refuses the key within a second.",
		}, s.revokeAPIKey),
	}
}

// APIKey is a key as the API shows it.
type APIKey struct {
	ID        entrepot.ID   `json:"id"`
	CompanyID entrepot.ID   `json:"companyId"`
	Name      string        `json:"name"`
	Scopes    []string      `json:"scopes"`
	ShopIDs   []entrepot.ID `json:"shopIds" doc:"none: the whole company"`
	CreatedBy entrepot.ID   `json:"createdBy"`
	CreatedAt rest.Time     `json:"createdAt"`
	ExpiresAt rest.Time     `json:"expiresAt,omitzero"`
	RevokedAt rest.Time     `json:"revokedAt,omitzero"`
}

func apiKeyOf(k *apikey.Key) APIKey {
	return APIKey{
		ID: k.ID, CompanyID: k.CompanyID, Name: k.Name, Scopes: rest.NotNil(k.Scopes), ShopIDs: rest.NotNil(k.ShopIDs), CreatedBy: k.CreatedBy,
		CreatedAt: rest.Time(k.CreatedAt), ExpiresAt: rest.Time(k.ExpiresAt), RevokedAt: rest.Time(k.RevokedAt),
	}
}

// NewAPIKey is a key that was just made.
type NewAPIKey struct {
	APIKey
	Key string `json:"key" doc:"shown only once" example:"ek_65a1b2c3d4e5f60718293a4b_…"`
}

type createAPIKeyInput struct {
	rest.Here
	Body struct {
		CompanyID rest.ID   `json:"companyId,omitempty" doc:"for super admins; others make keys of their own company"`
		Name      string    `json:"name" minLength:"1" maxLength:"100" example:"warehouse scanner"`
		Scopes    []string  `json:"scopes" minItems:"1" maxItems:"50" example:"[\"inventory:write\"]"`
		ShopIDs   []string  `json:"shopIds,omitempty" maxItems:"200"`
		ExpiresAt time.Time `json:"expiresAt,omitzero" doc:"default: never"`
	}
}

func (s *authAPI) createAPIKey(ctx context.Context, in *createAPIKeyInput) (*rest.Created[NewAPIKey], error) {
	b := &in.Body
	company, err := rest.CompanyFor(ctx, string(b.CompanyID))
	if err != nil {
		return nil, err
	}
	if err := rest.CheckShops(ctx, s.Asker, "shopIds", company, b.ShopIDs); err != nil {
		return nil, err
	}
	secret := rand.Text() // 130 bits: a hash without salt will do
	hash := sha256.Sum256([]byte(secret))
	cmd := apikey.Create{CompanyID: company, Name: b.Name, Scopes: b.Scopes, ShopIDs: b.ShopIDs, Hash: hash[:]}
	if !b.ExpiresAt.IsZero() {
		cmd.ExpiresAt = b.ExpiresAt.UnixMilli()
	}
	k, err := grains.Ask(ctx, s.Asker, apikey.Of(entrepot.NewID()), cmd)
	if err != nil {
		return nil, err
	}
	return &rest.Created[NewAPIKey]{
		Location: in.Below(k.ID), Body: NewAPIKey{APIKey: apiKeyOf(k), Key: edge.KeyPrefix + k.ID + "_" + secret},
	}, nil
}

type apiKeyListInput struct {
	rest.ListParams
	rest.CompanyFilter
}

func (s *authAPI) listAPIKeys(ctx context.Context, in *apiKeyListInput) (*rest.List[APIKey], error) {
	q := persistence.Query{Desc: true, Limit: in.Limit, Cursor: in.Cursor, Where: query.Where(nil, persistence.CompanyID, in.CompanyID)}
	page, err := query.Find(ctx, s.Store, apikey.Collection, entrepot.StaffScope(entrepot.CallerFrom(ctx)), q,
		func(k *apikey.Key, _ *persistence.Document) APIKey { return apiKeyOf(k) })
	return &rest.List[APIKey]{Body: page}, err
}

func (s *authAPI) revokeAPIKey(ctx context.Context, in *struct{ rest.IDPath }) (*rest.NoContent, error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	_, err = grains.Ask(ctx, s.Asker, apikey.Of(id), apikey.Revoke{})
	return nil, err
}

// VerifyAPIKey returns the lookup of edge.APIKeys, from the key's grain.
func VerifyAPIKey(a grains.Asker) func(context.Context, entrepot.ID, []byte) (*edge.Claims, error) {
	return func(ctx context.Context, id entrepot.ID, hash []byte) (*edge.Claims, error) {
		k, err := grains.Ask(ctx, a, apikey.Of(id), apikey.Verify{Hash: hash})
		if err != nil {
			return nil, err
		}
		c := &edge.Claims{UserID: k.ID, Role: entrepot.CompanyAdmin, CompanyID: k.CompanyID, ShopIDs: k.ShopIDs, Scopes: k.Scopes}
		if len(k.ShopIDs) > 0 {
			c.Role = entrepot.ShopManager
		}
		return c, nil
	}
}

package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/auth/access"
	"entrepot/grains/auth/usage"
	"entrepot/grains/auth/user"
	"entrepot/grains/query"
	"entrepot/http/edge"
	"entrepot/http/rest"
)

// sessionRoutes are how a login goes on and ends.
func (s *authAPI) sessionRoutes() []rest.Route {
	return []rest.Route{
		rest.Bind(rest.Route{
			ID: "refresh-token", Method: http.MethodPost, Path: "/auth/refresh-token", Access: rest.Open,
			Summary: "Refresh session",
			Doc: "Each refresh token can be used once. Using it again ends the session and withdraws its " +
				"access tokens; a client that lost the response has to log in again.",
		}, s.refresh),
		rest.Bind(rest.Route{
			ID: "logout", Method: http.MethodPost, Path: "/auth/logout", Access: rest.LoggedIn.AnyStanding(),
			Status: http.StatusNoContent, Summary: "Log out",
			Doc: "The response is sent once the access tokens are withdrawn; every member refuses them within " +
				"a second.",
		}, s.logout),
		rest.Bind(rest.Route{
			ID: "change-password", Method: http.MethodPost, Path: "/auth/change-password",
			Access: rest.LoggedIn.AnyStanding(), Status: http.StatusNoContent, Summary: "Change password",
			Doc: "Ends the other sessions.",
		}, s.changePassword),
		rest.Bind(rest.Route{
			ID: "jwks", Method: http.MethodGet, Path: "/auth/jwks", Access: rest.Open,
			Summary: "Get token verification keys",
		}, JwksOf(s.Tokens)),
		rest.Bind(rest.Route{
			ID: "list-sessions", Method: http.MethodGet, Path: "/auth/sessions",
			Access: rest.LoggedIn.AnyStanding(), Summary: "List sessions",
		}, s.sessions),
		rest.Bind(rest.Route{
			ID: "end-session", Method: http.MethodDelete, Path: "/auth/sessions/{sessionId}",
			Access: rest.LoggedIn.AnyStanding(), Status: http.StatusNoContent, Summary: "End session",
		}, s.endSession),
	}
}

// refreshToken is "<user>.<session>.<generation>.<secret>"; only the secret's
// SHA-256 is stored. 256 random bits need no slow hash.
type refreshToken struct {
	user       entrepot.ID
	session    string
	generation int64
	secret     [32]byte
}

const sessionBytes = 16

func newSession() string {
	var b [sessionBytes]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

func newRefreshToken(user entrepot.ID, session string, generation int64) (t refreshToken) {
	t = refreshToken{user: user, session: session, generation: generation}
	_, _ = rand.Read(t.secret[:]) // never fails
	return t
}

func (t *refreshToken) hash() []byte { h := sha256.Sum256(t.secret[:]); return h[:] }

func (t *refreshToken) String() string {
	return t.user + "." + t.session + "." + strconv.FormatInt(t.generation, 10) + "." + base64.RawURLEncoding.EncodeToString(t.secret[:])
}

var errRefresh = entrepot.Errorf(entrepot.CodeUnauthenticated, "the refresh token is not valid; log in again")

func parseRefreshToken(text string) (t refreshToken, err error) {
	p := strings.Split(text, ".")
	if len(p) != 4 || !entrepot.ValidID(p[0]) || len(p[1]) != 2*sessionBytes {
		return t, errRefresh
	}
	t.user, t.session = p[0], p[1]
	secret, err := base64.RawURLEncoding.Strict().DecodeString(p[3])
	if err != nil || len(secret) != len(t.secret) {
		return t, errRefresh
	}
	copy(t.secret[:], secret)
	if t.generation, err = strconv.ParseInt(p[2], 10, 64); err != nil || t.generation <= 0 {
		return t, errRefresh
	}
	return t, nil
}

// tokenUntil is when an access token that is issued now has expired, and a little more.
func (s *authAPI) tokenUntil() int64 { return s.Now().Add(s.TokenTTL + time.Second).UnixMilli() }

// issue answers tokens for the user, as of the moment that its grain said.
func (s *authAPI) issue(u *user.User, r refreshToken, issuedMs int64) (*rest.Answer[Login], error) {
	token, expires, err := s.Tokens.Sign(edge.Claims{
		UserID: u.ID, Email: u.Email, Role: u.Role, CompanyID: u.CompanyID, ShopIDs: u.ShopIDs,
		Session: r.session, Issued: time.UnixMilli(issuedMs),
	})
	if err != nil {
		return nil, err
	}
	ttl := int64((expires.Sub(s.Now()) + time.Second - 1) / time.Second) // a token counts in whole seconds
	return rest.AnswerOf(Login{AccessToken: token, RefreshToken: r.String(), TokenType: "Bearer", ExpiresIn: ttl, User: userOf(u)}), nil
}

type refreshInput struct {
	Body struct {
		RefreshToken string `json:"refreshToken" minLength:"1" maxLength:"200"`
	}
}

func (s *authAPI) refresh(ctx context.Context, in *refreshInput) (*rest.Answer[Login], error) {
	old, err := parseRefreshToken(in.Body.RefreshToken)
	if err != nil {
		return nil, err
	}
	next := newRefreshToken(old.user, old.session, old.generation+1)
	r, err := grains.Ask(query.AsPlatform(ctx), s.Asker, user.Of(old.user), user.Refresh{
		SessionID: old.session, Generation: old.generation, RefreshHash: old.hash(), NextHash: next.hash(), TokenUntil: s.tokenUntil(),
	})
	if err != nil {
		rest.RefreshStanding(ctx, s.Standing) // perhaps: a used token ends its session
		return nil, err
	}
	return s.issue(r.User, next, r.IssuedAt)
}

type logoutInput struct {
	Authorization string `header:"Authorization" hidden:"true"`
	All           bool   `query:"all" doc:"every session, not only this one"`
}

func (s *authAPI) logout(ctx context.Context, in *logoutInput) (*rest.NoContent, error) {
	token, _ := edge.BearerToken(in.Authorization)
	c, err := s.Tokens.Verify(token)
	if err != nil {
		return nil, err
	}
	return s.end(ctx, user.NoteLogout{SessionID: c.Session, All: in.All, TokenUntil: c.ExpiresAt.UnixMilli()})
}

func (s *authAPI) end(ctx context.Context, cmd user.NoteLogout) (*rest.NoContent, error) {
	if _, err := grains.Ask(ctx, s.Asker, user.Of(entrepot.CallerFrom(ctx).UserID), cmd); err != nil {
		return nil, err
	}
	rest.RefreshStanding(ctx, s.Standing)
	return nil, nil
}

type sessionPath struct {
	SessionID string `path:"sessionId" maxLength:"64"`
}

func (s *authAPI) endSession(ctx context.Context, in *sessionPath) (*rest.NoContent, error) {
	return s.end(ctx, user.NoteLogout{SessionID: in.SessionID})
}

// Session is a login on one device.
type Session struct {
	ID         string    `json:"id"`
	CreatedAt  rest.Time `json:"createdAt"`
	LastUsedAt rest.Time `json:"lastUsedAt"`
	IP         string    `json:"ipAddress,omitempty"`
	UserAgent  string    `json:"userAgent,omitempty"`
	Current    bool      `json:"current" doc:"the session of this request"`
}

type sessionsInput struct {
	Authorization string `header:"Authorization" hidden:"true"`
}

// sessions is one page: a user has at most 20.
func (s *authAPI) sessions(ctx context.Context, in *sessionsInput) (*rest.List[Session], error) {
	token, _ := edge.BearerToken(in.Authorization)
	c, err := s.Tokens.Verify(token)
	if err != nil {
		return nil, err
	}
	list, err := grains.Ask(ctx, s.Asker, user.Of(c.UserID), user.ListSessions{})
	if err != nil {
		return nil, err
	}
	out := &rest.List[Session]{Body: entrepot.Page[Session]{Items: []Session{}}}
	for _, x := range list.Sessions {
		out.Body.Items = append(out.Body.Items, Session{
			ID: x.ID, CreatedAt: rest.Time(x.CreatedAt), LastUsedAt: rest.Time(x.LastUsedAt), IP: x.IP, UserAgent: x.UserAgent, Current: x.ID == c.Session,
		})
	}
	return out, nil
}

// JwksOf returns the handler of the public keys. Clients may cache the response for a
// minute, and must reload it for an unknown kid.
func JwksOf(t Tokens) func(context.Context, *struct{}) (*jwksAnswer, error) {
	return func(context.Context, *struct{}) (*jwksAnswer, error) {
		return &jwksAnswer{CacheControl: "public, max-age=60", Body: t.JWKS()}, nil
	}
}

// AccessChanges returns the source of an edge.Standing, from the access grain.
func AccessChanges(a grains.Asker) func(context.Context, int64) (edge.Changes, error) {
	return func(ctx context.Context, number int64) (edge.Changes, error) {
		c, err := grains.Ask(ctx, a, access.Of(access.ID), access.Since{Number: number})
		if err != nil {
			return edge.Changes{}, err
		}
		out := edge.Changes{Number: c.Number, Complete: c.Complete, Companies: map[entrepot.ID]string{}}
		for _, w := range c.Withdrawn {
			out.Withdrawn = append(out.Withdrawn, edge.Withdrawal{
				UserID: w.UserID, Session: w.SessionID, Before: time.UnixMilli(w.Before), Until: time.UnixMilli(w.Until),
			})
		}
		for _, k := range c.Companies {
			out.Companies[k.CompanyID] = k.Standing
		}
		return out, nil
	}
}

// ReportUsage returns the report function of an edge.Share, to the usage grain.
func ReportUsage(a grains.Asker) func(context.Context, string, int64, []edge.Spent) ([]edge.Spent, int64, error) {
	return func(ctx context.Context, gateway string, number int64, spent []edge.Spent) ([]edge.Spent, int64, error) {
		var ask grains.Message[*usage.Others] = usage.Since{Gateway: gateway, Number: number}
		if len(spent) > 0 {
			r := usage.Report{Gateway: gateway, Number: number}
			for _, x := range spent {
				r.Spent = append(r.Spent, usage.Spent(x))
			}
			ask = r
		}
		o, err := grains.Ask(ctx, a, usage.Of(usage.ID), ask)
		if err != nil {
			return nil, 0, err
		}
		var others []edge.Spent
		for _, x := range o.Spent {
			others = append(others, edge.Spent(x))
		}
		return others, o.Number, nil
	}
}

type jwksAnswer struct {
	CacheControl string `header:"Cache-Control"`
	Body         edge.JWKS
}

package auth

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/auth/user"
	"entrepot/grains/query"
	"entrepot/http/edge"
	"entrepot/http/rest"
	"entrepot/persistence"
)

// authRoutes returns the auth service.
func authRoutes(d Deps) rest.Routes {
	s := &authAPI{d}
	return rest.Routes{Service: "auth", List: slices.Concat([]rest.Route{
		rest.Bind(rest.Route{
			ID: "login", Method: http.MethodPost, Path: "/auth/login", Access: rest.Open, Summary: "Log in",
			Doc: "Users with a second factor get 401 with the code totp_required until totp or recoveryCode " +
				"is sent too.",
		}, s.login),
		rest.Bind(rest.Route{
			ID: "register", Method: http.MethodPost, Path: "/auth/register", Access: rest.Open,
			Status: http.StatusCreated, Summary: "Register customer",
			Doc: "Sends a mail to verify the address.",
		}, s.register),
		rest.Bind(rest.Route{
			ID: "get-profile", Method: http.MethodGet, Path: "/auth/profile",
			Access: rest.LoggedIn.AnyStanding(), Summary: "Get profile",
		}, s.profile),
		rest.Bind(rest.Route{
			ID: "update-profile", Method: http.MethodPut, Path: "/auth/profile",
			Access: rest.LoggedIn.AnyStanding(), Summary: "Update profile",
		}, s.updateProfile),
		rest.Bind(rest.Route{
			ID: "verify-token", Method: http.MethodGet, Path: "/auth/verify",
			Access: rest.LoggedIn.AnyStanding(), Summary: "Verify token",
		}, s.verify),
	}, s.sessionRoutes(), s.userRoutes(), s.invitationRoutes(), s.mailRoutes(), s.totpRoutes(), s.apiKeyRoutes())}
}

type authAPI struct{ Deps }

// User is a user as the API shows it.
type User struct {
	ID          entrepot.ID   `json:"id"`
	Email       string        `json:"email"`
	Verified    bool          `json:"emailVerified"`
	TOTP        bool          `json:"totpEnabled" doc:"a login needs a second factor"`
	Name        string        `json:"name"`
	Phone       string        `json:"phone,omitempty"`
	Locale      string        `json:"locale,omitempty"`
	Role        string        `json:"role"`
	CompanyID   entrepot.ID   `json:"companyId,omitempty"`
	ShopIDs     []entrepot.ID `json:"shopIds"`
	IsActive    bool          `json:"isActive"`
	LastLoginAt rest.Time     `json:"lastLoginAt,omitzero"`
	CreatedAt   rest.Time     `json:"createdAt"`
	UpdatedAt   rest.Time     `json:"updatedAt"`
}

func userOf(u *user.User) User {
	return User{
		ID: u.ID, Email: u.Email, Verified: u.EmailVerified, TOTP: u.TOTPEnabled, Name: u.Name, Phone: u.Phone, Locale: u.Locale, Role: string(u.Role), CompanyID: u.CompanyID, ShopIDs: rest.NotNil(u.ShopIDs),
		IsActive: u.IsActive, LastLoginAt: rest.Time(u.LastLoginAt), CreatedAt: rest.Time(u.CreatedAt), UpdatedAt: rest.Time(u.UpdatedAt),
	}
}

// Login is the answer to a login.
type Login struct {
	AccessToken  string `json:"accessToken"`
	RefreshToken string `json:"refreshToken" doc:"single use, at POST /auth/refresh-token; expires after 14 days without use, 30 days at most"`
	TokenType    string `json:"tokenType" example:"Bearer"`
	ExpiresIn    int64  `json:"expiresIn" doc:"seconds"`
	User         User   `json:"user"`
}

type loginInput struct {
	Body struct {
		Email    string `json:"email" minLength:"3" maxLength:"254" example:"customer@demo.example"`
		Password string `json:"password" minLength:"1" maxLength:"128" example:"demo-password"`
		SecondFactor
	}
}

var errLogin = entrepot.Errorf(entrepot.CodeUnauthenticated, "the e-mail address or the password is wrong")

// login takes as long and responds alike whether the account exists or not.
func (s *authAPI) login(ctx context.Context, in *loginInput) (*rest.Answer[Login], error) {
	email := strings.ToLower(strings.TrimSpace(in.Body.Email))
	forgive, err := s.Logins.begin(email, entrepot.CallerFrom(ctx).IP)
	if err != nil {
		return nil, err
	}
	out, err := s.begin(ctx, email, in)
	if entrepot.CodeOf(err) != entrepot.CodeUnauthenticated {
		forgive()
	}
	return out, err
}

// begin opens a session for who shows the password and, where there is one, the
// second factor.
func (s *authAPI) begin(ctx context.Context, email string, in *loginInput) (*rest.Answer[Login], error) {
	known, err := s.authenticate(ctx, email, in.Body.Password)
	if err != nil {
		return nil, err
	}
	u := known.User
	shown, err := s.shown(known, in.Body.SecondFactor)
	if err != nil {
		return nil, err
	}
	as := entrepot.CallerFrom(ctx)
	as.UserID, as.Email, as.Role, as.CompanyID, as.ShopIDs = u.ID, u.Email, u.Role, u.CompanyID, u.ShopIDs
	r := newRefreshToken(u.ID, newSession(), 1)
	u, err = grains.Ask(entrepot.WithCaller(ctx, as), s.Asker, user.Of(u.ID), user.NoteLogin{
		SessionID: r.session, RefreshHash: r.hash(), TokenUntil: s.tokenUntil(), TOTPStep: shown.step, RecoveryHash: shown.recovery,
		TOTPSealed: known.TOTPSealed, TOTPResealed: shown.resealed,
	})
	if err != nil {
		return nil, err
	}
	return s.issue(u, r, u.IssuedAt)
}

func (s *authAPI) authenticate(ctx context.Context, email, password string) (*user.Credentials, error) {
	known, err := s.credentials(ctx, email)
	if err != nil {
		return nil, err
	}
	hash := "" // of an unknown account: its check takes as long
	if known != nil {
		hash = known.PasswordHash
	}
	right, err := s.Passwords.Check(ctx, hash, password)
	if err != nil {
		return nil, err
	}
	if known == nil || !right || !known.User.IsActive {
		return nil, errLogin
	}
	return known, nil
}

// credentials are what the account is checked against; nil for an unknown one.
func (s *authAPI) credentials(ctx context.Context, email string) (*user.Credentials, error) {
	q := persistence.Query{Where: query.Where(nil, "email", email), Limit: 1}
	docs, _, err := s.Store.Find(ctx, user.Collection, entrepot.AllTenants(), q)
	if err != nil {
		return nil, query.Unreadable(user.Collection, err)
	}
	if len(docs) == 0 {
		return nil, nil
	}
	return grains.Ask(query.AsPlatform(ctx), s.Asker, user.Of(docs[0].ID), user.GetCredentials{})
}

type registerInput struct {
	rest.Here
	Body struct {
		EmailAddress
		Password string `json:"password" minLength:"8" maxLength:"128" example:"a long sentence is easy to remember"`
		Name     string `json:"name" minLength:"1" maxLength:"200" example:"Ada Lovelace"`
	}
}

func (s *authAPI) register(ctx context.Context, in *registerInput) (*rest.Created[User], error) {
	email := in.Body.lower()
	if err := checkNewPassword(in.Body.Password, email); err != nil {
		return nil, err
	}
	if _, err := s.Logins.begin("register:"+email, entrepot.CallerFrom(ctx).IP); err != nil {
		return nil, err
	}
	hash, err := s.Passwords.Hash(ctx, in.Body.Password)
	if err != nil {
		return nil, err
	}
	nobody := entrepot.CallerFrom(ctx) // whoever is logged in registers as a stranger here
	nobody.UserID, nobody.Email, nobody.Role, nobody.CompanyID, nobody.ShopIDs = "", "", "", "", nil
	id := entrepot.NewID()
	u, err := grains.Ask(entrepot.WithCaller(ctx, nobody), s.Asker, user.Of(id), user.Register{
		Email: email, Name: in.Body.Name, PasswordHash: hash, Role: entrepot.Customer, Verify: s.proofToken(id, verifyFor),
	})
	if err != nil {
		return nil, err
	}
	return &rest.Created[User]{Location: in.Beside("profile"), Body: userOf(u)}, nil
}

func (s *authAPI) profile(ctx context.Context, _ *struct{}) (*rest.Answer[User], error) {
	u, err := grains.Ask(ctx, s.Asker, user.Of(entrepot.CallerFrom(ctx).UserID), user.Get{})
	if err != nil {
		return nil, err
	}
	return rest.AnswerAt(u.Version, userOf(u)), nil
}

type profileInput struct {
	rest.IfMatch
	Body struct {
		Name   string `json:"name" minLength:"1" maxLength:"200" example:"Ada Lovelace"`
		Phone  string `json:"phone,omitempty" maxLength:"32" pattern:"^\\+?[0-9 ()/-]*$" patternDescription:"a telephone number" example:"+43 1 234567"`
		Locale string `json:"locale,omitempty" maxLength:"35" pattern:"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$" patternDescription:"a BCP 47 language tag" example:"de-AT"`
	}
}

func (s *authAPI) updateProfile(ctx context.Context, in *profileInput) (*rest.Answer[User], error) {
	expected, err := in.Version()
	if err != nil {
		return nil, err
	}
	u, err := grains.Ask(ctx, s.Asker, user.Of(entrepot.CallerFrom(ctx).UserID), user.UpdateProfile{
		ExpectedVersion: expected, Name: in.Body.Name, Phone: in.Body.Phone, Locale: in.Body.Locale,
	})
	if err != nil {
		return nil, err
	}
	return rest.AnswerAt(u.Version, userOf(u)), nil
}

// Verified is the content of a token.
type Verified struct {
	Valid     bool          `json:"valid"`
	UserID    entrepot.ID   `json:"userId"`
	Email     string        `json:"email"`
	Role      entrepot.Role `json:"role"`
	CompanyID entrepot.ID   `json:"companyId,omitempty"`
	ShopIDs   []entrepot.ID `json:"shopIds"`
	ExpiresAt rest.Time     `json:"expiresAt"`
}

type verifyInput struct {
	Authorization string `header:"Authorization" hidden:"true"`
}

func (s *authAPI) verify(_ context.Context, in *verifyInput) (*rest.Answer[Verified], error) {
	token, _ := edge.BearerToken(in.Authorization)
	c, err := s.Tokens.Verify(token)
	if err != nil {
		return nil, err
	}
	return rest.AnswerOf(Verified{
		Valid: true, UserID: c.UserID, Email: c.Email, Role: c.Role, CompanyID: c.CompanyID,
		ShopIDs: rest.NotNil(c.ShopIDs), ExpiresAt: rest.TimeOf(c.ExpiresAt.Time),
	}), nil
}

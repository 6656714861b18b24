package auth

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/auth/user"
	companies "entrepot/grains/company/company"
	"entrepot/grains/query"
	"entrepot/grains/quota"
	"entrepot/http/rest"
	"entrepot/persistence"
)

// userRoutes are how administrators keep the users.
func (s *authAPI) userRoutes() []rest.Route {
	admins := rest.Only(entrepot.SuperAdmin, entrepot.CompanyAdmin)
	readers := rest.Only(entrepot.SuperAdmin, entrepot.CompanyAdmin, entrepot.ShopManager)
	return []rest.Route{
		rest.Bind(rest.Route{
			ID: "list-users", Method: http.MethodGet, Path: "/auth/users", Access: readers,
			Summary: "List users",
			Doc: "Super admins see all users, company admins the staff of their company, shop managers the " +
				"staff of their shops. A page may hold fewer than limit items while nextCursor is set.",
		}, s.listUsers),
		rest.Bind(rest.Route{
			ID: "create-user", Method: http.MethodPost, Path: "/auth/users", Access: admins,
			Status: http.StatusCreated, Summary: "Create user",
			Doc: "Creates an account with a given password; an invitation lets the user choose one. Shops are " +
				"assigned by the shop service.",
		}, s.createUser),
		rest.Bind(rest.Route{
			ID: "get-user", Method: http.MethodGet, Path: "/auth/users/{id}", Access: readers,
			Summary: "Get user",
		}, s.getUser),
		rest.Bind(rest.Route{
			ID: "update-user", Method: http.MethodPut, Path: "/auth/users/{id}", Access: admins,
			Summary: "Update user",
			Doc: "A change of role withdraws the user's access tokens; disabling also ends all sessions. The " +
				"response is sent once that is done; every member enforces it within a second. Users cannot " +
				"change their own role or disable their own account.",
		}, s.updateUser),
		rest.Bind(rest.Route{
			ID: "delete-user", Method: http.MethodDelete, Path: "/auth/users/{id}", Access: admins,
			Status: http.StatusNoContent, Summary: "Erase user",
			Doc: "Ends all sessions, removes personal data and frees the e-mail address. It cannot be undone. " +
				"Users cannot erase their own account.",
		}, s.deleteUser),
		rest.Bind(rest.Route{
			ID: "reset-totp", Method: http.MethodDelete, Path: "/auth/users/{id}/totp", Access: admins,
			Status: http.StatusNoContent, Summary: "Reset user's second factor",
			Doc: "Ends all sessions; the event user.second_factor_reset records the actor and the reason. " +
				"Verify the user's identity first: afterwards the password alone is enough to log in. Users " +
				"cannot reset their own.",
		}, s.resetTOTP),
	}
}

type userListInput struct {
	rest.ListParams
	Role      string  `query:"role" enum:"super_admin,company_admin,shop_manager,shop_staff,customer"`
	CompanyID rest.ID `query:"companyId"`
	ShopID    rest.ID `query:"shopId" doc:"staff of the shop"`
	IsActive  string  `query:"isActive" enum:"true,false"`
	Q         string  `query:"q" maxLength:"100" doc:"beginning of the name or, with an @, of the e-mail address"`
}

func (in *userListInput) query() persistence.Query {
	q := persistence.Query{Desc: true, Limit: in.Limit, Cursor: in.Cursor}
	q.Where = query.Where(query.Where(nil, "role", in.Role), persistence.CompanyID, in.CompanyID)
	if in.IsActive != "" {
		q.Where = append(q.Where, persistence.Cond{Field: "isActive", Op: persistence.Eq, Value: in.IsActive == "true"})
	}
	if key := user.SearchKey(strings.TrimSpace(in.Q)); key != "" {
		field := "name"
		if strings.Contains(key, "@") {
			field = "email"
		}
		q.Where = append(q.Where, persistence.Cond{Field: field, Op: persistence.Prefix, Value: key})
	}
	return q
}

// userScope returns the scope of the users that a caller may see. A user works in
// several shops and a document has only one, so managers' lists cover the company and
// omit users of other shops.
func userScope(c entrepot.Caller) entrepot.Scope {
	if c.Role == entrepot.ShopManager {
		return entrepot.InCompany(c.CompanyID)
	}
	return entrepot.StaffScope(c)
}

// maxUserReads bounds how many pages of the database one page of the list is made of.
const maxUserReads = 20

func (s *authAPI) listUsers(ctx context.Context, in *userListInput) (*rest.List[User], error) {
	c, q := entrepot.CallerFrom(ctx), in.query()
	seen := func(u *user.User) bool {
		return u.VisibleTo(c) && (string(in.ShopID) == "" || slices.Contains(u.ShopIDs, string(in.ShopID)))
	}
	out := &rest.List[User]{Body: entrepot.Page[User]{Items: []User{}}}
	for range maxUserReads {
		q.Limit = in.Limit - len(out.Body.Items)
		page, err := query.Find(ctx, s.Store, user.Collection, userScope(c), q,
			user.Listed(func(u *user.User) *user.User { return u }))
		if err != nil {
			return nil, err
		}
		for _, u := range page.Items {
			if seen(u) {
				out.Body.Items = append(out.Body.Items, userOf(u))
			}
		}
		q.Cursor, out.Body.NextCursor = page.NextCursor, page.NextCursor
		if page.NextCursor == "" || len(out.Body.Items) == in.Limit {
			break
		}
	}
	return out, nil
}

// EmailAddress is what every new account's address must look like.
type EmailAddress struct {
	Email string `json:"email" maxLength:"254" pattern:"^[^@\\s<>\"',;]+@[^@\\s<>\"',;]+\\.[^@\\s<>\"',;]+$" patternDescription:"an e-mail address" example:"ada@example.com"`
}

func (e EmailAddress) lower() string { return strings.ToLower(e.Email) }

// staff are what a plan limits: the accounts of a company that may be used.
var staff = quota.Resource{Name: companies.Staff, In: user.Collection, Where: []persistence.Cond{{Field: "isActive", Op: persistence.Eq, Value: true}}}

type createUserInput struct {
	rest.Here
	Body struct {
		EmailAddress
		Password  string  `json:"password" minLength:"8" maxLength:"128" example:"a long sentence is easy to remember"`
		Name      string  `json:"name" minLength:"1" maxLength:"200" example:"Ada Lovelace"`
		Role      string  `json:"role" enum:"super_admin,company_admin,shop_manager,shop_staff,customer"`
		CompanyID rest.ID `json:"companyId,omitempty" doc:"for super admins; others create in their own company"`
	}
}

func (s *authAPI) createUser(ctx context.Context, in *createUserInput) (*rest.Created[User], error) {
	b := &in.Body
	company, err := s.employer(ctx, entrepot.Role(b.Role), string(b.CompanyID))
	if err != nil {
		return nil, err
	}
	if err := checkNewPassword(b.Password, b.lower()); err != nil {
		return nil, err
	}
	hash, err := s.Passwords.Hash(ctx, b.Password)
	if err != nil {
		return nil, err
	}
	var u *user.User
	id := entrepot.NewID()
	err = quota.Within(ctx, s.Asker, s.Store, staff, company, id, func() (err error) {
		u, err = grains.Ask(ctx, s.Asker, user.Of(id), user.Register{
			Email: b.lower(), Name: b.Name, PasswordHash: hash, Role: entrepot.Role(b.Role), CompanyID: company,
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	return &rest.Created[User]{Versioned: rest.ETagOf(u.Version), Location: in.Below(u.ID), Body: userOf(u)}, nil
}

// employer is the company that a new user of the role belongs to: none, or one that exists.
func (s *authAPI) employer(ctx context.Context, role entrepot.Role, named string) (entrepot.ID, error) {
	super := entrepot.CallerFrom(ctx).Role == entrepot.SuperAdmin
	switch {
	case role != entrepot.SuperAdmin && role != entrepot.Customer:
	case !super:
		return "", entrepot.Errorf(entrepot.CodeForbidden, "a company admin registers the staff of the company only")
	case named != "":
		return "", entrepot.Invalid("companyId", "forbidden", "this role belongs to no company")
	default:
		return "", nil
	}
	companyID, err := rest.CompanyFor(ctx, named)
	if err != nil || !super {
		return companyID, err
	}
	if _, err := grains.Ask(ctx, s.Asker, companies.Of(companyID), companies.Get{}); entrepot.CodeOf(err) == entrepot.CodeNotFound {
		return "", entrepot.Invalid("companyId", "exists", "is not a company")
	} else if err != nil {
		return "", err
	}
	return companyID, nil
}

func (s *authAPI) getUser(ctx context.Context, in *struct{ rest.IDPath }) (*rest.Answer[User], error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	u, err := grains.Ask(ctx, s.Asker, user.Of(id), user.Get{})
	if err != nil {
		return nil, err
	}
	return rest.AnswerAt(u.Version, userOf(u)), nil
}

type updateUserInput struct {
	rest.IDPath
	rest.IfMatch
	Body struct {
		Name     string `json:"name" minLength:"1" maxLength:"200" example:"Ada Lovelace"`
		Role     string `json:"role" enum:"super_admin,company_admin,shop_manager,shop_staff,customer"`
		IsActive bool   `json:"isActive"`
	}
}

func (s *authAPI) updateUser(ctx context.Context, in *updateUserInput) (*rest.Answer[User], error) {
	id, expected, err := in.Target(in.IDPath)
	if err != nil {
		return nil, err
	}
	if err := s.leave(ctx, id); err != nil {
		return nil, err
	}
	now, err := grains.Ask(ctx, s.Asker, user.Of(id), user.Get{})
	if err != nil {
		return nil, err
	}
	employer := now.CompanyID
	if now.IsActive || !in.Body.IsActive { // the plan counts who is taken on again
		employer = ""
	}
	var u *user.User
	err = quota.Within(ctx, s.Asker, s.Store, staff, employer, id, func() (err error) {
		u, err = grains.Ask(ctx, s.Asker, user.Of(id), user.SetUser{
			ExpectedVersion: expected, Name: in.Body.Name, Role: entrepot.Role(in.Body.Role), IsActive: in.Body.IsActive,
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	rest.RefreshStanding(ctx, s.Standing)
	return rest.AnswerAt(u.Version, userOf(u)), nil
}

// leave prepares what may take a super admin's powers away: the one who does it
// has to stay.
func (s *authAPI) leave(ctx context.Context, id entrepot.ID) error {
	c := entrepot.CallerFrom(ctx)
	if c.Role != entrepot.SuperAdmin || c.UserID == id {
		return nil
	}
	u, err := grains.Ask(ctx, s.Asker, user.Of(id), user.Get{})
	if err != nil || u.Role != entrepot.SuperAdmin || !u.IsActive {
		return err
	}
	if _, err := grains.Ask(ctx, s.Asker, user.Of(id), user.PrepareLeave{}); err != nil {
		return err
	}
	_, err = grains.Ask(query.AsPlatform(ctx), s.Asker, user.Of(c.UserID), user.Vouch{})
	return err
}

type deleteUserInput struct {
	rest.IDPath
	rest.IfMatch
}

func (s *authAPI) deleteUser(ctx context.Context, in *deleteUserInput) (*rest.NoContent, error) {
	id, expected, err := in.Target(in.IDPath)
	if err != nil {
		return nil, err
	}
	if err := s.leave(ctx, id); err != nil {
		return nil, err
	}
	if _, err := grains.Ask(ctx, s.Asker, user.Of(id), user.Erase{ExpectedVersion: expected}); err != nil {
		return nil, err
	}
	rest.RefreshStanding(ctx, s.Standing)
	return nil, nil
}

type resetTOTPInput struct {
	rest.IDPath
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"500" example:"lost the telephone; was here with a passport"`
	}
}

func (s *authAPI) resetTOTP(ctx context.Context, in *resetTOTPInput) (*rest.NoContent, error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	if _, err := grains.Ask(ctx, s.Asker, user.Of(id), user.ResetTOTP{Reason: in.Body.Reason}); err != nil {
		return nil, err
	}
	rest.RefreshStanding(ctx, s.Standing)
	return nil, nil
}

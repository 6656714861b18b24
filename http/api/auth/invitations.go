package auth

import (
	"context"
	"net/http"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/auth/invitation"
	"entrepot/grains/auth/user"
	"entrepot/grains/query"
	"entrepot/grains/quota"
	"entrepot/http/rest"
	"entrepot/persistence"
)

// invitationRoutes are how staff come to have accounts.
func (s *authAPI) invitationRoutes() []rest.Route {
	admins := rest.Only(entrepot.SuperAdmin, entrepot.CompanyAdmin)
	return []rest.Route{
		rest.Bind(rest.Route{
			ID: "invite-user", Method: http.MethodPost, Path: "/auth/invitations", Access: admins,
			Status: http.StatusCreated, Summary: "Invite staff",
			Doc: "Sends a mail with a link that can be used once within seven days. Shops are assigned by the " +
				"shop service once the invitation is accepted.",
		}, s.invite),
		rest.Bind(rest.Route{
			ID: "list-invitations", Method: http.MethodGet, Path: "/auth/invitations", Access: admins,
			Summary: "List invitations",
		}, s.invitations),
		rest.Bind(rest.Route{
			ID: "revoke-invitation", Method: http.MethodDelete, Path: "/auth/invitations/{id}",
			Access: admins, Status: http.StatusNoContent, Summary: "Revoke invitation",
		}, s.revokeInvitation),
		rest.Bind(rest.Route{
			ID: "accept-invitation", Method: http.MethodPost, Path: "/auth/invitations/accept",
			Access: rest.Open, Status: http.StatusCreated, Summary: "Accept invitation",
			Doc: "Creates the account; log in with the password afterwards.",
		}, s.acceptInvitation),
	}
}

// Invitation is an invitation as the API shows it.
type Invitation struct {
	ID        entrepot.ID `json:"id"`
	Email     string      `json:"email"`
	Role      string      `json:"role"`
	CompanyID entrepot.ID `json:"companyId,omitempty"`
	Status    string      `json:"status" enum:"pending,accepted,revoked,expired"`
	InvitedBy entrepot.ID `json:"invitedBy"`
	UserID    entrepot.ID `json:"userId,omitempty" doc:"who accepted"`
	CreatedAt rest.Time   `json:"createdAt"`
	ExpiresAt rest.Time   `json:"expiresAt"`
}

func invitationOf(i *invitation.Invitation) Invitation {
	return Invitation{
		ID: i.ID, Email: i.Email, Role: string(i.Role), CompanyID: i.CompanyID, Status: i.Status, InvitedBy: i.InvitedBy, UserID: i.UserID,
		CreatedAt: rest.Time(i.CreatedAt), ExpiresAt: rest.Time(i.Until),
	}
}

type inviteInput struct {
	rest.Here
	Body struct {
		EmailAddress
		Role      string  `json:"role" enum:"super_admin,company_admin,shop_manager,shop_staff"`
		CompanyID rest.ID `json:"companyId,omitempty" doc:"for super admins; others invite to their own company"`
		Locale    string  `json:"locale,omitempty" maxLength:"35" pattern:"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$" patternDescription:"a BCP 47 language tag" doc:"of the mail" example:"de-AT"`
	}
}

func (s *authAPI) invite(ctx context.Context, in *inviteInput) (*rest.Created[Invitation], error) {
	b := &in.Body
	company, err := s.employer(ctx, entrepot.Role(b.Role), string(b.CompanyID))
	if err != nil {
		return nil, err
	}
	if known, err := s.credentials(ctx, b.lower()); err != nil {
		return nil, err
	} else if known != nil {
		return nil, entrepot.Errorf(entrepot.CodeConflict, "there is an account with this e-mail address already")
	}
	id := entrepot.NewID()
	t := newMailToken(id)
	mailID, sealed := s.mailed(t)
	i, err := grains.Ask(ctx, s.Asker, invitation.Of(id), invitation.Invite{
		Email: b.lower(), Role: entrepot.Role(b.Role), CompanyID: company, Locale: b.Locale,
		MailID: mailID, Hash: t.hash(), Sealed: sealed, Until: s.Now().Add(inviteFor).UnixMilli(),
	})
	if err != nil {
		return nil, err
	}
	return &rest.Created[Invitation]{Location: in.Below(id), Body: invitationOf(i)}, nil
}

type invitationListInput struct {
	rest.ListParams
	rest.CompanyFilter
	Status string `query:"status" enum:"pending,accepted,revoked,expired"`
}

func (s *authAPI) invitations(ctx context.Context, in *invitationListInput) (*rest.List[Invitation], error) {
	q := persistence.Query{Desc: true, Limit: in.Limit, Cursor: in.Cursor, Where: query.Where(query.Where(nil, "status", in.Status), persistence.CompanyID, in.CompanyID)}
	page, err := query.Find(ctx, s.Store, invitation.Collection, entrepot.StaffScope(entrepot.CallerFrom(ctx)), q,
		invitation.Listed(invitationOf))
	return &rest.List[Invitation]{Body: page}, err
}

func (s *authAPI) revokeInvitation(ctx context.Context, in *struct{ rest.IDPath }) (*rest.NoContent, error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	_, err = grains.Ask(ctx, s.Asker, invitation.Of(id), invitation.Revoke{})
	return nil, err
}

type acceptInput struct {
	rest.Here
	Body struct {
		MailToken
		Name     string `json:"name" minLength:"1" maxLength:"200" example:"Ada Lovelace"`
		Password string `json:"password" minLength:"8" maxLength:"128" example:"a long sentence is easy to remember"`
	}
}

func (s *authAPI) acceptInvitation(ctx context.Context, in *acceptInput) (*rest.Created[User], error) {
	t, forgive, err := s.open(ctx, in.Body.Token)
	if err != nil {
		return nil, err
	}
	ctx = query.AsPlatform(ctx)
	i, err := grains.Ask(ctx, s.Asker, invitation.Of(t.owner), invitation.Check{Hash: t.hash()})
	if err != nil {
		return nil, notMailed(err)
	}
	forgive()
	if err := checkNewPassword(in.Body.Password, i.Email); err != nil {
		return nil, err
	}
	hash, err := s.Passwords.Hash(ctx, in.Body.Password)
	if err != nil {
		return nil, err
	}
	err = quota.Within(ctx, s.Asker, s.Store, staff, i.CompanyID, t.owner, func() (err error) {
		i, err = grains.Ask(ctx, s.Asker, invitation.Of(t.owner), invitation.Accept{
			Hash: t.hash(), Name: in.Body.Name, PasswordHash: hash,
		})
		return err
	})
	if err != nil {
		return nil, notMailed(err)
	}
	u, err := grains.Ask(ctx, s.Asker, user.Of(i.UserID), user.Get{})
	if err != nil {
		return nil, err
	}
	return &rest.Created[User]{Location: in.Beside("../profile"), Body: userOf(u)}, nil
}

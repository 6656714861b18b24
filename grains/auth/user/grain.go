package user

import (
	"strings"

	"entrepot/grains"
	"entrepot/persistence"
)

// Collection is where users are kept, in authdb. The e-mail address is unique in
// the platform and is how a login finds its user.
var Collection = &persistence.Collection{
	Name: "users",
	Fields: []persistence.Field{
		{Name: "email", Type: persistence.String, Unique: true},
		{Name: "role", Type: persistence.String},
		{Name: "name", Type: persistence.String},
		{Name: "isActive", Type: persistence.Bool},
	},
	Indexes: [][]string{{"role", "createdAt"}, {"companyId", "role", "createdAt"}, {"companyId", "name"}, {"name"}},
}

// SearchKey is a name as searches and sorting see it.
func SearchKey(name string) string { return strings.ToLower(name) }

// Index is whose the user is: itself, and the company that employs it. shopId
// stands only for who works in exactly one shop.
func (s *State) Index() grains.Index {
	ix := grains.Index{
		CompanyID: s.CompanyID, OwnerID: s.ID, CreatedAt: s.createdAt(),
		Fields: []any{s.Email, string(s.Role), SearchKey(s.Name), s.IsActive},
	}
	if len(s.ShopIDs) == 1 {
		ix.ShopID = s.ShopIDs[0]
	}
	return ix
}

// Kind is the grain of users.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	grains.Command(k, (*State).Register, (*State).View)
	grains.Command(k, (*State).NoteLogin, (*State).View)
	grains.Later(k, (*State).NoteLogout, (*State).loggedOut)
	grains.Later(k, (*State).ChangePassword, (*State).passwordChanged)
	grains.Later(k, (*State).Refresh, (*State).refreshed)
	grains.Later(k, (*State).AssignShop, (*State).assigned)
	grains.Later(k, (*State).UnassignShop, (*State).unassigned)
	grains.Command(k, (*State).UpdateProfile, (*State).View)
	grains.Command(k, (*State).PrepareLeave, (*State).View)
	grains.Command(k, (*State).Vouch, (*State).View)
	grains.Later(k, (*State).SetUser, (*State).userSet)
	grains.Later(k, (*State).Erase, (*State).erased)
	grains.Command(k, (*State).RequestProof, (*State).View)
	grains.Later(k, (*State).VerifyEmail, (*State).emailVerified)
	grains.Later(k, (*State).ResetPassword, (*State).passwordReset)
	grains.Command(k, (*State).BeginTOTP, (*State).View)
	grains.Command(k, (*State).ConfirmTOTP, (*State).View)
	grains.Command(k, (*State).RemoveTOTP, (*State).View)
	grains.Later(k, (*State).ResetTOTP, (*State).totpReset)
	grains.Query(k, (*State).CheckReset)
	grains.Query(k, (*State).Get)
	grains.Query(k, (*State).GetCredentials)
	grains.Query(k, (*State).ListSessions)

	grains.Steps(k, steps)
	grains.Command(k, (*State).Withdrawn, (*State).View)
	grains.Command(k, (*State).MailWritten, (*State).View)
	return k
}

package user

import (
	"strings"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/persistence"
)

// Collection holds the users, in authdb. A login finds its user by the e-mail
// address, which is unique in the platform.
var Collection = &persistence.Collection{
	Name: "users",
	Fields: []persistence.Field{
		{Name: "email", Type: persistence.String, Unique: true},
		{Name: "role", Type: persistence.String},
		{Name: "name", Type: persistence.String},
		{Name: "isActive", Type: persistence.Bool},
	},
	Indexes: [][]string{
		{"role", "createdAt"}, {"companyId", "role", "createdAt"}, {"companyId", "name"}, {"name"},
	},
}

// SearchKey returns a name as it is searched and sorted.
func SearchKey(name string) string { return strings.ToLower(name) }

// Index scopes a user to itself and to its company, and to its shop if it works in
// exactly one.
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

// Kind returns the grain of users.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	grains.Command(k, (*State).Register, (*State).view)
	grains.Command(k, (*State).NoteLogin, (*State).view)
	withdrawing(k, (*State).NoteLogout)
	withdrawing(k, (*State).ChangePassword)
	grains.Later(k, (*State).Refresh, (*State).refreshed)
	withdrawing(k, (*State).AssignShop)
	withdrawing(k, (*State).UnassignShop)
	grains.Command(k, (*State).UpdateProfile, (*State).view)
	grains.Command(k, (*State).PrepareLeave, (*State).view)
	grains.Command(k, (*State).Vouch, (*State).view)
	withdrawing(k, (*State).SetUser)
	withdrawing(k, (*State).Erase)
	grains.Command(k, (*State).RequestProof, (*State).view)
	withdrawing(k, (*State).VerifyEmail)
	withdrawing(k, (*State).ResetPassword)
	grains.Command(k, (*State).BeginTOTP, (*State).view)
	grains.Command(k, (*State).ConfirmTOTP, (*State).view)
	grains.Command(k, (*State).RemoveTOTP, (*State).view)
	withdrawing(k, (*State).ResetTOTP)
	grains.Query(k, (*State).CheckReset)
	grains.Query(k, (*State).Get)
	grains.Query(k, (*State).GetCredentials)
	grains.Query(k, (*State).ListSessions)
	process(k)
	return k
}

// withdrawing registers a command whose reply waits for the withdrawal of tokens.
func withdrawing[C grains.Message[*User]](
	k *grains.Kind, decide func(*State, entrepot.Turn, C) ([]events.Event, error),
) {
	grains.Later(k, decide, func(s *State, _ C) (*User, bool, error) { return s.settled() })
}

// SealedSecret reads the sealed secret of a saved user's second factor; nil for none.
func SealedSecret(unmarshal func(data []byte, v any) error, saved *persistence.Document) ([]byte, error) {
	var s State
	if err := unmarshal(saved.State, &s); err != nil || s.TOTP == nil {
		return nil, err
	}
	return s.TOTP.Sealed, nil
}

// Listed makes a view of users one of saved documents, for lists.
func Listed[V any](view func(*User) V) func(*State, *persistence.Document) V {
	return func(s *State, _ *persistence.Document) V { return view(s.view()) }
}

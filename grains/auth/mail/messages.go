package mail

import (
	"entrepot"
	"entrepot/grains"
)

// Kind is the grain's name in the cluster.
const Name = "Mail"

// Of names one grain of the kind.
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// Put writes the mail. Only the platform sends it; doing it twice changes nothing.
type Put struct {
	To        string
	Template  string      // "verify_email", "change_email", "reset_password", "invitation"
	Locale    string      // BCP 47, may be empty
	UserID    entrepot.ID // whom it is about, if that is a user
	CompanyID entrepot.ID // that invites
	Sealed    []byte      // the token, as edge.Seal wrote it for the purpose "mail:<id>"
	Until     int64       // when the token is void and the mail is emptied
}

// Get asks for the mail; only the platform asks: it alone can open what is sealed.
type Get struct{}

type Mail struct {
	ID        entrepot.ID
	To        string
	Template  string
	Locale    string
	UserID    entrepot.ID
	CompanyID entrepot.ID
	Sealed    []byte
	CreatedAt int64
	Until     int64
}

func (Put) Answers(*Mail) {}
func (Get) Answers(*Mail) {}

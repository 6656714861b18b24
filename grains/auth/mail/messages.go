package mail

import (
	"entrepot"
	"entrepot/grains"
)

// Name is the kind's name in the cluster.
const Name = "Mail"

// Of returns the ref of a mail. The sender chooses its id.
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// Put writes the mail. Only the platform sends it; a second Put changes nothing.
type Put struct {
	To        string
	Template  string      // "verify_email", "change_email", "reset_password", "invitation"
	Locale    string      // BCP 47, may be empty
	UserID    entrepot.ID // the user it is about, if there is one
	CompanyID entrepot.ID // the inviting company, if there is one
	Sealed    []byte      // the token, as edge.Seal sealed it for the purpose "mail:<id>"
	Until     int64       // Unix ms; when the token is void and the mail is emptied
}

// Get returns the mail. Only the platform sends it, because only the platform can
// open the sealed token.
type Get struct{}

// Mail is one mail; its JSON is also that of the saved state.
type Mail struct {
	ID        entrepot.ID `json:"id,omitempty"`
	To        string      `json:"to,omitempty"`
	Template  string      `json:"template,omitempty"`
	Locale    string      `json:"locale,omitempty"`
	UserID    entrepot.ID `json:"userId,omitempty"`
	CompanyID entrepot.ID `json:"companyId,omitempty"`
	Sealed    []byte      `json:"sealed,omitempty"`
	CreatedAt int64       `json:"created,omitempty"` // Unix ms
	Until     int64       `json:"until,omitempty"`   // Unix ms; when the token is void
}

func (Put) Answers(*Mail) {}
func (Get) Answers(*Mail) {}

package shop

import (
	"entrepot"
	"entrepot/grains"
)

// Kind is the grain's name in the cluster.
const Name = "Shop"

// Of names one grain of the kind.
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// Create opens a shop. Who is named as staff is assigned as by Assign, and if one of them cannot be
// the shop is not opened; the platform names staff who know the shop already.
type Create struct {
	CompanyID entrepot.ID
	Name      string
	Address   string
	City      string
	Country   string
	ManagerID entrepot.ID
	StaffIDs  []entrepot.ID
	State     string
	Point     *Point
	Contact   Contact
	Hours     OpeningHours
}

// Update sets everything that a shop says of itself. expected_version 0 is any.
type Update struct {
	ExpectedVersion int64
	Name            string
	Address         string
	City            string
	State           string
	Country         string
	Point           *Point
	Contact         Contact
	Hours           OpeningHours
	IsActive        bool
}

type Delete struct {
	ExpectedVersion int64
}

// Assign changes who works in the shop, all of it or nothing. It is answered when the users' tokens that say
// otherwise are withdrawn. The id names it: twice is once.
type Assign struct {
	ID              entrepot.ID
	ExpectedVersion int64
	ManagerID       entrepot.ID // "": the manager stays
	UserIDs         []entrepot.ID
	Remove          []string
}

// StaffTold is what a user answered to the step that asked.
type StaffTold struct {
	ID      entrepot.ID // of the Assign
	Phase   string
	UserID  entrepot.ID
	Refused bool
	Missing bool // there is no such user in the company
	Reason  string
}

type Get struct{}

type Point struct {
	Lat float64 // degrees
	Lng float64
}

type Contact struct {
	Email   string
	Phone   string
	Website string
}

type OpeningHours struct {
	Timezone   string // IANA
	Week       []Span
	Exceptions []Exception
}

type Span struct {
	Day   string // "monday"
	Open  string // "09:00"
	Close string
}

type Exception struct {
	Date   string // "2026-12-24"
	Closed bool
	Open   string
	Close  string
	Reason string
}

type Shop struct {
	ID        entrepot.ID
	CompanyID entrepot.ID
	Name      string
	Address   string
	City      string
	Country   string
	ManagerID entrepot.ID
	StaffIDs  []entrepot.ID
	IsActive  bool
	CreatedAt int64
	UpdatedAt int64
	State     string
	Point     *Point
	Contact   Contact
	Hours     OpeningHours
	Version   int64
}

func (Create) Answers(*Shop)    {}
func (Update) Answers(*Shop)    {}
func (Delete) Answers(*Shop)    {}
func (Assign) Answers(*Shop)    {}
func (StaffTold) Answers(*Shop) {}
func (Get) Answers(*Shop)       {}

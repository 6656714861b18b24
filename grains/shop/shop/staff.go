package shop

import (
	"fmt"
	"slices"
	"strings"

	"entrepot"
	"entrepot/events"
)

// staffing is a change of the shop's staff. It checks all wanted users first, then
// assigns them; if one refuses after all, the other assignments are undone. Leaving
// users are released last, when nothing can refuse any more.
type staffing struct {
	ID      string        `json:"id"` // of the Assign
	By      entrepot.ID   `json:"by,omitempty"`
	Manager entrepot.ID   `json:"manager,omitempty"` // after the change, as Staff
	Staff   []entrepot.ID `json:"staff,omitempty"`
	Ask     []wanted      `json:"ask,omitempty"`
	New     []entrepot.ID `json:"new,omitempty"`   // wanted users that do not work here yet
	Gone    []entrepot.ID `json:"gone,omitempty"`  // leaving users
	Opens   bool          `json:"opens,omitempty"` // the shop is being opened

	Phase   string        `json:"phase"`
	Told    []entrepot.ID `json:"told,omitempty"` // users that have replied in this phase
	Refusal *refusal      `json:"refusal,omitempty"`
}

// wanted is a user that is to work here, and the client's field that named it.
type wanted struct {
	UserID  entrepot.ID `json:"userId"`
	Manager bool        `json:"manager,omitempty"`
	Field   string      `json:"field"`
}

// The phases of a staffing, in their order; release and undo exclude each other.
const (
	check   = "check"
	assign  = "assign"
	release = "release"
	undo    = "undo"
)

// refusal is the reason for which a staffing failed.
type refusal struct {
	Field   string `json:"field"`
	Missing bool   `json:"missing,omitempty"`
	Reason  string `json:"reason"`
}

// settled is the end of a staffing.
type settled struct {
	ID      string   `json:"id"`
	Refusal *refusal `json:"refusal,omitempty"`
}

// maxSettled bounds the remembered ends, for callers that still wait.
const maxSettled = 16

// The facts of a staffing under way.
type (
	staffingBegun struct {
		events.Private
		staffing
	}
	userReplied struct {
		events.Private
		UserID  entrepot.ID
		Refusal *refusal
	}
	staffingTurned struct {
		events.Private
		Phase string
	}
	staffingEnded struct{ events.Private }
)

var errStaffing = entrepot.Unavailable("another change of the shop's staff is under way; try again")

// Assign changes the staff of the shop. Assigning users that work there already changes
// nothing.
func (s *State) Assign(t entrepot.Turn, c Assign) ([]events.Event, error) {
	if err := s.mayChange(t, 0); err != nil {
		return nil, err
	}
	if s.knows(c.ID) {
		return nil, nil
	}
	if err := entrepot.CheckVersion(c.ExpectedVersion, s.Version); err != nil {
		return nil, err
	}
	if err := s.checkAssign(c); err != nil {
		return nil, err
	}
	n := staffing{ID: c.ID, By: t.Caller.UserID, Manager: s.ManagerID}
	if slices.Contains(c.Remove, n.Manager) {
		n.Manager = ""
	}
	if c.ManagerID != "" {
		n.Manager = c.ManagerID
	}
	for _, u := range append(slices.Clone(s.StaffIDs), c.UserIDs...) {
		if u != n.Manager && !slices.Contains(n.Staff, u) && !slices.Contains(c.Remove, u) {
			n.Staff = append(n.Staff, u)
		}
	}
	if len(n.Staff) > MaxStaff {
		return nil, entrepot.Invalid("userIds", "maxItems", "must leave at most %d users in the shop", MaxStaff)
	}
	n.Ask = wantedUsers(c.ManagerID, c.UserIDs, "userIds")
	for _, u := range s.people() {
		if u != n.Manager && !slices.Contains(n.Staff, u) {
			n.Gone = append(n.Gone, u)
		}
	}
	if n.Manager == s.ManagerID && slices.Equal(n.Staff, s.StaffIDs) {
		return nil, nil
	}
	return s.begin(t, n)
}

func (s *State) checkAssign(c Assign) error {
	switch {
	case c.ID == "":
		return entrepot.Invalid("id", "required", "must be given")
	case s.Staffing != nil:
		return errStaffing
	case c.ManagerID == "" && len(c.UserIDs)+len(c.Remove) == 0:
		return entrepot.Invalid("userIds", "required", "must be given unless managerId or remove is")
	case c.ManagerID != "" && !entrepot.ValidID(c.ManagerID):
		return entrepot.Invalid("managerId", "id", "must be a user id")
	case c.ManagerID != "" && slices.Contains(c.UserIDs, c.ManagerID):
		return entrepot.Invalid("managerId", "exclusive", "must not be among userIds")
	}
	for i, u := range c.UserIDs {
		if !entrepot.ValidID(u) {
			return entrepot.Invalid(fmt.Sprintf("userIds[%d]", i), "id", "must be a user id")
		}
	}
	for i, u := range c.Remove {
		field := fmt.Sprintf("remove[%d]", i)
		switch {
		case u == c.ManagerID || slices.Contains(c.UserIDs, u):
			return entrepot.Invalid(field, "exclusive", "must not be assigned as well")
		case !slices.Contains(s.people(), u):
			return (&refusal{Field: field, Missing: true, Reason: "does not work in this shop"}).err()
		}
	}
	return nil
}

// wantedUsers returns the manager and the users, each once.
func wantedUsers(manager entrepot.ID, users []entrepot.ID, field string) (out []wanted) {
	if manager != "" {
		out = append(out, wanted{manager, true, "managerId"})
	}
	for i, u := range users {
		if u != manager && !slices.ContainsFunc(out, func(a wanted) bool { return a.UserID == u }) {
			out = append(out, wanted{u, false, fmt.Sprintf("%s[%d]", field, i)})
		}
	}
	return out
}

// people returns the manager and the staff.
func (s *State) people() []entrepot.ID {
	if s.ManagerID == "" {
		return s.StaffIDs
	}
	return append([]entrepot.ID{s.ManagerID}, s.StaffIDs...)
}

// begin starts a staffing with its first phase that has users.
func (s *State) begin(t entrepot.Turn, n staffing) ([]events.Event, error) {
	for _, a := range n.Ask {
		if !slices.Contains(s.people(), a.UserID) {
			n.New = append(n.New, a.UserID)
		}
	}
	n.Phase = check
	if len(n.Ask) == 0 {
		n.Phase = release
	}
	if len(n.users()) == 0 { // for example when the manager becomes staff
		return []events.Event{staffingBegun{staffing: n}, n.done(s, t)}, nil
	}
	return []events.Event{staffingBegun{staffing: n}}, nil
}

// staffed returns the staffing of a shop that is being opened; none without staff.
func staffed(t entrepot.Turn, c Create) []events.Event {
	n := staffing{
		ID: t.ID, By: t.Caller.UserID, Manager: c.ManagerID, Opens: true, Phase: check,
		Ask: wantedUsers(c.ManagerID, c.StaffIDs, "staffIds"),
	}
	for _, a := range n.Ask {
		n.New = append(n.New, a.UserID)
		if !a.Manager {
			n.Staff = append(n.Staff, a.UserID)
		}
	}
	if len(n.Ask) == 0 {
		return nil
	}
	return []events.Event{staffingBegun{staffing: n}}
}

// dismissed returns the staffing of a shop that is being deleted; none without staff.
func (s *State) dismissed(t entrepot.Turn) []events.Event {
	if len(s.people()) == 0 {
		return nil
	}
	return []events.Event{staffingBegun{staffing: staffing{
		ID: deletion, By: t.Caller.UserID, Gone: slices.Clone(s.people()), Phase: release,
	}}}
}

// deletion is the id of the staffing of a deletion.
const deletion = "delete"

// users returns the users of the current phase.
func (n *staffing) users() []entrepot.ID {
	switch n.Phase {
	case release:
		return n.Gone
	case undo:
		return n.New
	default:
		out := make([]entrepot.ID, len(n.Ask))
		for i := range n.Ask {
			out[i] = n.Ask[i].UserID
		}
		return out
	}
}

// done returns the event of a successful staffing.
func (n *staffing) done(s *State, t entrepot.Turn) events.Event {
	return events.ShopStaffAssigned{
		ShopID: t.ID, CompanyID: s.CompanyID, ManagerID: n.Manager, StaffIDs: append([]entrepot.ID{}, n.Staff...),
		Added: slices.Clone(n.New), Removed: slices.Clone(n.Gone), AssignedBy: n.By, UpdatedAt: t.Now,
	}
}

// wanted returns the user of a phase.
func (n *staffing) wanted(user entrepot.ID) wanted {
	for _, w := range n.Ask {
		if w.UserID == user {
			return w
		}
	}
	return wanted{UserID: user, Field: "userId"}
}

// applyStaff changes the state by one fact of a staffing.
func (s *State) applyStaff(e events.Event) {
	switch f := e.(type) {
	case staffingBegun:
		n := f.staffing
		s.Staffing = &n
	case userReplied:
		s.Staffing.Told = append(s.Staffing.Told, f.UserID)
		if s.Staffing.Refusal == nil {
			s.Staffing.Refusal = f.Refusal
		}
	case staffingTurned:
		s.Staffing.Phase, s.Staffing.Told = f.Phase, nil
	case events.ShopStaffAssigned:
		s.ManagerID, s.StaffIDs, s.UpdatedAt = f.ManagerID, slices.Clone(f.StaffIDs), f.UpdatedAt.UnixMilli()
		s.Version++
		s.settle()
	case staffingEnded:
		if s.DeletedAt != 0 {
			s.ManagerID, s.StaffIDs = "", nil
		}
		s.settle()
	}
}

// settle ends the staffing and remembers its end.
func (s *State) settle() {
	s.Settled = append(s.Settled, settled{s.Staffing.ID, s.Staffing.Refusal})
	if over := len(s.Settled) - maxSettled; over > 0 {
		s.Settled = slices.Delete(s.Settled, 0, over)
	}
	s.Staffing = nil
}

// knows reports whether a staffing is under way, or among the remembered ends.
func (s *State) knows(id string) bool {
	if s.Staffing != nil && s.Staffing.ID == id {
		return true
	}
	return slices.ContainsFunc(s.Settled, func(e settled) bool { return e.ID == id })
}

// err returns the error for the caller.
func (r *refusal) err() error {
	code, rule := entrepot.CodeInvalid, "role"
	if r.Missing {
		code, rule = entrepot.CodeNotFound, "exists"
	}
	return &entrepot.Error{
		Code: code, Message: r.Field + ": " + r.Reason,
		Fields: []entrepot.FieldError{{Field: r.Field, Rule: rule, Message: strings.TrimSpace(r.Reason)}},
	}
}

// settledAs returns the reply to the command of a staffing once it has ended.
func (s *State) settledAs(id string) (*Shop, bool, error) {
	for _, e := range s.Settled {
		if e.ID == id && e.Refusal != nil {
			return nil, true, e.Refusal.err()
		}
	}
	return s.view(), s.Staffing == nil || s.Staffing.ID != id, nil
}

func (s *State) assigned(c Assign) (*Shop, bool, error) { return s.settledAs(c.ID) }
func (s *State) created(Create) (*Shop, bool, error)    { return s.settledAs(s.ID) }
func (s *State) deleted(Delete) (*Shop, bool, error)    { return s.settledAs(deletion) }

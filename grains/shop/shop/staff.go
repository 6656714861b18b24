package shop

import (
	"fmt"
	"slices"
	"strings"

	"entrepot"
	"entrepot/events"
)

// staffing is a change of who works in the shop. Every user is asked first
// whether it can be, then told; if one cannot after all, the others are told
// back. Who leaves is told last, when nothing can refuse any more.
type staffing struct {
	ID      string        `json:"id"` // of the command
	By      entrepot.ID   `json:"by,omitempty"`
	Manager entrepot.ID   `json:"manager,omitempty"` // afterwards, as Staff
	Staff   []entrepot.ID `json:"staff,omitempty"`
	Ask     []asked       `json:"ask,omitempty"`  // who shall work here
	New     []entrepot.ID `json:"new,omitempty"`  // of those, who does not yet
	Gone    []entrepot.ID `json:"gone,omitempty"` // who shall not any more
	Opens   bool          `json:"opens,omitempty"`

	Phase   string        `json:"phase"`
	Told    []entrepot.ID `json:"told,omitempty"` // who has answered in this phase
	Refusal *refusal      `json:"refusal,omitempty"`
}

// asked is one who shall work here, and the field that said so.
type asked struct {
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

// refusal is why a staffing came to nothing.
type refusal struct {
	Field   string `json:"field"`
	Missing bool   `json:"missing,omitempty"`
	Reason  string `json:"reason"`
}

// settled is how a staffing ended.
type settled struct {
	ID      string   `json:"id"`
	Refusal *refusal `json:"refusal,omitempty"`
}

// maxSettled is how many endings are remembered for who still waits.
const maxSettled = 16

// The facts of a staffing that is under way.
type (
	staffingBegun struct {
		events.Private
		staffing
	}
	staffTold struct {
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

var errStaffing = entrepot.Unavailable("another change of who works in the shop is under way")

// Assign changes who works in the shop. Naming who works there already, or the
// manager there is, changes nothing.
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
		return nil, entrepot.Invalid("userIds", "maxItems", "a shop has at most %d staff", MaxStaff)
	}
	n.Ask = asks(c.ManagerID, c.UserIDs, "userIds")
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
		return entrepot.Invalid("userIds", "required", "name who is assigned, the manager, or who is removed")
	case c.ManagerID != "" && !entrepot.ValidID(c.ManagerID):
		return entrepot.Invalid("managerId", "id", "must be a user id")
	case c.ManagerID != "" && slices.Contains(c.UserIDs, c.ManagerID):
		return entrepot.Invalid("managerId", "exclusive", "is also among userIds")
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
			return entrepot.Invalid(field, "exclusive", "is also assigned")
		case !slices.Contains(s.people(), u):
			return (&refusal{Field: field, Missing: true, Reason: "does not work in this shop"}).err()
		}
	}
	return nil
}

// asks are the users that are asked, each once.
func asks(manager entrepot.ID, users []entrepot.ID, field string) (out []asked) {
	if manager != "" {
		out = append(out, asked{manager, true, "managerId"})
	}
	for i, u := range users {
		if u != manager && !slices.ContainsFunc(out, func(a asked) bool { return a.UserID == u }) {
			out = append(out, asked{u, false, fmt.Sprintf("%s[%d]", field, i)})
		}
	}
	return out
}

// people are all who work in the shop.
func (s *State) people() []entrepot.ID {
	if s.ManagerID == "" {
		return s.StaffIDs
	}
	return append([]entrepot.ID{s.ManagerID}, s.StaffIDs...)
}

// begin starts a staffing with its first phase that asks somebody.
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
	if len(n.asked()) == 0 { // a manager who stays as staff, say
		return append([]events.Event{staffingBegun{staffing: n}}, n.done(s, t)...), nil
	}
	return []events.Event{staffingBegun{staffing: n}}, nil
}

// staffed is the staffing of a shop that is being opened.
func (s *State) staffed(t entrepot.Turn, c Create) []events.Event {
	n := staffing{ID: t.ID, By: t.Caller.UserID, Manager: c.ManagerID, Opens: true, Phase: check, Ask: asks(c.ManagerID, c.StaffIDs, "staffIds")}
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

// dismissed is the staffing of a shop that is being deleted.
func (s *State) dismissed(t entrepot.Turn) []events.Event {
	if len(s.people()) == 0 {
		return nil
	}
	return []events.Event{staffingBegun{staffing: staffing{ID: "delete", By: t.Caller.UserID, Gone: slices.Clone(s.people()), Phase: release}}}
}

// asked are the users that a phase asks.
func (n *staffing) asked() []entrepot.ID {
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

// StaffTold takes what a user answered, and turns to the next phase with the last.
func (s *State) StaffTold(t entrepot.Turn, c StaffTold) ([]events.Event, error) {
	n := s.Staffing
	switch {
	case t.Caller.Role != entrepot.System:
		return nil, entrepot.ErrNotFound
	case n == nil || n.ID != c.ID || n.Phase != c.Phase || slices.Contains(n.Told, c.UserID) || !slices.Contains(n.asked(), c.UserID):
		return nil, nil // told before
	}
	told := staffTold{UserID: c.UserID}
	if c.Refused {
		told.Refusal = &refusal{Field: n.field(c.UserID), Missing: c.Missing, Reason: c.Reason}
	}
	facts := []events.Event{told}
	if len(n.Told)+1 < len(n.asked()) {
		return facts, nil
	}
	refused := n.Refusal != nil || c.Refused
	switch {
	case n.Phase == check && !refused:
		return append(facts, staffingTurned{Phase: assign}), nil
	case n.Phase == assign && !refused && len(n.Gone) > 0:
		return append(facts, staffingTurned{Phase: release}), nil
	case n.Phase == assign && refused && len(n.New) > 0:
		return append(facts, staffingTurned{Phase: undo}), nil
	case refused && n.Opens:
		return append(facts, staffingEnded{}, events.ShopDeleted{ShopID: s.ID, CompanyID: s.CompanyID, DeletedAt: t.Now}), nil
	case refused || s.DeletedAt != 0:
		return append(facts, staffingEnded{}), nil
	default:
		return append(facts, n.done(s, t)...), nil
	}
}

// done tells the public that a staffing has come to its end as asked.
func (n *staffing) done(s *State, t entrepot.Turn) []events.Event {
	return []events.Event{events.ShopStaffAssigned{
		ShopID: t.ID, CompanyID: s.CompanyID, ManagerID: n.Manager, StaffIDs: append([]entrepot.ID{}, n.Staff...),
		Added: slices.Clone(n.New), Removed: slices.Clone(n.Gone), AssignedBy: n.By, UpdatedAt: t.Now,
	}}
}

func (n *staffing) field(user entrepot.ID) string {
	for _, a := range n.Ask {
		if a.UserID == user {
			return a.Field
		}
	}
	return "userId"
}

// applyStaff changes the state by one fact about who works here.
func (s *State) applyStaff(e events.Event) {
	switch f := e.(type) {
	case staffingBegun:
		n := f.staffing
		s.Staffing = &n
	case staffTold:
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

func (s *State) settle() {
	s.Settled = append(s.Settled, settled{s.Staffing.ID, s.Staffing.Refusal})
	if over := len(s.Settled) - maxSettled; over > 0 {
		s.Settled = slices.Delete(s.Settled, 0, over)
	}
	s.Staffing = nil
}

// knows reports whether a staffing is under way or has ended lately.
func (s *State) knows(id string) bool {
	return (s.Staffing != nil && s.Staffing.ID == id) || slices.ContainsFunc(s.Settled, func(e settled) bool { return e.ID == id })
}

// err is what the caller is told.
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

func (s *State) settledAs(id string) (*Shop, bool, error) {
	for _, e := range s.Settled {
		if e.ID == id && e.Refusal != nil {
			return nil, true, e.Refusal.err()
		}
	}
	return s.View(), s.Staffing == nil || s.Staffing.ID != id, nil
}

func (s *State) assigned(c Assign) (*Shop, bool, error) { return s.settledAs(c.ID) }
func (s *State) created(Create) (*Shop, bool, error)    { return s.settledAs(s.ID) }
func (s *State) deleted(Delete) (*Shop, bool, error)    { return s.settledAs("delete") }

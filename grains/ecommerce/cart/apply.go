package cart

import (
	"slices"

	"entrepot"
	"entrepot/events"
)

// Apply changes the state by one fact.
func (s *State) Apply(e events.Event) {
	switch f := e.(type) {
	case added:
		s.touch(f.UserID, f.at)
		s.Currency = f.Currency
		s.wait(f.idle)
		if at := s.find(f.line.ID); at >= 0 {
			s.Lines[at] = f.line
		} else {
			s.Lines = append(s.Lines, f.line)
		}
	case erased:
		s.touch(s.ID, f.at)
		s.Lines, s.Saved, s.Promos, s.Currency, s.Erased = nil, nil, nil, "", true
	case changed:
		s.touch(f.UserID, f.UpdatedAt.UnixMilli())
		s.Currency = f.Currency
		s.hold(f.content)
	case taken:
		s.touch(f.userID, f.at)
		if len(s.Taken) >= MaxTaken {
			s.Taken = slices.Delete(s.Taken, 0, len(s.Taken)-MaxTaken+1)
		}
		s.Taken = append(s.Taken, f.orderID)
	case events.CartAbandoned:
		s.Told = true
	case opened:
		s.Guest = true
		s.touch(f.id, f.at)
	case handed:
		s.Hand = &Handover{To: f.to, Seq: f.seq}
	case settled:
		s.settle(f)
	case merging, merged, refused, closed:
		s.merge(f)
	}
}

// hold keeps copies, as added changes lines in place and a fact must stay as it is.
func (s *State) hold(c content) {
	s.Lines = slices.Clip(append([]Line(nil), c.lines...))
	s.Saved = slices.Clip(append([]Item(nil), c.saved...))
	s.Promos = slices.Clip(append([]string(nil), c.promos...))
}

func (s *State) touch(id entrepot.ID, at int64) {
	if s.ID == "" {
		s.ID, s.CreatedAt = id, at
	}
	s.UpdatedAt, s.Told = at, false
	s.Version++
}

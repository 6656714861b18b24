// Package series draws consecutive numbers, such as the order numbers of one
// company and year.
//
// Commands: Next. Persisted: the last number, and the ids that the last 256 numbers
// were drawn for. Such an id is the command's natural id, so the state itself
// recognizes a repeated command and the kind needs no ring of recent ones.
package series

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"

	"entrepot"
	"entrepot/events"
)

// Memory is the number of ids that a series remembers.
const Memory = 256

const keySize = 12

// State is a series. The zero State has drawn nothing.
type State struct {
	CompanyID entrepot.ID `json:"companyId,omitempty"`
	Last      int64       `json:"last,omitempty"`
	// Keys of the ids that the last numbers were drawn for, 12 bytes each, the key of
	// Last at the end. The numbers themselves are consecutive and follow from the
	// place of the key, so 256 ids take 3 KB.
	Keys      []byte `json:"keys,omitempty"`
	CreatedAt int64  `json:"created,omitempty"` // Unix ms
}

// drawn is the fact that the next number went to the id of the key.
type drawn struct {
	events.Private
	Key       [keySize]byte
	CompanyID entrepot.ID
	At        int64
}

// key returns the bytes of an ObjectID, or a hash of any other id.
func key(id string) (k [keySize]byte) {
	if entrepot.ValidID(id) {
		_, _ = hex.Decode(k[:], []byte(id)) // the form is checked above
		return k
	}
	h := sha256.Sum256([]byte(id))
	copy(k[:], h[:])
	return k
}

// Next draws the next number for an id, once.
func (s *State) Next(t entrepot.Turn, c Next) ([]events.Event, error) {
	if err := t.RequireSystem(); err != nil {
		return nil, err
	}
	switch {
	case s.CompanyID != "" && c.CompanyID != s.CompanyID:
		return nil, entrepot.ErrNotFound
	case c.ForID == "":
		return nil, entrepot.Invalid("forId", "required", "must be given")
	case c.CompanyID == "":
		return nil, entrepot.Invalid("companyId", "required", "must be given")
	}
	if s.numberOf(c.ForID) > 0 {
		return nil, nil
	}
	return []events.Event{drawn{Key: key(c.ForID), CompanyID: c.CompanyID, At: t.Now.UnixMilli()}}, nil
}

// Drawn returns the reply to Next. The number is always there: Next has just drawn
// it or found it.
func (s *State) Drawn(c Next) (*Number, bool, error) {
	return &Number{Number: s.numberOf(c.ForID)}, true, nil
}

// numberOf returns the number that was drawn for the id, or 0 when none is
// remembered.
func (s *State) numberOf(id string) int64 {
	k := key(id)
	n := len(s.Keys) / keySize
	for i := n - 1; i >= 0; i-- { // a repeated call is mostly about a late number
		if bytes.Equal(s.Keys[i*keySize:(i+1)*keySize], k[:]) {
			return s.Last - int64(n-1-i)
		}
	}
	return 0
}

// Apply changes the state by one fact.
func (s *State) Apply(e events.Event) {
	switch f := e.(type) {
	case drawn:
		if s.Last == 0 {
			s.CompanyID, s.CreatedAt = f.CompanyID, f.At
		}
		s.Last++
		if len(s.Keys) >= Memory*keySize {
			n := copy(s.Keys, s.Keys[keySize:])
			s.Keys = s.Keys[:n]
		}
		s.Keys = append(s.Keys, f.Key[:]...)
	}
}

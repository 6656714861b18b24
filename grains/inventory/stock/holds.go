package stock

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"sync"

	"entrepot"
)

// Reservations are an item's open ones. A hot item has thousands and writes them
// all each time, so they are kept packed: one string of base64, and in it for each
// its id, quantity, expiry after the one before it, and the pieces beyond on-hand.
type Reservations []Reservation

var errHolds = errors.New("stock: packed reservations do not decode")

const packedID = 12 // bytes of an id; another length stands before any other text

// packing keeps what reservations are packed in before it is text: a hot item needs
// a hundred kilobytes of it with each write.
var packing = sync.Pool{New: func() any { return new([]byte) }}

// MarshalJSON packs them.
func (all Reservations) MarshalJSON() ([]byte, error) {
	scratch := packing.Get().(*[]byte)
	defer packing.Put(scratch)
	raw := (*scratch)[:0]
	last := int64(0)
	for _, r := range all {
		if entrepot.ValidID(r.OrderID) {
			raw = append(raw, 0)
			raw, _ = hex.AppendDecode(raw, []byte(r.OrderID)) // ValidID says that it is hex
		} else {
			raw = binary.AppendUvarint(raw, uint64(len(r.OrderID))+1)
			raw = append(raw, r.OrderID...)
		}
		raw = binary.AppendVarint(raw, r.Quantity)
		raw = binary.AppendVarint(raw, r.ExpiresAt-last)
		raw = binary.AppendVarint(raw, r.Backordered)
		last = r.ExpiresAt
	}
	*scratch = raw
	out := append(make([]byte, 0, 2+base64.StdEncoding.EncodedLen(len(raw))), '"')
	return append(base64.StdEncoding.AppendEncode(out, raw), '"'), nil
}

// UnmarshalJSON unpacks them. Text that MarshalJSON did not make is an error.
func (all *Reservations) UnmarshalJSON(b []byte) error {
	var raw []byte
	if err := json.Unmarshal(b, &raw); err != nil {
		return err
	}
	*all = nil
	last := int64(0)
	for len(raw) > 0 {
		var r Reservation
		var err error
		if r.OrderID, raw, err = unpackID(raw); err != nil {
			return err
		}
		for _, to := range []*int64{&r.Quantity, &r.ExpiresAt, &r.Backordered} {
			v, n := binary.Varint(raw)
			if n <= 0 {
				return errHolds
			}
			*to, raw = v, raw[n:]
		}
		r.ExpiresAt += last
		last = r.ExpiresAt
		*all = append(*all, r)
	}
	return nil
}

func unpackID(raw []byte) (entrepot.ID, []byte, error) {
	length, n := binary.Uvarint(raw)
	if raw = raw[max(n, 0):]; n <= 0 {
		return "", nil, errHolds
	}
	if length == 0 {
		if len(raw) < packedID {
			return "", nil, errHolds
		}
		return hex.EncodeToString(raw[:packedID]), raw[packedID:], nil
	}
	if length--; length > uint64(len(raw)) {
		return "", nil, errHolds
	}
	return string(raw[:length]), raw[length:], nil
}

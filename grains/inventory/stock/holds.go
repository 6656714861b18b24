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

// Reservations are the open reservations of an item. A popular item has thousands and
// writes all of them each time, so they are stored packed as one base64 string: for
// each its id, its quantity, its expiry relative to the one before, and its
// backordered pieces.
type Reservations []Reservation

var errHolds = errors.New("stock: packed reservations do not decode")

const packedID = 12 // bytes of an id; any other text has its length before it

// packing pools the buffers of packed reservations, of which a popular item needs a
// hundred kilobytes with each write.
var packing = sync.Pool{New: func() any { return new([]byte) }}

// MarshalJSON packs the reservations.
func (all Reservations) MarshalJSON() ([]byte, error) {
	scratch := packing.Get().(*[]byte)
	defer packing.Put(scratch)
	raw := (*scratch)[:0]
	last := int64(0)
	for _, r := range all {
		if entrepot.ValidID(r.OrderID) {
			raw = append(raw, 0)
			raw, _ = hex.AppendDecode(raw, []byte(r.OrderID)) // ValidID has checked that it is hex
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

// UnmarshalJSON unpacks the reservations. Text that MarshalJSON did not make is an error.
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

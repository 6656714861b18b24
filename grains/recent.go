package grains

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"time"

	"entrepot"
)

// recent holds the ids and content hashes of an entity's last commands, and the kept replies to
// commands whose id the client chose. It is part of the document, so that it lists exactly the
// commands that the saved state contains.
type recent struct {
	limit int
	seen  []seenCommand // oldest first
	kept  []keptReply   // oldest first
	write [8]byte       // random id of the write that saved it
}

type commandDigest [12]byte

type seenCommand struct {
	id   commandDigest
	hash uint64
}

type keptReply struct {
	id   commandDigest
	at   int64  // Unix seconds
	body []byte // content hash, 8 bytes, then the reply as JSON
}

// Bounds of kept replies: long enough for a client's retries, small enough for every write.
const (
	maxKept = 16
	keepFor = 24 * time.Hour
)

// digest returns the fixed-size form of a command id: the bytes of an ObjectID, or else a hash.
func digest(id string) (d commandDigest) {
	if entrepot.ValidID(id) {
		_, _ = hex.Decode(d[:], []byte(id)) // checked above
		return d
	}
	h := sha256.Sum256([]byte(id))
	copy(d[:], h[:])
	return d
}

// find returns the content hash of a command in the ring.
func (r *recent) find(id commandDigest) (hash uint64, ok bool) {
	for i := len(r.seen) - 1; i >= 0; i-- {
		if r.seen[i].id == id {
			return r.seen[i].hash, true
		}
	}
	return 0, false
}

// reply returns the kept reply to a command after its content hash, or nil.
func (r *recent) reply(id commandDigest) []byte {
	for i := range r.kept {
		if r.kept[i].id == id {
			return r.kept[i].body
		}
	}
	return nil
}

// add puts a command into the ring in place of the oldest.
func (r *recent) add(id commandDigest, hash uint64) {
	if r.limit <= 0 {
		return
	}
	if len(r.seen) >= r.limit {
		n := copy(r.seen, r.seen[len(r.seen)-r.limit+1:])
		r.seen = r.seen[:n]
	}
	r.seen = append(r.seen, seenCommand{id, hash})
}

// keep stores a reply for a day, even when the command has left the ring. Of more than maxKept
// replies the oldest is dropped.
func (r *recent) keep(id commandDigest, hash uint64, body []byte, now time.Time) {
	fresh := r.kept[:0]
	for _, k := range r.kept {
		if now.Unix()-k.at < int64(keepFor/time.Second) && k.id != id {
			fresh = append(fresh, k)
		}
	}
	if len(fresh) >= maxKept {
		fresh = append(fresh[:0], fresh[len(fresh)-maxKept+1:]...)
	}
	entry := binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(body)), hash)
	r.kept = append(fresh, keptReply{id: id, at: now.Unix(), body: append(entry, body...)})
}

const recentFormat = 1

// encode returns format, write id, seen commands and kept replies as bytes.
func (r *recent) encode() []byte {
	n := 1 + 8 + 2 + len(r.seen)*20 + 2
	for _, k := range r.kept {
		n += 12 + 8 + 4 + len(k.body)
	}
	b := make([]byte, 0, n)
	b = append(b, recentFormat)
	b = append(b, r.write[:]...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(r.seen))) //nolint:gosec // bounded by limit
	for _, s := range r.seen {
		b = append(b, s.id[:]...)
		b = binary.BigEndian.AppendUint64(b, s.hash)
	}
	b = binary.BigEndian.AppendUint16(b, uint16(len(r.kept))) //nolint:gosec // bounded by maxKept
	for _, k := range r.kept {
		b = append(b, k.id[:]...)
		b = binary.BigEndian.AppendUint64(b, uint64(k.at))        //nolint:gosec // seconds since 1970
		b = binary.BigEndian.AppendUint32(b, uint32(len(k.body))) //nolint:gosec // a reply is far below 4 GiB
		b = append(b, k.body...)
	}
	return b
}

var errRecent = errors.New("grains: damaged ring of recent commands")

// decodeRecent reads the bytes of encode; none are an empty ring. limit is the length to which
// [recent.add] then keeps it.
func decodeRecent(b []byte, limit int) (recent, error) {
	r := recent{limit: limit}
	if len(b) == 0 {
		return r, nil
	}
	if len(b) < 11 || b[0] != recentFormat {
		return r, errRecent
	}
	copy(r.write[:], b[1:9])
	n := int(binary.BigEndian.Uint16(b[9:]))
	b = b[11:]
	if len(b) < n*20+2 {
		return r, errRecent
	}
	r.seen = make([]seenCommand, n)
	for i := range r.seen {
		copy(r.seen[i].id[:], b)
		r.seen[i].hash = binary.BigEndian.Uint64(b[12:])
		b = b[20:]
	}
	n = int(binary.BigEndian.Uint16(b))
	b = b[2:]
	for range n {
		if len(b) < 24 {
			return r, errRecent
		}
		var k keptReply
		copy(k.id[:], b)
		k.at = int64(binary.BigEndian.Uint64(b[12:])) //nolint:gosec // seconds since 1970
		size := int(binary.BigEndian.Uint32(b[20:]))
		b = b[24:]
		if size < 8 || len(b) < size {
			return r, errRecent
		}
		k.body = append([]byte(nil), b[:size]...)
		b = b[size:]
		r.kept = append(r.kept, k)
	}
	return r, nil
}

package edge

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"sync/atomic"
	"time"
)

// Seal encrypts what a database has to keep and must not tell: the tokens of
// mails under way and the secrets of second factors. AES-256-GCM; the keys are
// the seal*.key files in the folder of the signing keys, so whoever has the
// databases alone has nothing. What is sealed names its key. The newest key
// whose moment has come seals, the others open what they sealed; the folder is
// read again every few seconds, as [Keys] does. Seal is safe for concurrent use.
type Seal struct {
	dir     string
	now     func() time.Time
	set     atomic.Pointer[sealSet]
	rereads rereads
}

type sealSet struct {
	keys []sealKey // in the order in which they seal
	byID map[sealID]*sealKey
}

type sealKey struct {
	id   sealID
	file string
	from time.Time // zero: from the beginning
	aead cipher.AEAD
}

// sealID names a key by a hash of it.
type sealID [8]byte

func (id sealID) String() string { return hex.EncodeToString(id[:]) }

const (
	sealKeySize = 32
	sealVersion = 1 // begins what names its key
)

func newSealKey(file string, from time.Time, key []byte) (k sealKey, err error) {
	k.file, k.from = file, from
	sum := sha256.Sum256(append([]byte("entrepot seal\x00"), key...))
	copy(k.id[:], sum[:])
	block, err := aes.NewCipher(key)
	if err != nil {
		return k, err
	}
	k.aead, err = cipher.NewGCMWithRandomNonce(block)
	return k, err
}

// sealer is the key that seals now: before the first one's moment, that one.
func (s *sealSet) sealer(now time.Time) (i int) {
	for j := range s.keys {
		if !s.keys[j].from.After(now) {
			i = j
		}
	}
	return i
}

// of returns the key that sealed names and the bytes that this key made; a nil key when the name is unknown or
// missing.
func (s *sealSet) of(sealed []byte) (*sealKey, []byte) {
	id, body, _ := sealName(sealed)
	return s.byID[id], body
}

func sealName(sealed []byte) (id sealID, body []byte, ok bool) {
	if len(sealed) <= 1+len(id) || sealed[0] != sealVersion {
		return id, nil, false
	}
	return sealID(sealed[1:]), sealed[1+len(id):], true
}

// Seal encrypts plain for one purpose; only Open with the same purpose reads it.
func (s *Seal) Seal(purpose string, plain []byte) []byte {
	now := s.now()
	s.follow(now)
	set := s.set.Load()
	k := &set.keys[set.sealer(now)]
	out := append([]byte{sealVersion}, k.id[:]...)
	return k.aead.Seal(out, nil, plain, []byte(purpose)) //nolint:gosec // G407: this AEAD draws the nonce itself
}

// Open is what was sealed for the purpose; an error for anything else.
func (s *Seal) Open(purpose string, sealed []byte) ([]byte, error) {
	s.follow(s.now())
	k, body := s.set.Load().of(sealed)
	if _, _, named := sealName(sealed); named && k == nil {
		s.seek()
		k, body = s.set.Load().of(sealed)
	}
	if k != nil {
		if plain, err := k.aead.Open(nil, nil, body, []byte(purpose)); err == nil {
			return plain, nil
		}
	}
	return nil, errors.New("edge: seal: not sealed with a key of ours for this purpose")
}

// Stale reports whether another key than the one that seals now has sealed it.
func (s *Seal) Stale(sealed []byte) bool {
	now := s.now()
	s.follow(now)
	set := s.set.Load()
	id, _, named := sealName(sealed)
	return !named || id != set.keys[set.sealer(now)].id
}

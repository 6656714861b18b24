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

// Seal encrypts secrets in databases, the tokens in unsent mails and the secrets of second factors, with AES-256-GCM.
// The keys are the seal*.key files in the folder of the signing keys, so a copy of the databases alone discloses
// nothing. Sealed bytes name their key. The newest key whose time has come seals; all keys open. The folder is read
// again every 5 s, as by [Keys]. Seal is safe for concurrent use.
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

// sealID is the id of a key: the first 64 bits of a SHA-256 hash of it.
type sealID [8]byte

func (id sealID) String() string { return hex.EncodeToString(id[:]) }

const (
	sealKeySize = 32
	sealVersion = 1 // first byte of sealed bytes, before the id of the key
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

// sealer returns the index of the key that seals now: the newest whose time has come, else the first.
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

// Seal encrypts plain for a purpose. Only Open with the same purpose decrypts it.
func (s *Seal) Seal(purpose string, plain []byte) []byte {
	now := s.now()
	s.follow(now)
	set := s.set.Load()
	k := &set.keys[set.sealer(now)]
	out := append([]byte{sealVersion}, k.id[:]...)
	return k.aead.Seal(out, nil, plain, []byte(purpose)) //nolint:gosec // G407: this AEAD draws the nonce itself
}

// Open returns the bytes that were sealed for the purpose. It fails for any other purpose or key.
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
	return nil, errors.New("edge: seal: not sealed with a known key for this purpose")
}

// Stale reports whether sealed bytes should be sealed again, because another key seals now.
func (s *Seal) Stale(sealed []byte) bool {
	now := s.now()
	s.follow(now)
	set := s.set.Load()
	id, _, named := sealName(sealed)
	return !named || id != set.keys[set.sealer(now)].id
}

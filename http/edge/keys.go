package edge

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// TokenOptions are the registered claims of access tokens and the clock. Zero values mean the defaults.
type TokenOptions struct {
	Issuer   string           // default "entrepot"
	Audience string           // default "entrepot-api"
	TTL      time.Duration    // of an access token, default 15 min
	Now      func() time.Time // default time.Now
}

// Keys are the Ed25519 keys that sign and verify access tokens: the *.pem files (PKCS #8) of a directory. A file's
// name begins with the time from which its key signs. All keys verify and are published; the newest key whose time
// has come signs. The directory is read every 5 s, so keys are rotated without a restart: add a key ahead of its
// time, and remove it when its last token has expired. Keys is safe for concurrent use.
type Keys struct {
	dir     string
	o       TokenOptions
	set     atomic.Pointer[keySet]
	rereads rereads
	cache   tokenCache
}

// RotateLead is the time between the publication of a key and its first signature. All members read the directory
// several times in it, and other systems may cache the JWKS for a minute.
const RotateLead = 90 * time.Second

type keySet struct {
	keys    []signingKey // in the order in which they sign
	public  map[string]ed25519.PublicKey
	forward map[string][]byte // HMAC keys for forwarded callers, by id
}

type signingKey struct {
	id, file string
	from     time.Time // zero: the file name has no time
	private  ed25519.PrivateKey
}

// signer returns the index of the key that signs now: the newest whose time has come, else the first.
func (s *keySet) signer(now time.Time) (i int) {
	for j := range s.keys {
		if !s.keys[j].from.After(now) {
			i = j
		}
	}
	return i
}

// OpenKeys reads the directory's keys. If there are none, it makes the directory (0700) and one key (0600).
func OpenKeys(dir string, o TokenOptions) (*Keys, error) {
	if o.Issuer == "" {
		o.Issuer = "entrepot"
	}
	if o.Audience == "" {
		o.Audience = "entrepot-api"
	}
	if o.TTL <= 0 {
		o.TTL = 15 * time.Minute
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	k := &Keys{dir: dir, o: o, cache: newTokenCache()}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("edge: keys: %w", err)
	}
	set, err := readKeys(dir)
	if err != nil {
		return nil, err
	}
	if set == nil {
		return k, k.Rotate(0)
	}
	k.set.Store(set)
	k.rereads.done(o.Now())
	return k, nil
}

// Rotate adds a key, which is published at once. It signs from the first whole minute that is at least lead from
// now, or at once if lead is 0.
func (k *Keys) Rotate(lead time.Duration) error {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return fmt.Errorf("edge: keys: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return fmt.Errorf("edge: keys: %w", err)
	}
	name := keyFrom(k.o.Now(), lead).Format(keyMoment) + "-" + keyID(public) + ".pem"
	if err := writeKey(k.dir, name, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})); err != nil {
		return fmt.Errorf("edge: keys: %w", err)
	}
	return k.Reload()
}

// keyFrom returns the first whole minute that is at least lead from now, or now if lead is 0.
func keyFrom(now time.Time, lead time.Duration) time.Time {
	from := now.UTC()
	if lead > 0 {
		from = from.Add(lead + time.Minute - 1).Truncate(time.Minute)
	}
	return from
}

// keyMoment is the time format at the start of a file name, so that names sort in the order of signing.
const keyMoment = "20060102T150405.000000000"

// writeKey writes a key under a temporary name and renames it, so that no process reads half a key.
func writeKey(dir, name string, text []byte) error {
	f, err := os.CreateTemp(dir, "key-*") // 0600
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(dir, name))
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// Reload reads the directory again. Tokens of removed keys become invalid at once.
func (k *Keys) Reload() error {
	set, err := readKeys(k.dir)
	if err != nil {
		return err
	}
	if set == nil {
		return fmt.Errorf("edge: no key in %s", k.dir)
	}
	k.rereads.done(k.o.Now())
	if old := k.set.Load(); old != nil && old.same(set) {
		return nil
	}
	k.set.Store(set)
	k.cache.tokens.Purge()
	return nil
}

func (s *keySet) same(other *keySet) bool {
	return slices.EqualFunc(s.keys, other.keys, func(a, b signingKey) bool { return a.file == b.file && a.id == b.id })
}

// follow reads the directory again if it is due; one caller does it. If the directory cannot be read, the current
// keys stay in use.
func (k *Keys) follow(now time.Time) {
	if k.rereads.due(now) {
		_ = k.Reload() // repeated when next due
	}
}

// key returns the public key of an id. For an unknown id it reads the directory again, at most once a second, so
// that keys of other processes are found and forged ids cost little.
func (k *Keys) key(kid string) (ed25519.PublicKey, bool) {
	if p, ok := k.set.Load().public[kid]; ok {
		return p, true
	}
	if len(kid) != keyIDLength || !k.rereads.asking.TryLock() {
		return nil, false
	}
	defer k.rereads.asking.Unlock()
	if k.rereads.mayAsk(k.o.Now()) && k.Reload() != nil {
		return nil, false
	}
	p, ok := k.set.Load().public[kid]
	return p, ok
}

// readKeys reads all keys; nil if there are none.
func readKeys(dir string) (*keySet, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.pem"))
	if err != nil || len(names) == 0 {
		return nil, err
	}
	slices.Sort(names)
	set := &keySet{public: map[string]ed25519.PublicKey{}, forward: map[string][]byte{}}
	for _, name := range names {
		private, err := readKey(name)
		if errors.Is(err, os.ErrNotExist) { // removed since Glob
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("edge: key %s: %w", name, err)
		}
		public, _ := private.Public().(ed25519.PublicKey)
		key := signingKey{id: keyID(public), file: filepath.Base(name), private: private}
		moment, _, _ := strings.Cut(key.file, "-")
		if from, err := time.Parse(keyMoment, moment); err == nil {
			key.from = from
		}
		set.keys = append(set.keys, key)
		set.public[key.id], set.forward[key.id] = public, forwardKey(private)
	}
	if len(set.keys) == 0 {
		return nil, nil
	}
	slices.SortStableFunc(set.keys, func(a, b signingKey) int { return a.from.Compare(b.from) })
	return set, nil
}

func readKey(name string) (ed25519.PrivateKey, error) {
	b, err := os.ReadFile(name) //nolint:gosec // the directory belongs to the operator
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, fmt.Errorf("not PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	private, ok := key.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("not an Ed25519 key")
	}
	return private, nil
}

const keyIDLength = 22

// keyID returns the id of a public key: the first 128 bits of its SHA-256 hash in base64url.
func keyID(public ed25519.PublicKey) string {
	h := sha256.Sum256(public)
	return base64.RawURLEncoding.EncodeToString(h[:16])
}

// JWKS is a JSON Web Key Set (RFC 7517) of Ed25519 public keys (RFC 8037), so that other systems can verify tokens
// with any JOSE library.
type JWKS struct {
	Keys []JWK `json:"keys"`
}

// JWK is one Ed25519 public key.
type JWK struct {
	Type      string `json:"kty" example:"OKP"`
	Curve     string `json:"crv" example:"Ed25519"`
	ID        string `json:"kid"`
	Use       string `json:"use" example:"sig"`
	Algorithm string `json:"alg" example:"EdDSA"`
	X         string `json:"x" doc:"the key, base64url"`
}

// JWKS returns all public keys, sorted by id, including keys that do not sign yet.
func (k *Keys) JWKS() JWKS {
	k.follow(k.o.Now())
	set := k.set.Load()
	out := JWKS{Keys: make([]JWK, 0, len(set.public))}
	for _, id := range slices.Sorted(maps.Keys(set.public)) {
		out.Keys = append(out.Keys, JWK{
			Type: "OKP", Curve: "Ed25519", ID: id, Use: "sig", Algorithm: "EdDSA",
			X: base64.RawURLEncoding.EncodeToString(set.public[id]),
		})
	}
	return out
}

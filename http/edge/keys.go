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
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// TokenOptions are what tokens say besides their user. Zero values mean the defaults.
type TokenOptions struct {
	Issuer   string           // default "entrepot"
	Audience string           // default "entrepot-api"
	TTL      time.Duration    // of an access token, default 15 min
	Now      func() time.Time // default time.Now
}

// Keys are the Ed25519 keys that sign and verify access tokens: the *.pem files
// (PKCS #8) of a directory, each named by the moment from which it signs. All of
// them verify and are published; of those whose moment has come the newest signs.
// The directory is read again every few seconds, so a key is rotated by adding
// one, ahead of its moment, and removed when its last token has expired, without
// a restart of anything. Keys is safe for concurrent use.
type Keys struct {
	dir     string
	o       TokenOptions
	set     atomic.Pointer[keySet]
	rereads rereads
	cache   tokenCache
}

// RotateLead is how long before it signs a key is published: every member has
// read it several times by then, and outsiders may keep a JWKS for a minute.
const RotateLead = 90 * time.Second

type keySet struct {
	keys    []signingKey // in the order in which they sign
	public  map[string]ed25519.PublicKey
	forward map[string][]byte // what gateways sign callers with
}

type signingKey struct {
	id, file string
	from     time.Time // zero: the operator named the file otherwise
	private  ed25519.PrivateKey
}

// signer is the key that signs now: before the first one's moment, that one.
func (s *keySet) signer(now time.Time) (i int) {
	for j := range s.keys {
		if !s.keys[j].from.After(now) {
			i = j
		}
	}
	return i
}

// OpenKeys reads the directory's keys; the first start makes the directory
// (0700) and one key (0600).
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

// Rotate adds a key, which is published at once and signs from the first whole
// minute at least lead from now; with no lead at once.
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

// keyFrom is the first whole minute at least lead from now; without lead it is now.
func keyFrom(now time.Time, lead time.Duration) time.Time {
	from := now.UTC()
	if lead > 0 {
		from = from.Add(lead + time.Minute - 1).Truncate(time.Minute)
	}
	return from
}

// keyMoment begins a file's name, so that names sort as keys sign.
const keyMoment = "20060102T150405.000000000"

// writeKey lets nobody read half a key: it gets its name when it is whole.
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

// Reload rereads the directory. Tokens of keys that are gone stop verifying at once.
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

// follow rereads the directory when it is time; one caller does it. A directory
// that cannot be read now leaves the keys that are known.
func (k *Keys) follow(now time.Time) {
	if k.rereads.due(now) {
		_ = k.Reload() // it is tried again
	}
}

// key finds a public key. One that another process made is found by rereading,
// at most once a second, however many forged ids are tried.
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

// readKeys reads all keys; nil when there is none.
func readKeys(dir string) (*keySet, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.pem"))
	if err != nil || len(names) == 0 {
		return nil, err
	}
	slices.Sort(names)
	set := &keySet{public: map[string]ed25519.PublicKey{}, forward: map[string][]byte{}}
	for _, name := range names {
		private, err := readKey(name)
		if errors.Is(err, os.ErrNotExist) { // removed meanwhile
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
	b, err := os.ReadFile(name) //nolint:gosec // the operator's own directory
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, fmt.Errorf("is not PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	private, ok := key.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("is not an Ed25519 key")
	}
	return private, nil
}

const keyIDLength = 22

// keyID names a key by its public half: 128 bits of its SHA-256.
func keyID(public ed25519.PublicKey) string {
	h := sha256.Sum256(public)
	return base64.RawURLEncoding.EncodeToString(h[:16])
}

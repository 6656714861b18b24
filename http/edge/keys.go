package edge

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
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
// (PKCS #8) of a directory. The newest by name signs, all verify, so a key is
// rotated by adding one and removed when its last token has expired. Keys is
// safe for concurrent use.
type Keys struct {
	dir     string
	o       TokenOptions
	set     atomic.Pointer[keySet]
	cache   tokenCache
	reload  sync.Mutex
	lastTry time.Time // of a reload for an unknown kid
}

type keySet struct {
	signKid string
	sign    ed25519.PrivateKey
	public  map[string]ed25519.PublicKey
	forward map[string][]byte // what gateways sign callers with
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
	k := &Keys{dir: dir, o: o}
	k.cache.init()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("edge: keys: %w", err)
	}
	set, err := readKeys(dir)
	if err != nil {
		return nil, err
	}
	if set == nil {
		return k, k.Rotate()
	}
	k.set.Store(set)
	return k, nil
}

// Rotate adds a key, which signs from now on.
func (k *Keys) Rotate() error {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return fmt.Errorf("edge: keys: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return fmt.Errorf("edge: keys: %w", err)
	}
	name := k.o.Now().UTC().Format("20060102T150405.000000000") + "-" + keyID(public) + ".pem"
	f, err := os.OpenFile(filepath.Join(k.dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the operator's own directory
	if err != nil {
		return fmt.Errorf("edge: keys: %w", err)
	}
	err = pem.Encode(f, &pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("edge: keys: %w", err)
	}
	return k.Reload()
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
	k.set.Store(set)
	k.cache.clear()
	return nil
}

// key finds a public key. One that another process made is found by rereading,
// at most once a second, however many forged ids are tried.
func (k *Keys) key(kid string) (ed25519.PublicKey, bool) {
	if p, ok := k.set.Load().public[kid]; ok {
		return p, true
	}
	if len(kid) != keyIDLength || !k.reload.TryLock() {
		return nil, false
	}
	defer k.reload.Unlock()
	if now := k.o.Now(); now.Sub(k.lastTry) >= time.Second {
		k.lastTry = now
		if k.Reload() != nil {
			return nil, false
		}
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
		if err != nil {
			return nil, fmt.Errorf("edge: key %s: %w", name, err)
		}
		public, _ := private.Public().(ed25519.PublicKey)
		set.signKid, set.sign = keyID(public), private
		set.public[set.signKid], set.forward[set.signKid] = public, forwardKey(private)
	}
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

package edge

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Seal encrypts what a database has to keep and must not tell: the tokens of
// mails under way and the secrets of second factors. AES-256-GCM; the key is
// seal.key in the folder of the signing keys, so whoever has the databases alone
// has nothing. Seal is safe for concurrent use.
type Seal struct{ aead cipher.AEAD }

const sealFile, sealKeySize = "seal.key", 32

// OpenSeal reads the folder's key; the first start makes it (0600). Members that
// share the folder agree on one, whoever comes first.
func OpenSeal(dir string) (*Seal, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("edge: seal: %w", err)
	}
	name := filepath.Join(dir, sealFile)
	key, err := os.ReadFile(name) //nolint:gosec // the operator's own directory
	if errors.Is(err, os.ErrNotExist) {
		if err := makeSealKey(dir, name); err != nil {
			return nil, fmt.Errorf("edge: seal: %w", err)
		}
		key, err = os.ReadFile(name) //nolint:gosec // the operator's own directory
	}
	if err != nil {
		return nil, fmt.Errorf("edge: seal: %w", err)
	}
	if len(key) != sealKeySize {
		return nil, fmt.Errorf("edge: seal: %s is not a key of %d bytes", name, sealKeySize)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("edge: seal: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("edge: seal: %w", err)
	}
	return &Seal{aead}, nil
}

// makeSealKey writes a whole key under another name first: a link appears at
// once or not at all, and never over another's.
func makeSealKey(dir, name string) error {
	f, err := os.CreateTemp(dir, "seal-*") // 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	key := make([]byte, sealKeySize)
	_, _ = rand.Read(key) // never fails
	if _, err := f.Write(key); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), name); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return nil
}

// Seal encrypts plain for one purpose; only Open with the same purpose reads it.
func (s *Seal) Seal(purpose string, plain []byte) []byte {
	return s.aead.Seal(nil, nil, plain, []byte(purpose)) //nolint:gosec // G407: this AEAD draws the nonce itself
}

// Open is what was sealed for the purpose; an error for anything else.
func (s *Seal) Open(purpose string, sealed []byte) ([]byte, error) {
	plain, err := s.aead.Open(nil, nil, sealed, []byte(purpose))
	if err != nil {
		return nil, errors.New("edge: seal: not sealed with this key for this purpose")
	}
	return plain, nil
}

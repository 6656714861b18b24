package edge

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// sealFile is the file of the first key. Later files are named "seal-<time>-<id>.key".
const (
	sealFile   = "seal.key"
	sealPrefix = "seal-"
)

// SealLife is longer than any mail with a sealed token stays unsent. When another key has sealed for that time, the
// old key only opens second factors.
const SealLife = 8 * 24 * time.Hour

// OpenSeal reads the folder's keys. If there are none, it makes one (0600). Members that share the folder agree on one
// key, also if they start at the same time.
func OpenSeal(dir string) (*Seal, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("edge: seal: %w", err)
	}
	s := &Seal{dir: dir, now: time.Now}
	err := s.Reload()
	if errors.Is(err, errNoSeal) {
		if err := makeSealKey(dir); err != nil {
			return nil, fmt.Errorf("edge: seal: %w", err)
		}
		err = s.Reload()
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

var errNoSeal = errors.New("no key in")

// makeSealKey writes the key under a temporary name and links it, which is atomic and never replaces the key of another
// process.
func makeSealKey(dir string) error {
	f, err := os.CreateTemp(dir, "new-*") // 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	if _, err := f.Write(randomKey()); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), filepath.Join(dir, sealFile)); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return nil
}

func randomKey() []byte {
	key := make([]byte, sealKeySize)
	_, _ = rand.Read(key) // never fails
	return key
}

// readSealKeys reads all keys. The error is errNoSeal if there are none.
func readSealKeys(dir string) (*sealSet, error) {
	names, err := filepath.Glob(filepath.Join(dir, "seal*.key"))
	if err != nil {
		return nil, err
	}
	set := &sealSet{byID: map[sealID]*sealKey{}}
	for _, name := range names {
		file := filepath.Base(name)
		if file != sealFile && !strings.HasPrefix(file, sealPrefix) {
			continue
		}
		b, err := os.ReadFile(name)         //nolint:gosec // the directory belongs to the operator
		if errors.Is(err, os.ErrNotExist) { // removed since Glob
			continue
		}
		if err == nil && len(b) != sealKeySize {
			err = fmt.Errorf("%s: want a key of %d bytes", name, sealKeySize)
		}
		if err != nil {
			return nil, err
		}
		var from time.Time
		if moment, _, _ := strings.Cut(strings.TrimPrefix(file, sealPrefix), "-"); file != sealFile {
			if from, err = time.Parse(keyMoment, moment); err != nil {
				return nil, fmt.Errorf("%s: the file name has no valid time", name)
			}
		}
		k, err := newSealKey(file, from, b)
		if err != nil {
			return nil, err
		}
		set.keys = append(set.keys, k)
	}
	if len(set.keys) == 0 {
		return nil, fmt.Errorf("%w %s", errNoSeal, dir)
	}
	slices.SortStableFunc(set.keys, func(a, b sealKey) int { return a.from.Compare(b.from) })
	for i := range set.keys {
		set.byID[set.keys[i].id] = &set.keys[i]
	}
	return set, nil
}

// Rotate adds a key, which opens at once. It seals from the first whole minute that is at least lead from now, or at
// once if lead is 0.
func (s *Seal) Rotate(lead time.Duration) error {
	key := randomKey()
	k, err := newSealKey("", keyFrom(s.now(), lead), key)
	if err == nil {
		err = writeKey(s.dir, sealPrefix+k.from.Format(keyMoment)+"-"+k.id.String()+".key", key)
	}
	if err != nil {
		return fmt.Errorf("edge: seal: %w", err)
	}
	return s.Reload()
}

// Reload reads the folder again. Bytes sealed with a removed key can no longer be opened.
func (s *Seal) Reload() error {
	set, err := readSealKeys(s.dir)
	if err != nil {
		return fmt.Errorf("edge: seal: %w", err)
	}
	s.rereads.done(s.now())
	s.set.Store(set)
	return nil
}

// follow reads the folder again if it is due; one caller does it. If that fails, the current keys stay in use.
func (s *Seal) follow(now time.Time) {
	if s.rereads.due(now) {
		_ = s.Reload() // repeated when next due
	}
}

// seek reads the folder again for an unknown key, at most once a second.
func (s *Seal) seek() {
	s.rereads.asking.Lock()
	defer s.rereads.asking.Unlock()
	if s.rereads.mayAsk(s.now()) {
		_ = s.Reload() // the key stays unknown
	}
}

// SealInfo describes a key of the seal for operators.
type SealInfo struct {
	ID        string
	File      string
	State     string    // next (seals later), sealing, opening (mails may need it) or old (only second factors may)
	SealsFrom time.Time // zero: from the beginning
	Until     time.Time // when no mail needs it any more; zero until another key seals
}

// List returns the keys in the order in which they seal.
func (s *Seal) List() []SealInfo {
	set, now := s.set.Load(), s.now()
	sealer := set.sealer(now)
	out := make([]SealInfo, len(set.keys))
	for i := range set.keys {
		k := &set.keys[i]
		out[i] = SealInfo{ID: k.id.String(), File: k.file, State: "next", SealsFrom: k.from}
		switch {
		case i == sealer:
			out[i].State = "sealing"
		case i < sealer:
			out[i].State, out[i].Until = "opening", set.keys[i+1].from.Add(SealLife)
			if !now.Before(out[i].Until) {
				out[i].State = "old"
			}
		}
	}
	return out
}

// KeyOf returns the id of the key of sealed bytes; "" if the key is unknown.
func (s *Seal) KeyOf(sealed []byte) string {
	if k, _ := s.set.Load().of(sealed); k != nil {
		return k.id.String()
	}
	return ""
}

// Prune removes the old keys that nothing needs, and returns them. needed is the number of sealed values without
// expiry, by the id of their key.
func (s *Seal) Prune(needed map[string]int) (removed []SealInfo, err error) {
	if err := s.Reload(); err != nil {
		return nil, err
	}
	for _, k := range s.List() {
		if k.State != "old" || needed[k.ID] > 0 {
			continue
		}
		if err := os.Remove(filepath.Join(s.dir, k.File)); err != nil {
			return removed, fmt.Errorf("edge: seal: %w", err)
		}
		removed = append(removed, k)
	}
	return removed, s.Reload()
}

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

// sealFile is the first key. Later ones are "seal-<moment>-<id>.key".
const (
	sealFile   = "seal.key"
	sealPrefix = "seal-"
)

// SealLife is longer than any mail with a sealed token is under way: so long after
// another key took over, a key has nothing to open but second factors.
const SealLife = 8 * 24 * time.Hour

// OpenSeal reads the folder's keys; the first start makes one (0600). Members that
// share the folder agree on one, whoever comes first.
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

// makeSealKey writes a whole key under another name first: a link appears at
// once or not at all, and never over another's.
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

// readSealKeys reads all keys; errNoSeal when there is none.
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
		b, err := os.ReadFile(name)         //nolint:gosec // the operator's own directory
		if errors.Is(err, os.ErrNotExist) { // removed meanwhile
			continue
		}
		if err == nil && len(b) != sealKeySize {
			err = fmt.Errorf("%s is not a key of %d bytes", name, sealKeySize)
		}
		if err != nil {
			return nil, err
		}
		var from time.Time
		if moment, _, _ := strings.Cut(strings.TrimPrefix(file, sealPrefix), "-"); file != sealFile {
			if from, err = time.Parse(keyMoment, moment); err != nil {
				return nil, fmt.Errorf("%s does not name the moment from which it seals", name)
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

// Rotate adds a key, which opens at once and seals from the first whole minute at
// least lead from now; with no lead at once.
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

// Reload rereads the folder. What was sealed with a key that is gone stays shut.
func (s *Seal) Reload() error {
	set, err := readSealKeys(s.dir)
	if err != nil {
		return fmt.Errorf("edge: seal: %w", err)
	}
	s.rereads.done(s.now())
	s.set.Store(set)
	return nil
}

// follow rereads the folder when it is time; one caller does it. A folder that
// cannot be read now leaves the keys that are known.
func (s *Seal) follow(now time.Time) {
	if s.rereads.due(now) {
		_ = s.Reload() // it is tried again
	}
}

// seek rereads the folder for a key that another process made, once a second at most.
func (s *Seal) seek() {
	s.rereads.asking.Lock()
	defer s.rereads.asking.Unlock()
	if s.rereads.mayAsk(s.now()) {
		_ = s.Reload() // then the key is not known
	}
}

// SealInfo is a key of the seal as an operator sees it.
type SealInfo struct {
	ID        string
	File      string
	State     string    // "next": seals later; "sealing"; "opening": what it sealed may be under way; "old": only second factors may need it
	SealsFrom time.Time // zero: from the beginning
	Until     time.Time // when the last mail that it sealed is void; zero while it seals
}

// List are the keys in the order in which they seal.
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

// KeyOf is the id of the key that has sealed it; "" if it is none of ours.
func (s *Seal) KeyOf(sealed []byte) string {
	if k, _ := s.set.Load().of(sealed); k != nil {
		return k.id.String()
	}
	return ""
}

// Prune removes the old keys that nothing needs any more, and answers which.
// needed says, by the id of its key, how much of what does not expire is sealed.
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

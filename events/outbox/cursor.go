package outbox

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Cursor stores the position of a [Relay]. If a position is lost or outdated, events are published
// again.
type Cursor interface {
	// Load returns the saved position, or 0 if none was saved.
	Load(ctx context.Context) (int64, error)
	// Save stores a position durably.
	Save(ctx context.Context, seq int64) error
}

// FileCursor is the path of a file that holds the position as decimal text. The file lies beside
// the database whose log is relayed.
type FileCursor string

// Load reads the position from the file.
func (f FileCursor) Load(context.Context) (int64, error) {
	text, err := os.ReadFile(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("relay cursor: %w", err)
	}
	seq, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("relay cursor %s: %w", string(f), err)
	}
	return seq, nil
}

// Save replaces the file atomically, so that a crash leaves either the old or the new position.
func (f FileCursor) Save(_ context.Context, seq int64) error {
	err := f.write(strconv.FormatInt(seq, 10) + "\n")
	if err != nil {
		return fmt.Errorf("relay cursor: %w", err)
	}
	return nil
}

func (f FileCursor) write(text string) error {
	file, err := os.CreateTemp(filepath.Dir(string(f)), filepath.Base(string(f))+".*")
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	if err == nil {
		err = file.Sync()
	}
	err = errors.Join(err, file.Close())
	if err == nil {
		err = os.Rename(file.Name(), string(f))
	}
	if err != nil {
		_ = os.Remove(file.Name())
	}
	return err
}

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

// Cursor keeps how far a [Relay] has come. A position that is lost or old means
// that events are published again.
type Cursor interface {
	// Load answers the saved position, 0 when there is none.
	Load(ctx context.Context) (int64, error)
	// Save makes a position durable.
	Save(ctx context.Context, seq int64) error
}

// FileCursor keeps the position as decimal text in a file of its own, beside the
// database whose log is relayed.
type FileCursor string

// Load reads the file.
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

// Save replaces the file as a whole, so that a crash leaves the old or the new one.
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

package blob

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Folder stores blobs as files below a folder that only one process uses. Each file starts with a
// line that holds the content type, followed by the blob.
type Folder struct{ root string }

// OpenFolder opens the folder, creating it if necessary.
func OpenFolder(root string) (*Folder, error) {
	if err := os.MkdirAll(root, 0o700); err != nil {
		return nil, fmt.Errorf("blob: %w", err)
	}
	return &Folder{root}, nil
}

func (f *Folder) path(key string) string { return filepath.Join(f.root, filepath.FromSlash(key)) }

// Put writes to a temporary file and renames it once its data is on disk.
func (f *Folder) Put(ctx context.Context, key, contentType string, r io.Reader) (n int64, err error) {
	if err := CheckKey(key); err != nil {
		return 0, err
	}
	if r, err = NotEmpty(r); err != nil {
		return 0, err
	}
	path := f.path(key)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return 0, fmt.Errorf("blob: %w", err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".put-*") // keys never begin with a dot
	if err != nil {
		return 0, fmt.Errorf("blob: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(tmp.Name())
		}
	}()
	n, err = write(ctx, tmp, contentType, r)
	if err = errors.Join(err, tmp.Close()); err != nil {
		return 0, err
	}
	if err = os.Rename(tmp.Name(), path); err != nil {
		return 0, fmt.Errorf("blob: %w", err)
	}
	return n, syncFolder(filepath.Dir(path))
}

func write(ctx context.Context, to *os.File, contentType string, r io.Reader) (int64, error) {
	w := bufio.NewWriterSize(to, 64<<10)
	if _, err := w.WriteString(strings.NewReplacer("\n", "", "\r", "").Replace(contentType) + "\n"); err != nil {
		return 0, err
	}
	n, err := io.Copy(w, &untilDone{ctx, r})
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = to.Sync()
	}
	return n, err
}

// syncFolder makes a rename durable.
func syncFolder(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // below the root, from a checked key
	if err != nil {
		return fmt.Errorf("blob: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}

// untilDone is a reader that fails once its context ends.
type untilDone struct {
	ctx context.Context //nolint:containedctx // lives for one Put only
	r   io.Reader
}

func (u *untilDone) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}

// Get opens the file and skips its first line.
func (f *Folder) Get(_ context.Context, key string, offset int64) (*Blob, error) {
	if err := CheckKey(key); err != nil {
		return nil, err
	}
	file, err := os.Open(f.path(key))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("blob: %w", err)
	}
	b, err := open(file, offset)
	if err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("blob: %s: %w", key, err)
	}
	return b, nil
}

// maxType is the maximum length of a content type line in bytes.
const maxType = 256

func open(file *os.File, offset int64) (*Blob, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, ErrNotFound
	}
	line, err := bufio.NewReaderSize(file, maxType).ReadString('\n')
	if err != nil {
		return nil, err
	}
	head := int64(len(line))
	b := &Blob{ReadCloser: file, Size: info.Size() - head, ContentType: strings.TrimSuffix(line, "\n")}
	_, err = file.Seek(head+min(max(offset, 0), b.Size), io.SeekStart)
	return b, err
}

// Delete removes the file.
func (f *Folder) Delete(_ context.Context, key string) error {
	if err := CheckKey(key); err != nil {
		return err
	}
	if err := os.Remove(f.path(key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("blob: %w", err)
	}
	return nil
}

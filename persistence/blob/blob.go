// Package blob stores data that is too large for a document: images and import files. [Store] is
// the contract, [Folder] a store for a single machine, and package s3store a store on an
// S3-compatible server. Both pass the test suite in package blobtest.
package blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// ErrNotFound means that there is no blob with the key.
var ErrNotFound = errors.New("blob: not found")

// ErrEmpty means that Put was called without any data.
var ErrEmpty = errors.New("blob: empty")

// Blob is the content of a stored blob. The caller must close it.
type Blob struct {
	io.ReadCloser
	Size        int64 // of the whole blob, in bytes
	ContentType string
}

// Store keeps blobs by key. All methods may be called concurrently.
type Store interface {
	// Put stores the data of r under the key, replacing an existing blob, and returns its size in
	// bytes. It is atomic: readers see the old or the new blob, and after an error the old one
	// remains. Only a bounded part of r is held in memory. If r has no data, Put returns
	// [ErrEmpty].
	Put(ctx context.Context, key, contentType string, r io.Reader) (int64, error)
	// Get returns a blob from an offset on, or [ErrNotFound]. An offset at or after the end gives
	// no data.
	Get(ctx context.Context, key string, offset int64) (*Blob, error)
	// Delete removes a blob. Deleting a missing blob succeeds.
	Delete(ctx context.Context, key string) error
}

// maxKey is the maximum length of a key in bytes.
const maxKey = 200

var keyPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_-]*)*$`)

// CheckKey returns an error unless the key consists of words of a-z, 0-9, - and _ separated by
// slashes, which every file system and server supports. A key must not be a path prefix of another
// key; this is not checked.
func CheckKey(key string) error {
	if len(key) > maxKey || !keyPattern.MatchString(key) {
		return fmt.Errorf("blob: invalid key %q: want words of a-z, 0-9, - and _ separated by slashes, at most %d bytes",
			clip(key), maxKey)
	}
	return nil
}

// NotEmpty returns a reader with the data of r after reading its first byte, or ErrEmpty if there
// is none.
func NotEmpty(r io.Reader) (io.Reader, error) {
	var first [1]byte
	if _, err := io.ReadFull(r, first[:]); errors.Is(err, io.EOF) {
		return nil, ErrEmpty
	} else if err != nil {
		return nil, err
	}
	return io.MultiReader(bytes.NewReader(first[:]), r), nil
}

func clip(s string) string { return strings.ToValidUTF8(s[:min(len(s), 40)], "") }

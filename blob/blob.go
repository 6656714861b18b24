// Package blob keeps what is too large for a document: images and the files of
// imports. [Store] is the contract, [Folder] the store of a single machine;
// package s3store keeps them on an S3-compatible server. Package blobtest is the
// suite that both pass.
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

// ErrNotFound says that there is no blob of this key.
var ErrNotFound = errors.New("blob: not found")

// ErrEmpty says that nothing was given to keep.
var ErrEmpty = errors.New("blob: empty")

// Blob is one that was found. Whoever asked for it closes it.
type Blob struct {
	io.ReadCloser
	Size        int64 // of the whole blob in bytes
	ContentType string
}

// Store keeps blobs by key. All calls may run concurrently.
type Store interface {
	// Put keeps what r gives until its end under the key, in place of what was
	// there, and answers how many bytes that is. All or nothing: a reader sees the
	// old blob or the new one, and after an error the old one. It holds a bounded
	// part of r in memory. A blob has at least one byte; none is [ErrEmpty].
	Put(ctx context.Context, key, contentType string, r io.Reader) (int64, error)
	// Get reads a blob from an offset on, which may be its end.
	Get(ctx context.Context, key string, offset int64) (*Blob, error)
	// Delete removes a blob. One that is not there is removed already.
	Delete(ctx context.Context, key string) error
}

// maxKey is the length of a key in bytes.
const maxKey = 200

var keyPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_-]*)*$`)

// CheckKey refuses what is no key: words of a-z, 0-9, - and _ with slashes
// between, which every file system and server can hold. A key that another key
// continues after a slash is none either, but that is not checked.
func CheckKey(key string) error {
	if len(key) > maxKey || !keyPattern.MatchString(key) {
		return fmt.Errorf("blob: %q is no key", clip(key))
	}
	return nil
}

// NotEmpty is r, once it has given its first byte.
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

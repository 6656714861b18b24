// Package s3store implements [blob.Store] on a bucket of an S3-compatible server. Start reading
// with [Open].
package s3store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"entrepot/persistence/blob"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// Config locates the bucket, which must exist and belong to this installation only.
type Config struct {
	Endpoint  string // URL of the server: https://s3.eu-central-1.amazonaws.com
	Bucket    string
	Region    string // default us-east-1
	AccessKey string
	SecretKey string
	Transport http.RoundTripper // default: that of the client library
}

// partSize is the part of an upload of unknown length that is held in memory. Multiplied by 10,000,
// the maximum number of parts, it limits the size of a blob.
const partSize = 8 << 20

// Store keeps blobs in one bucket.
type Store struct {
	client *minio.Client
	bucket string
}

// Open connects to the bucket and returns an error if it does not exist or is not accessible.
func Open(ctx context.Context, c Config) (*Store, error) {
	u, err := url.Parse(c.Endpoint)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("s3store: endpoint %q is not a URL", c.Endpoint)
	}
	if c.Region == "" {
		c.Region = "us-east-1"
	}
	client, err := minio.New(u.Host, &minio.Options{
		Creds: credentials.NewStaticV4(c.AccessKey, c.SecretKey, ""), Secure: u.Scheme == "https",
		Region: c.Region, Transport: c.Transport, BucketLookup: minio.BucketLookupAuto,
	})
	if err != nil {
		return nil, fmt.Errorf("s3store: %w", err)
	}
	there, err := client.BucketExists(ctx, c.Bucket)
	if err == nil && !there {
		err = errors.New("the bucket does not exist")
	}
	if err != nil {
		return nil, fmt.Errorf("s3store: bucket %s: %w", c.Bucket, err)
	}
	return &Store{client, c.Bucket}, nil
}

// Put uploads the blob in parts. The server publishes it when the last part has arrived.
func (s *Store) Put(ctx context.Context, key, contentType string, r io.Reader) (int64, error) {
	if err := blob.CheckKey(key); err != nil {
		return 0, err
	}
	size := int64(-1)
	if known, ok := r.(interface{ Len() int }); ok {
		size = int64(known.Len())
	}
	r, err := blob.NotEmpty(r)
	if err != nil {
		return 0, err
	}
	info, err := s.client.PutObject(ctx, s.bucket, key, r, size, minio.PutObjectOptions{
		ContentType: contentType, PartSize: partSize,
		// Every server checks MD5, and not all support the chunked form that SHA-256 would need.
		SendContentMd5: true, DisableContentSha256: true,
	})
	if err != nil {
		return 0, fmt.Errorf("s3store: put %s: %w", key, err)
	}
	return info.Size, nil
}

// Get requests the blob from the offset on.
func (s *Store) Get(ctx context.Context, key string, offset int64) (*blob.Blob, error) {
	if err := blob.CheckKey(key); err != nil {
		return nil, err
	}
	info, err := s.client.StatObject(ctx, s.bucket, key, minio.StatObjectOptions{})
	if err != nil {
		return nil, asBlobError(key, err)
	}
	b := &blob.Blob{ReadCloser: io.NopCloser(strings.NewReader("")), Size: info.Size, ContentType: info.ContentType}
	if offset >= info.Size {
		return b, nil // the server would reject an empty range
	}
	o := minio.GetObjectOptions{}
	if offset > 0 {
		if err := o.SetRange(offset, 0); err != nil {
			return nil, fmt.Errorf("s3store: %w", err)
		}
	}
	core := minio.Core{Client: s.client}
	body, _, _, err := core.GetObject(ctx, s.bucket, key, o)
	if err != nil {
		return nil, asBlobError(key, err)
	}
	b.ReadCloser = body
	return b, nil
}

// Delete removes the blob. Deleting a missing blob succeeds.
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := blob.CheckKey(key); err != nil {
		return err
	}
	err := asBlobError(key, s.client.RemoveObject(ctx, s.bucket, key, minio.RemoveObjectOptions{}))
	if err != nil && !errors.Is(err, blob.ErrNotFound) {
		return err
	}
	return nil
}

// asBlobError converts a server error: a missing key becomes blob.ErrNotFound.
func asBlobError(key string, err error) error {
	if err == nil {
		return nil
	}
	if code := minio.ToErrorResponse(err).Code; code == minio.NoSuchKey {
		return blob.ErrNotFound
	}
	return fmt.Errorf("s3store: %s: %w", key, err)
}

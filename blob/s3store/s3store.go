// Package s3store keeps blobs in a bucket of an S3-compatible server.
package s3store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"entrepot/blob"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// Config says where the bucket is. It must exist, and be this installation's own.
type Config struct {
	Endpoint  string // URL of the server: https://s3.eu-central-1.amazonaws.com
	Bucket    string
	Region    string // default us-east-1
	AccessKey string
	SecretKey string
	Transport http.RoundTripper // default minio's
}

// partSize is what an upload of unknown length holds in memory. Times 10,000, the
// most parts there may be, it bounds a blob.
const partSize = 8 << 20

// Store is the bucket.
type Store struct {
	client *minio.Client
	bucket string
}

// Open proves that the bucket is there and may be used.
func Open(ctx context.Context, c Config) (*Store, error) {
	u, err := url.Parse(c.Endpoint)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("s3store: %q is no URL", c.Endpoint)
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
		err = errors.New("there is no such bucket")
	}
	if err != nil {
		return nil, fmt.Errorf("s3store: bucket %s: %w", c.Bucket, err)
	}
	return &Store{client, c.Bucket}, nil
}

// Put uploads in parts; the server shows the blob when the last one is there.
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
		SendContentMd5: true, DisableContentSha256: true, // checked by every server, without chunks of a form that not all know
	})
	if err != nil {
		return 0, fmt.Errorf("s3store: put %s: %w", key, err)
	}
	return info.Size, nil
}

// Get asks for the blob from the offset on.
func (s *Store) Get(ctx context.Context, key string, offset int64) (*blob.Blob, error) {
	if err := blob.CheckKey(key); err != nil {
		return nil, err
	}
	info, err := s.client.StatObject(ctx, s.bucket, key, minio.StatObjectOptions{})
	if err != nil {
		return nil, known(key, err)
	}
	b := &blob.Blob{ReadCloser: io.NopCloser(strings.NewReader("")), Size: info.Size, ContentType: info.ContentType}
	if offset >= info.Size {
		return b, nil // a range of nothing is an error to the server
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
		return nil, known(key, err)
	}
	b.ReadCloser = body
	return b, nil
}

// Delete removes the blob.
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := blob.CheckKey(key); err != nil {
		return err
	}
	if err := known(key, s.client.RemoveObject(ctx, s.bucket, key, minio.RemoveObjectOptions{})); err != nil && !errors.Is(err, blob.ErrNotFound) {
		return err
	}
	return nil
}

func known(key string, err error) error {
	if err == nil {
		return nil
	}
	if code := minio.ToErrorResponse(err).Code; code == minio.NoSuchKey {
		return blob.ErrNotFound
	}
	return fmt.Errorf("s3store: %s: %w", key, err)
}

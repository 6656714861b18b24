package main

import (
	"context"
	"fmt"
	"path/filepath"

	"entrepot/persistence/blob"
	"entrepot/persistence/blob/s3store"
)

// openBlobs opens the store of images and imports where the e-commerce service runs.
func (n *node) openBlobs(ctx context.Context) (err error) {
	if n.database("ecommerce") == nil {
		return nil
	}
	if n.cfg.S3Endpoint == "" {
		folder := filepath.Join(n.cfg.DataDir, "blobs")
		if n.cfg.ConsulAddr != "" {
			n.log.Warn("images and imports are in a folder: members on other machines need S3_ENDPOINT, or to share it", "folder", folder)
		}
		n.blobs, err = blob.OpenFolder(folder)
		return err
	}
	n.blobs, err = s3store.Open(ctx, s3store.Config{
		Endpoint: n.cfg.S3Endpoint, Bucket: n.cfg.S3Bucket, Region: n.cfg.S3Region,
		AccessKey: n.cfg.S3AccessKey, SecretKey: n.cfg.S3SecretKey,
	})
	if err != nil {
		return fmt.Errorf("S3_ENDPOINT: %w", err)
	}
	return nil
}

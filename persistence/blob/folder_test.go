package blob_test

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"entrepot/persistence/blob"
	"entrepot/persistence/blob/blobtest"
)

func TestFolder(t *testing.T) {
	t.Parallel()
	blobtest.Run(t, func(t *testing.T) blob.Store {
		dir := t.TempDir()
		f, err := blob.OpenFolder(filepath.Join(dir, "blobs"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { // no temporary file may remain
			_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
				if err == nil && strings.HasPrefix(d.Name(), ".") {
					t.Errorf("temporary file %s remained", path)
				}
				return err
			})
		})
		return f
	})
}

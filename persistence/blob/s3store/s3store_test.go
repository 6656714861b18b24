package s3store_test

import (
	"net/http/httptest"
	"testing"

	"entrepot/persistence/blob"
	"entrepot/persistence/blob/blobtest"
	"entrepot/persistence/blob/s3store"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

func server(t *testing.T) s3store.Config {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket("entrepot"); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(srv.Close)
	return s3store.Config{Endpoint: srv.URL, Bucket: "entrepot", AccessKey: "key", SecretKey: "secret"}
}

func TestStore(t *testing.T) {
	t.Parallel()
	blobtest.Run(t, func(t *testing.T) blob.Store {
		s, err := s3store.Open(t.Context(), server(t))
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

func TestOpenProvesTheBucket(t *testing.T) {
	t.Parallel()
	c := server(t)
	c.Bucket = "nowhere"
	if _, err := s3store.Open(t.Context(), c); err == nil {
		t.Error("Open with a missing bucket: want an error, got nil")
	}
	c.Endpoint = "nonsense"
	if _, err := s3store.Open(t.Context(), c); err == nil {
		t.Error("Open with an invalid endpoint: want an error, got nil")
	}
}

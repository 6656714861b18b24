package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"entrepot/http/edge"
	"entrepot/persistence/sqlitestore"
)

// TestKeysCommand: it works in the folder of the settings, and makes none.
func TestKeysCommand(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("DATA_DIR", dir)
	if err := (&keysRotate{Lead: time.Minute}).Run(); err == nil || !strings.Contains(err.Error(), "JWT_KEYS_DIR") {
		t.Fatalf("without a folder: %v", err)
	}
	keys, err := edge.OpenKeys(dir+"/keys", edge.TokenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := (&keysRotate{Lead: -time.Second}).Run(); err == nil {
		t.Error("a negative lead")
	}
	for _, run := range []func() error{(&keysRotate{Lead: time.Minute}).Run, (&keysList{}).Run, (&keysPrune{}).Run} {
		if err := run(); err != nil {
			t.Fatal(err)
		}
	}
	k, err := openKeys()
	if err != nil || len(keys.List()) != 1 {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := k.print(&out); err != nil || strings.Count(out.String(), "\n") != 7 || strings.Count(out.String(), "next") != 2 {
		t.Errorf("%s, %v", out.String(), err)
	}
}

// TestPruneKeepsWhatASecondFactorNeeds: a key of the seal goes when no mail and no
// user is left whose secret it has sealed, while the platform runs.
func TestPruneKeepsWhatASecondFactorNeeds(t *testing.T) {
	e := startEmbedded(t)
	t.Setenv("DATA_DIR", e.dir)
	for _, name := range []string{"MONGO_URI", "AMQP_URL", "CONSUL_ADDR"} { // those of the tests are there
		t.Setenv(name, "")
	}
	const words = "a long sentence is easy to remember"
	e.call(t, "", "POST", "/api/auth/register", map[string]any{"email": "ann@demo.example", "password": words, "name": "Ann"}, 201)
	token, _ := e.call(t, "", "POST", "/api/auth/login", map[string]any{"email": "ann@demo.example", "password": words}, 200)["accessToken"].(string)
	begin := func() { e.call(t, token, "POST", "/api/auth/totp", map[string]any{"password": words}, 200) }
	begin()

	k, err := openKeys()
	if err != nil {
		t.Fatal(err)
	}
	first := k.seal.List()[0].ID
	prune := func(says string) {
		t.Helper()
		var out bytes.Buffer
		if err := errors.Join(k.seal.Reload(), k.pruneSeal(t.Context(), &out)); err != nil || !strings.Contains(out.String(), says) || (says == "" && out.Len() > 0) {
			t.Fatalf("%q, %v", out.String(), err)
		}
	}
	prune("")
	if err := (&keysRotate{}).Run(); err != nil {
		t.Fatal(err)
	}
	prune("")
	if err := k.seal.Reload(); err != nil {
		t.Fatal(err)
	}
	dir, second := filepath.Join(e.dir, "keys"), k.seal.List()[1] // as if it had been made long ago
	name := "seal-" + time.Now().UTC().Add(-edge.SealLife-time.Hour).Format("20060102T150405.000000000") + "-" + second.ID + ".key"
	if err := os.Rename(filepath.Join(dir, second.File), filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
	elsewhere := *k // a database that is there, and is another's
	elsewhere.cfg.DataDir = t.TempDir()
	empty, err := sqlitestore.Open(t.Context(), filepath.Join(elsewhere.cfg.DataDir, "authdb.sqlite"), sqlitestore.Options{})
	if err := errors.Join(err, empty.Close(), k.seal.Reload()); err != nil {
		t.Fatal(err)
	}
	if err := elsewhere.pruneSeal(t.Context(), io.Discard); err == nil {
		t.Fatal("keys were removed for want of users in an empty database")
	}
	prune("kept " + first + ": 1 second factors")
	if err := e.n.web.deps.Seal.Reload(); err != nil { // it does within seconds
		t.Fatal(err)
	}
	begin()
	prune("removed " + first)
	if list := k.seal.List(); len(list) != 1 || list[0].ID != second.ID {
		t.Errorf("%+v", list)
	}
	for name, c := range map[string]config{"no file": {DataDir: t.TempDir()}, "no server": {MongoURI: "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100"}} {
		if store, done, err := c.openUsers(t.Context()); err == nil {
			t.Errorf("%s: %v", name, errors.Join(store.Ping(t.Context()), done()))
		}
	}
}

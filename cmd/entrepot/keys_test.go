package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"entrepot/http/edge"
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
	if err := keys.Reload(); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := printKeys(&out, keys.List()); err != nil || strings.Count(out.String(), "\n") != 3 || !strings.Contains(out.String(), "next") {
		t.Errorf("%s, %v", out.String(), err)
	}
}

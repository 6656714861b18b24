package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"entrepot/http/edge"
)

// keysCommand keeps the keys that sign tokens and those of the seal. Running
// members follow what it does to their folder within seconds.
type keysCommand struct {
	Rotate keysRotate `cmd:"" help:"Add a key that signs tokens and one that seals. They are published at once and used a little later, when every member knows them."`
	List   keysList   `cmd:"" help:"List the keys, in the order in which they sign and seal."`
	Prune  keysPrune  `cmd:"" help:"Remove the keys whose last token has expired, and those that have sealed nothing that is still there."`
}

type keysRotate struct {
	Lead time.Duration `help:"How long before it signs the key is published, rounded up to a whole minute; 0 only if the present key was stolen: then remove its file too." default:"90s"`
}

func (c *keysRotate) Run() error {
	if c.Lead < 0 {
		return fmt.Errorf("--lead must not be negative")
	}
	k, err := openKeys()
	if err != nil {
		return err
	}
	if err := errors.Join(k.tokens.Rotate(c.Lead), k.seal.Rotate(c.Lead)); err != nil {
		return err
	}
	return k.print(os.Stdout)
}

type keysList struct{}

func (*keysList) Run() error {
	k, err := openKeys()
	if err != nil {
		return err
	}
	return k.print(os.Stdout)
}

type keysPrune struct{}

func (*keysPrune) Run() error {
	k, err := openKeys()
	if err != nil {
		return err
	}
	tokens, err := k.tokens.Prune()
	for _, x := range tokens {
		fmt.Println("removed", x.ID)
	}
	if err == nil {
		err = k.pruneSeal(context.Background(), os.Stdout)
	}
	return errors.Join(err, k.print(os.Stdout))
}

// keysDir is the folder of the signing keys and of the seal.
func (c *config) keysDir() string {
	if c.KeysDir != "" {
		return c.KeysDir
	}
	return filepath.Join(c.DataDir, "keys")
}

// keyring are the keys of the configured folder.
type keyring struct {
	cfg    config
	tokens *edge.Keys
	seal   *edge.Seal
}

// openKeys opens the folder, which has to be there: a command in the wrong place
// must not make one.
func openKeys() (*keyring, error) {
	cfg, _, err := setup()
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(cfg.keysDir()); err != nil {
		return nil, settingError{"JWT_KEYS_DIR", err.Error()}
	}
	k := &keyring{cfg: cfg}
	if k.tokens, err = edge.OpenKeys(cfg.keysDir(), edge.TokenOptions{TTL: cfg.TokenTTL}); err != nil {
		return nil, err
	}
	k.seal, err = edge.OpenSeal(cfg.keysDir())
	return k, err
}

func (k *keyring) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	at := func(t time.Time) string {
		if t.IsZero() {
			return "-"
		}
		return t.UTC().Format(time.RFC3339)
	}
	fmt.Fprintln(w, "KEY\tSTATE\tSIGNS FROM\tTOKENS UNTIL")
	for _, x := range k.tokens.List() {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", x.ID, x.State, at(x.SignsFrom), at(x.Until))
	}
	fmt.Fprintln(w, "\nSEAL\tSTATE\tSEALS FROM\tMAILS UNTIL")
	for _, x := range k.seal.List() {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", x.ID, x.State, at(x.SealsFrom), at(x.Until))
	}
	return w.Flush()
}

package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"entrepot/http/edge"
)

// keysCommand keeps the token signing keys. Running members follow what it does
// to their folder within seconds.
type keysCommand struct {
	Rotate keysRotate `cmd:"" help:"Add a key. It is published at once and signs a little later, when every member knows it."`
	List   keysList   `cmd:"" help:"List the keys, in the order in which they sign."`
	Prune  keysPrune  `cmd:"" help:"Remove the keys whose last token has expired."`
}

type keysRotate struct {
	Lead time.Duration `help:"How long before it signs the key is published, rounded up to a whole minute; 0 only if the present key was stolen: then remove its file too." default:"90s"`
}

func (c *keysRotate) Run() error {
	if c.Lead < 0 {
		return fmt.Errorf("--lead must not be negative")
	}
	keys, err := openKeys()
	if err != nil {
		return err
	}
	if err := keys.Rotate(c.Lead); err != nil {
		return err
	}
	return printKeys(os.Stdout, keys.List())
}

type keysList struct{}

func (*keysList) Run() error {
	keys, err := openKeys()
	if err != nil {
		return err
	}
	return printKeys(os.Stdout, keys.List())
}

type keysPrune struct{}

func (*keysPrune) Run() error {
	keys, err := openKeys()
	if err != nil {
		return err
	}
	removed, err := keys.Prune()
	for _, k := range removed {
		fmt.Println("removed", k.ID)
	}
	if err != nil {
		return err
	}
	return printKeys(os.Stdout, keys.List())
}

// keysDir is the folder of the signing keys and of the seal.
func (c *config) keysDir() string {
	if c.KeysDir != "" {
		return c.KeysDir
	}
	return filepath.Join(c.DataDir, "keys")
}

// openKeys are the keys of the configured folder, which has to be there: a
// command in the wrong place must not make one.
func openKeys() (*edge.Keys, error) {
	cfg, _, err := setup()
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(cfg.keysDir()); err != nil {
		return nil, settingError{"JWT_KEYS_DIR", err.Error()}
	}
	return edge.OpenKeys(cfg.keysDir(), edge.TokenOptions{TTL: cfg.TokenTTL})
}

func printKeys(out io.Writer, keys []edge.KeyInfo) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "KEY\tSTATE\tSIGNS FROM\tTOKENS UNTIL")
	at := func(t time.Time) string {
		if t.IsZero() {
			return "-"
		}
		return t.UTC().Format(time.RFC3339)
	}
	for _, k := range keys {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", k.ID, k.State, at(k.SignsFrom), at(k.Until))
	}
	return w.Flush()
}

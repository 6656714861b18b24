package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestExamples runs the commands of the documentation against a new installation
// with its demo data, page by page as a reader does, the README first. Every curl
// has to be answered without an error.
func TestExamples(t *testing.T) {
	if testing.Short() {
		t.Skip("takes more than a few seconds")
	}
	p := startEmbedded(t, options{extra: []string{"SEED=true"}})
	dir := filepath.Dir(p.members[0].log) // where data/demo.json is
	mustHappen(t, "the demo data is loaded", func() bool { _, err := os.Stat(filepath.Join(dir, "data", "demo.json")); return err == nil })
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatal(pages, err)
	}
	tried := 0
	for _, page := range append([]string{"../../README.md"}, pages...) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		examples := examplesIn(string(text))
		if examples == "" {
			continue
		}
		tried++
		t.Run(filepath.Base(page), func(t *testing.T) {
			for _, host := range []string{"http://127.0.0.1:8000", "http://localhost:8000"} {
				examples = strings.ReplaceAll(examples, host, p.members[0].url)
			}
			runExamples(t, dir, examples)
		})
	}
	if tried < 8 {
		t.Errorf("%d pages have examples", tried)
	}
}

// examplesIn joins the blocks of a page that call curl, each in its line, so that
// an error of the shell names the page's.
func examplesIn(page string) string {
	var all, block strings.Builder
	inside, any := false, false
	for line := range strings.Lines(page) {
		switch {
		case strings.HasPrefix(line, "```") && inside:
			if inside = false; strings.Contains(block.String(), "curl") {
				all.WriteString(block.String())
				any = true
			} else {
				all.WriteString(strings.Repeat("\n", strings.Count(block.String(), "\n")))
			}
			all.WriteString("\n")
			block.Reset()
		case strings.HasPrefix(line, "```"):
			inside = true
			all.WriteString("\n")
		case inside:
			block.WriteString(line)
		default:
			all.WriteString("\n")
		}
	}
	if !any {
		return ""
	}
	return all.String()
}

// watched is curl that notes each call, and those that are answered with an error,
// and for the rest is as the reader's.
const watched = `curl() {
  local answer status
  answer=$(command curl -sS --fail-with-body --max-time 20 "$@"); status=$?
  echo "$*" >> calls
  if [ $status != 0 ]; then echo "curl $*: $answer" >> failures; fi
  printf '%s' "$answer"
}
`

func runExamples(t *testing.T, dir, examples string) {
	t.Helper()
	for _, name := range []string{"calls", "failures"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	shell := exec.CommandContext(ctx, "bash", "-u", "-c", watched+`eval "$EXAMPLES"`)
	shell.Dir, shell.Env = dir, append(os.Environ(), "EXAMPLES="+examples)
	out, err := shell.CombinedOutput()
	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if failures := read("failures"); failures != "" || err != nil {
		t.Errorf("%s%v\n%s", failures, err, out)
	}
	if calls := strings.Count(read("calls"), "\n"); calls == 0 {
		t.Error("nothing was asked")
	} else {
		t.Log(fmt.Sprint(calls, " calls"))
	}
}

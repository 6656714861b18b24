package entrepot_test

import (
	"encoding/json"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTheRecipeForAGrain follows "Add a grain in ten minutes" of CONTRIBUTING.md: it lays the recipe's
// files and its line in the table over the tree, and builds and tests the result.
func TestTheRecipeForAGrain(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	files := recipeFiles(t, string(doc))
	if len(files) != 4 {
		t.Fatalf("the recipe has %d files, want 4", len(files))
	}
	for name, text := range files {
		checkRecipeFile(t, name, text)
	}
	const kinds = "cmd/entrepot/services/kinds.go"
	files[kinds] = recipeLine(t, string(doc), kinds)
	overlay := layOver(t, files)
	// vet wants the folder to exist; an empty one is nothing to anybody else.
	const folder = "grains/shop/note"
	if err := os.Mkdir(folder, 0o750); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(folder) }) // if it stays, it is empty
	for _, args := range [][]string{
		{"vet", "-overlay", overlay, "./grains/shop/note", "./cmd/entrepot/services"},
		{"test", "-overlay", overlay, "./grains/shop/note"},
	} {
		if out, err := exec.CommandContext(t.Context(), "go", args...).CombinedOutput(); err != nil {
			t.Errorf("go %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

// recipeFiles returns the Go blocks below the headings "Create `path`", by path.
func recipeFiles(t *testing.T, doc string) map[string]string {
	t.Helper()
	block := regexp.MustCompile("(?s)### \\d+\\. Create `([^`]+)`\n.*?```go\n(.*?)```")
	out := map[string]string{}
	for _, m := range block.FindAllStringSubmatch(doc, -1) {
		out[m[1]] = m[2]
	}
	return out
}

// recipeLine returns the table's file with the recipe's line in place of the list's, and the import.
func recipeLine(t *testing.T, doc, file string) string {
	t.Helper()
	m := regexp.MustCompile("(?s)### \\d+\\. Add `note.Kind` to `" + regexp.QuoteMeta(file) + "`\n.*?```go\n(.*?)\n```").
		FindStringSubmatch(doc)
	if m == nil {
		t.Fatalf("the recipe has no line for %s", file)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	list := regexp.MustCompile(`(?m)^\s*shopKinds\s*=.*$`)
	if !list.Match(text) {
		t.Fatalf("%s has no line shopKinds", file)
	}
	out := list.ReplaceAllLiteralString(string(text), m[1])
	return strings.Replace(out, "import (\n", "import (\n\t\"entrepot/grains/shop/note\"\n", 1)
}

// checkRecipeFile checks that a file is formatted and imports what its place allows.
func checkRecipeFile(t *testing.T, name, text string) {
	t.Helper()
	if formatted, err := format.Source([]byte(text)); err != nil || string(formatted) != text {
		t.Errorf("%s is not formatted: %v", name, err)
	}
	f, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ImportsOnly)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if strings.HasSuffix(name, "_test.go") {
		return
	}
	r := ruleFor(name)
	if r == nil {
		t.Fatalf("%s: no rule for its folder", name)
	}
	for _, imp := range f.Imports {
		if p := strings.Trim(imp.Path.Value, `"`); !r.allows(name, p) {
			t.Errorf("%s imports %s: %s", name, p, r.why)
		}
	}
}

// layOver writes files to a temporary folder and returns the overlay that puts them into the tree.
func layOver(t *testing.T, files map[string]string) string {
	t.Helper()
	dir, replace := t.TempDir(), map[string]string{}
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		at := filepath.Join(dir, strings.ReplaceAll(name, "/", "_"))
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		replace[filepath.Join(root, name)] = at
	}
	b, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	at := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(at, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return at
}

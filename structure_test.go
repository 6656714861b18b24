package entrepot_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// rule says what the packages of a folder may import of this module (and, where
// only says so, of anything beyond the standard library).
type rule struct {
	folder string // of the importing file; a trailing /… means below it too
	file   string // only files whose name ends so; "" for all
	may    []string
	only   bool // nothing but may and the standard library
	why    string
}

const protoActorCluster = "github.com/asynkron/protoactor-go/cluster"

// The direction of imports: entrepot ← events ← persistence ← grains ← http/api, actors ← cmd.
// The first rule that fits a file holds. "…" ends a prefix.
var rules = []rule{
	{folder: ".", only: true, why: "the root package holds words, not machinery: the standard library only"},
	{folder: "test/failpoint", only: true, why: "every package may have a point to crash at"},
	{
		folder: "events", may: []string{"entrepot", "entrepot/test/failpoint"}, only: true,
		why: "events are words of the business too: every package imports them",
	},
	{folder: "events/outbox", may: []string{"entrepot", "entrepot/events"}, why: "an outbox knows events and a broker"},
	{
		folder: "events/…", may: []string{"entrepot", "entrepot/events…"},
		why: "a broker is a leaf that cmd plugs in; it knows events only",
	},
	{folder: "persistence", may: []string{"entrepot", "entrepot/events"}, only: true, why: "the store contract knows no database"},
	{folder: "persistence/blob/…", may: []string{"entrepot/persistence/blob…"}, why: "a blob store is a leaf that cmd plugs in"},
	{
		folder: "persistence/search", may: []string{"entrepot"},
		why: "the search index is a leaf: it is fed, and knows no database and no grain",
	},
	{folder: "persistence/search/searchtest", only: true, why: "words for benchmarks of the search and of a server"},
	{
		folder: "persistence/…", may: []string{"entrepot", "entrepot/events", "entrepot/persistence…"},
		why: "a store is a leaf that cmd plugs in",
	},

	{folder: "grains/wire", may: []string{"entrepot"}, why: "the envelope of commands knows no grain"},
	{
		folder: "grains/grainstest", why: "runs grains for tests of any kind",
		may: []string{"entrepot", "entrepot/cluster", "entrepot/events", "entrepot/grains", "entrepot/grains/wire", "entrepot/persistence…"},
	},
	{
		folder: "grains", why: "the host knows no kind of grain",
		may: []string{"entrepot", "entrepot/events", "entrepot/test/failpoint", "entrepot/grains/wire", "entrepot/persistence"},
	},
	{
		folder: "grains/query", may: []string{"entrepot", "entrepot/grains…", "entrepot/persistence"},
		why: "reads single entities and pages of a database",
	},
	{
		folder: "grains/quota", may: []string{"entrepot", "entrepot/grains…", "entrepot/persistence"},
		why: "claims room in a plan, by commands and counts",
	},
	{
		folder: "grains/checkout", may: []string{"entrepot", "entrepot/grains…", "entrepot/persistence"},
		why: "the price of an order is computed from grains' replies, without HTTP",
	},
	{
		folder: "grains/ecommerce/suggest", why: "mixes the suggestions of grains, the database and the search",
		may: []string{"entrepot", "entrepot/grains…", "entrepot/persistence", "entrepot/persistence/search"},
	},
	{
		folder: "grains/inventory/reorder", may: []string{"entrepot", "entrepot/grains…", "entrepot/persistence"},
		why: "suggests purchases from the inventory database",
	},
	{
		folder: "grains/*/*", file: "grain.go", why: "wires a grain: the host, the store contract and its messages",
		may: []string{"entrepot", "entrepot/events", "entrepot/grains", "entrepot/persistence", kindPackages},
	},
	{
		folder: "grains/*/*", file: "messages.go", why: "messages and the ref of their grain",
		may: []string{"entrepot", "entrepot/events", "entrepot/grains", kindPackages},
	},
	{
		folder: "grains/*/*", file: "process.go", why: "a process asks other grains and knows no store",
		may: []string{"entrepot", "entrepot/events", "entrepot/grains", kindPackages},
	},
	{
		folder: "grains/*/*", file: "steps.go", why: "the calls of a process ask other grains and know no store",
		may: []string{"entrepot", "entrepot/events", "entrepot/grains", kindPackages},
	},
	{
		folder: "grains/*/*", may: []string{"entrepot", "entrepot/events", kindPackages}, only: true,
		why: "a pure grain file decides from state, message and time alone: it imports the standard library, words, " +
			"events and the packages of grains that it asks",
	},

	{
		folder: "actors", may: []string{"entrepot", "entrepot/events", "entrepot/grains", "entrepot/persistence"},
		why: "the kit of reactions knows no kind of grain",
	},
	{
		folder: "actors/actorstest", why: "fixtures for the tests of all services' actors",
		may: []string{"entrepot", "entrepot/events", "entrepot/grains", "entrepot/grains/wire", "entrepot/grains/grainstest"},
	},
	{
		folder: "actors/ecommerce/importer", why: "rows of a file follow the rules of the body of a request",
		may: []string{
			"entrepot", "entrepot/actors", "entrepot/events", "entrepot/grains…", "entrepot/http/api/ecommerce/form", "entrepot/http/rest",
			"entrepot/persistence", "entrepot/persistence/blob…",
		},
	},
	{
		folder: "actors/ecommerce/images", why: "deletes files after their product",
		may: []string{"entrepot/persistence/blob…", "entrepot/events", "entrepot/http/api/ecommerce/form"},
	},
	{
		folder: "actors/ecommerce", why: "feeds the search index besides reacting to events",
		may: []string{
			"entrepot", "entrepot/actors", "entrepot/events", "entrepot/grains", kindPackages,
			"entrepot/persistence", "entrepot/persistence/search",
		},
	},
	{
		folder: "actors/*", why: "reactions send commands and write rows",
		may: []string{"entrepot", "entrepot/actors", "entrepot/events", "entrepot/grains", kindPackages, "entrepot/persistence"},
	},

	{folder: "cluster", why: "the cluster knows nothing of commerce"},

	{folder: "http/edge", may: []string{"entrepot", "entrepot/grains"}, why: "middleware is a leaf; it knows the caller and the trace"},
	{
		folder: "http/rest", may: []string{"entrepot", "entrepot/grains…", "entrepot/http/edge", "entrepot/persistence"},
		why: "the kit of routes knows no service",
	},
	{folder: "http/api/apitest", may: []string{"entrepot…"}, why: "runs the whole HTTP interface for tests"},
	{
		folder: "http/api/gateway", why: "the gateway's own routes know health and keys",
		may: []string{"entrepot", "entrepot/events", "entrepot/http/api/auth", "entrepot/http/edge", "entrepot/http/rest"},
	},
	{
		folder: "http/api/…", why: "routes forward to grains and query the store; they know no database, broker or cluster",
		may: []string{
			"entrepot", "entrepot/events", "entrepot/grains…", "entrepot/http/api/ecommerce…", "entrepot/http/api/shop",
			"entrepot/http/edge", "entrepot/http/rest", "entrepot/persistence", "entrepot/persistence/blob…", "entrepot/persistence/search",
		},
	},
	{folder: "cmd/…", may: []string{"entrepot…"}, why: "cmd wires everything"},
	{folder: "test/…", may: []string{"entrepot…"}, why: "tests of the whole"},
}

// kindPackages stands for the package of any kind of grain: grains/<service>/<kind>.
const kindPackages = "grains/*/*"

func TestImportsPointOneWay(t *testing.T) {
	for file, imports := range sources(t) {
		r := ruleFor(file)
		if r == nil {
			t.Errorf("%s: no rule for its folder; add one to structure_test.go", file)
			continue
		}
		for _, imp := range imports {
			if imp == protoActorCluster && !strings.HasPrefix(file, "cluster/") && file != "grains/identity.go" {
				t.Errorf("%s imports %s: only cluster/ and the entity host know Proto.Actor's cluster", file, imp)
			}
			if !r.allows(file, imp) {
				t.Errorf("%s imports %s: %s", file, imp, r.why)
			}
		}
	}
}

func ruleFor(file string) *rule {
	dir, name := path.Split(file)
	dir = path.Clean(dir)
	for i := range rules {
		r := &rules[i]
		below, deep := strings.CutSuffix(r.folder, "…")
		match, _ := path.Match(r.folder, dir)
		if (match || (deep && strings.HasPrefix(dir+"/", below))) && strings.HasSuffix(name, r.file) {
			return r
		}
	}
	return nil
}

func (r *rule) allows(file, imp string) bool {
	if first, _, _ := strings.Cut(imp, "/"); first != "entrepot" {
		std := !strings.Contains(first, ".")
		return std || !r.only
	}
	for _, may := range r.may {
		prefix, deep := strings.CutSuffix(may, "…")
		switch {
		case may == imp, deep && strings.HasPrefix(imp, prefix):
			return true
		case may == kindPackages && isKind(imp):
			return true
		}
	}
	return false
}

// isKind reports whether a package is that of a kind of grain.
func isKind(imp string) bool {
	match, _ := path.Match("entrepot/"+kindPackages, imp)
	return match
}

// TestStateIsPrivate checks that no file outside a grain's folder names its State: a field of a
// stored document may then change with its grain alone. Lists and the search read documents
// through functions of the grain's package.
func TestStateIsPrivate(t *testing.T) {
	walk(t, ".go", func(file string, text []byte) {
		if strings.HasSuffix(file, "_test.go") {
			return
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, text, 0)
		if err != nil {
			t.Fatal(err)
		}
		kinds := map[string]string{} // by name in the file: the package of a grain
		for _, imp := range f.Imports {
			p := strings.Trim(imp.Path.Value, `"`)
			if !isKind(p) {
				continue
			}
			name := path.Base(p)
			if imp.Name != nil {
				name = imp.Name.Name
			}
			kinds[name] = p
		}
		ast.Inspect(f, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok || sel.Sel.Name != "State" {
				return true
			}
			if x, ok := sel.X.(*ast.Ident); ok && kinds[x.Name] != "" {
				t.Errorf("%s names the State of %s: offer a function in that package", file, kinds[x.Name])
			}
			return true
		})
	})
}

func TestPackagesSayWhatTheyAre(t *testing.T) {
	documented, seen := map[string]bool{}, map[string]bool{}
	for file := range sources(t) {
		dir := path.Dir(file)
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		seen[dir] = true
		documented[dir] = documented[dir] || f.Doc != nil
	}
	for dir := range seen {
		if !documented[dir] {
			t.Errorf("package %s has no doc comment", dir)
		}
	}
}

func TestSuppressionsGiveTheirReason(t *testing.T) {
	bare := regexp.MustCompile(`//nolint(:[a-z,]+)?\s*$`)
	walk(t, ".go", func(file string, text []byte) {
		for i, line := range strings.Split(string(text), "\n") {
			if bare.MatchString(line) {
				t.Errorf("%s:%d: a suppression without a reason", file, i+1)
			}
		}
	})
}

// sources are the imports of every Go file that is neither a test nor generated.
func sources(t *testing.T) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	walk(t, ".go", func(file string, text []byte) {
		if strings.HasSuffix(file, "_test.go") || strings.HasSuffix(file, ".pb.go") {
			return
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, text, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		out[file] = []string{}
		for _, imp := range f.Imports {
			out[file] = append(out[file], strings.Trim(imp.Path.Value, `"`))
		}
	})
	return out
}

func walk(t *testing.T, ext string, visit func(file string, text []byte)) {
	t.Helper()
	root := "."
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && p != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "bin" || d.Name() == "data") {
			return filepath.SkipDir
		}
		if filepath.Ext(p) != ext {
			return nil
		}
		text, err := os.ReadFile(p)
		if err == nil {
			visit(filepath.ToSlash(p), text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestSecurityTestsExist: docs/security.md names tests, and each of them is there.
func TestSecurityTestsExist(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	written := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	err = filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		b, err := os.ReadFile(path)
		for _, m := range declared.FindAllSubmatch(b, -1) {
			written[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`(Test\\w+)`").FindAllSubmatch(doc, -1)
	if len(named) < 20 {
		t.Fatalf("%d tests are named", len(named))
	}
	for _, m := range named {
		if !written[string(m[1])] {
			t.Errorf("docs/security.md names %s, which is not there", m[1])
		}
	}
}

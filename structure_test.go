package entrepot_test

import (
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
// The first rule that fits a file holds.
var rules = []rule{
	{folder: ".", only: true, why: "the root package holds words, not machinery: the standard library only"},
	{folder: "failpoint", only: true, why: "anybody may have a point to crash at"},
	{folder: "events", may: []string{"entrepot", "entrepot/test/failpoint"}, only: true, why: "events are words of the business too: everybody imports them"},
	{folder: "events/outbox", may: []string{"entrepot", "entrepot/events"}, why: "an outbox knows events and a broker"},
	{folder: "events/…", may: []string{"entrepot", "entrepot/events…"}, why: "a broker is a leaf that cmd plugs in; it knows events only"},
	{folder: "persistence", may: []string{"entrepot", "entrepot/events"}, only: true, why: "the store contract knows no database"},
	{folder: "persistence/…", may: []string{"entrepot", "entrepot/events", "entrepot/persistence…"}, why: "a store is a leaf that cmd plugs in"},
	{folder: "blob/…", may: []string{"entrepot/persistence/blob…"}, why: "a blob store is a leaf that cmd plugs in"},
	{folder: "grains/wire", may: []string{"entrepot"}, why: "the envelope of commands knows no grain"},
	{folder: "grains/grainstest", may: []string{"entrepot", "entrepot/cluster", "entrepot/events", "entrepot/grains", "entrepot/grains/wire", "entrepot/persistence…"}, why: "runs grains for tests of any kind"},
	{folder: "grains", may: []string{"entrepot", "entrepot/events", "entrepot/test/failpoint", "entrepot/grains/wire", "entrepot/persistence"}, why: "the host knows no kind of grain"},
	{folder: "grains/query", may: []string{"entrepot", "entrepot/grains…", "entrepot/persistence"}, why: "reads single entities and pages of a database"},
	{folder: "grains/quota", may: []string{"entrepot", "entrepot/grains…", "entrepot/persistence"}, why: "claims room in a plan, by commands and counts"},
	{folder: "grains/checkout", may: []string{"entrepot", "entrepot/grains…", "entrepot/persistence"}, why: "what an order costs is computed from grains' replies, without HTTP"},
	{folder: "grains/suggest", may: []string{"entrepot", "entrepot/grains…", "entrepot/persistence", "entrepot/persistence/search"}, why: "mixes what grains, the database and the search suggest"},
	{folder: "grains/inventory/reorder", may: []string{"entrepot", "entrepot/grains…", "entrepot/persistence"}, why: "suggests purchases from the inventory database"},
	{folder: "grains/*", file: "grain.go", may: []string{"entrepot", "entrepot/events", "entrepot/grains", "entrepot/persistence", "pb"}, why: "a grain never imports another grain's package, only its pb"},
	{folder: "grains/*", file: "steps.go", may: []string{"entrepot", "entrepot/events", "entrepot/grains", "pb"}, why: "a process knows other grains by their commands only"},
	{folder: "grains/*", may: []string{"entrepot", "entrepot/events", "pb"}, only: true, why: "a pure grain file decides from state, command and time alone: standard library, words, events and its own pb"},
	{folder: "grains/*/*", may: []string{"entrepot"}, why: "commands and replies are data"},
	{folder: "search", may: []string{"entrepot"}, why: "the search index is a leaf: it is told what there is, and knows no database and no grain"},
	{folder: "search/searchtest", only: true, why: "words for benchmarks of the search and of a server"},
	{folder: "actors", may: []string{"entrepot", "entrepot/events", "entrepot/grains", "entrepot/grains/wire", "entrepot/persistence"}, why: "the kit of reactions knows no kind of grain"},
	{folder: "actors/actorstest", may: []string{"entrepot", "entrepot/events", "entrepot/grains", "entrepot/grains/grainstest"}, why: "fixtures for the tests of all services' actors"},
	reactions("auth", "apikey", "user"),
	reactions("company", "companystats"),
	reactions("shop", "shipping", "shop"),
	reactions("ecommerce", "cart", "categories", "product", "promotion", "recommend", "review", "stockwatch", "wishlist"),
	reactions("sales"),
	reactions("payment"),
	reactions("inventory", "stock", "supplier", "warehouse"),
	reactions("audit"),
	{folder: "actors/ecommerce/importer", may: []string{"entrepot", "entrepot/persistence/blob…", "entrepot/events", "entrepot/grains…", "entrepot/http/api/ecommerce/form", "entrepot/http/rest", "entrepot/persistence"}, why: "rows of a file follow the rules of the body of a request"},
	{folder: "actors/ecommerce/images", may: []string{"entrepot/persistence/blob…", "entrepot/events", "entrepot/http/api/ecommerce/form"}, why: "deletes files after their product"},
	{folder: "cluster", why: "the cluster knows nothing of commerce"},
	{folder: "http/edge", may: []string{"entrepot", "entrepot/grains"}, why: "middleware is a leaf; it knows the caller and the trace"},
	{folder: "http/rest", may: []string{"entrepot", "entrepot/grains…", "entrepot/http/edge", "entrepot/persistence"}, why: "the kit of routes knows no service"},
	{folder: "http/api/apitest", may: []string{"entrepot…"}, why: "runs the whole HTTP interface for tests"},
	{folder: "http/api/gateway", may: []string{"entrepot", "entrepot/events", "entrepot/http/api/auth", "entrepot/http/edge", "entrepot/http/rest"}, why: "the gateway's own routes know health and keys"},
	{folder: "http/api/…", may: []string{"entrepot", "entrepot/events", "entrepot/persistence/blob…", "entrepot/grains…", "entrepot/http/api/ecommerce…", "entrepot/http/api/shop", "entrepot/http/edge", "entrepot/http/rest", "entrepot/persistence", "entrepot/persistence/search"}, why: "routes forward to grains and ask the store; they know no database, broker or cluster"},
	{folder: "cmd/…", may: []string{"entrepot…"}, why: "cmd wires everything"},
	{folder: "bench", may: []string{"entrepot…"}, why: "the load program"},
	{folder: "bench/…", may: []string{"entrepot…"}, why: "the load program"},
	{folder: "test/…", may: []string{"entrepot…"}, why: "tests of the whole"},
}

// reactions is the rule for the actors of a service, which know the state of these grains.
func reactions(service string, grains ...string) rule {
	r := rule{
		folder: "actors/" + service, may: []string{"entrepot", "entrepot/actors", "entrepot/events", "entrepot/grains", "entrepot/persistence", "pb"},
		why: "reactions read the rows and states of their own service's grains; they know other grains by their commands only",
	}
	if service == "ecommerce" {
		r.may = append(r.may, "entrepot/persistence/search") // they feed the index
	}
	for _, g := range grains {
		r.may = append(r.may, "entrepot/grains/"+g)
	}
	return r
}

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
		case may == "pb" && strings.HasSuffix(imp, "pb"):
			grain := path.Dir(file)
			return !r.only || path.Dir(imp) == "entrepot/"+grain
		}
	}
	return false
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

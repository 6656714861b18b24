package e2e

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"entrepot"
)

// importView is what the test reads of an import.
type importView struct {
	ID      entrepot.ID
	Status  string
	Rows    int64
	Created int64
	Failed  int64
}

// TestImportGoesOnAfterKills: a process that is killed with kill -9 in the middle
// of an import goes on where it was. Every row is taken once, every product is
// there once with all its variants, and the report tells of every row.
func TestImportGoesOnAfterKills(t *testing.T) {
	if testing.Short() {
		t.Skip("takes more than a few seconds")
	}
	p := startEmbedded(t, options{})
	h := transport()
	super := p.client(t, h, 1, entrepot.SuperAdmin, "")
	var company, shop struct{ ID entrepot.ID }
	super.must(t, http.MethodPost, "/companies", map[string]any{
		"name": "Imports", "slug": "imports-" + entrepot.NewID(), "settings": map[string]any{"currency": "EUR"},
	}, &company)
	super.must(t, http.MethodPut, "/companies/"+company.ID+"/subscription", map[string]any{"plan": "enterprise", "status": "active"}, nil)
	admin := p.client(t, h, 2, entrepot.CompanyAdmin, company.ID)
	admin.must(t, http.MethodPost, "/shops", map[string]any{"name": "Shop"}, &shop)

	const products, rows = 3000, 2 * 3000 // each with two variants
	var file strings.Builder
	file.WriteString("sku,name,price,currency,shopIds,variantSku,variantOptions\n")
	for i := range products {
		fmt.Fprintf(&file, "P-%d,Product %d,1.50,EUR,%s,P-%d-S,size=S\nP-%d,,,,,P-%d-M,size=M\n", i, i, shop.ID, i, i, i)
	}
	job := admin.importing(t, p.members[0], file.String())

	read := func() (v importView) {
		a := admin.ask(t.Context(), http.MethodGet, "/products/imports/"+job.ID, "", nil)
		a.decode(t, &v)
		return v
	}
	for _, after := range []int64{rows / 6, rows / 2} {
		mustHappen(t, fmt.Sprintf("%d rows are taken", after), func() bool { return read().Rows >= after })
		if v := read(); v.Status != "running" {
			t.Fatalf("too early: %+v", v)
		}
		p.members[0].kill()
		p.waitReady(t)
	}
	mustHappen(t, "the import is done", func() bool { return read().Status != "running" })
	if v := read(); v.Status != "done" || v.Rows != rows || v.Created != rows || v.Failed != 0 {
		t.Fatalf("%+v", v)
	}
	if p.members[0].restarts() != 2 {
		t.Errorf("killed %d times", p.members[0].restarts())
	}

	seen := map[int64]bool{}
	pages(t, admin, "/products/imports/"+job.ID+"/report?limit=100", func(r struct {
		Row       int64
		Outcome   string
		ProductID entrepot.ID
	},
	) {
		if seen[r.Row] || r.Row < 1 || r.Row > rows || r.Outcome != "created" || r.ProductID == "" {
			t.Errorf("the report tells %+v", r)
		}
		seen[r.Row] = true
	})
	if len(seen) != rows {
		t.Errorf("the report tells of %d rows", len(seen))
	}
	made := map[string]int{}
	pages(t, admin, "/products?limit=100&sort=createdAt", func(r struct {
		SKU      string
		Variants []struct{ SKU string }
	},
	) {
		made[r.SKU]++
		if len(r.Variants) != 2 || r.Variants[0].SKU != r.SKU+"-S" || r.Variants[1].SKU != r.SKU+"-M" || made[r.SKU] > 1 {
			t.Errorf("%d times %+v", made[r.SKU], r)
		}
	})
	if len(made) != products {
		t.Errorf("%d products", len(made))
	}
}

// importing sends a file.
func (c *client) importing(t *testing.T, m *member, file string) (v importView) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, m.url+"/api/products/imports", strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	r.Header.Set("Content-Type", "text/csv")
	response, err := c.http.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusAccepted {
		t.Fatalf("%d %s %v", response.StatusCode, body, err)
	}
	(&answer{body: body}).decode(t, &v)
	return v
}

// pages visits every item of a list.
func pages[T any](t *testing.T, c *client, path string, visit func(T)) {
	t.Helper()
	for cursor := ""; ; {
		var page struct {
			Items      []T
			NextCursor string
		}
		c.must(t, http.MethodGet, path+"&cursor="+cursor, nil, &page)
		for _, i := range page.Items {
			visit(i)
		}
		if cursor = page.NextCursor; cursor == "" {
			return
		}
	}
}

func mustHappen(t *testing.T, what string, so func() bool) {
	t.Helper()
	start := time.Now()
	if err := poll(t.Context(), 2*time.Minute, what, so); err != nil {
		t.Fatal(err)
	}
	t.Logf("after %v: %s", time.Since(start).Round(time.Millisecond), what)
}

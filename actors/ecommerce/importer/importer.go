// Package importer executes imports of products: it reads their files in chunks and
// sends a command for each row.
package importer

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"sync/atomic"
	"time"

	"entrepot"
	"entrepot/actors"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/ecommerce/imports"
	"entrepot/grains/ecommerce/product"
	"entrepot/grains/quota"
	"entrepot/http/api/ecommerce/form"
	"entrepot/http/rest"
	"entrepot/persistence"
	"entrepot/persistence/blob"

	"golang.org/x/sync/errgroup"
)

// concurrentRows bounds the SKUs of a chunk that are imported at the same time.
const concurrentRows = 16

// Importer imports the rows of imports. It reacts to import.due, which requests one chunk. A chunk may
// be processed twice, even concurrently: rows are identified by import and number, and the import
// counts a chunk once. It holds one chunk in memory. It also deletes the files of ended imports,
// and ends the imports of deleted companies.
type Importer struct {
	Config
	creates *rest.Rules[form.ProductBody]
	changes *rest.Rules[form.ProductChange]
}

// Config holds the dependencies of an importer.
type Config struct {
	Asker   grains.Asker
	Store   persistence.Store         // of the e-commerce service
	Blobs   blob.Store                // with the files
	Changed func(company entrepot.ID) // is called when products of a company changed; may be nil
	Now     func() time.Time          // default time.Now
}

// New returns an importer.
func New(c Config) *Importer {
	if c.Changed == nil {
		c.Changed = func(entrepot.ID) {}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Importer{c, rest.RulesOf[form.ProductBody](), rest.RulesOf[form.ProductChange]()}
}

// Handle handles the events of the consumer.
func (m *Importer) Handle(ctx context.Context, batch []*events.Delivery) []error {
	results := make([]error, len(batch))
	for i, d := range batch {
		switch d.Type {
		case "import.due":
			results[i] = m.take(ctx, d)
		case "import.ended":
			results[i] = m.removeFile(ctx, d)
		case "company.deleted":
			results[i] = m.erase(ctx, d)
		}
	}
	return results
}

// take reads one chunk, imports its rows and reports to the import.
func (m *Importer) take(ctx context.Context, d *events.Delivery) error {
	var e events.ImportDue
	if err := d.Decode(&e); err != nil {
		return events.Permanent(err)
	}
	ctx = actors.AsSystem(ctx, d)
	job, err := grains.Ask(ctx, m.Asker, imports.Of(e.ImportID), imports.Get{})
	switch {
	case err == nil && job.Erased && job.Chunk == e.Chunk:
		return m.undo(ctx, job) // a member that started on the rows may have died
	case err != nil || job.Status != imports.Running || job.Chunk != e.Chunk:
		return err // no such import, or another member was faster
	}
	chunk, err := m.read(ctx, job)
	if err != nil {
		return err
	}
	rows, err := m.rows(ctx, job, chunk.rows)
	if err != nil {
		return err
	}
	if err := m.report(ctx, job, rows); err != nil {
		return err
	}
	counted := imports.Advance{Chunk: job.Chunk, Offset: chunk.offset, Columns: chunk.columns, Done: chunk.done, Error: chunk.broken}
	for _, r := range rows {
		switch r.Outcome {
		case form.RowCreated:
			counted.Created++
		case form.RowUpdated:
			counted.Updated++
		default:
			counted.Failed++
		}
	}
	job, err = grains.Ask(ctx, m.Asker, imports.Of(job.ID), counted)
	if err != nil {
		return err
	}
	m.Changed(job.CompanyID)
	if job.Erased { // while the rows were imported
		return m.undo(ctx, job)
	}
	return nil
}

func (m *Importer) read(ctx context.Context, job *imports.Import) (importChunk, error) {
	b, err := m.Blobs.Get(ctx, form.FileKey(job.ID), job.Offset)
	if errors.Is(err, blob.ErrNotFound) {
		return importChunk{broken: "the file is gone"}, nil
	}
	if err != nil {
		return importChunk{}, err
	}
	defer func() { _ = b.Close() }()
	first := job.Created + job.Updated + job.Failed + 1
	if job.Format == "csv" {
		return readCSV(b, job.Offset, first, job.Columns), nil
	}
	return readLines(b, job.Offset, first), nil
}

// rows imports the rows of a chunk on behalf of the user who started the import. After an error the
// chunk is processed again.
func (m *Importer) rows(ctx context.Context, job *imports.Import, rows []importRow) ([]form.ImportRow, error) {
	as := entrepot.WithCaller(ctx, entrepot.Caller{
		UserID: job.UserID, Role: job.Role, CompanyID: job.CompanyID, ShopIDs: job.ShopIDs, RequestID: "import " + job.ID,
	})
	if job.Role == entrepot.SuperAdmin {
		as = entrepot.WithCaller(ctx, entrepot.Caller{UserID: job.UserID, Role: entrepot.SuperAdmin, RequestID: "import " + job.ID})
	}
	skus := make([]string, len(rows))
	for i, r := range rows {
		_ = json.Unmarshal(r.object["sku"], &skus[i]) // the rule of the field refuses other types
	}
	out := make([]form.ImportRow, len(rows))
	// Rows of one SKU are imported in order, different SKUs concurrently.
	lanes := map[string][]int{}
	var order []string
	for i, sku := range skus {
		if lanes[sku] == nil {
			order = append(order, sku)
		}
		lanes[sku] = append(lanes[sku], i)
	}
	known, err := m.known(ctx, job.CompanyID, order)
	if err != nil {
		return nil, err
	}
	c := &chunkRun{Importer: m, job: job, rows: rows, lanes: lanes, known: known, shops: &shopsSeen{asker: m.Asker, company: job.CompanyID}, out: out}
	// One claim on the plan covers all possible new products, because single claims wait for each
	// other. If the plan has no room for all, each product claims for itself.
	claim := entrepot.DeriveID("import chunk", job.ID, strconv.FormatInt(job.Chunk, 10))
	err = quota.WithinSeveral(as, m.Asker, m.Store, form.Plan, job.CompanyID, claim, max(1, len(order)-len(known)), func() error {
		return c.run(as, order, true)
	})
	if code := entrepot.CodeOf(err); code == entrepot.CodePlanLimit {
		err = c.run(as, order, false)
	}
	return out, err
}

// chunkRun is the import of the rows of a chunk.
type chunkRun struct {
	*Importer
	job   *imports.Import
	rows  []importRow
	lanes map[string][]int // rows of each SKU, in their order
	known map[string]present
	shops *shopsSeen
	out   []form.ImportRow
	full  atomic.Pointer[entrepot.Error] // the refusal of the plan, which holds for all new products of the chunk
}

// run imports the SKUs: concurrently if the plan has room for all (claimed), else one by one, since
// each has to ask the plan.
func (c *chunkRun) run(ctx context.Context, skus []string, claimed bool) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(1)
	if claimed {
		g.SetLimit(concurrentRows)
	}
	for _, sku := range skus {
		g.Go(func() error { return c.lane(ctx, sku, claimed) })
	}
	return g.Wait()
}

func (c *chunkRun) lane(ctx context.Context, sku string, claimed bool) error {
	p, there := c.known[sku]
	for rows := c.lanes[sku]; len(rows) > 0; {
		r, n := joinRows(c.rows, rows)
		of := rows[:n]
		rows = rows[n:]
		r.last = len(rows) == 0
		if there && p.id == importedID(c.job.ID, r.number) { // created by these rows in an earlier try of this chunk
			c.record(r, of, sku, &product.Product{ID: p.id}, false, nil)
			continue
		}
		if refusal := c.full.Load(); refusal != nil && !there {
			c.record(r, of, sku, nil, false, refusal)
			continue
		}
		made, err := c.row(ctx, c.job, r, sku, p, there, c.shops, claimed)
		if entrepot.CodeOf(err) == entrepot.CodePlanLimit {
			c.full.Store(entrepot.AsError(err))
		}
		if transient(err) {
			return err
		}
		if there && entrepot.CodeOf(err) == entrepot.CodeKeyReused { // executed before, on an earlier version of the product
			made, err = &product.Product{ID: p.id, Currency: p.currency}, nil
		}
		c.record(r, of, sku, made, there, err)
		if err == nil && !there {
			p, there = present{made.ID, made.Currency}, true
		}
	}
	return nil
}

// record sets the outcome of each of the rows.
func (c *chunkRun) record(r *joined, of []int, sku string, p *product.Product, there bool, err error) {
	for k, i := range of {
		c.out[i] = outcomeOf(&c.rows[i], sku, p, there, r.blames(k, err))
	}
}

// transient reports whether another try may succeed.
func transient(err error) bool {
	switch entrepot.CodeOf(err) {
	case entrepot.CodeUnavailable, entrepot.CodeUnknownOutcome, entrepot.CodeInternal, entrepot.CodeRateLimited:
		return err != nil
	default:
		return false
	}
}

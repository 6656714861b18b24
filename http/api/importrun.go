package api

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"entrepot"
	"entrepot/blob"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/imports"
	"entrepot/grains/imports/importspb"
	"entrepot/grains/product"
	"entrepot/grains/product/productpb"
	"entrepot/persistence"

	"golang.org/x/sync/errgroup"
)

// The outcomes of a row.
const (
	rowCreated = "created"
	rowUpdated = "updated"
	rowFailed  = "failed"
)

// rowsAtATime is how many rows of a chunk are taken side by side.
const rowsAtATime = 16

// reportKept is how long the report of an import can be read.
const reportKept = 30 * 24 * time.Hour

// ImportRow is what became of a row of an import.
type ImportRow struct {
	Row       int64                 `json:"row" doc:"counted from 1, without headings"`
	SKU       string                `json:"sku,omitempty"`
	Outcome   string                `json:"outcome" example:"failed" doc:"created, updated or failed"`
	ProductID entrepot.ID           `json:"productId,omitempty"`
	Message   string                `json:"message,omitempty"`
	Errors    []entrepot.FieldError `json:"errors,omitempty"`
}

// Importer takes the rows of imports: it reacts to import.due, which asks for one
// chunk. A chunk may be taken twice, side by side even: rows are known by import
// and number, and the import counts a chunk once. It holds one chunk in memory.
type Importer struct {
	productAPI
	rules *rowRules
	store persistence.Store
}

// NewImporter takes rows with what handlers have; the store is the service's.
func NewImporter(d Deps, store persistence.Store) *Importer {
	return &Importer{productAPI{d.withDefaults()}, newRowRules(), store}
}

// Handle is the consumer's handler.
func (m *Importer) Handle(ctx context.Context, batch []*events.Delivery) []error {
	results := make([]error, len(batch))
	for i, d := range batch {
		if d.Type == "import.due" {
			results[i] = m.take(ctx, d)
		}
	}
	return results
}

// take reads one chunk, takes its rows and tells the import.
func (m *Importer) take(ctx context.Context, d *events.Delivery) error {
	var e events.ImportDue
	if err := d.Decode(&e); err != nil {
		return events.Permanent(err)
	}
	ctx = entrepot.WithCaller(grains.WithTrace(ctx, d.TraceParent), entrepot.SystemCaller(d.ID))
	job, err := grains.Ask[*importspb.Import](ctx, m.Asker, importspb.Kind, e.ImportID, &importspb.Get{})
	if err != nil || job.Status != imports.StatusRunning || job.Chunk != e.Chunk {
		return err // nothing, or another one did it
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
	told := &importspb.Advance{Chunk: job.Chunk, Offset: chunk.offset, Columns: chunk.columns, Done: chunk.done, Error: chunk.broken}
	for _, r := range rows {
		switch r.Outcome {
		case rowCreated:
			told.Created++
		case rowUpdated:
			told.Updated++
		default:
			told.Failed++
		}
	}
	if _, err := m.Asker.Ask(ctx, importspb.Kind, job.Id, told); err != nil {
		return err
	}
	m.Lists.Invalidate(job.CompanyId)
	if told.Done || told.Error != "" {
		return m.Blobs.Delete(ctx, importKey(job.Id))
	}
	return nil
}

func importKey(id entrepot.ID) string { return "imports/" + id }

func (m *Importer) read(ctx context.Context, job *importspb.Import) (importChunk, error) {
	b, err := m.Blobs.Get(ctx, importKey(job.Id), job.Offset)
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

// present is what the catalogue has of a SKU.
type present struct {
	id       entrepot.ID
	currency string
}

// rows takes the rows of a chunk for whom started the import. An error is for
// now: the chunk is taken again.
func (m *Importer) rows(ctx context.Context, job *importspb.Import, rows []importRow) ([]ImportRow, error) {
	as := entrepot.WithCaller(ctx, entrepot.Caller{
		UserID: job.UserId, Role: entrepot.Role(job.Role), CompanyID: job.CompanyId, ShopIDs: job.ShopIds, RequestID: "import " + job.Id,
	})
	if entrepot.Role(job.Role) == entrepot.SuperAdmin {
		as = entrepot.WithCaller(ctx, entrepot.Caller{UserID: job.UserId, Role: entrepot.SuperAdmin, RequestID: "import " + job.Id})
	}
	skus := make([]string, len(rows))
	for i, r := range rows {
		_ = json.Unmarshal(r.object["sku"], &skus[i]) // what is no text is refused by its rule
	}
	out := make([]ImportRow, len(rows))
	// Rows of one SKU are taken in their order, others side by side.
	lanes := map[string][]int{}
	var order []string
	for i, sku := range skus {
		if lanes[sku] == nil {
			order = append(order, sku)
		}
		lanes[sku] = append(lanes[sku], i)
	}
	known, err := m.known(ctx, job.CompanyId, order)
	if err != nil {
		return nil, err
	}
	c := &chunkRun{Importer: m, job: job, rows: rows, lanes: lanes, known: known, shops: &shopsSeen{asker: m.Asker, company: job.CompanyId}, out: out}
	// One claim on the plan for all that may be made, since every single one waits
	// for the others; where the plan has no room for all, each by itself.
	claim := entrepot.DeriveID("import chunk", job.Id, strconv.FormatInt(job.Chunk, 10))
	err = m.severalWithinPlan(as, m.store, productPlan, job.CompanyId, claim, max(1, len(order)-len(known)), func() error {
		return c.run(as, order, true)
	})
	if code := entrepot.CodeOf(err); code == entrepot.CodePlanLimit {
		err = c.run(as, order, false)
	}
	return out, err
}

// chunkRun is the rows of a chunk on their way.
type chunkRun struct {
	*Importer
	job   *importspb.Import
	rows  []importRow
	lanes map[string][]int // rows of each SKU, in their order
	known map[string]present
	shops *shopsSeen
	out   []ImportRow
	full  atomic.Pointer[entrepot.Error] // the plan's refusal: the chunk's other new products need not ask
}

// run takes the lanes: some side by side when the plan has room for all (claimed),
// else one after the other, as each has to ask the plan.
func (c *chunkRun) run(ctx context.Context, skus []string, claimed bool) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(1)
	if claimed {
		g.SetLimit(rowsAtATime)
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
		if there && p.id == importedID(c.job.Id, r.number) { // by these rows, before this chunk was taken again
			c.tell(r, of, sku, &productpb.Product{Id: p.id}, false, nil)
			continue
		}
		if refusal := c.full.Load(); refusal != nil && !there {
			c.tell(r, of, sku, nil, false, refusal)
			continue
		}
		made, err := c.row(ctx, c.job, r, sku, p, there, c.shops, claimed)
		if entrepot.CodeOf(err) == entrepot.CodePlanLimit {
			c.full.Store(entrepot.AsError(err))
		}
		if transient(err) {
			return err
		}
		if there && entrepot.CodeOf(err) == entrepot.CodeKeyReused { // taken before, from what the product was then
			made, err = &productpb.Product{Id: p.id, Currency: p.currency}, nil
		}
		c.tell(r, of, sku, made, there, err)
		if err == nil && !there {
			p, there = present{made.Id, made.Currency}, true
		}
	}
	return nil
}

// tell says of each of the rows what became of them.
func (c *chunkRun) tell(r *joined, of []int, sku string, p *productpb.Product, there bool, err error) {
	for k, i := range of {
		c.out[i] = outcomeOf(&c.rows[i], sku, p, there, r.blames(k, err))
	}
}

// transient: another try may succeed.
func transient(err error) bool {
	switch entrepot.CodeOf(err) {
	case entrepot.CodeUnavailable, entrepot.CodeUnknownOutcome, entrepot.CodeInternal, entrepot.CodeRateLimited:
		return err != nil
	default:
		return false
	}
}

func outcomeOf(r *importRow, sku string, p *productpb.Product, there bool, err error) ImportRow {
	out := ImportRow{Row: r.number, SKU: clipped(sku, 64), Outcome: rowCreated}
	switch {
	case err != nil:
		e := entrepot.AsError(err)
		out.Outcome, out.Message, out.Errors = rowFailed, e.Message, e.Fields
	case there:
		out.Outcome, out.ProductID = rowUpdated, p.Id
	default:
		out.ProductID = p.Id
	}
	return out
}

func clipped(s string, n int) string {
	for i := range s {
		if i >= n {
			return s[:i]
		}
	}
	return s
}

// known finds the products of SKUs.
func (m *Importer) known(ctx context.Context, company entrepot.ID, skus []string) (map[string]present, error) {
	out := map[string]present{}
	for part := range slices.Chunk(skus, 100) {
		keys := make([]any, len(part))
		for i, sku := range part {
			keys[i] = company + ":" + sku
		}
		docs, _, err := m.store.Find(ctx, product.Collection, entrepot.InCompany(company), persistence.Query{
			Where: []persistence.Cond{{Field: "skuKey", Op: persistence.In, Values: keys}}, Limit: 100,
		})
		if err != nil {
			return nil, unreadable(product.Collection, err)
		}
		for i := range docs {
			var p product.State
			if err := m.store.Unmarshal(docs[i].State, &p); err != nil {
				return nil, err
			}
			out[p.SKU] = present{p.ID, p.Currency}
		}
	}
	return out, nil
}

// importedID is the product that a row makes, if it makes one.
func importedID(job entrepot.ID, row int64) entrepot.ID {
	return entrepot.DeriveID("import", job, strconv.FormatInt(row, 10))
}

// row takes one row: it changes the product of its SKU, or makes one.
func (m *Importer) row(ctx context.Context, job *importspb.Import, r *joined, sku string, p present, there bool, shops *shopsSeen, claimed bool) (*productpb.Product, error) {
	if r.err != nil {
		return nil, r.err
	}
	if sku == "" {
		return nil, entrepot.Invalid("sku", "required", "must be given as a text")
	}
	// The row's own id is for the one command to its product; the plan is asked under others.
	named := grains.WithCommand(ctx, grains.CommandID{ID: entrepot.DeriveID("import", job.Id, strconv.FormatInt(r.number, 10))})
	if there {
		return m.change(named, r, p, shops)
	}
	if r.described() {
		if err := r.makeup(nil); err != nil {
			return nil, err
		}
	}
	var body productBody
	if err := m.rules.into(m.rules.creates, r.object, &body); err != nil {
		return nil, err
	}
	if body.CompanyID != "" && body.CompanyID != job.CompanyId {
		return nil, entrepot.Invalid("companyId", "privileged", "is another company")
	}
	cmd, err := body.command(job.CompanyId)
	if err != nil {
		return nil, err
	}
	if err := shops.check(ctx, cmd.ShopIds); err != nil {
		return nil, err
	}
	id := importedID(job.Id, r.number)
	if claimed {
		return grains.Ask[*productpb.Product](named, m.Asker, productpb.Kind, id, cmd)
	}
	var made *productpb.Product
	err = m.withinPlan(ctx, m.store, productPlan, job.CompanyId, id, func() (err error) {
		made, err = grains.Ask[*productpb.Product](named, m.Asker, productpb.Kind, id, cmd)
		return err
	})
	return made, err
}

func (m *Importer) change(ctx context.Context, r *joined, p present, shops *shopsSeen) (*productpb.Product, error) {
	var currency string
	if raw := r.object["currency"]; raw != nil && (json.Unmarshal(raw, &currency) != nil || currency != p.currency) {
		return nil, entrepot.Invalid("currency", "fixed", "the product is sold in %s", p.currency)
	}
	for _, name := range []string{"sku", "currency", "companyId"} { // which name it and stay
		delete(r.object, name)
	}
	now := &productpb.Product{Id: p.id, Currency: p.currency}
	if r.described() {
		var err error
		if now, err = askProduct(ctx, m.Asker, p.id); err != nil {
			return nil, err
		}
		if err := r.makeup(now); err != nil {
			return nil, err
		}
	}
	var body productChange
	if err := m.rules.into(m.rules.change, r.object, &body); err != nil {
		return nil, err
	}
	if body.needsPresent() && now.Version == 0 {
		var err error
		if now, err = askProduct(ctx, m.Asker, p.id); err != nil {
			return nil, err
		}
	}
	cmd, err := body.command(now)
	if err != nil {
		return nil, err
	}
	if cmd.ShopIds != nil {
		if err := shops.check(ctx, cmd.ShopIds.Ids); err != nil {
			return nil, err
		}
	}
	return grains.Ask[*productpb.Product](ctx, m.Asker, productpb.Kind, p.id, cmd)
}

// report keeps what became of the rows.
func (m *Importer) report(ctx context.Context, job *importspb.Import, rows []ImportRow) error {
	now := m.Now().UTC()
	writes := make([]persistence.Write, 0, len(rows))
	for _, r := range rows {
		state, err := m.store.Marshal(&r)
		if err != nil {
			return err
		}
		writes = append(writes, persistence.Write{Collection: imports.Rows, Doc: persistence.Document{
			ID: entrepot.DeriveID("import row", job.Id, strconv.FormatInt(r.Row, 10)), Version: 1, CompanyID: job.CompanyId, OwnerID: job.UserId,
			CreatedAt: now, UpdatedAt: now, WakeAt: now.Add(reportKept), Fields: []any{job.Id, r.Row, r.Outcome}, State: state,
		}})
	}
	if len(writes) == 0 {
		return nil
	}
	for _, err := range m.store.Commit(ctx, writes) {
		if err != nil && !errors.Is(err, persistence.ErrStale) { // stale: it is told of already
			return err
		}
	}
	return nil
}

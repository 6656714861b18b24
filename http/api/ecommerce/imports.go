package ecommerce

import (
	"context"
	"io"
	"net/http"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/ecommerce/imports"
	"entrepot/grains/query"
	"entrepot/http/api/ecommerce/form"
	"entrepot/http/edge"
	"entrepot/http/rest"
	"entrepot/persistence"
)

// maxImports is how many imports of a company may run at a time.
const maxImports = 4

// importRoutes bring many products in and out.
func (s *productAPI) importRoutes() []rest.Route {
	may := rest.Only(entrepot.SuperAdmin, entrepot.CompanyAdmin, entrepot.ShopManager)
	return []rest.Route{
		rest.Bind(rest.Route{
			ID: "import-products", Method: http.MethodPost, Path: "/products/imports", Access: may,
			Status: http.StatusAccepted, Summary: "Import products",
			Doc: "The body is the file, at most 256 MiB: comma-separated values with the column names in the " +
				"first line, or one JSON object a line. A row updates the named fields of the product with " +
				"its sku, or creates a product. With an Idempotency-Key the same file is imported once.",
			Takes: []string{"text/csv", "application/jsonl"},
		}, s.importProducts),
		rest.Bind(rest.Route{
			ID: "list-imports", Method: http.MethodGet, Path: "/products/imports", Access: may,
			Summary: "List imports",
		}, s.listImports),
		rest.Bind(rest.Route{
			ID: "get-import", Method: http.MethodGet, Path: "/products/imports/{id}", Access: may,
			Summary: "Get import",
		}, s.getImport),
		rest.Bind(rest.Route{
			ID: "get-import-report", Method: http.MethodGet, Path: "/products/imports/{id}/report",
			Access: may, Summary: "Get import report",
			Doc: "Kept for 30 days.",
		}, s.importReport),
		rest.Bind(rest.Route{
			ID: "export-products", Method: http.MethodGet, Path: "/products/export", Access: may,
			Summary: "Export products",
			Doc: "Uses the format of imports. Cells that a spreadsheet would execute start with an " +
				"apostrophe. An interrupted export lacks the last line: a JSON lines file ends with " +
				"{\"exported\":n}, a CSV file with # exported,n.",
		}, s.export),
	}
}

// ImportView is an import.
type ImportView struct {
	ID        entrepot.ID `json:"id"`
	CompanyID entrepot.ID `json:"companyId"`
	Format    string      `json:"format" example:"csv"`
	Status    string      `json:"status" doc:"running, done or failed"`
	Error     string      `json:"error,omitempty" doc:"why the file could not be read on"`
	Size      int64       `json:"size" doc:"of the file in bytes"`
	Position  int64       `json:"position" doc:"bytes read"`
	Rows      int64       `json:"rows" doc:"rows processed"`
	Created   int64       `json:"created"`
	Updated   int64       `json:"updated"`
	Failed    int64       `json:"failed" doc:"the report says why"`
	CreatedAt rest.Time   `json:"createdAt"`
	UpdatedAt rest.Time   `json:"updatedAt"`
}

func importOf(i *imports.Import) ImportView {
	return ImportView{
		ID: i.ID, CompanyID: i.CompanyID, Format: i.Format, Status: i.Status, Error: i.Error, Size: i.Size, Position: i.Offset,
		Rows: i.Created + i.Updated + i.Failed, Created: i.Created, Updated: i.Updated, Failed: i.Failed,
		CreatedAt: rest.Time(i.CreatedAt), UpdatedAt: rest.Time(i.UpdatedAt),
	}
}

type importInput struct {
	rest.Here
	rest.Upload
	// Not a KeyHeader: that one's answer is kept with the whole body in memory.
	Key       string  `header:"Idempotency-Key" maxLength:"255" pattern:"^[!-~]+$" patternDescription:"visible ASCII" doc:"the same file with the same key is the same import"`
	CompanyID rest.ID `query:"companyId" doc:"for super admins; others import into their own company"`
}

func (s *productAPI) importProducts(ctx context.Context, in *importInput) (*rest.Created[ImportView], error) {
	company, err := rest.CompanyFor(ctx, string(in.CompanyID))
	if err != nil {
		return nil, err
	}
	format, err := importFormat(in.Type)
	if err != nil {
		return nil, err
	}
	if s.Blobs == nil {
		return nil, entrepot.Unavailable("imports are taken elsewhere")
	}
	running, err := s.Store.Count(ctx, imports.Collection, entrepot.InCompany(company), query.Where(nil, "status", imports.Running), maxImports)
	if err != nil {
		return nil, query.Unreadable(imports.Collection, err)
	}
	if running >= maxImports {
		return nil, entrepot.Errorf(entrepot.CodeConflict, "%d imports of the company are running: wait for one", maxImports)
	}
	id := rest.KeyHeader{Key: in.Key}.NewID(ctx, "import")
	as := entrepot.CallerFrom(ctx)
	if i, err := grains.Ask(ctx, s.Asker, imports.Of(id), imports.Get{}); err == nil && as.UserID == i.UserID && i.CompanyID == company {
		return s.startedBefore(in, i)
	}
	body := &counting{r: in.Reader}
	if _, err := s.Blobs.Put(ctx, form.FileKey(id), in.Type, body); err != nil {
		if body.err != nil {
			return nil, rest.BodyError(body.err)
		}
		if body.n == 0 {
			return nil, entrepot.Invalid("body", "required", "must be given")
		}
		return nil, s.blobError(ctx, err)
	}
	i, err := grains.Ask(ctx, s.Asker, imports.Of(id), imports.Start{CompanyID: company, Format: format, Size: body.n})
	if err != nil {
		return nil, err
	}
	return &rest.Created[ImportView]{Location: in.Below(i.ID), Body: importOf(i)}, nil
}

// startedBefore answers for a file that was sent before, once it is seen to be as
// long; what is sent now is not kept.
func (s *productAPI) startedBefore(in *importInput, i *imports.Import) (*rest.Created[ImportView], error) {
	n, err := io.Copy(io.Discard, in.Reader)
	switch {
	case err != nil:
		return nil, rest.BodyError(err)
	case n != i.Size:
		return nil, entrepot.Errorf(entrepot.CodeKeyReused, "this key was used for another file")
	}
	return &rest.Created[ImportView]{Replay: rest.Replay{Replayed: "true"}, Location: in.Below(i.ID), Body: importOf(i)}, nil
}

func importFormat(contentType string) (string, error) {
	switch contentType {
	case "text/csv":
		return "csv", nil
	case "application/jsonl", "application/x-ndjson", "application/x-jsonlines":
		return "jsonl", nil
	default:
		return "", entrepot.Invalid("Content-Type", "enum", "must be text/csv or application/jsonl")
	}
}

// counting counts a body on its way, and keeps what ended it: the blob store's
// error would not say whose fault it was.
type counting struct {
	r   io.Reader
	n   int64
	err error
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if c.n += int64(n); err == nil && c.n > rest.MaxImport {
		err = edge.TooLarge(rest.MaxImport)
	}
	if err != nil && err != io.EOF { //nolint:errorlint // readers answer it as it is
		c.err = err
	}
	return n, err
}

type importListInput struct {
	rest.ListParams
	rest.CompanyFilter
	Status string `query:"status" enum:"running,done,failed"`
}

// importScope: a manager sees the imports that the manager started.
func importScope(c entrepot.Caller) entrepot.Scope {
	if c.Role == entrepot.ShopManager {
		return entrepot.OwnedBy(c.UserID)
	}
	return entrepot.StaffScope(c)
}

func (s *productAPI) listImports(ctx context.Context, in *importListInput) (*rest.List[ImportView], error) {
	q := persistence.Query{Desc: true, Limit: in.Limit, Cursor: in.Cursor}
	q.Where = query.Where(query.Where(nil, "status", in.Status), persistence.CompanyID, in.CompanyID)
	page, err := query.Find(ctx, s.Store, imports.Collection, importScope(entrepot.CallerFrom(ctx)), q,
		func(i *imports.Import, _ *persistence.Document) ImportView { return importOf(i) })
	return &rest.List[ImportView]{Body: page}, err
}

func (s *productAPI) askImport(ctx context.Context, path rest.IDPath) (*imports.Import, error) {
	id, err := path.EntityID()
	if err != nil {
		return nil, err
	}
	return grains.Ask(ctx, s.Asker, imports.Of(id), imports.Get{})
}

func (s *productAPI) getImport(ctx context.Context, in *struct{ rest.IDPath }) (*rest.Answer[ImportView], error) {
	i, err := s.askImport(ctx, in.IDPath)
	if err != nil {
		return nil, err
	}
	return rest.AnswerOf(importOf(i)), nil
}

type importReportInput struct {
	rest.IDPath
	rest.ListParams
	Outcome string `query:"outcome" enum:"created,updated,failed"`
}

func (s *productAPI) importReport(ctx context.Context, in *importReportInput) (*rest.List[form.ImportRow], error) {
	i, err := s.askImport(ctx, in.IDPath)
	if err != nil {
		return nil, err
	}
	q := persistence.Query{Where: query.Where(query.Where(nil, "importId", i.ID), "outcome", in.Outcome), Sort: "row", Limit: in.Limit, Cursor: in.Cursor}
	page, err := query.Find(ctx, s.Store, imports.Rows, entrepot.InCompany(i.CompanyID), q,
		func(r *form.ImportRow, _ *persistence.Document) form.ImportRow { return *r })
	return &rest.List[form.ImportRow]{Body: page}, err
}

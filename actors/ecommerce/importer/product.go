package importer

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/ecommerce/imports"
	"entrepot/grains/ecommerce/product"
	"entrepot/grains/query"
	"entrepot/grains/quota"
	"entrepot/http/api/ecommerce/form"
	"entrepot/persistence"
)

// present is a product of the catalogue with a SKU.
type present struct {
	id       entrepot.ID
	currency string
}

// known returns the products with SKUs. The keys contain the company. With the company as the scope
// too, SQLite would scan its whole catalogue for every chunk.
func (m *Importer) known(ctx context.Context, company entrepot.ID, skus []string) (map[string]present, error) {
	out := map[string]present{}
	for part := range slices.Chunk(skus, 100) {
		keys := make([]any, len(part))
		for i, sku := range part {
			keys[i] = company + ":" + sku
		}
		docs, _, err := m.Store.Find(ctx, product.Collection, entrepot.AllTenants(), persistence.Query{
			Where: []persistence.Cond{{Field: "skuKey", Op: persistence.In, Values: keys}}, Sort: "skuKey", Limit: 100,
		})
		if err != nil {
			return nil, query.Unreadable(product.Collection, err)
		}
		for i := range docs {
			var p product.Product
			if err := m.Store.Unmarshal(docs[i].State, &p); err != nil {
				return nil, err
			}
			out[p.SKU] = present{p.ID, p.Currency}
		}
	}
	return out, nil
}

// importedID returns the id of the product that a row creates.
func importedID(job entrepot.ID, row int64) entrepot.ID {
	return entrepot.DeriveID("import", job, strconv.FormatInt(row, 10))
}

// row imports one row: it changes the product with its SKU, or creates one.
func (m *Importer) row(ctx context.Context, job *imports.Import, r *joined, sku string, p present, there bool, shops *shopsSeen, claimed bool) (*product.Product, error) {
	if r.err != nil {
		return nil, r.err
	}
	if sku == "" {
		return nil, entrepot.Invalid("sku", "required", "must be given as a text")
	}
	// The id of the row is that of the command to its product; the plan is asked under other ids.
	own := r.sending(entrepot.DeriveID("import", job.ID, strconv.FormatInt(r.number, 10)))
	if there {
		return m.change(ctx, r, p, shops, own)
	}
	if r.described() {
		if err := r.makeup(nil); err != nil {
			return nil, err
		}
	}
	body, err := m.creates.Read(r.object)
	if err != nil {
		return nil, err
	}
	if body.CompanyID != "" && string(body.CompanyID) != job.CompanyID {
		return nil, entrepot.Invalid("companyId", "privileged", "is another company")
	}
	cmd, err := body.Command(job.CompanyID)
	if err != nil {
		return nil, err
	}
	if err := shops.check(ctx, cmd.ShopIDs); err != nil {
		return nil, err
	}
	id := importedID(job.ID, r.number)
	if claimed {
		return grains.Ask(ctx, m.Asker, product.Of(id), cmd, own...)
	}
	var made *product.Product
	err = quota.Within(ctx, m.Asker, m.Store, form.Plan, job.CompanyID, id, func() (err error) {
		made, err = grains.Ask(ctx, m.Asker, product.Of(id), cmd, own...)
		return err
	})
	return made, err
}

func (m *Importer) change(
	ctx context.Context, r *joined, p present, shops *shopsSeen, own []grains.Option,
) (*product.Product, error) {
	var currency string
	if raw := r.object["currency"]; raw != nil && (json.Unmarshal(raw, &currency) != nil || currency != p.currency) {
		return nil, entrepot.Invalid("currency", "fixed", "the product is sold in %s", p.currency)
	}
	for _, name := range []string{"sku", "currency", "companyId"} { // which name it and stay
		delete(r.object, name)
	}
	now := &product.Product{ID: p.id, Currency: p.currency}
	if r.described() {
		var err error
		if now, err = query.Product(ctx, m.Asker, p.id); err != nil {
			return nil, err
		}
		if err := r.makeup(now); err != nil {
			return nil, err
		}
	}
	body, err := m.changes.Read(r.object)
	if err != nil {
		return nil, err
	}
	if body.NeedsPresent() && now.Version == 0 {
		var err error
		if now, err = query.Product(ctx, m.Asker, p.id); err != nil {
			return nil, err
		}
	}
	cmd, err := body.Command(now)
	if err != nil {
		return nil, err
	}
	if cmd.ShopIDs != nil {
		if err := shops.check(ctx, *cmd.ShopIDs); err != nil {
			return nil, err
		}
	}
	return grains.Ask(ctx, m.Asker, product.Of(p.id), cmd, own...)
}

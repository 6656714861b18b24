package form

import (
	"path"
	"strconv"

	"entrepot"
	companies "entrepot/grains/company/company"
	"entrepot/grains/ecommerce/product"
	"entrepot/grains/quota"
)

// Outcomes of a row that was imported.
const (
	RowCreated = "created"
	RowUpdated = "updated"
)

// The outcomes of a row.
const (
	RowFailed = "failed"
)

// ImportRow is the outcome of a row of an import.
type ImportRow struct {
	Row       int64                 `json:"row" doc:"counted from 1, without headings"`
	SKU       string                `json:"sku,omitempty"`
	Outcome   string                `json:"outcome" example:"failed" doc:"created, updated or failed"`
	ProductID entrepot.ID           `json:"productId,omitempty"`
	Message   string                `json:"message,omitempty"`
	Errors    []entrepot.FieldError `json:"errors,omitempty"`
}

// FileKey is the key of an import's file in the blob store.
func FileKey(id entrepot.ID) string { return "imports/" + id }

// Plan is the limit of products in a plan.
var Plan = quota.Resource{Name: companies.Products, In: product.Collection, Where: nil}

// ImageKey is the key of an image of a width in the blob store; 0 for the full one.
func ImageKey(id entrepot.ID, width int) string {
	if width == 0 {
		return path.Join("images", id, "full")
	}
	return path.Join("images", id, strconv.Itoa(width))
}

package form

import (
	"path"
	"strconv"

	"entrepot"
	companies "entrepot/grains/company/company"
	"entrepot/grains/ecommerce/product"
	"entrepot/grains/quota"
)

const RowCreated = "created"

const RowUpdated = "updated"

// The outcomes of a row.
const (
	RowFailed = "failed"
)

// ImportRow is what became of a row of an import.
type ImportRow struct {
	Row       int64                 `json:"row" doc:"counted from 1, without headings"`
	SKU       string                `json:"sku,omitempty"`
	Outcome   string                `json:"outcome" example:"failed" doc:"created, updated or failed"`
	ProductID entrepot.ID           `json:"productId,omitempty"`
	Message   string                `json:"message,omitempty"`
	Errors    []entrepot.FieldError `json:"errors,omitempty"`
}

func FileKey(id entrepot.ID) string { return "imports/" + id }

// Plan is what a plan allows of products.
var Plan = quota.Resource{Name: companies.Products, In: product.Collection, Where: nil}

// ImageKey is where a size of an image is kept.
func ImageKey(id entrepot.ID, width int) string {
	if width == 0 {
		return path.Join("images", id, "full")
	}
	return path.Join("images", id, strconv.Itoa(width))
}

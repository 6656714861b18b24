package product

import (
	"entrepot/grains"
	"entrepot/persistence"
)

// Collection holds the products, in ecommercedb.
var Collection = &persistence.Collection{
	Name: "products",
	Fields: []persistence.Field{
		{Name: "status", Type: persistence.String},
		{Name: "name", Type: persistence.String},
		{Name: "category", Type: persistence.String},
		{Name: "brand", Type: persistence.String},
		{Name: "price", Type: persistence.Int}, // current price in minor units
		{Name: "sku", Type: persistence.String},
		{Name: "skuKey", Type: persistence.String, Unique: true}, // company:sku
	},
	Indexes: [][]string{
		{"status", "createdAt"},
		{"status", "price"},
		{"status", "name"},
		{"status", "category", "createdAt"},
		{"status", "category", "price"},
		{"status", "brand", "createdAt"},
		{"companyId", "status", "createdAt"},
		{"companyId", "sku"},
		{persistence.UpdatedAt}, // changes that the search index has not read yet
	},
}

// Index scopes the product to its company, and to its shop if only one sells it. A deleted product
// frees its SKU.
func (s *State) Index() grains.Index {
	ix := grains.Index{CompanyID: s.CompanyID, CreatedAt: s.createdAt()}
	if len(s.ShopIDs) == 1 {
		ix.ShopID = s.ShopIDs[0]
	}
	var skuKey any
	if s.Status != Deleted {
		skuKey = s.CompanyID + ":" + s.SKU
	}
	ix.Fields = []any{s.Status, s.Name, s.Category, s.Brand, s.priceNow(), s.SKU, skuKey}
	return ix
}

// Kind returns the kind of products.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	grains.Command(k, (*State).Create, (*State).View)
	grains.Creates[Create](k)
	grains.Command(k, (*State).Update, (*State).View)
	grains.Command(k, (*State).AddImage, (*State).View)
	grains.Command(k, (*State).RemoveImage, (*State).View)
	grains.Command(k, (*State).SetRating, (*State).View)
	grains.Command(k, (*State).Delete, (*State).View)
	grains.Query(k, (*State).Get)
	return k
}

// Saved returns a product as its grain saves it, for programs that write many products directly.
func Saved(p Product) (state any, ix grains.Index) {
	s := &State{Product: p}
	return s, s.Index()
}

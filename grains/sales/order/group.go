package order

import "entrepot"

// Group is what one shop sells in the checkout.
type Group struct {
	OrderID        entrepot.ID `json:"orderId"`
	CompanyID      entrepot.ID `json:"companyId"`
	ShopID         entrepot.ID `json:"shopId"`
	Currency       string      `json:"currency"`
	TaxBasisPoints int64       `json:"taxBasisPoints"`
	Shipping       int64       `json:"shipping"`
	Method         Method      `json:"shippingMethod,omitzero"`
	ShippingTaxed  bool        `json:"shippingTaxed,omitempty"`
	Lines          []Line      `json:"items"`
	Promotions     []Promotion `json:"promotions,omitempty"`
	// Where the goods may come from, the preferred first; none: the shop itself.
	Sources  []entrepot.ID `json:"sources,omitempty"`
	Strategy string        `json:"strategy,omitempty"`
}

// Method is how the goods are sent, by the shop's rules of when it was ordered.
type Method struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Promotion is a promo code that takes something off the group.
type Promotion struct {
	ID           entrepot.ID `json:"id"`
	Code         string      `json:"code"`
	Discount     int64       `json:"discount,omitempty"`
	FreeShipping bool        `json:"freeShipping,omitempty"`
	Shipping     int64       `json:"shipping,omitempty"` // off the shipping
	FirstOrder   bool        `json:"firstOrder,omitempty"`
	Version      int64       `json:"version"`
	PerCustomer  int64       `json:"perCustomer,omitempty"`
	Alone        bool        `json:"alone,omitempty"` // no other order of the checkout gets something of the code
}

// Line is some pieces of a variant at the price of the moment of ordering.
type Line struct {
	ProductID   entrepot.ID  `json:"productId"`
	Name        string       `json:"name"`
	SKU         string       `json:"sku"`
	Quantity    int64        `json:"quantity"`
	Price       int64        `json:"price"`
	VariantID   entrepot.ID  `json:"variantId,omitempty"`   // in orders of before there were variants: none
	Discount    int64        `json:"discount,omitempty"`    // of the whole line
	Allocations []Allocation `json:"allocations,omitempty"` // none: all from the shop
	Backordered int64        `json:"backordered,omitempty"` // of Quantity, what was not on hand when it was reserved
}

// Variant is what was sold: of a product without variants itself.
func (l Line) Variant() entrepot.ID {
	if l.VariantID == "" {
		return l.ProductID
	}
	return l.VariantID
}

// Refused is a promo code that could not be used.
type Refused struct {
	Code    string `json:"code"`
	Rule    string `json:"rule"`
	Message string `json:"message"`
}

// Missing is a line that could not be reserved.
type Missing struct {
	ProductID entrepot.ID `json:"productId"`
	VariantID entrepot.ID `json:"variantId,omitempty"`
	ShopID    entrepot.ID `json:"shopId"`
	Wanted    int64       `json:"wanted"`
}

// Address of a person.
type Address struct {
	Name       string `json:"name,omitempty"`
	Line1      string `json:"line1,omitempty"`
	Line2      string `json:"line2,omitempty"`
	City       string `json:"city,omitempty"`
	State      string `json:"state,omitempty"`
	PostalCode string `json:"postalCode,omitempty"`
	Country    string `json:"country,omitempty"`
	Phone      string `json:"phone,omitempty"`
}

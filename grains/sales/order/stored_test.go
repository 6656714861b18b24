package order_test

import (
	"encoding/json"
	"testing"

	"entrepot/grains/sales/order"
)

// stored is an order as documents contain it. Its keys must not change.
const stored = `{"id":"o","orderNumber":"2026-000001","checkoutId":"c","customerId":"u",` +
	`"group":{"orderId":"o","companyId":"d","shopId":"s","currency":"EUR","taxBasisPoints":600,"shipping":490,` +
	`"shippingMethod":{"id":"standard","name":"Standard"},"items":[{"productId":"p","name":"P","sku":"P","quantity":2,` +
	`"price":100,"variantId":"v"}]},"totals":{"subtotal":200,"tax":12,"shipping":490,"discount":0,"total":702},` +
	`"shippingAddress":{"line1":"a","city":"b","country":"DE"},"status":"pending","paymentStatus":"pending",` +
	`"statusHistory":[{"status":"pending","atMs":2,"by":"customer"}],"createdMs":1,"updatedMs":2,"version":2,` +
	`"expiresMs":3,"todo":{"adopt":true},"holdId":"o",` +
	`"siblings":[{"group":{"orderId":"q","companyId":"d","shopId":"t","currency":"EUR","taxBasisPoints":0,` +
	`"shipping":0,"items":null},"orderNumber":"2026-000002"}]}`

func TestStoredStateKeepsItsKeys(t *testing.T) {
	var s order.State
	if err := json.Unmarshal([]byte(stored), &s); err != nil {
		t.Fatal(err)
	}
	if s.Number != "2026-000001" || s.Lines[0].VariantID != "v" || s.Total != 702 || s.Method.Name != "Standard" ||
		s.ShippingAddress.City != "b" || !s.Todo["adopt"] || s.Siblings[0].Number != "2026-000002" {
		t.Fatalf("decoded %+v", s)
	}
	if b, err := json.Marshal(&s); err != nil || string(b) != stored {
		t.Fatalf("encoded %v\n%s, want\n%s", err, b, stored)
	}
}

package stock

import (
	"time"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/stock/stockpb"
	"entrepot/persistence"
)

// Collection keeps the stock items in inventorydb.
var Collection = &persistence.Collection{
	Name: "stockItems",
	Fields: []persistence.Field{
		{Name: "productId", Type: persistence.String},
		{Name: "available", Type: persistence.Int},
		{Name: "variantId", Type: persistence.String},
	},
	Indexes: [][]string{{"productId", "createdAt"}, {"variantId", "createdAt"}, {"companyId", "shopId", "createdAt"}},
}

// Movements is the ledger as rows, one for each inventory.updated event, written
// by the inventory service's consumer. The _id is the event's; the state is the
// event's envelope.
var Movements = &persistence.Collection{
	Name: "movements",
	Fields: []persistence.Field{
		{Name: "itemId", Type: persistence.String},
		{Name: "movement", Type: persistence.Int},
	},
	Indexes: [][]string{{"itemId", "movement"}},
}

// Kind is the stock item's grain. Its commands carry natural ids; a Receive or an
// Adjust without a reference is remembered by the ring.
func Kind() *grains.Kind {
	k := grains.NewKind[State](stockpb.Kind, Collection)
	grains.Command(k, (*State).Receive, (*State).View)
	grains.Command(k, (*State).Adjust, (*State).View)
	grains.Command(k, (*State).Count, (*State).Brief)
	grains.Command(k, (*State).Ship, (*State).Brief)
	grains.Command(k, (*State).Arrive, (*State).Brief)
	grains.Command(k, (*State).Reserve, (*State).Brief)
	grains.Command(k, (*State).Release, (*State).Brief)
	grains.Command(k, (*State).Commit, (*State).Brief)
	grains.Command(k, (*State).Restock, (*State).Brief)
	grains.Query(k, (*State).Get)
	return k
}

// Index is whose the item is, and what it is listed by.
func (s *State) Index() grains.Index {
	return grains.Index{
		CompanyID: s.CompanyID, ShopID: s.LocationID, CreatedAt: time.UnixMilli(s.CreatedMs).UTC(),
		Fields: []any{s.ProductID, s.OnHand - s.Reserved, s.variant()},
	}
}

// Get answers the item to staff of its location. Reservations past their expiry no longer count.
func (s *State) Get(t entrepot.Turn, _ *stockpb.Get) (*stockpb.Item, error) {
	if s.ID == "" || !t.Caller.MayReachShop(s.CompanyID, s.LocationID) {
		return nil, entrepot.ErrNotFound
	}
	v, now := s.Brief(), t.Now.UnixMilli()
	v.Reserved = 0
	for _, r := range s.Holds {
		if r.ExpiresMs > now {
			v.Reserved += r.Quantity
			v.Reservations = append(v.Reservations, &stockpb.Reservation{OrderId: r.OrderID, Quantity: r.Quantity, ExpiresMs: r.ExpiresMs})
		}
	}
	v.Available = v.OnHand - v.Reserved
	return v, nil
}

// View is the item with its reservations.
func (s *State) View() *stockpb.Item {
	v := s.Brief()
	for _, r := range s.Holds {
		v.Reservations = append(v.Reservations, &stockpb.Reservation{OrderId: r.OrderID, Quantity: r.Quantity, ExpiresMs: r.ExpiresMs})
	}
	return v
}

// Brief is the item without its reservations.
func (s *State) Brief() *stockpb.Item {
	return &stockpb.Item{
		Id: s.ID, ProductId: s.ProductID, VariantId: s.variant(), CompanyId: s.CompanyID, LocationId: s.LocationID,
		OnHand: s.OnHand, Reserved: s.Reserved, Available: s.OnHand - s.Reserved,
		Received: s.Received, Sold: s.Sold, Restocked: s.Restocked, Adjusted: s.Adjusted, Counted: s.Counted,
		TransferredOut: s.Out, TransferredIn: s.In, Movements: s.Movements, UpdatedMs: s.UpdatedMs,
	}
}

package ecommerce

import (
	"sync"
	"time"

	"entrepot"
	"entrepot/grains/ecommerce/product"
)

// listItems keeps products as the search's lists show them, in JSON: encoding is
// much of what such a list costs. A product's is good for as long as the index
// holds the same state of it. The zero value keeps nothing.
type listItems struct {
	most  int // bytes
	mu    sync.RWMutex
	kept  map[entrepot.ID]listItem
	bytes int
}

// listItem is an encoded product without its closing bracket: stock and
// highlights are told after it.
type listItem struct {
	of   *product.State // which nobody changes
	sale saleTime
	body []byte
}

// saleTime is what of a product's sale a moment is in.
type saleTime int

const (
	saleNone saleTime = iota
	saleToCome
	saleOn
	saleOver
)

func saleTimeOf(p *product.State, now time.Time) saleTime {
	ms := now.UnixMilli()
	switch s := p.Sale; {
	case s == nil:
		return saleNone
	case s.EndsAt != 0 && s.EndsAt <= ms:
		return saleOver
	case s.StartsAt > ms:
		return saleToCome
	default:
		return saleOn
	}
}

// maxItemBytes is how much JSON a member keeps.
const maxItemBytes = 64 << 20

// item is the product's JSON, which must not be changed. What a shop has prices
// of its own for is encoded each time it is asked for with the shop.
func (l *listItems) item(p *product.State, shopID entrepot.ID, now time.Time) ([]byte, error) {
	sale, general := saleTimeOf(p, now), shopID == "" || len(p.ShopPrices) == 0
	if general {
		l.mu.RLock()
		have := l.kept[p.ID]
		l.mu.RUnlock()
		if have.of == p && have.sale == sale {
			return have.body, nil
		}
	}
	body, err := encode(productOf(p.View(), shopID, now))
	if err != nil {
		return nil, err
	}
	body = body[:len(body)-1]
	if general {
		l.keep(listItem{p, sale, body})
	}
	return body, nil
}

// keep makes room by forgetting any others: which are asked for again is unknown.
func (l *listItems) keep(item listItem) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forget(item.of.ID)
	if len(item.body) > l.most {
		return
	}
	if l.kept == nil {
		l.kept = map[entrepot.ID]listItem{}
	}
	for id := range l.kept {
		if l.bytes+len(item.body) <= l.most {
			break
		}
		l.forget(id)
	}
	l.kept[item.of.ID] = item
	l.bytes += len(item.body)
}

func (l *listItems) forget(id entrepot.ID) {
	l.bytes -= len(l.kept[id].body)
	delete(l.kept, id)
}

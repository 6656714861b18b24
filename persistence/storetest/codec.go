package storetest

import (
	"encoding/json"
	"time"

	"entrepot"
	"entrepot/events"
)

// Base is embedded in codecState to cover embedded structs.
type Base struct {
	Created time.Time `json:"created"`
	Note    string    `json:"note,omitempty"`
}

type codecLine struct {
	SKU      string          `json:"sku"`
	Quantity int32           `json:"quantity"`
	Price    entrepot.Money  `json:"price"`
	Weight   entrepot.Amount `json:"weight"`
	Gift     *bool           `json:"gift,omitempty"`
}

// codecState contains every type that a state may use.
type codecState struct {
	Base
	ID       entrepot.ID                `json:"id"`
	Role     entrepot.Role              `json:"role"`
	Lines    []codecLine                `json:"lines"`
	ByShop   map[entrepot.ID]codecLine  `json:"byShop"`
	Counts   map[string]int64           `json:"counts,omitempty"`
	Sets     map[string]map[string]bool `json:"sets"`
	Raw      json.RawMessage            `json:"raw,omitempty"`
	Hash     []byte                     `json:"hash"`
	Fixed    [2]int                     `json:"fixed"`
	Next     *codecLine                 `json:"next"`
	Any      any                        `json:"any"`
	Paid     *time.Time                 `json:"paid,omitempty"`
	Small    int8                       `json:"small"`
	Big      int64                      `json:"big"`
	Unsigned uint32                     `json:"unsigned"`
	Ratio    float64                    `json:"ratio"`
	For      time.Duration              `json:"for"`
	On       bool                       `json:"on"`
	Events   []events.Envelope          `json:"events"`
	Money    []entrepot.Money           `json:"money,omitempty"`
	Untagged string
	Skipped  string `json:"-"`
	hidden   int
}

func codecValues() []any {
	yes, when := true, epoch
	line := codecLine{
		SKU: "a.b$c", Quantity: 3, Price: entrepot.Money{Minor: 1990, Currency: "EUR"}, Weight: "0.100", Gift: &yes,
	}
	full := codecState{
		Base: Base{Created: epoch, Note: "é\x00"}, ID: entrepot.NewID(), Role: entrepot.Customer,
		Lines: []codecLine{line, {}}, ByShop: map[entrepot.ID]codecLine{"x.y": line, "$z": {}, "": {}},
		Counts: map[string]int64{"a": 1 << 60}, Sets: map[string]map[string]bool{"s": {"t": true}, "nil": nil},
		Raw: json.RawMessage(`{"b":1,"a":[1.50,null,"x"],"$gt":{"c.d":1e400}}`), Hash: []byte{0, 255}, Fixed: [2]int{1, 2},
		Next: &line, Paid: &when, Small: -8, Big: -1 << 63, Unsigned: 1<<32 - 1, Ratio: 0.1, For: time.Hour, On: true,
		Events:   []events.Envelope{{ID: "e", Type: "t", OccurredAt: epoch, Data: json.RawMessage(`{"z":1,"a":2.0}`)}},
		Money:    []entrepot.Money{{Minor: -5, Currency: "JPY"}},
		Untagged: "u", Skipped: "s", hidden: 1,
	}
	empty := codecState{
		Lines: []codecLine{}, ByShop: map[string]codecLine{}, Hash: []byte{}, Counts: map[string]int64{},
		Raw: json.RawMessage(`null`),
	}
	anything := codecState{Any: map[string]any{"n": 1.5, "s": "x", "l": []any{true, nil, "y", map[string]any{}}}}
	return []any{
		full, empty,
		codecState{},
		anything,
		codecState{Any: []any{}},
		codecState{Any: "text"},
		codecState{Any: 12.0},
		struct{}{},
		map[string]int{"writer": 3},
	}
}

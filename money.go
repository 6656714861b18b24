package entrepot

import (
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// Money is an exact amount: minor units (cents) of an ISO 4217 currency.
type Money struct {
	Minor    int64  `json:"minor"`
	Currency string `json:"currency"`
}

// decimals lists the currencies whose minor unit is not one hundredth (ISO 4217 table A.1).
var decimals = map[string]int{
	"BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0,
	"UGX": 0, "UYI": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
	"BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3, "CLF": 4,
}

// Decimals returns the number of decimal places of the currency.
func Decimals(currency string) int {
	if d, ok := decimals[currency]; ok {
		return d
	}
	return 2
}

// ValidCurrency reports whether s has the form of an ISO 4217 code.
func ValidCurrency(s string) bool {
	if len(s) != 3 {
		return false
	}
	for i := range 3 {
		if s[i] < 'A' || s[i] > 'Z' {
			return false
		}
	}
	return true
}

// ParseMoney parses a decimal number of major units ("19.99") without floats. It rejects signs,
// exponents, more decimals than the currency has, and amounts above [MaxMinor]. The error names
// field.
func ParseMoney(field, amount, currency string) (Money, error) {
	d := Decimals(currency)
	whole, frac, _ := strings.Cut(amount, ".")
	if whole == "" || len(whole) > 16 || !digits(whole) || !digits(frac) {
		return Money{}, Invalid(field, "decimal", "must be a plain non-negative decimal number such as 19.99")
	}
	frac = strings.TrimRight(frac, "0")
	if len(frac) > d {
		return Money{}, Invalid(field, "decimals", "%s has at most %d decimals", currency, d)
	}
	n, err := strconv.ParseInt(whole+frac+strings.Repeat("0", d-len(frac)), 10, 64)
	if err != nil || n > MaxMinor {
		return Money{}, Invalid(field, "maximum", "must be at most %s %s", Money{Minor: MaxMinor, Currency: currency}, currency)
	}
	return Money{Minor: n, Currency: currency}, nil
}

// MaxMinor is the largest single amount in minor units. It keeps the sum of an order's lines (at
// most 200) far from overflow.
const MaxMinor = math.MaxInt64 / 1_000_000

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// Times returns the amount multiplied by quantity; false if the result exceeds [MaxMinor] or an
// operand is negative.
func (m Money) Times(quantity int64) (Money, bool) {
	if m.Minor < 0 || quantity < 0 {
		return Money{}, false
	}
	hi, lo := bits.Mul64(uint64(m.Minor), uint64(quantity))
	if hi != 0 || lo > MaxMinor {
		return Money{}, false
	}
	return Money{Minor: int64(lo), Currency: m.Currency}, true
}

// String returns the amount in major units with all its decimals: "19.90".
func (m Money) String() string {
	d, n, sign := Decimals(m.Currency), m.Minor, ""
	if n < 0 {
		sign, n = "-", -n
	}
	if d == 0 {
		return sign + strconv.FormatInt(n, 10)
	}
	p := int64(math.Pow10(d))
	return sign + fmt.Sprintf("%d.%0*d", n/p, d, n%p)
}

// Amount returns the money as a JSON number in major units, without its currency.
func (m Money) Amount() Amount { return Amount(m.String()) }

// Amount is an exact decimal number that is encoded as a JSON number (19.90). It never passes
// through a float.
type Amount string

// MarshalJSON writes the number unchanged; an empty Amount becomes 0.
func (a Amount) MarshalJSON() ([]byte, error) {
	if a == "" {
		return []byte("0"), nil
	}
	return []byte(a), nil
}

// UnmarshalJSON keeps the literal of a JSON number and rejects strings, objects, arrays and
// booleans.
func (a *Amount) UnmarshalJSON(b []byte) error {
	if len(b) == 0 || b[0] == '"' || b[0] == '{' || b[0] == '[' || b[0] == 't' || b[0] == 'f' {
		return fmt.Errorf("must be a JSON number")
	}
	if string(b) == "null" {
		return nil
	}
	*a = Amount(b)
	return nil
}

package shipping

import (
	"cmp"
	"slices"
	"strings"

	"entrepot"
)

// Place is the destination of an order.
type Place struct {
	Country    string // ISO 3166-1 alpha-2
	PostalCode string
}

// Offer is a method and its price for one order.
type Offer struct {
	ID, Name string
	Price    int64 // minor units of the rules' currency
}

// Offers returns the methods for sending goods to a place, the cheapest first.
// subtotal is that of the goods in minor units, before discounts. An error names the
// field country or postalCode and the rule: country for a malformed country, zone
// for a place outside all zones.
func (r *Rules) Offers(to Place, subtotal, pieces int64) ([]Offer, error) {
	zone, err := r.zone(to)
	if err != nil {
		return nil, err
	}
	out := make([]Offer, 0, len(zone.Methods))
	for _, m := range zone.Methods {
		out = append(out, Offer{m.ID, m.Name, m.cost(subtotal, pieces)})
	}
	slices.SortStableFunc(out, func(a, b Offer) int { return cmp.Compare(a.Price, b.Price) })
	return out, nil
}

// zone returns the zone of the longest matching prefix of the postal code, else that
// of the country, else the rest of the world.
func (r *Rules) zone(to Place) (*Zone, error) {
	country, code := strings.ToUpper(strings.TrimSpace(to.Country)), postal(to.PostalCode)
	if !isCountry(country) {
		return nil, entrepot.Invalid("country", "country", "must be an ISO 3166-1 code of two letters such as DE")
	}
	var found *Zone
	best, partly := -2, false
	for i := range r.Zones {
		z := &r.Zones[i]
		fits := z.fits(country, code)
		if fits > best {
			found, best = z, fits
		}
		partly = partly || slices.Contains(z.Countries, country)
	}
	switch {
	case best > -2:
		return found, nil
	case partly:
		return nil, outside("postalCode", "the shop does not ship to this postal code")
	default:
		return nil, outside("country", "the shop does not ship to "+country)
	}
}

// fits returns how closely a zone matches a place: the length of the matching prefix
// of the postal code, 0 for the country, -1 for the rest of the world, -2 for no match.
func (z *Zone) fits(country, code string) int {
	switch {
	case len(z.Countries) == 0:
		return -1
	case !slices.Contains(z.Countries, country):
		return -2
	case len(z.PostalCodes) == 0:
		return 0
	}
	best := -2
	for _, p := range z.PostalCodes {
		if strings.HasPrefix(code, p) {
			best = max(best, len(p))
		}
	}
	return best
}

// cost returns the method's price for one order.
func (m *Method) cost(subtotal, pieces int64) int64 {
	if m.FreeFrom > 0 && subtotal >= m.FreeFrom {
		return 0
	}
	price := m.Price
	for _, s := range m.SubtotalSteps {
		if subtotal >= s.From {
			price = s.Price
		}
	}
	for _, s := range m.PieceSteps {
		if pieces >= s.From {
			price = s.Price
		}
	}
	return price
}

// postal returns a postal code as codes are compared: in capitals, without spaces
// and dashes.
func postal(code string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' {
			return -1
		}
		return r
	}, strings.ToUpper(code))
}

// outside is the error of a place outside all zones.
func outside(field, message string) error {
	e := entrepot.Invalid(field, "zone", "%s", message)
	e.Code = entrepot.CodeConflict
	return e
}

func isCountry(code string) bool { return len(code) == 2 && strings.Contains(countries, " "+code+" ") }

// countries lists the officially assigned codes of ISO 3166-1 alpha-2.
const countries = " AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS" +
	" BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE" +
	" EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM" +
	" HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC" +
	" LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA" +
	" NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW" +
	" SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO" +
	" TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW "

package promotion

import (
	"slices"
	"time"

	"entrepot"
)

// The bounds of claims.
const (
	// MaxOpen is how many checkouts with a code may wait for their payment at a
	// time: about thirty a second for three minutes each. More are told to try again.
	MaxOpen = 5000
	// maxEnded is how many ended claims are remembered, so that an old try of an
	// order's step does not claim anew.
	maxEnded = 64
	// maxSettled is how many final uses of several orders are remembered, of which
	// each may still be cancelled; of a customer's, how many at all. Older ones stay used.
	maxSettled = 500
	// What was given back is remembered for so long that no step of an order asks
	// again: the newest leastReturned always, and when mostReturned are younger the
	// next one waits.
	leastReturned, mostReturned = 16, 2048
	keepReturned                = 24 * time.Hour
	// ClaimGuard after its order's expiry a claim that nobody ended is ended: an
	// order does end its claim, so this heals only what should not be.
	ClaimGuard = 24 * time.Hour
)

// Claims are the uses of a code: final ones as a number, those of orders that may
// come to nothing one by one.
type Claims struct {
	Used  int64         `json:"used,omitempty"`
	Open  []OpenClaim   `json:"open,omitempty"` // oldest first
	Ended []entrepot.ID `json:"ended,omitempty"`
	// Final uses that orders may give back, and the newest that were, the oldest first.
	Settled  []OpenClaim `json:"settled,omitempty"`
	Returned []Returned  `json:"returned,omitempty"`
}

// Claim is a use set aside for a checkout.
type OpenClaim struct {
	ID     entrepot.ID   `json:"id"`
	Orders []entrepot.ID `json:"orders,omitempty"` // not ended yet; none: the one of the claim's id
	Until  int64         `json:"until"`            // Unix ms
	Shared bool          `json:"shared,omitempty"` // by several orders
}

// Returned is a use of one order that was given back after it was final.
type Returned struct {
	ID entrepot.ID `json:"id"`
	At int64       `json:"at"` // Unix ms
}

// ending is what a command does to a claim.
type ending struct {
	id       entrepot.ID
	order    entrepot.ID
	final    bool
	released bool // the use is given back
	used     bool // it was final
	keep     bool // it is final, and may be given back by its orders
	at       int64
}

func (c *Claims) find(id entrepot.ID) int {
	return slices.IndexFunc(c.Open, func(o OpenClaim) bool { return o.ID == id })
}

// claim decides whether one more use is allowed; limit 0 is any number. fresh is
// false for a use that is set aside already.
func (c *Claims) claim(cmd Claim, limit int64) (fresh bool, err error) {
	switch {
	case cmd.ClaimID == "" || len(cmd.Orders) == 0:
		return false, entrepot.Invalid("claimId", "required", "must be given")
	case c.find(cmd.ClaimID) >= 0:
		return false, nil
	case slices.Contains(c.Ended, cmd.ClaimID):
		return false, refuse("ended", "the order that used the code has ended")
	case limit > 0 && c.Used+int64(len(c.Open)) >= limit:
		return false, refuse("limit", "the code has been used as often as it may be")
	case len(c.Open) >= MaxOpen:
		return false, entrepot.Unavailable("too many orders with this code wait for their payment")
	default:
		return true, nil
	}
}

// end decides what an order's end does; nil: nothing, it was told before.
func (c *Claims) end(id, order entrepot.ID, final bool) *ending {
	at := c.find(id)
	if at < 0 && !final {
		return c.unsettle(id, order)
	}
	if at < 0 || (!final && !c.Open[at].has(order)) {
		return nil
	}
	left := len(c.Open[at].Orders)
	return &ending{id: id, order: order, final: final, released: !final && left <= 1, keep: final && c.Open[at].Shared}
}

// unsettle decides what the end of an order does to a final use that is remembered.
func (c *Claims) unsettle(id, order entrepot.ID) *ending {
	at := c.settled(id)
	if at < 0 || !c.Settled[at].has(order) {
		return nil
	}
	return &ending{id: id, order: order, used: true, released: len(c.Settled[at].Orders) <= 1}
}

func (c *Claims) settled(id entrepot.ID) int {
	return slices.IndexFunc(c.Settled, func(o OpenClaim) bool { return o.ID == id })
}

// back decides that a final use of one order, which is not remembered, is given
// back; nil: it was told before.
func (c *Claims) back(id entrepot.ID, now time.Time) (*ending, error) {
	switch {
	case slices.ContainsFunc(c.Returned, func(r Returned) bool { return r.ID == id }):
		return nil, nil
	case len(c.Returned) >= mostReturned && !c.Returned[0].forgettable(now.UnixMilli()):
		return nil, entrepot.Unavailable("%d uses of the code were given back within a day", mostReturned)
	default:
		return &ending{id: id, used: true, released: true, at: now.UnixMilli()}, nil
	}
}

func (r Returned) forgettable(now int64) bool { return r.At+keepReturned.Milliseconds() <= now }

func (c OpenClaim) has(order entrepot.ID) bool {
	return slices.Contains(c.Orders, order) || (len(c.Orders) == 0 && order == c.ID)
}

// add sets a use aside.
func (c *Claims) add(cmd Claim) {
	o := OpenClaim{ID: cmd.ClaimID, Until: cmd.ExpiresAt, Shared: len(cmd.Orders) > 1}
	if len(cmd.Orders) > 1 || cmd.Orders[0] != cmd.ClaimID {
		o.Orders = slices.Clone(cmd.Orders)
	}
	c.Open = append(c.Open, o)
}

func (c *Claims) apply(e ending) {
	if e.used {
		c.give(e)
		return
	}
	at := c.find(e.id)
	if at < 0 {
		return
	}
	if !e.final && !e.released {
		c.Open[at].drop(e.order)
		return
	}
	if e.final {
		c.Used++
	}
	if e.keep {
		c.Settled = append(c.Settled[max(0, len(c.Settled)-maxSettled+1):], c.Open[at])
	}
	c.Open = slices.Delete(c.Open, at, at+1)
	if len(c.Open) == 0 {
		c.Open = nil
	}
	if len(c.Ended) >= maxEnded {
		c.Ended = slices.Delete(c.Ended, 0, len(c.Ended)-maxEnded+1)
	}
	c.Ended = append(c.Ended, e.id)
}

func (c *OpenClaim) drop(order entrepot.ID) {
	c.Orders = slices.DeleteFunc(slices.Clone(c.Orders), func(id entrepot.ID) bool { return id == order })
}

// give takes an order off a final use, or gives that back.
func (c *Claims) give(e ending) {
	at := c.settled(e.id)
	switch {
	case !e.released:
		c.Settled[at].drop(e.order)
		return
	case at >= 0:
		c.Settled = slices.Delete(c.Settled, at, at+1)
	default:
		drop := 0
		for drop < len(c.Returned)+1-leastReturned && c.Returned[drop].forgettable(e.at) {
			drop++
		}
		c.Returned = append(slices.Delete(c.Returned, 0, drop), Returned{e.id, e.at})
	}
	c.Used = max(0, c.Used-1)
}

// staleAt is when the oldest claim is ended by itself; zero for none.
func (c *Claims) staleAt() time.Time {
	if len(c.Open) == 0 {
		return time.Time{}
	}
	return time.UnixMilli(c.Open[0].Until).Add(ClaimGuard).UTC()
}

// stale are the claims that nobody ended.
func (c *Claims) stale(now time.Time) (out []ending) {
	for _, o := range c.Open {
		if !now.Before(time.UnixMilli(o.Until).Add(ClaimGuard)) {
			out = append(out, ending{id: o.ID, released: true})
		}
	}
	return out
}

// refuse is a conflict with the rule that the code breaks.
func refuse(rule, message string) *entrepot.Error {
	e := entrepot.Invalid("code", rule, "%s", message)
	e.Code = entrepot.CodeConflict
	return e
}

package promotion

import (
	"slices"
	"time"

	"entrepot"
)

// Bounds of claims.
const (
	// MaxOpen bounds the checkouts with a code that wait for payment at the same time: about
	// thirty a second for three minutes each. Further ones are asked to try again.
	MaxOpen = 5000
	// maxEnded bounds the remembered ended claims, which keep an old try of an order's step from
	// claiming anew.
	maxEnded = 64
	// maxSettled bounds the remembered final uses of several orders, each of which may still be
	// cancelled, and all final uses of one customer. Older uses stay final.
	maxSettled = 500
	// A returned use is remembered for keepReturned, longer than any order repeats its step. The
	// newest leastReturned are always remembered. When mostReturned are younger than
	// keepReturned, the next return has to wait.
	leastReturned, mostReturned = 16, 2048
	keepReturned                = 24 * time.Hour
	// ClaimGuard is the grace period after the orders' expiry before an open claim is released.
	// Orders release their own claims; this only covers bugs.
	ClaimGuard = 24 * time.Hour
)

// Claims are the uses of a code: the number of final uses, and each use whose orders may still end
// unpaid.
type Claims struct {
	Used  int64         `json:"used,omitempty"`
	Open  []OpenClaim   `json:"open,omitempty"` // oldest first
	Ended []entrepot.ID `json:"ended,omitempty"`
	// Final uses that may still be returned, and the newest returned uses, the oldest first.
	Settled  []OpenClaim `json:"settled,omitempty"`
	Returned []Returned  `json:"returned,omitempty"`
}

// OpenClaim is a use that is set aside for a checkout. It stores less than [Claim], because a
// promotion may have thousands of them.
type OpenClaim struct {
	ID     entrepot.ID   `json:"id"`
	Orders []entrepot.ID `json:"orders,omitempty"` // not ended yet; empty: the order with the claim's id
	Until  int64         `json:"until"`            // Unix ms, of the orders' expiry
	Shared bool          `json:"shared,omitempty"` // among several orders
}

// Returned is a final use of one order that was given back.
type Returned struct {
	ID entrepot.ID `json:"id"`
	At int64       `json:"at"` // Unix ms
}

// ending is the effect of a command on a claim.
type ending struct {
	id       entrepot.ID
	order    entrepot.ID
	final    bool
	released bool // the use is given back
	used     bool // it was final
	keep     bool // final, but its orders may return it
	at       int64
}

func (c *Claims) find(id entrepot.ID) int {
	return slices.IndexFunc(c.Open, func(o OpenClaim) bool { return o.ID == id })
}

// claim decides whether one more use is allowed; limit 0 means no limit. fresh is false if the use
// is already set aside.
func (c *Claims) claim(cmd Claim, limit int64) (fresh bool, err error) {
	switch {
	case cmd.ClaimID == "" || len(cmd.Orders) == 0:
		return false, entrepot.Invalid("claimId", "required", "must be given")
	case c.find(cmd.ClaimID) >= 0:
		return false, nil
	case slices.Contains(c.Ended, cmd.ClaimID):
		return false, refuse("ended", "the order that used the code has ended")
	case limit > 0 && c.Used+int64(len(c.Open)) >= limit:
		return false, refuse("limit", "the code has reached its limit of uses")
	case len(c.Open) >= MaxOpen:
		return false, entrepot.Unavailable("too many orders with this code are waiting for payment")
	default:
		return true, nil
	}
}

// end decides the effect of an order's end; nil if the end was reported before.
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

// unsettle decides the effect of an order's end on a remembered final use.
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

// back decides the return of a final use of one order, which is not remembered; nil if it was
// returned before.
func (c *Claims) back(id entrepot.ID, now time.Time) (*ending, error) {
	switch {
	case slices.ContainsFunc(c.Returned, func(r Returned) bool { return r.ID == id }):
		return nil, nil
	case len(c.Returned) >= mostReturned && !c.Returned[0].forgettable(now.UnixMilli()):
		return nil, entrepot.Unavailable("%d uses of the code were returned within a day", mostReturned)
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
		c.unuse(e)
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

// unuse removes an order from a final use, or gives the use back.
func (c *Claims) unuse(e ending) {
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

// staleAt returns the time at which the oldest open claim expires; zero if there is none.
func (c *Claims) staleAt() time.Time {
	if len(c.Open) == 0 {
		return time.Time{}
	}
	return time.UnixMilli(c.Open[0].Until).Add(ClaimGuard).UTC()
}

// stale returns the endings of expired claims.
func (c *Claims) stale(now time.Time) (out []ending) {
	for _, o := range c.Open {
		if !now.Before(time.UnixMilli(o.Until).Add(ClaimGuard)) {
			out = append(out, ending{id: o.ID, released: true})
		}
	}
	return out
}

// refuse returns a conflict that names the rule which the code violates.
func refuse(rule, message string) *entrepot.Error {
	e := entrepot.Invalid("code", rule, "%s", message)
	e.Code = entrepot.CodeConflict
	return e
}

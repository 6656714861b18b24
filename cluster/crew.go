package cluster

import "sync/atomic"

// crew runs activations' turns on goroutines that stay for the next turn: a turn
// goes deep, through Proto.Actor's contexts and a grain's JSON, and a new goroutine
// would grow its stack again for each (4 % of a busy member's CPU).
//
// It is Proto.Actor's Dispatcher. The goroutines that wait end with quit; those at
// work end with their turns.
type crew struct {
	turns   chan func()
	quit    <-chan struct{}
	waiting atomic.Int32
}

// maxWaiting is how many goroutines wait for a turn at most; more are let go.
const maxWaiting = 64

func newCrew(quit <-chan struct{}) *crew { return &crew{turns: make(chan func()), quit: quit} }

// Schedule gives the turn to who waits, or to a new goroutine.
func (c *crew) Schedule(turn func()) {
	select {
	case c.turns <- turn:
	default:
		go c.work(turn)
	}
}

// Throughput is how many messages an activation handles before it lets others run.
func (c *crew) Throughput() int { return 300 }

func (c *crew) work(turn func()) {
	for {
		turn()
		if c.waiting.Add(1) > maxWaiting {
			c.waiting.Add(-1)
			return
		}
		select {
		case turn = <-c.turns:
			c.waiting.Add(-1)
		case <-c.quit:
			c.waiting.Add(-1)
			return
		}
	}
}

package edge

import (
	"context"
	"log/slog"
	"time"

	"entrepot"
)

// Spent are tokens that a gateway let through.
type Spent struct {
	Limiter, Key string
	Tokens       float64
}

// ShareConfig is what sharing works with.
type ShareConfig struct {
	// Limiters are the limiters that hold for all gateways together, by name.
	Limiters map[string]*Limiter
	// Report tells what was spent here, and answers what others spent since a number.
	Report func(ctx context.Context, gateway string, number int64, spent []Spent) (others []Spent, next int64, err error)
	Every  time.Duration // default 500 ms
	Log    *slog.Logger  // default slog.Default
}

// shareMost bounds one report.
const shareMost = 900

// shareFrom is the part of a burst from which a key is worth telling. What stays
// below is at most this part a gateway.
const shareFrom = 0.05

// Share tells other gateways what this one lets through and takes from its
// limiters what they did, so that a limit holds for all of them together, within
// a report or two. While nobody answers each gateway counts alone.
type Share struct {
	c       ShareConfig
	gateway string
	number  int64
	loop    repeated
}

// NewShare begins with nothing known of the others.
func NewShare(c ShareConfig) *Share {
	if c.Every <= 0 {
		c.Every = 500 * time.Millisecond
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return &Share{c: c, gateway: entrepot.NewID()}
}

// Start shares until Stop.
func (s *Share) Start() {
	s.loop.start(s.c.Every, s.c.Log, "rate limits are counted by this gateway alone right now", s.Now)
}

// Stop ends the loop; it may come before Start.
func (s *Share) Stop() { s.loop.stop() }

// Now shares once.
func (s *Share) Now(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(entrepot.WithCaller(ctx, entrepot.SystemCaller("share")), 2*time.Second)
	defer cancel()
	var spent []Spent
	for name, l := range s.c.Limiters {
		for key, tokens := range l.drain(max(1, l.burst*shareFrom), shareMost-len(spent)) {
			spent = append(spent, Spent{Limiter: name, Key: key, Tokens: tokens})
		}
	}
	others, next, err := s.c.Report(ctx, s.gateway, s.number, spent)
	if err != nil {
		return err
	}
	s.number = max(1, next) // 0 would be a beginning
	for _, x := range others {
		if l := s.c.Limiters[x.Limiter]; l != nil {
			l.spend(x.Key, x.Tokens)
		}
	}
	return nil
}

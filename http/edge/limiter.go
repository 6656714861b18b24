package edge

import (
	"context"
	"hash/maphash"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"entrepot"
)

// Limiter is a bounded set of token buckets, one a key. Each holds up to Burst
// tokens and gains one every Every.
type Limiter struct {
	burst  float64
	every  time.Duration
	now    func() time.Time
	seed   maphash.Seed
	shards [limiterShards]limiterShard
}

const (
	limiterShards   = 32
	limiterShardCap = 4096 // keys; beyond it old ones are forgotten
)

type limiterShard struct {
	mu      sync.Mutex
	buckets map[string]bucket
}

type bucket struct {
	tokens float64 // fewer than none: other gateways let more through
	spent  float64 // here, and not told to the others yet
	at     time.Time
}

// Allowance is the answer to one take.
type Allowance struct {
	OK        bool
	Limit     int
	Remaining int
	Reset     time.Duration // until the next token; 0 when there is one
	Wait      time.Duration // until the token that was taken is there
}

// NewLimiter makes a limiter; now is nil for the wall clock.
func NewLimiter(burst int, every time.Duration, now func() time.Time) *Limiter {
	if now == nil {
		now = time.Now
	}
	l := &Limiter{burst: float64(burst), every: every, now: now, seed: maphash.MakeSeed()}
	for i := range l.shards {
		l.shards[i].buckets = map[string]bucket{}
	}
	return l
}

// Take takes one token of the key.
func (l *Limiter) Take(key string) Allowance { return l.Reserve(key, 0) }

// Reserve takes one token of the key, if need be one that comes no later than in
// so long: those who reserve get theirs one after another at the bucket's rate.
func (l *Limiter) Reserve(key string, longest time.Duration) Allowance {
	s := l.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	b := l.fill(s, key)
	a := Allowance{Limit: int(l.burst)}
	if wait := max(0, time.Duration((1-b.tokens)*float64(l.every))); wait <= longest {
		b.tokens--
		b.spent++
		a.OK, a.Wait = true, wait
	}
	if b.tokens < 1 {
		a.Reset = time.Duration(math.Ceil((1 - b.tokens) * float64(l.every)))
	}
	a.Remaining = max(0, int(b.tokens))
	s.buckets[key] = b
	return a
}

// Give returns a token that was taken: the login succeeded, or who reserved it has gone.
func (l *Limiter) Give(key string) {
	s := l.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	b := l.fill(s, key)
	b.tokens = min(l.burst, b.tokens+1)
	b.spent--
	s.buckets[key] = b
}

// spend takes what other gateways let through. A key can owe one burst at most.
func (l *Limiter) spend(key string, tokens float64) {
	s := l.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	b := l.fill(s, key)
	b.tokens = max(-l.burst, min(l.burst, b.tokens-tokens))
	s.buckets[key] = b
}

// drain answers up to most keys of which at least threshold tokens were spent
// and not told yet; they count as told.
func (l *Limiter) drain(threshold float64, most int) map[string]float64 {
	out := map[string]float64{}
	for i := range l.shards {
		s := &l.shards[i]
		s.mu.Lock()
		for key, b := range s.buckets {
			if len(out) >= most {
				break
			}
			if b.spent >= threshold || b.spent <= -threshold {
				out[key] = b.spent
				b.spent = 0
				s.buckets[key] = b
			}
		}
		s.mu.Unlock()
	}
	return out
}

func (l *Limiter) shard(key string) *limiterShard {
	return &l.shards[maphash.String(l.seed, key)%limiterShards]
}

// fill is the key's bucket as it is now.
func (l *Limiter) fill(s *limiterShard, key string) bucket {
	now := l.now()
	b, ok := s.buckets[key]
	if !ok {
		if len(s.buckets) >= limiterShardCap {
			l.forget(s, now)
		}
		return bucket{tokens: l.burst, at: now}
	}
	return l.refilled(b, now)
}

func (l *Limiter) refilled(b bucket, now time.Time) bucket {
	gained := float64(now.Sub(b.at)) / float64(l.every)
	return bucket{tokens: min(l.burst, b.tokens+max(0, gained)), spent: b.spent, at: now}
}

// forget makes room for one key: of a few, drawn by the map's random order, the
// one with the most tokens goes, as the least is lost with it.
func (l *Limiter) forget(s *limiterShard, now time.Time) {
	var fullest string
	most, drawn := -1.0, 0
	for k, b := range s.buckets {
		if tokens := l.refilled(b, now).tokens; tokens > most {
			fullest, most = k, tokens
		}
		if drawn++; drawn == 8 {
			break
		}
	}
	delete(s.buckets, fullest)
}

// Limits are the rates of a gateway; a nil one does not count.
type Limits struct {
	Callers *Limiter // of each user, API key, or address without a token
	Tenants *Limiter // of each company's people and keys together
	// Wait is how long a request waits for a token of its tenant before it is
	// refused. So a tenant with more to ask than its rate is served evenly: if all
	// of it were refused until some tokens had gathered, they would be spent at
	// once, and each time the others would meet a crowd.
	Wait time.Duration
}

// RateLimit bounds the requests of each caller and of each tenant, and tells
// whichever is nearer to its limit in RateLimit headers.
func RateLimit(l Limits) Middleware {
	return func(next http.Handler) http.Handler {
		if l.Callers == nil && l.Tenants == nil {
			return next
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if isForwarded(r.Context()) { // the gateway has counted it
				next.ServeHTTP(w, r)
				return
			}
			a := l.take(entrepot.CallerFrom(r.Context()), isProbe(r))
			h := w.Header()
			h.Set("RateLimit-Limit", strconv.Itoa(a.Limit))
			h.Set("RateLimit-Remaining", strconv.Itoa(a.Remaining))
			h.Set("RateLimit-Reset", strconv.Itoa(int(math.Ceil(a.Reset.Seconds()))))
			if a.OK && l.await(r.Context(), a.Wait) {
				next.ServeHTTP(w, r)
				return
			}
			WriteProblem(w, r, RateLimited(a.Reset))
		})
	}
}

// isProbe reports whether the request asks whether the service lives. Probes have
// a rate of their own: others at the same address, who have spent theirs, must
// not make a service look dead.
func isProbe(r *http.Request) bool { return r.URL.Path == "/health" || r.URL.Path == "/ready" }

// take takes a token of both limiters and returns the allowance that is nearer to its limit. A request that the
// tenant has no token for costs the caller none.
func (l Limits) take(c entrepot.Caller, probe bool) Allowance {
	key := "user:" + c.UserID
	switch {
	case c.UserID == "" && probe:
		key = "probe:" + c.IP
	case c.UserID == "":
		key = "ip:" + c.IP
	}
	if l.Tenants == nil || c.CompanyID == "" {
		if l.Callers == nil {
			return Allowance{OK: true}
		}
		return l.Callers.Take(key)
	}
	if l.Callers == nil {
		return l.Tenants.Reserve(c.CompanyID, l.Wait)
	}
	caller := l.Callers.Take(key)
	if !caller.OK {
		return caller
	}
	tenant := l.Tenants.Reserve(c.CompanyID, l.Wait)
	if !tenant.OK {
		l.Callers.Give(key)
		return tenant
	}
	if tenant.Remaining < caller.Remaining {
		return tenant
	}
	caller.Wait = tenant.Wait
	return caller
}

// await waits for the token that a request reserved, and gives it back when the
// client leaves before.
func (l Limits) await(ctx context.Context, wait time.Duration) bool {
	if wait <= 0 || Sleep(ctx, wait) == nil {
		return true
	}
	l.Tenants.Give(entrepot.CallerFrom(ctx).CompanyID)
	return false
}

// RateLimited is the error of a key without tokens.
func RateLimited(reset time.Duration) *entrepot.Error {
	return &entrepot.Error{Code: entrepot.CodeRateLimited, Message: "too many requests; try again later", RetryAfter: max(reset, time.Second)}
}

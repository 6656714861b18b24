package edge

import (
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
	tokens float64
	at     time.Time
}

// Allowance is the answer to one take.
type Allowance struct {
	OK        bool
	Limit     int
	Remaining int
	Reset     time.Duration // until the next token; 0 when there is one
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
func (l *Limiter) Take(key string) Allowance {
	s := l.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	b := l.fill(s, key)
	a := Allowance{Limit: int(l.burst)}
	if b.tokens >= 1 {
		b.tokens--
		a.OK = true
	}
	if b.tokens < 1 {
		a.Reset = time.Duration(math.Ceil((1 - b.tokens) * float64(l.every)))
	}
	a.Remaining = int(b.tokens)
	s.buckets[key] = b
	return a
}

// Give returns a token that was taken: the login succeeded.
func (l *Limiter) Give(key string) {
	s := l.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	b := l.fill(s, key)
	b.tokens = min(l.burst, b.tokens+1)
	s.buckets[key] = b
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
	return bucket{tokens: min(l.burst, b.tokens+max(0, gained)), at: now}
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

// RateLimit bounds the requests of each user, or of each address without a
// token, and tells them in RateLimit headers. A nil limiter does nothing.
func RateLimit(l *Limiter) Middleware {
	return func(next http.Handler) http.Handler {
		if l == nil {
			return next
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if isForwarded(r.Context()) { // the gateway has counted it
				next.ServeHTTP(w, r)
				return
			}
			c := entrepot.CallerFrom(r.Context())
			key := "user:" + c.UserID
			if c.UserID == "" {
				key = "ip:" + c.IP
			}
			a := l.Take(key)
			h := w.Header()
			h.Set("RateLimit-Limit", strconv.Itoa(a.Limit))
			h.Set("RateLimit-Remaining", strconv.Itoa(a.Remaining))
			h.Set("RateLimit-Reset", strconv.Itoa(int(math.Ceil(a.Reset.Seconds()))))
			if !a.OK {
				WriteProblem(w, r, RateLimited(a.Reset))
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// RateLimited is the error of a key without tokens.
func RateLimited(reset time.Duration) *entrepot.Error {
	return &entrepot.Error{Code: entrepot.CodeRateLimited, Message: "too many requests; try again later", RetryAfter: max(reset, time.Second)}
}

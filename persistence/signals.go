package persistence

import "sync"

// Signals notifies the subscribers of a store's [events.Log].
type Signals struct {
	mu   sync.Mutex
	subs map[chan struct{}]struct{}
}

// Subscribe returns a channel that holds at most one signal, and a function that ends the
// subscription.
func (s *Signals) Subscribe() (signal <-chan struct{}, cancel func()) {
	ch := make(chan struct{}, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.subs == nil {
		s.subs = map[chan struct{}]struct{}{}
	}
	s.subs[ch] = struct{}{}
	return ch, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.subs, ch)
	}
}

// Notify signals every subscriber without blocking. A subscriber with an unread signal will see the
// new entries when it reads that signal.
func (s *Signals) Notify() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for ch := range s.subs {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
}

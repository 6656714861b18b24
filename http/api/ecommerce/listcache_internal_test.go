package ecommerce

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestListCache(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_000_000, 0)
	c := NewListCache(2 * time.Second)
	c.now = func() time.Time { return now }
	reads := 0
	list := func(class string) string {
		b, err := c.answer(t.Context(), listKey{class: class}, func(context.Context) ([]byte, error) {
			reads++
			return []byte(class), nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	expect := func(what string, n int) {
		t.Helper()
		if reads != n {
			t.Errorf("%s: %d reads, want %d", what, reads, n)
		}
		reads = 0
	}
	for range 2 {
		list(classPublic)
		list("company1")
		list("company2")
	}
	expect("kept", 3)
	c.Invalidate("company1")
	list(classPublic)
	list("company1")
	list("company2")
	expect("after a change of company1", 2)
	now = now.Add(2 * time.Second)
	list("company2")
	expect("too old", 1)
	c.Invalidate("company1")
	c.maxBody = len(classPublic) - 1
	list(classPublic)
	if list(classPublic) != classPublic {
		t.Error("a large list is wrong")
	}
	expect("too large to keep", 2)
}

// A list that was read before an invalidation is neither cached after it nor returned to later
// requests.
func TestListCacheDropsReadsBeforeInvalidation(t *testing.T) {
	t.Parallel()
	c := NewListCache(time.Hour)
	reading, changed := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		_, _ = c.answer(context.Background(), listKey{class: classPublic}, func(context.Context) ([]byte, error) {
			close(reading)
			<-changed
			return []byte("old"), nil
		})
	})
	<-reading
	c.Invalidate("any")
	b, _ := c.answer(t.Context(), listKey{class: classPublic}, func(context.Context) ([]byte, error) { return []byte("new"), nil })
	close(changed)
	wg.Wait()
	again, _ := c.answer(t.Context(), listKey{class: classPublic}, func(context.Context) ([]byte, error) { return nil, errors.New("read again") })
	if string(b) != "new" || string(again) != "new" {
		t.Errorf("answered %q, then %q", b, again)
	}
}

// At most as many searches run at the same time as there are processors.
func TestSearchesTakeTurns(t *testing.T) {
	t.Parallel()
	c := NewListCache(time.Hour)
	var running, most atomic.Int64
	begun, end := make(chan struct{}), make(chan struct{})
	read := func(context.Context) ([]byte, error) {
		n := running.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		begun <- struct{}{}
		<-end
		running.Add(-1)
		return []byte("{}"), nil
	}
	all := cap(c.searching) + 5
	var wg sync.WaitGroup
	for i := range all {
		wg.Go(func() {
			if body, err := c.answer(t.Context(), listKey{found: fmt.Sprint(i)}, read); err != nil || string(body) != "{}" {
				t.Errorf("%s, %v", body, err)
			}
		})
	}
	for range cap(c.searching) {
		<-begun
	}
	for i := range all { // each end lets another begin
		end <- struct{}{}
		if i < all-cap(c.searching) {
			<-begun
		}
	}
	wg.Wait()
	if n := most.Load(); n != int64(cap(c.searching)) {
		t.Errorf("%d at a time", n)
	}
}

// Text in one parameter must not be mistaken for another parameter.
func TestListsHaveDistinctNames(t *testing.T) {
	keys := []listKey{
		{class: "a", productFilter: productFilter{brand: "x"}},
		{class: "a", productFilter: productFilter{category: "x"}},
		{class: "a", productFilter: productFilter{category: "x1:y"}},
		{class: "a", productFilter: productFilter{category: "x", brand: "y"}},
		{class: "a", productFilter: productFilter{company: "x"}},
		{class: "a", productFilter: productFilter{shop: "x"}},
		{class: "a", productFilter: productFilter{status: "x"}},
		{class: "a", productFilter: productFilter{currency: "x"}},
		{class: "a", productFilter: productFilter{minPrice: 1}},
		{class: "a", productFilter: productFilter{maxPrice: 1}},
		{class: "a", sort: "x"},
		{class: "a", cursor: "x"},
		{class: "a", found: "x"},
		{class: "a", limit: 1},
		{class: "ax"},
	}
	if n := reflect.TypeFor[listKey]().NumField() + reflect.TypeFor[productFilter]().NumField() - 1; n != 13 {
		t.Errorf("%d fields, want the 13 that flight includes", n)
	}
	names := map[string]bool{}
	for i := range keys {
		names[keys[i].flight(1)], names[keys[i].flight(2)] = true, true
	}
	if len(names) != 2*len(keys) {
		t.Errorf("%d names of %d lists", len(names), 2*len(keys))
	}
}

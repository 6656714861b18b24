package main

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// The targets of the memory that orders take and leave behind.
const (
	mostWithOrders = 400 << 20 // bytes resident, when the last order is paid
	mostLater      = 250 << 20 // two minutes later
)

// orders measures the resident memory of a server that takes many orders, and
// how much of it is left 30 s and two minutes later. Grains leave memory as they
// do by default.
func (b *bench) orders() error {
	if b.manyOrders == 0 || b.stack || !b.chosen(group{{name: "memory of orders"}}) {
		return nil
	}
	b.server.env = append(b.server.env, "GRAIN_IDLE=5m")
	if err := b.begin(); err != nil {
		return err
	}
	before, peaks := b.server.rss(), b.server.watch()
	begin := time.Now()
	err := b.order(b.manyOrders)
	took := time.Since(begin)
	peaks.stop()
	if err != nil {
		return err
	}
	after := b.server.rss()
	if b.profile != "" {
		if err := b.fetchProfile("orders", "heap"); err != nil {
			return err
		}
	}
	time.Sleep(30 * time.Second)
	soon := b.server.rss()
	time.Sleep(90 * time.Second)
	later := b.server.rss()
	if b.profile != "" {
		if err := b.fetchProfile("orders-later", "heap"); err != nil {
			return err
		}
	}
	b.table.row("%d orders in %.0f s: memory %d MB before, at most %d MB, %d MB after, %d MB 30 s later, %d MB 2 min later; %.1f KB an order",
		b.manyOrders, took.Seconds(), before>>20, peaks.rss>>20, after>>20, soon>>20, later>>20, float64(after-before)/float64(b.manyOrders)/1024)
	b.table.row("  longest gap %s, largest write-ahead log %d MB (%s)", ms(b.gap.get()), peaks.wal>>20, peaks.file)
	b.table.aim(fmt.Sprintf("memory after %d orders", b.manyOrders), fmt.Sprintf("%d MB", after>>20), fmt.Sprintf("≤ %d MB", mostWithOrders>>20), after <= mostWithOrders)
	b.table.aim("  two minutes later", fmt.Sprintf("%d MB", later>>20), fmt.Sprintf("≤ %d MB", mostLater>>20), later <= mostLater)
	b.table.load(b.gap.get(), peaks.wal)
	return nil
}

// order does n whole checkouts on all connections.
func (b *bench) order(n int) error {
	checkout := b.checkout().do
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, len(b.workers))
	b.gap.begin()
	for k, w := range b.workers {
		wg.Go(func() {
			for next.Add(1) <= int64(n) && errs[k] == nil {
				w.i++
				errs[k] = checkout(w)
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err // the others are the like
		}
	}
	return nil
}

package sqlitestore

import (
	"testing"

	"entrepot/events"
)

func rowsOf(n, size int) []logRow {
	rows := make([]logRow, n)
	for i := range rows {
		rows[i] = logRow{&events.Envelope{Type: "thing.happened"}, make([]byte, size)}
	}
	return rows
}

// want checks what the tail answers: entries from first to last, or that it cannot tell.
func want(t *testing.T, l *tail, after int64, limit int, known bool, first, last int64) {
	t.Helper()
	got, ok := l.read(after, limit)
	switch {
	case ok != known:
		t.Errorf("read after %d: known is %v", after, ok)
	case first == 0 && len(got) != 0:
		t.Errorf("read after %d: %d entries, not none", after, len(got))
	case first != 0 && (len(got) == 0 || got[0].Seq != first || got[len(got)-1].Seq != last):
		t.Errorf("read after %d: %v, not %d to %d", after, got, first, last)
	}
}

func TestTail(t *testing.T) {
	var l tail
	want(t, &l, 0, 10, false, 0, 0)
	l.add(rowsOf(3, 1), 12) // 10, 11, 12
	want(t, &l, 8, 10, false, 0, 0)
	want(t, &l, 9, 10, true, 10, 12)
	want(t, &l, 10, 1, true, 11, 11)
	want(t, &l, 12, 10, true, 0, 0)
	l.add(rowsOf(2, 1), 14)
	want(t, &l, 11, 10, true, 12, 14)
	l.add(rowsOf(1, 1), 20) // somebody else wrote in between
	want(t, &l, 14, 10, false, 0, 0)
	want(t, &l, 19, 10, true, 20, 20)
	l.cut(20)
	want(t, &l, 19, 10, false, 0, 0)
	l.add(rowsOf(1, 1), 21)
	l.forget()
	want(t, &l, 20, 10, false, 0, 0)
}

func TestTailIsBounded(t *testing.T) {
	var l tail
	for last := int64(100); last <= 10_000; last += 100 {
		l.add(rowsOf(100, 4000), last)
		if len(l.entries) > tailEntries || l.bytes > tailBytes {
			t.Fatalf("%d entries, %d bytes", len(l.entries), l.bytes)
		}
	}
	want(t, &l, 9_999, 10, true, 10_000, 10_000)
}

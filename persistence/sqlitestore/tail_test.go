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

// checkRead checks the result of tail.read: whether the range is known, and the first and last Seq of
// the entries (0 for none).
func checkRead(t *testing.T, l *tail, after int64, limit int, known bool, first, last int64) {
	t.Helper()
	got, ok := l.read(after, limit)
	switch {
	case ok != known:
		t.Errorf("read after %d: want known %v, got %v", after, known, ok)
	case first == 0 && len(got) != 0:
		t.Errorf("read after %d: want no entries, got %d", after, len(got))
	case first != 0 && (len(got) == 0 || got[0].Seq != first || got[len(got)-1].Seq != last):
		t.Errorf("read after %d: want %d to %d, got %v", after, first, last, got)
	}
}

func TestTail(t *testing.T) {
	var l tail
	checkRead(t, &l, 0, 10, false, 0, 0)
	l.add(rowsOf(3, 1), 12) // 10, 11, 12
	checkRead(t, &l, 8, 10, false, 0, 0)
	checkRead(t, &l, 9, 10, true, 10, 12)
	checkRead(t, &l, 10, 1, true, 11, 11)
	checkRead(t, &l, 12, 10, true, 0, 0)
	l.add(rowsOf(2, 1), 14)
	checkRead(t, &l, 11, 10, true, 12, 14)
	l.add(rowsOf(1, 1), 20) // another process wrote in between
	checkRead(t, &l, 14, 10, false, 0, 0)
	checkRead(t, &l, 19, 10, true, 20, 20)
	l.cut(20)
	checkRead(t, &l, 19, 10, false, 0, 0)
	l.add(rowsOf(1, 1), 21)
	l.forget()
	checkRead(t, &l, 20, 10, false, 0, 0)
}

func TestTailIsBounded(t *testing.T) {
	var l tail
	for last := int64(100); last <= 10_000; last += 100 {
		l.add(rowsOf(100, 4000), last)
		if len(l.entries) > tailEntries || l.bytes > tailBytes {
			t.Fatalf("want at most %d entries and %d bytes, got %d and %d", tailEntries, tailBytes, len(l.entries), l.bytes)
		}
	}
	checkRead(t, &l, 9_999, 10, true, 10_000, 10_000)
}

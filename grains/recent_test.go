package grains

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestRecentSurvivesItsEncoding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := recent{limit: rapid.IntRange(1, 40).Draw(t, "limit")}
		now := time.Unix(1_800_000_000, 0)
		for i := range rapid.IntRange(0, 100).Draw(t, "commands") {
			id := digest(fmt.Sprint("command", i))
			r.add(id, uint64(i)+1)
			if rapid.Bool().Draw(t, "kept") {
				r.keep(id, uint64(i)+1, []byte(fmt.Sprint("reply", i)), now.Add(time.Duration(i)*time.Hour))
			}
		}
		back, err := decodeRecent(r.encode(), r.limit)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(back.encode(), r.encode()) || len(back.seen) > r.limit || len(back.kept) > maxKept {
			t.Fatalf("%+v\n%+v", r, back)
		}
		for _, s := range r.seen {
			if hash, ok := back.find(s.id); !ok || hash != s.hash {
				t.Fatalf("command %x is missing", s.id)
			}
		}
	})
}

func TestRepliesAreKeptForADay(t *testing.T) {
	r := recent{limit: 2}
	now := time.Unix(1_800_000_000, 0)
	r.keep(digest("old"), 1, []byte("a"), now)
	r.keep(digest("new"), 2, []byte("b"), now.Add(keepFor-time.Second))
	if r.reply(digest("old")) == nil {
		t.Error("a reply was dropped within its day")
	}
	r.keep(digest("newer"), 3, []byte("c"), now.Add(keepFor))
	if r.reply(digest("old")) != nil || string(r.reply(digest("new"))[8:]) != "b" {
		t.Error("a reply was kept beyond its day, or the wrong one dropped")
	}
}

// A damaged ring is an error and never a panic, so that its document is not used.
func FuzzDecodeRecent(f *testing.F) {
	r := recent{limit: 4}
	r.add(digest("a"), 1)
	r.keep(digest("a"), 1, []byte("reply"), time.Unix(1, 0))
	f.Add(r.encode())
	f.Add([]byte{})
	f.Add([]byte{recentFormat, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255})
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := decodeRecent(b, 4)
		if err == nil && len(b) > 0 {
			if again, err := decodeRecent(got.encode(), 4); err != nil || !bytes.Equal(again.encode(), got.encode()) {
				t.Fatalf("the decoded ring does not survive its encoding: %v", err)
			}
		}
	})
}

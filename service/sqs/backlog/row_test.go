package backlog

import (
	"encoding/hex"
	"errors"
	"slices"
	"testing"
	"time"
)

// TestRows writes rows and reads them back; what is shorter or of a version to
// come is refused.
func TestRows(t *testing.T) {
	for _, s := range []State{
		{At: 1, Count: 2, Received: 3, First: time.UnixMilli(4).UTC()},
		{At: 1, Count: 2, Received: 3},
		{At: 1, Count: 2, Received: 3, Lent: true},
		{At: 1, Count: 2, Received: 3, Group: "g", First: time.UnixMilli(4).UTC()},
	} {
		row := s.encode()
		if got, err := decodeState(row); err != nil || got != s {
			t.Errorf("%+v is read as %+v, %v", s, got, err)
		}
		for i := range stateSize {
			if _, err := decodeState(row[:i]); !errors.Is(err, ErrRow) {
				t.Errorf("a state cut at %d is read", i)
			}
		}
		row[0] = 3
		if _, err := decodeState(row); !errors.Is(err, ErrRow) {
			t.Error("a state of version 3 is read")
		}
	}
	for _, fifo := range []bool{false, true} {
		var a, b Tally
		for i, n := range a.numbers() {
			*n = uint64(i)
		}
		row := a.encode(fifo)
		if err := b.decode(row); err != nil || !slices.Equal(b.encode(fifo), row) {
			t.Errorf("tally: %v", err)
		}
		for i := range row {
			if err := b.decode(row[:i]); !errors.Is(err, ErrRow) {
				t.Errorf("a tally cut at %d is read", i)
			}
		}
	}
}

// TestFirstRows reads rows as the first version wrote them.
func TestFirstRows(t *testing.T) {
	state, _ := hex.DecodeString("01" + "0000000000000001" + "0000000000000002" + "0000000000000003" + "0000000000000004")
	if s, err := decodeState(state); err != nil || s != (State{At: 1, Count: 2, Received: 3, First: time.UnixMilli(4).UTC()}) {
		t.Errorf("%+v, %v", s, err)
	}
	var tally Tally
	row := []byte{1}
	for i := range 8 {
		row = append(row, 0, 0, 0, 0, 0, 0, 0, byte(i+1))
	}
	want := Tally{fresh: space{rows: 1, first: Position{2, 3}}, held: space{rows: 4, first: Position{5, 6}}, Oldest: 7, Expiry: 8}
	if err := tally.decode(row); err != nil || tally != want || !slices.Equal(tally.encode(false), row) {
		t.Errorf("%+v, %v", tally, err)
	}
}

func FuzzGroupRow(f *testing.F) {
	f.Add((&group{shut: true, at: Position{1, 2}, out: []Position{{3, 4}}}).encode())
	f.Add((&group{at: Position{1, 2}}).encode())
	f.Fuzz(func(t *testing.T, row []byte) {
		var g group
		if err := g.decode(row); err == nil && !slices.Equal(g.encode(), row) {
			t.Fatalf("%x is written %x", row, g.encode())
		}
	})
}

func FuzzStateRow(f *testing.F) {
	f.Add(State{At: 1, Group: "g", Lent: true}.encode())
	f.Fuzz(func(_ *testing.T, row []byte) { _, _ = decodeState(row) })
}

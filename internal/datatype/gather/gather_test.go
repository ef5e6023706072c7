package gather

import (
	"fmt"
	"testing"
)

// check returns an error if the table contradicts itself.
func (t *Table) check() error {
	if 2*len(t.ends) > len(t.slots) || len(t.slots)&(len(t.slots)-1) != 0 {
		return fmt.Errorf("%d members in %d slots", len(t.ends), len(t.slots))
	}
	used := 0
	for _, s := range t.slots {
		if s != 0 {
			used++
		}
	}
	if used != len(t.ends) {
		return fmt.Errorf("%d members, %d slots in use", len(t.ends), used)
	}
	for i := range t.Len() {
		if j, ok := t.Find(t.Member(i)); !ok || i != j {
			return fmt.Errorf("member %d (%q) is found at %d, %v", i, t.Member(i), j, ok)
		}
	}
	return nil
}

func FuzzTable(f *testing.F) {
	f.Add([]byte("abcabcdefg"), uint8(1), uint8(0))
	f.Add([]byte("\x00\x00\x00abababa"), uint8(2), uint8(100))
	f.Fuzz(func(t *testing.T, data []byte, width, room uint8) {
		table, want := New(int(room)), map[string]int{}
		for len(data) > 0 {
			n := min(int(width)%5, len(data)-1) + 1
			member := data[:n]
			data = data[n:]
			known, ok := want[string(member)]
			if i, found := table.Find(member); found != ok || i != known {
				t.Fatalf("Find(%q): %d, %v; want %d, %v", member, i, found, known, ok)
			}
			if !ok {
				known = len(want)
				want[string(member)] = known
			}
			if i, added := table.Add(member); added == ok || i != known {
				t.Fatalf("Add(%q): %d, %v; want %d, %v", member, i, added, known, !ok)
			}
		}
		if table.Len() != len(want) {
			t.Fatalf("%d members, want %d", table.Len(), len(want))
		}
		if err := table.check(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestManyMembers(t *testing.T) {
	table := New(0)
	for i := range 10000 {
		if _, added := table.Add(fmt.Append(nil, i%5000)); added != (i < 5000) {
			t.Fatalf("member %d: added %v", i, added)
		}
	}
	if i, added := table.Add(nil); !added || i != 5000 {
		t.Errorf("the empty member: %d, %v", i, added)
	}
	if err := table.check(); err != nil {
		t.Fatal(err)
	}
}

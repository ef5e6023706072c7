package server

import "testing"

func TestRecentPeaks(t *testing.T) {
	var p recentPeaks
	check := func(second int64, input, output int) {
		t.Helper()
		if i, o := p.last(second); i != input || o != output {
			t.Errorf("at %d: %d, %d; want %d, %d", second, i, o, input, output)
		}
	}
	check(1000, 0, 0)
	p.note(1000, 10, 500)
	p.note(1000, 30, 100)
	p.note(1003, 20, 700)
	check(1003, 30, 700)
	check(1007, 30, 700)
	check(1008, 20, 700)
	check(1011, 0, 0)
	p.note(1008, 1, 2) // the slot of 1000
	check(1008, 20, 700)
	check(1015, 1, 2)
}

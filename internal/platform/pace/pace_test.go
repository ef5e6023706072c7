package pace

import (
	"testing"
	"time"
)

// TestPause interrupts bursts and leaves others alone.
func TestPause(t *testing.T) {
	p := New()
	const burst = 100 * time.Microsecond
	p.ran = burst
	p.note(false)
	if d := p.pause(); d != 0 {
		t.Errorf("not interrupted: a pause of %v", d)
	}
	for i, want := range []time.Duration{burst, 3 * burst, 7 * burst, 7 * burst} {
		p.note(true)
		if d := p.pause(); d != want {
			t.Errorf("interrupted %d times: a pause of %v, want %v", i+1, d, want)
		}
	}
	last := 7 * burst
	for range int(1 / shareStep) {
		p.note(false)
		d := p.pause()
		if d > last {
			t.Fatalf("the pause grows to %v although nobody interrupts", d)
		}
		last = d
	}
	if last != 0 {
		t.Errorf("a pause of %v when nobody has interrupted for long", last)
	}
}

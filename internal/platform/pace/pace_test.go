package pace

import (
	"testing"
	"time"
)

// TestPause interrupts bursts and leaves others alone.
func TestPause(t *testing.T) {
	p := New()
	defer p.Close()
	const burst = 100 * time.Microsecond
	if d := p.pause(burst, false); d != 0 {
		t.Errorf("not interrupted: a pause of %v", d)
	}
	for i, want := range []time.Duration{burst, 3 * burst, 7 * burst, 7 * burst} {
		if d := p.pause(burst, true); d != want {
			t.Errorf("interrupted %d times: a pause of %v, want %v", i+1, d, want)
		}
	}
	last := 7 * burst
	for range int(1 / shareStep) {
		d := p.pause(burst, false)
		if d > last {
			t.Fatalf("the pause grows to %v although nobody interrupts", d)
		}
		last = d
	}
	if last != 0 {
		t.Errorf("a pause of %v when nobody has interrupted for long", last)
	}
}

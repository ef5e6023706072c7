package clock

import (
	"testing"
	"time"
)

func TestManualMovesOnlyWhenTold(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	m := NewManual(start)
	var c Clock = m
	if !c.Now().Equal(start) || c.Mono() != 0 {
		t.Fatalf("starts at %v, %d", c.Now(), c.Mono())
	}
	m.Advance(3 * time.Second)
	if !c.Now().Equal(start.Add(3*time.Second)) || c.Mono() != 3e9 {
		t.Fatalf("after 3 s: %v, %d", c.Now(), c.Mono())
	}
	m.SetWall(start.Add(-time.Hour))
	if !c.Now().Equal(start.Add(-time.Hour)) || c.Mono() != 3e9 {
		t.Fatalf("after the jump: %v, %d", c.Now(), c.Mono())
	}
	defer func() {
		if recover() == nil {
			t.Fatal("monotonic time went back")
		}
	}()
	m.Advance(-1)
}

func TestSystemMonoNeverGoesBack(t *testing.T) {
	s := NewSystem()
	for last, i := s.Mono(), 0; i < 1000; i++ {
		now := s.Mono()
		if now < last {
			t.Fatalf("%d after %d", now, last)
		}
		last = now
	}
}

// machine simulates both counters: each reading takes 20 ns.
type machine struct {
	mono         int64
	ticksPerNano float64
	ticksBase    uint64
}

func (m *machine) Now() time.Time { return time.Unix(0, m.mono) }
func (m *machine) Mono() int64    { m.mono += 20; return m.mono }
func (m *machine) ticks() uint64 {
	m.mono += 20
	return m.ticksBase + uint64(float64(m.mono)*m.ticksPerNano)
}

func TestTickScaleFindsTheRate(t *testing.T) {
	for _, rate := range []float64{0.024, 1, 2.4, 5.5} {
		m := &machine{ticksPerNano: rate, ticksBase: 1 << 60}
		s := newTickScale(m, m.ticks)
		second := uint64(1e9 * rate)
		if got := s.Nanos(second); got < 0.99e9 || got > 1.01e9 {
			t.Errorf("rate %v: a second is %d ns at first", rate, got)
		}
		m.mono += 10e9
		s.Refine()
		if got := s.Nanos(second); got < 0.99999e9 || got > 1.00001e9 {
			t.Errorf("rate %v: a second is %d ns when refined", rate, got)
		}
		if got := s.Nanos(-second); got != 0 {
			t.Errorf("rate %v: a negative difference is %d ns", rate, got)
		}
	}
}

func TestTickScaleRecoversFromAMove(t *testing.T) {
	m := &machine{ticksPerNano: 3}
	s := newTickScale(m, m.ticks)
	m.mono += 3600e9
	s.Refine()
	m.ticksPerNano, m.ticksBase = 2, 0 // the counter jumps back and slows down
	s.Refine()
	for range 3 {
		m.mono += 1e9
		s.Refine()
	}
	if got := s.Nanos(2e9); got < 0.999e9 || got > 1.001e9 {
		t.Fatalf("a second is %d ns after the move", got)
	}
}

func TestTicksAgreeWithTheSystem(t *testing.T) {
	c := NewSystem()
	s := NewTickScale(c)
	ticks, mono := Ticks(), c.Mono()
	for c.Mono()-mono < 2e6 {
	}
	elapsed := c.Mono() - mono
	if got := s.Nanos(Ticks() - ticks); got < elapsed*9/10 {
		t.Fatalf("%d ns by ticks, %d by the system", got, elapsed)
	}
}

func BenchmarkTicks(b *testing.B) {
	var sum uint64
	for b.Loop() {
		sum += Ticks()
	}
	_ = sum
}

func BenchmarkTickScaleNanos(b *testing.B) {
	s := NewTickScale(NewSystem())
	var sum int64
	for b.Loop() {
		sum += s.Nanos(12345)
	}
	_ = sum
}

package clock

import (
	"math/bits"
	"sync"
	"sync/atomic"
)

// TickScale converts differences of Ticks into nanoseconds. It compares the
// counter with a Clock's monotonic time: briefly at first, then, with every
// call of Refine, over all the time since. Nanos is safe for concurrent use.
type TickScale struct {
	clock Clock
	ticks func() uint64
	ratio atomic.Uint64 // nanoseconds per tick, 32 bits of fraction

	mu     sync.Mutex
	anchor sample
}

// sample is one moment as both counters show it.
type sample struct {
	mono  int64
	ticks uint64
}

const (
	// firstNanos is how long NewTickScale watches the counters: the error of
	// reading them is about 50 ns, so the first ratio is good to a few parts in
	// ten thousand.
	firstNanos = 200_000
	// refineNanosMin is the shortest time over which Refine measures.
	refineNanosMin = 10_000_000
	// driftMax is the relative change, as a fraction 1/driftMax, beyond which
	// Refine no longer trusts the past: the machine was suspended or moved to
	// another host. It then starts over.
	driftMax = 500
)

// NewTickScale measures for a fifth of a millisecond. c must be a real clock:
// its monotonic time has to move by itself.
func NewTickScale(c Clock) *TickScale { return newTickScale(c, Ticks) }

func newTickScale(c Clock, ticks func() uint64) *TickScale {
	s := &TickScale{clock: c, ticks: ticks}
	s.anchor = s.sample()
	for {
		now := s.sample()
		if now.mono-s.anchor.mono >= firstNanos && now.ticks > s.anchor.ticks {
			s.ratio.Store(ratioOf(s.anchor, now))
			return s
		}
	}
}

// Nanos returns the nanoseconds that the given number of ticks takes. A
// difference that looks negative, as two cores can produce, counts as none.
func (s *TickScale) Nanos(ticks uint64) int64 {
	if int64(ticks) <= 0 {
		return 0
	}
	hi, lo := bits.Mul64(ticks, s.ratio.Load())
	return int64(hi<<32 | lo>>32)
}

// Refine improves the scale. The server's cron calls it about once per second;
// a call costs less than a microsecond.
func (s *TickScale) Refine() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.sample()
	if now.mono-s.anchor.mono < refineNanosMin {
		return
	}
	if now.ticks <= s.anchor.ticks {
		s.anchor = now
		return
	}
	old, fresh := s.ratio.Load(), ratioOf(s.anchor, now)
	s.ratio.Store(fresh)
	if diff := max(old, fresh) - min(old, fresh); diff > old/driftMax {
		s.anchor = now
	}
}

// sample reads both counters. An interruption between the readings would spoil
// it, so the tightest of a few attempts counts.
func (s *TickScale) sample() sample {
	var best sample
	for attempt, width := 0, ^uint64(0); attempt < 5; attempt++ {
		before := s.ticks()
		mono := s.clock.Mono()
		after := s.ticks()
		if after-before < width {
			width = after - before
			best = sample{mono: mono, ticks: before + width/2}
		}
	}
	return best
}

// ratioOf returns nanoseconds per tick with 32 bits of fraction.
func ratioOf(from, to sample) uint64 {
	nanos, ticks := uint64(to.mono-from.mono), to.ticks-from.ticks
	// A scale measured over more than 2^64 ticks' worth of fraction would
	// overflow the division; only a counter that stood still could cause it.
	hi, lo := nanos>>32, nanos<<32
	if hi >= ticks {
		return 1 << 32
	}
	q, _ := bits.Div64(hi, lo, ticks)
	return q
}

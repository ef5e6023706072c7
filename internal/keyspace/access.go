package keyspace

import (
	"math"

	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// The access clock of an entry has 24 bits. Under LRU policies it is the time
// of the last access in seconds; under LFU policies, 16 bits of minutes of the
// last decay and an 8-bit logarithmic counter of accesses.

const lfuInit = 5 // counter of a new key, so that it is not evicted at once

// accessClock returns the clock of now for a new entry, in header position.
func (s *Space) accessClock(nowMillis int64) header {
	if s.frequency.Load() {
		return (header(nowMillis/60000)&0xffff<<8 | lfuInit) << entClockShift
	}
	return header(nowMillis/1000) & 0xffffff << entClockShift
}

// touch moves the access clock of the entry at r, whose header is h.
func (tx *Tx) touch(r offheap.Ref, h header) {
	if !tx.w.space.frequency.Load() {
		if h&entClockMask != tx.clock {
			setEntHeader(r, h&^entClockMask|tx.clock)
		}
		return
	}
	c := tx.w.space.decay(h.clock(), tx.now)
	if tx.w.lfuHit(c) && c < 255 {
		c++
	}
	setEntHeader(r, h&^entClockMask|(tx.clock&^(0xff<<entClockShift)|header(c)<<entClockShift))
}

// decay returns an LFU counter reduced by the time since its last decay.
func (s *Space) decay(clock uint32, nowMillis int64) uint32 {
	c := clock & 0xff
	period := uint32(s.lfuDecay.Load())
	if period == 0 {
		return c
	}
	elapsed := (uint32(nowMillis/60000) - clock>>8) & 0xffff
	return c - min(c, elapsed/period)
}

// lfuHit decides by chance whether an access increments counter c: ever less
// likely as it grows, governed by lfu-log-factor.
func (w *Worker) lfuHit(c uint32) bool {
	base := float64(0)
	if c > lfuInit {
		base = float64(c - lfuInit)
	}
	p := 1 / (base*float64(w.space.lfuLogFactor.Load()) + 1)
	return float64(w.Random()>>11)/(1<<53) < p
}

// IdleMillis returns how long ago a found key was last accessed (OBJECT
// IDLETIME); meaningful under LRU policies.
func (e *Entry) IdleMillis() int64 {
	last := int64(entHeader(e.ref()).clock())
	now := e.tx.now / 1000 & 0xffffff
	if now < last {
		now += 0xffffff + 1
	}
	return (now - last) * 1000
}

// Frequency returns a found key's decayed LFU counter (OBJECT FREQ).
func (e *Entry) Frequency() int {
	return int(e.tx.w.space.decay(entHeader(e.ref()).clock(), e.tx.now))
}

// SetIdle makes a found key look last accessed so many seconds ago (RESTORE IDLETIME).
func (e *Entry) SetIdle(seconds int64) {
	c := header((e.tx.now/1000-min(seconds, math.MaxInt32))&0xffffff) << entClockShift
	r := e.ref()
	setEntHeader(r, entHeader(r)&^entClockMask|c)
}

// SetFrequency sets a found key's LFU counter (RESTORE FREQ).
func (e *Entry) SetFrequency(c uint8) {
	r := e.ref()
	m := header(e.tx.now/60000) & 0xffff << 8
	setEntHeader(r, entHeader(r)&^entClockMask|(m|header(c))<<entClockShift)
}

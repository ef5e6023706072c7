package cli

import (
	"runtime"
	"time"
)

// intrinsicLatency measures how long the system keeps this process from
// running: it repeats a short computation and reports the longest it took. No
// server is involved. Ctrl-C ends it early, with the summary.
func (a *app) intrinsicLatency() error {
	defer a.handleInterrupts()()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	duration := time.Duration(a.opts.intrinsicSeconds) * time.Second
	start := a.now()
	worst, runs := int64(0), int64(0)
	for {
		before := a.now()
		shuffle()
		after := a.now()
		runs++
		if micros := after.Sub(before).Microseconds(); micros > worst {
			worst = micros
			a.printf("Max latency so far: %d microseconds.\n", worst)
		}
		if elapsed := after.Sub(start); elapsed > duration || a.interrupted() {
			average := float64(elapsed.Nanoseconds()) / 1e3 / float64(runs)
			a.printf("\n%d total runs (avg latency: %.4f microseconds / %.2f nanoseconds per run).\n",
				runs, average, average*1e3)
			a.printf("Worst run took %.0fx longer than the average latency.\n", float64(worst)/average)
			return nil
		}
	}
}

// shuffle computes something whose result no compiler can foresee, for a few
// microseconds: a thousand steps of RC4's permutation.
//
//go:noinline
func shuffle() (sum uint) {
	var s [256]byte
	for i := range s {
		s[i] = byte(i)
	}
	var i, j byte
	for range 1000 {
		i++
		j += s[i]
		s[i], s[j] = s[j], s[i]
		sum += uint(s[s[i]+s[j]])
	}
	return sum
}

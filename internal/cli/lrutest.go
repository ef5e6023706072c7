package cli

import (
	"fmt"
	"math"
	"time"

	"github.com/kvasirdb/kvasir/internal/client"
)

const (
	lruCycle = time.Second
	lruBatch = 250 // SETs, then as many GETs, at once
	// With this exponent a fifth of the keys gets four fifths of the accesses.
	lruExponent   = 6.2
	lruValueBytes = 5
)

// lruTest uses the server as a cache of so many keys, some much hotter than
// others, and prints every second how often the cache had the value. With less
// memory than the keys need, that judges the eviction policy. Ctrl-C ends it.
func (a *app) lruTest() error {
	defer a.handleInterrupts()()
	for {
		start := a.now()
		hits, misses := int64(0), int64(0)
		for a.now().Sub(start) < lruCycle {
			if a.interrupted() {
				return errInterrupted
			}
			if err := a.lruRound(&hits, &misses); err != nil {
				return err
			}
		}
		all := float64(max(hits+misses, 1))
		a.printf("%d Gets/sec | Hits: %d (%.2f%%) | Misses: %d (%.2f%%)\n", hits+misses,
			hits, 100*float64(hits)/all, misses, 100*float64(misses)/all)
	}
}

func (a *app) lruRound(hits, misses *int64) error {
	if _, err := a.pipeline(lruBatch, func(int) []string {
		return []string{"SET", a.lruKey(), a.lruValue()}
	}); err != nil {
		return err
	}
	replies, err := a.pipeline(lruBatch, func(int) []string { return []string{"GET", a.lruKey()} })
	for _, v := range replies {
		switch v.Kind {
		case client.Error:
			fmt.Fprintln(a.errOut, v.Str)
		case client.Null:
			*misses++
		default:
			*hits++
		}
	}
	return err
}

// lruKey draws a key by a power law: low numbers are the hot ones.
func (a *app) lruKey() string {
	uniform := float64(a.random()>>11) / (1 << 53)
	return fmt.Sprintf("lru:%d", powerLaw(a.opts.lruKeys, uniform))
}

// powerLaw maps a uniform number in [0, 1) to one from 1 to n.
func powerLaw(n int64, uniform float64) int64 {
	n = max(n, 1)
	top := float64(n + 1)
	const power = lruExponent + 1
	drawn := math.Pow((math.Pow(top, power)-1)*uniform+1, 1/power)
	return min(max(n+1-int64(drawn), 1), n)
}

func (a *app) lruValue() string {
	value := make([]byte, lruValueBytes)
	for i := range value {
		value[i] = 'A' + byte(a.random()%('z'-'A'))
	}
	return string(value)
}

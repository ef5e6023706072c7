package metamorphic

import (
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kvasirdb/kvasir/internal/datatype/value"
)

var (
	seeds    = flag.Int("seeds", 3, "how many sequences each test plays")
	first    = flag.Uint64("first", 1, "the first sequence's seed")
	commands = flag.Int("commands", 1500, "how many steps a sequence has")
)

// shrinkTime bounds how long a failing sequence is shrunk.
const shrinkTime = 20 * time.Second

// eachSeed calls f for the seeds that the flags ask for.
func eachSeed(t *testing.T, f func(t *testing.T, seed uint64)) {
	for seed := *first; seed < *first+uint64(*seeds); seed++ {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) { f(t, seed) })
	}
}

// report fails the test with all that is needed to look into a difference.
func report(t *testing.T, seed uint64, steps []step, d *difference, again func([]step) *difference) {
	t.Helper()
	shortest, last := steps[:d.step+1], d
	shortest = shrink(shortest, time.Now().Add(shrinkTime), func(s []step) bool {
		now := again(s)
		if now != nil {
			last = now
		}
		return now != nil
	})
	var b strings.Builder
	for _, s := range shortest {
		fmt.Fprintf(&b, "    %s\n", strings.ReplaceAll(s.String(), "\n", "\n    "))
	}
	name, _, _ := strings.Cut(t.Name(), "/")
	t.Errorf("seed %d, step %d: %s\n%s\n%d steps that fail too:\n%s\n%s\nagain: go test ./test/metamorphic -run '^%s$' -first %d -seeds 1 -commands %d",
		seed, d.step, steps[d.step], d.text, len(shortest), b.String(), last.text, name, seed, *commands)
}

// beside plays the steps to new servers with tiny and with default thresholds
// and to more targets, and ends the servers.
func beside(t *testing.T, steps []step, more ...target) *difference {
	tiny := newInProcess(t, "tiny", tinyLimits())
	usual := newInProcess(t, "default", *value.DefaultLimits())
	d := play(append([]target{tiny, usual}, more...), steps, allKeys(""))
	for _, s := range []*inProcess{tiny, usual} {
		if err := s.close(); err != nil && d == nil {
			d = &difference{len(steps) - 1, err.Error()}
		}
	}
	return d
}

func TestEncodings(t *testing.T) {
	eachSeed(t, func(t *testing.T, seed uint64) {
		steps := sequence(taste{seed: seed, steps: *commands, has: inProcessCommands(t)})
		again := func(s []step) *difference { return beside(t, s) }
		if d := again(steps); d != nil {
			report(t, seed, steps, d, again)
		}
	})
}

// inProcessCommands says which commands the servers of this process have.
func inProcessCommands(t *testing.T) func(name string) bool {
	s := newInProcess(t, "commands", *value.DefaultLimits())
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	return knows(s)
}

func TestModel(t *testing.T) {
	eachSeed(t, func(t *testing.T, seed uint64) {
		steps := sequence(taste{seed: seed, steps: *commands, coreOnly: true, without: timed})
		again := func(s []step) *difference { return beside(t, s, newModel()) }
		if d := again(steps); d != nil {
			report(t, seed, steps, d, again)
		}
	})
}

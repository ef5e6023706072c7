//go:build differential

package metamorphic

import (
	"testing"

	"github.com/kvasirdb/kvasir/test/harness"
)

func TestDifferential(t *testing.T) {
	reference, ok := harness.References()["valkey"]
	if !ok {
		t.Fatal("VALKEY_SERVER does not name a server to compare with")
	}
	for name, options := range map[string][]string{"tiny": tinyOptions(), "default": nil} {
		t.Run(name, func(t *testing.T) {
			options = append(options, debugging...)
			ours := dial(t, "kvasir", harness.Start(t, func() (*harness.Server, error) { return harness.StartNode(options...) }))
			theirs := dial(t, "valkey", harness.Start(t, func() (*harness.Server, error) {
				return harness.StartBinary(reference.With(options...))
			}))
			eachSeed(t, func(t *testing.T, seed uint64) {
				steps := sequence(taste{seed: seed, steps: *commands, without: timed | picks, has: knows(ours)})
				again := func(s []step) *difference {
					for _, r := range []*remote{ours, theirs} {
						r.do([]string{"FLUSHALL"})
					}
					return play([]target{theirs, ours}, s, allKeys(""))
				}
				if d := again(steps); d != nil {
					report(t, seed, steps, d, again)
				}
			})
		})
	}
}

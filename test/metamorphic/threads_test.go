package metamorphic

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/kvasirdb/kvasir/test/harness"
)

// debugging are options that let a test look at digests.
var debugging = []string{"--enable-debug-command", "yes"}

const (
	connections = 5  // at work at the same time; not a multiple of the loops
	pipelined   = 16 // steps whose requests are sent before their replies are read
)

// TestThreads plays one sequence per connection, on keys of its own: one after
// the other, then all at once to a server with one loop and one with four.
func TestThreads(t *testing.T) {
	start := func(threads string) *harness.Server {
		options := append(tinyOptions(), debugging...)
		return harness.Start(t, func() (*harness.Server, error) {
			return harness.StartNode(append(options, "--io-threads", threads)...)
		})
	}
	alone, one, four := start("1"), start("1"), start("4")
	has := knows(dial(t, "commands", alone))
	eachSeed(t, func(t *testing.T, seed uint64) {
		var sequences [][]step
		for i := range uint64(connections) {
			sequences = append(sequences, sequence(taste{
				seed: seed*connections + i, steps: *commands / connections, prefix: fmt.Sprintf("c%d:", i),
				without: timed | picks | walks | global, has: has,
			}))
		}
		want, digest := playAll(t, alone, sequences, false)
		for label, s := range map[string]*harness.Server{"1 thread": one, "4 threads": four} {
			got, state := playAll(t, s, sequences, true)
			for i := range got {
				for n := range got[i] {
					if got[i][n] != want[i][n] {
						t.Fatalf("seed %d, %s, connection %d, step %d: %s\n got %s\nwant %s\nagain: go test ./test/metamorphic -run Threads -first %d -seeds 1 -commands %d",
							seed, label, i, n, sequences[i][n], got[i][n], want[i][n], seed, *commands)
					}
				}
			}
			if state != digest {
				t.Errorf("seed %d, %s: digest %s, not %s", seed, label, state, digest)
			}
		}
	})
}

// playAll plays each sequence on a connection of its own, all at once or one
// after the other, and returns the replies to each step and the digest of all
// data. It begins and ends with no data.
func playAll(t *testing.T, s *harness.Server, sequences [][]step, atOnce bool) (replies [][]string, digest string) {
	t.Helper()
	replies = make([][]string, len(sequences))
	problems := make([]error, len(sequences))
	var running sync.WaitGroup
	for i, steps := range sequences {
		r := dial(t, fmt.Sprint(i), s)
		running.Go(func() { replies[i], problems[i] = r.pipeline(steps) })
		if !atOnce {
			running.Wait()
		}
	}
	running.Wait()
	for i, err := range problems {
		if err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
	}
	r := dial(t, "check", s)
	digest, err := r.check()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.do([]string{"FLUSHALL"}).Err(); err != nil {
		t.Fatal(err)
	}
	return replies, digest
}

// pipeline plays steps, several before it waits for their replies.
func (r *remote) pipeline(steps []step) (replies []string, err error) {
	for batch := range slices.Chunk(steps, pipelined) {
		for _, s := range batch {
			for _, words := range s.requests {
				if err := r.conn.Send(words...); err != nil {
					return nil, err
				}
			}
		}
		if err := r.conn.Flush(); err != nil {
			return nil, err
		}
		for _, s := range batch {
			text := ""
			for range s.requests {
				v, err := r.conn.Receive()
				if err != nil {
					return nil, err
				}
				text += render(v, s.marks) + "\n"
			}
			replies = append(replies, text)
		}
	}
	return replies, nil
}

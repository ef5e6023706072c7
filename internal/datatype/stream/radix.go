package stream

import (
	"math/bits"
)

// RadixNodes returns how many nodes a radix tree of the stream's nodes has in
// Valkey, which XINFO STREAM shows: one for each key, one where keys part, and
// one for each run of bytes in between. Beyond some thousand keys the rest is
// taken to be like the first ones, so that it does not cost more for long
// streams.
func (s Stream) RadixNodes() int {
	const exactMax = 4096
	if s.d.nodes.Len() == 0 {
		return 1
	}
	var r radixCount
	s.d.nodes.Each(func(id ID, _ *block) bool {
		r.add(id)
		return r.keys < exactMax
	})
	r.leave(-1)
	return r.nodes * s.d.nodes.Len() / r.keys
}

// radixCount counts the nodes of a radix tree whose keys come in order.
type radixCount struct {
	nodes, keys int
	last        ID
	forks       []int // depths of the forks above the last key, ascending
}

const idBytes = 16

func (r *radixCount) add(id ID) {
	if r.keys > 0 {
		r.leave(commonBytes(r.last, id))
	}
	r.last = id
	r.keys++
}

// leave counts what lies between the last key and a fork at this depth, which
// is the next key's too; -1 is above the root.
func (r *radixCount) leave(fork int) {
	depth := idBytes
	for n := len(r.forks); n > 0 && r.forks[n-1] > fork; n-- {
		r.edge(depth, r.forks[n-1])
		depth = r.forks[n-1]
		r.forks = r.forks[:n-1]
	}
	r.edge(depth, fork)
	if n := len(r.forks); fork >= 0 && (n == 0 || r.forks[n-1] < fork) {
		r.forks = append(r.forks, fork)
	}
}

// edge counts the node at a depth and the run of bytes that leads to it from
// the fork above, whose own byte belongs to the fork.
func (r *radixCount) edge(depth, fork int) {
	r.nodes++
	if depth > fork+1 {
		r.nodes++
	}
}

// commonBytes returns how many bytes two different IDs begin with alike.
func commonBytes(a, b ID) int {
	if x := a.Millis ^ b.Millis; x != 0 {
		return bits.LeadingZeros64(x) / 8
	}
	return idBytes/2 + bits.LeadingZeros64(a.Seq^b.Seq)/8
}

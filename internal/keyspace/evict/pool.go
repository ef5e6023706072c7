package evict

import (
	"bytes"

	"github.com/kvasirdb/kvasir/internal/keyspace"
)

// poolMax is how many candidates are remembered.
const poolMax = 16

// candidate is a key that may go.
type candidate struct {
	score int64
	db    int
	loc   keyspace.Located
	key   []byte // own copy
}

// pool holds the best candidates, the best one last.
type pool struct {
	n    int
	list [poolMax]candidate
}

// offer adds a candidate, in place of the worst if the pool is full of better
// ones than that. It reports whether it did. A key that is a candidate already
// gets the new score.
func (p *pool) offer(score int64, db int, loc keyspace.Located, key []byte) bool {
	for i := range p.list[:p.n] {
		if c := &p.list[i]; c.loc == loc && c.db == db && bytes.Equal(c.key, key) {
			p.remove(i)
			break
		}
	}
	at := p.n
	for at > 0 && p.list[at-1].score > score {
		at--
	}
	if p.n == poolMax {
		if at == 0 {
			return false
		}
		p.remove(0)
		at--
	}
	room := p.list[p.n].key // that of a former candidate
	copy(p.list[at+1:p.n+1], p.list[at:p.n])
	p.list[at] = candidate{score, db, loc, append(room[:0], key...)}
	p.n++
	return true
}

// remove takes out the candidate at i and keeps its buffer.
func (p *pool) remove(i int) {
	room := p.list[i].key
	copy(p.list[i:p.n], p.list[i+1:p.n])
	p.n--
	p.list[p.n] = candidate{key: keptBuffer(room)}
}

// keptBuffer is the buffer of a former candidate, unless it is large.
func keptBuffer(b []byte) []byte {
	const keptMax = 256
	if cap(b) > keptMax {
		return nil
	}
	return b[:0]
}

// best returns the best score; the pool is not empty.
func (p *pool) best() int64 { return p.list[p.n-1].score }

// takeBest removes the best candidate; its key is the caller's.
func (p *pool) takeBest() (c candidate, ok bool) {
	if p.n == 0 {
		return c, false
	}
	p.n--
	c = p.list[p.n]
	p.list[p.n] = candidate{}
	return c, true
}

func (p *pool) clear() {
	clear(p.list[:])
	p.n = 0
}

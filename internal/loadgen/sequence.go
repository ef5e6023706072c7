package loadgen

import (
	"bytes"
	"math/bits"
	"math/rand/v2"
	"sync/atomic"

	"github.com/kvasirdb/kvasir/internal/client"
)

// Sequence is what one step of the pipeline sends: one or more commands in wire
// form, possibly with placeholders. The zero value is empty; build it with
// Command or Inline and Append.
type Sequence struct {
	wire     []byte
	commands int
}

// Command is a sequence of one command.
func Command(args ...string) Sequence {
	return Sequence{wire: client.AppendCommand(nil, args...), commands: 1}
}

// Inline is a sequence of one command in the inline form, a line of text
// without its line end.
func Inline(line string) Sequence {
	return Sequence{wire: append([]byte(line), '\r', '\n'), commands: 1}
}

// Append returns s followed times times by next.
func (s Sequence) Append(next Sequence, times int) Sequence {
	wire := bytes.Clone(s.wire)
	for range times {
		wire = append(wire, next.wire...)
	}
	return Sequence{wire: wire, commands: s.commands + times*next.commands}
}

// Bytes returns the size on the wire.
func (s Sequence) Bytes() int { return len(s.wire) }

const (
	placeholderBytes = 12
	placeholderKinds = 10
	slotTag          = "{tag}"
)

// placeholders are replaced by decimals of their own width. Every occurrence of
// the first draws a number of its own; each of the others draws one number per
// sequence.
var placeholders = [placeholderKinds]string{
	"__rand_int__", "__rand_1st__", "__rand_2nd__", "__rand_3rd__", "__rand_4th__",
	"__rand_5th__", "__rand_6th__", "__rand_7th__", "__rand_8th__", "__rand_9th__",
}

// Counters are the next numbers of the placeholders when numbers are drawn in
// sequence. A Counters shared by several runs goes on from one to the next.
type Counters struct {
	next [placeholderKinds]atomic.Uint64
}

// batch is one pipeline's worth of requests: the sequence rendered as often as
// the pipeline is deep, patched in place before every use. A lane has one batch
// for all its connections, so it stays in the first-level cache; only what the
// socket did not take is copied.
type batch struct {
	wire   []byte
	stride int // bytes of one sequence
	// independent holds the offsets of __rand_int__ in a sequence; shared holds
	// one list of offsets for each other placeholder that occurs.
	independent []int
	shared      []sharedNumber
	tags        []int // offsets of {tag} in the whole batch

	keyspace uint64
	digits   int // how many trailing digits of a number can differ from 0
	random   *rand.PCG
	counters *Counters // nil: numbers are random
}

type sharedNumber struct {
	kind    int
	offsets []int
}

// newBatch renders depth copies of seq. With keyspace 0 placeholders stay as
// they are. With counters, numbers come in sequence instead of from random.
func newBatch(seq Sequence, depth int, keyspace int64, counters *Counters, random *rand.PCG) *batch {
	b := &batch{
		wire:     bytes.Repeat(seq.wire, depth),
		stride:   len(seq.wire),
		keyspace: uint64(keyspace),
		random:   random,
		counters: counters,
	}
	b.tags = occurrences(b.wire, slotTag)
	if keyspace == 0 {
		return b
	}
	for n := uint64(keyspace) - 1; n > 0; n /= 10 {
		b.digits++
	}
	b.independent = occurrences(seq.wire, placeholders[0])
	for kind := 1; kind < placeholderKinds; kind++ {
		if offsets := occurrences(seq.wire, placeholders[kind]); len(offsets) > 0 {
			b.shared = append(b.shared, sharedNumber{kind, offsets})
		}
	}
	for _, placeholder := range placeholders {
		b.wire = bytes.ReplaceAll(b.wire, []byte(placeholder), []byte("000000000000"))
	}
	return b
}

func occurrences(wire []byte, text string) (offsets []int) {
	for from := 0; ; {
		i := bytes.Index(wire[from:], []byte(text))
		if i < 0 {
			return offsets
		}
		offsets = append(offsets, from+i)
		from += i + len(text)
	}
}

// renew draws new numbers for every placeholder.
func (b *batch) renew() {
	if len(b.independent)+len(b.shared) == 0 {
		return
	}
	for base := 0; base < len(b.wire); base += b.stride {
		for _, offset := range b.independent {
			b.putNumber(base+offset, b.draw(0))
		}
		for _, number := range b.shared {
			n := b.draw(number.kind)
			for _, offset := range number.offsets {
				b.putNumber(base+offset, n)
			}
		}
	}
}

func (b *batch) draw(kind int) uint64 {
	if b.counters != nil {
		return (b.counters.next[kind].Add(1) - 1) % b.keyspace
	}
	// The high word of the product is uniform in [0, keyspace) but for a bias of
	// keyspace/2^64, and costs no division.
	n, _ := bits.Mul64(b.random.Uint64(), b.keyspace)
	return n
}

const twoDigits = "00010203040506070809101112131415161718192021222324252627282930313233343536373839" +
	"4041424344454647484950515253545556575859606162636465666768697071727374757677787980" +
	"81828384858687888990919293949596979899"

// putNumber writes the digits of n that can differ from 0. The leading ones
// were written when the batch was made.
func (b *batch) putNumber(offset int, n uint64) {
	field := b.wire[offset : offset+placeholderBytes : offset+placeholderBytes]
	for at := placeholderBytes; at > placeholderBytes-b.digits; at -= 2 {
		pair := 2 * (n % 100)
		n /= 100
		field[at-2], field[at-1] = twoDigits[pair], twoDigits[pair+1]
	}
}

// putTag routes every {tag} of the batch to the slot that tag hashes to.
func (b *batch) putTag(tag [3]byte) {
	for _, offset := range b.tags {
		copy(b.wire[offset+1:], tag[:])
	}
}

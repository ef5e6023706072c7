package sortedtree

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/kvasirdb/kvasir/internal/encoding/hashtable"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

const why = offheap.PurposeZSet

func newHeap(tb testing.TB) *offheap.Heap {
	pool, err := offheap.NewPool(offheap.Options{ReserveBytes: 8 << 30})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(pool.Close)
	h := pool.NewHeap()
	tb.Cleanup(h.Close)
	return h
}

type pair struct {
	score float64
	key   string
}

func comparePairs(a, b pair) int {
	return cmp.Or(cmp.Compare(a.score+0, b.score+0), cmp.Compare(a.key, b.key))
}

// model drives a tree and a sorted slice alike.
type model struct {
	tb    testing.TB
	h     *offheap.Heap
	tree  Tree
	want  []pair
	elems map[string]hashtable.Element
}

func newModel(tb testing.TB) *model {
	return &model{tb: tb, h: newHeap(tb), elems: map[string]hashtable.Element{}}
}

func (m *model) insert(p pair) {
	m.remove(p.key)
	e := hashtable.NewNumbered(m.h, why, math.Float64bits(p.score), []byte(p.key), 0)
	m.elems[p.key] = e
	m.tree.Insert(m.h, why, e)
	i, _ := slices.BinarySearchFunc(m.want, p, comparePairs)
	m.want = slices.Insert(m.want, i, p)
}

func (m *model) remove(key string) {
	e, known := m.elems[key]
	if !known {
		return
	}
	p := pair{math.Float64frombits(e.Number()), key}
	i, found := slices.BinarySearchFunc(m.want, p, comparePairs)
	if !found {
		m.tb.Fatalf("model lost %v", p)
	}
	if rank := m.tree.Rank(Before(e)); rank != i {
		m.tb.Fatalf("rank of %v is %d, want %d", p, rank, i)
	}
	m.tree.Remove(m.h, why, e)
	m.want = slices.Delete(m.want, i, i+1)
	m.forget(e)
}

func (m *model) forget(e hashtable.Element) {
	delete(m.elems, string(e.Key()))
	e.Free(m.h, why)
}

func (m *model) removeRange(from, count int) {
	i := from
	m.tree.RemoveRange(m.h, why, from, count, func(c Cursor, n int) {
		for k := max(-i, -2*leafRoom); k < 2*leafRoom; k++ {
			e, rank := c.Peek(k), i+k
			if k < 0 {
				rank = from + k // those between are gone
			}
			switch {
			case e == 0 && k >= 0 && k < n:
				m.tb.Fatalf("rank %d is not there", rank)
			case e != 0 && (rank < 0 || rank >= len(m.want) || string(e.Key()) != m.want[rank].key):
				m.tb.Fatalf("%d from rank %d is %q", k, i, e.Key())
			}
		}
		for k := range n {
			m.forget(c.Peek(k))
		}
		i += n
	})
	m.want = slices.Delete(m.want, from, from+count)
}

func (m *model) check() {
	m.tb.Helper()
	if err := m.tree.Check(); err != nil {
		m.tb.Fatal(err)
	}
	if m.tree.Len() != len(m.want) {
		m.tb.Fatalf("%d elements, want %d", m.tree.Len(), len(m.want))
	}
	if len(m.want) == 0 {
		return
	}
	c := m.tree.At(0)
	for i, p := range m.want {
		if e := c.Element(); string(e.Key()) != p.key || e.Number() != math.Float64bits(p.score) {
			m.tb.Fatalf("rank %d is %q, want %v", i, e.Key(), p)
		}
		if more := c.Next(); more != (i+1 < len(m.want)) {
			m.tb.Fatalf("rank %d: more %v", i, more)
		}
	}
	c = m.tree.At(len(m.want) - 1)
	for i := len(m.want) - 1; i >= 0; i-- {
		if string(c.Element().Key()) != m.want[i].key {
			m.tb.Fatalf("backwards, rank %d is %q", i, c.Element().Key())
		}
		if more := c.Prev(); more != (i > 0) {
			m.tb.Fatalf("backwards, rank %d: more %v", i, more)
		}
	}
}

// checkBounds compares ranks of bounds, whether or not they hit an element.
func (m *model) checkBounds(p pair) {
	m.tb.Helper()
	count := func(before func(pair) bool) (n int) {
		for _, q := range m.want {
			if before(q) {
				n++
			}
		}
		return n
	}
	if got, want := m.tree.Rank(BeforeScore(p.score)), count(func(q pair) bool { return q.score < p.score }); got != want {
		m.tb.Fatalf("before score %v are %d, want %d", p.score, got, want)
	}
	for _, b := range []Bound{BeforeScore(p.score), AfterScore(p.score)} {
		rank := m.tree.Rank(b)
		c, ok := m.tree.Seek(b)
		if want := rank < m.tree.Len(); ok != want || ok && c != m.tree.At(rank) {
			m.tb.Fatalf("seeking %+v, which is at rank %d: %v", b, rank, ok)
		}
	}
	if got, want := m.tree.Rank(AfterScore(p.score)), count(func(q pair) bool { return q.score <= p.score }); got != want {
		m.tb.Fatalf("up to score %v are %d, want %d", p.score, got, want)
	}
}

// checkSkim skims scores from p's on for those up to another, and some below it.
func (m *model) checkSkim(p pair, to float64) {
	m.tb.Helper()
	wanted := func(low, high float64) bool { return !(high < to) && !(low > to*2) } // NaN is wanted
	rank := m.tree.Rank(BeforeScore(p.score))
	end := m.tree.Rank(AfterScore(to))
	next := func() (want pair, ok bool) { // what must not be left out
		for ; rank < end && !wanted(m.want[rank].score, m.want[rank].score); rank++ {
		}
		if rank >= end {
			return pair{}, false
		}
		return m.want[rank], true
	}
	m.tree.Skim(BeforeScore(p.score), AfterScore(to), func(low, high uint64) bool {
		return !wanted(math.Float64frombits(low), math.Float64frombits(high))
	}, func(e hashtable.Element) bool {
		score := math.Float64frombits(e.Number())
		want, ok := next()
		switch {
		case ok && want.key == string(e.Key()):
			rank++
		case wanted(score, score) || score < p.score || score > to:
			m.tb.Fatalf("from %v to %v: visits %q of score %v, not %v", p.score, to, e.Key(), score, want)
		}
		return true
	})
	if want, ok := next(); ok {
		m.tb.Fatalf("from %v to %v: leaves %v out", p.score, to, want)
	}
}

func (m *model) free() {
	m.tb.Helper()
	for !m.tree.FreeStep(m.h, why, 3) {
	}
	for _, e := range m.elems {
		m.forget(e)
	}
	m.h.Sync()
	if used := m.h.Pool().UsedBy(why); used != 0 {
		m.tb.Fatalf("%d bytes left after freeing", used)
	}
}

func TestOrders(t *testing.T) {
	scores := []float64{math.Inf(-1), -math.MaxFloat64, -1, -math.SmallestNonzeroFloat64, 0,
		math.SmallestNonzeroFloat64, 1, math.MaxFloat64, math.Inf(1)}
	for i := range len(scores) - 1 {
		if orderOf(math.Float64bits(scores[i])) >= orderOf(math.Float64bits(scores[i+1])) {
			t.Errorf("%v is not before %v", scores[i], scores[i+1])
		}
	}
	if orderOf(math.Float64bits(math.Copysign(0, -1))) != orderOf(0) {
		t.Error("-0 differs from 0")
	}
	if orderOf(1700000000000) >= orderOf(1700000000001) || orderOf(0) >= orderOf(1) || orderOf(math.MaxInt64-1) >= orderOf(math.MaxInt64) {
		t.Error("integers are out of order")
	}
}

// Each way of filling a tree of four heights, then each way of emptying it.
func TestFillAndEmpty(t *testing.T) {
	const total = 60_000
	rng := rand.New(rand.NewPCG(1, 1))
	fills := map[string]func(i int) float64{
		"ascending":  func(i int) float64 { return float64(i) },
		"descending": func(i int) float64 { return float64(-i) },
		"random":     func(int) float64 { return rng.NormFloat64() },
		"few scores": func(int) float64 { return float64(rng.IntN(3)) },
		"one score":  func(int) float64 { return 0 },
	}
	for name, score := range fills {
		t.Run(name, func(t *testing.T) {
			m := newModel(t)
			for i := range total {
				p := pair{score(i), fmt.Sprintf("%07d", i)}
				e := hashtable.NewNumbered(m.h, why, math.Float64bits(p.score), []byte(p.key), 0)
				m.elems[p.key] = e
				m.tree.Insert(m.h, why, e)
				m.want = append(m.want, p)
			}
			slices.SortFunc(m.want, comparePairs)
			m.check()
			t.Logf("%.1f bytes per element", float64(m.tree.Bytes(m.h.Pool()))/total)
			for range 50 {
				m.checkBounds(m.want[rng.IntN(total)])
				m.checkBounds(pair{score: rng.NormFloat64()})
			}
			m.removeRange(100, 1)
			m.removeRange(0, 1000)
			m.removeRange(len(m.want)-1000, 1000)
			m.removeRange(5000, 20000)
			m.check()
			for len(m.want) > 1000 {
				for range 500 {
					m.remove(m.want[rng.IntN(len(m.want))].key)
				}
				if len(m.want)%5000 < 500 {
					m.check()
				}
			}
			m.removeRange(0, len(m.want))
			m.check()
			m.free()
		})
	}
}

func TestLexBounds(t *testing.T) {
	m := newModel(t)
	for i := range 3000 {
		m.insert(pair{7, fmt.Sprintf("%04d", i*2)})
	}
	for i := range 6000 {
		key := fmt.Appendf(nil, "%04d", i)
		if got, want := m.tree.Rank(BeforeKey(key)), (i+1)/2; got != want {
			t.Fatalf("before %s are %d, want %d", key, got, want)
		}
		if got, want := m.tree.Rank(AfterKey(key)), i/2+1; got != want {
			t.Fatalf("up to %s are %d, want %d", key, got, want)
		}
	}
	if m.tree.Rank(BeforeKey(nil)) != 0 || m.tree.Rank(AfterKey([]byte("9"))) != 3000 {
		t.Error("ends")
	}
}

func TestAppend(t *testing.T) {
	m := newModel(t)
	for i := range 10_000 {
		p := pair{float64(i / 3), fmt.Sprintf("%07d", i)}
		e := hashtable.NewNumbered(m.h, why, math.Float64bits(p.score), []byte(p.key), 0)
		m.elems[p.key] = e
		m.tree.Append(m.h, why, e)
		m.want = append(m.want, p)
	}
	m.check()
	if per := float64(m.tree.Bytes(m.h.Pool())) / 10_000; per > 9.5 {
		t.Errorf("%.1f bytes per element", per)
	}
	m.free()
}

func TestFreeStepIsBounded(t *testing.T) {
	m := newModel(t)
	for i := range 10_000 {
		m.insert(pair{float64(i), fmt.Sprint(i)})
	}
	before := m.tree.leaves
	if m.tree.FreeStep(m.h, why, 5) || before-m.tree.leaves != 5 {
		t.Errorf("a step of 5 freed %d leaves", before-m.tree.leaves)
	}
	m.free()
}

// FuzzTree runs operations of four bytes: what, score, key of two bytes.
func FuzzTree(f *testing.F) {
	f.Add([]byte("\x00aaa\x01baa\x02aaa"))
	rng := rand.New(rand.NewPCG(2, 2))
	for _, size := range []int{400, 4000, 16000} {
		ops := make([]byte, size)
		for i := range ops {
			ops[i] = byte(rng.Uint32())
		}
		f.Add(ops)
	}
	f.Fuzz(func(t *testing.T, ops []byte) {
		m := newModel(t)
		for step := 0; len(ops) >= 4; step++ {
			p := pair{scoreOf(ops[1]), string(ops[2:4])}
			switch op := ops[0]; {
			case op < 160:
				m.insert(p)
			case op < 240:
				m.remove(p.key)
				if len(m.want) > 0 {
					m.remove(m.want[int(binary.LittleEndian.Uint16(ops[2:]))%len(m.want)].key)
				}
			case op < 250:
				m.checkBounds(p)
				m.checkSkim(p, scoreOf(ops[2]))
			case len(m.want) > 0:
				from := int(binary.LittleEndian.Uint16(ops[2:])) % len(m.want)
				m.removeRange(from, min(int(ops[1])/4, len(m.want)-from))
			}
			ops = ops[4:]
			if step%64 == 0 {
				m.check()
			}
		}
		m.check()
		m.free()
	})
}

// scoreOf spreads a byte over close and far scores, both infinities and both
// zeros.
func scoreOf(b byte) float64 {
	switch {
	case b < 100:
		return float64(b) - 50
	case b < 150:
		return 1e15 + float64(b)*0.25
	case b < 200:
		return math.Ldexp(1, int(b)*10-1700)
	case b < 210:
		return math.Copysign(0, float64(b)-205)
	case b < 230:
		return math.Inf(int(b) - 220)
	}
	return -math.Ldexp(1, int(b)*4)
}

func BenchmarkInsertRemove(b *testing.B) {
	for _, total := range []int{1000, 1_000_000} {
		b.Run(fmt.Sprint(total), func(b *testing.B) {
			h := newHeap(b)
			rng := rand.New(rand.NewPCG(3, 3))
			var tree Tree
			elems := make([]hashtable.Element, total)
			for i := range elems {
				elems[i] = hashtable.NewNumbered(h, why, math.Float64bits(rng.Float64()*1e6), fmt.Appendf(nil, "element:%08d", i), 0)
				tree.Insert(h, why, elems[i])
			}
			for b.Loop() {
				e := elems[rng.IntN(total)]
				tree.Remove(h, why, e)
				e.SetNumber(math.Float64bits(rng.Float64() * 1e6))
				tree.Insert(h, why, e)
			}
			b.ReportMetric(float64(tree.Bytes(h.Pool()))/float64(total), "treebytes/elem")
		})
	}
}

func BenchmarkRank(b *testing.B) {
	const total = 1_000_000
	h := newHeap(b)
	rng := rand.New(rand.NewPCG(3, 3))
	var tree Tree
	elems := make([]hashtable.Element, total)
	for i := range elems {
		elems[i] = hashtable.NewNumbered(h, why, math.Float64bits(rng.Float64()*1e6), fmt.Appendf(nil, "element:%08d", i), 0)
		tree.Insert(h, why, elems[i])
	}
	b.Run("of element", func(b *testing.B) {
		for b.Loop() {
			tree.Rank(Before(elems[rng.IntN(total)]))
		}
	})
	b.Run("element at", func(b *testing.B) {
		for b.Loop() {
			c := tree.At(rng.IntN(total))
			c.Element()
		}
	})
}

package stream

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/encoding/listpack"
	"github.com/kvasirdb/kvasir/internal/encoding/streamindex"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

func newHeap(t testing.TB) *offheap.Heap {
	pool, err := offheap.NewPool(offheap.Options{})
	if err != nil {
		t.Fatal(err)
	}
	h := pool.NewHeap()
	t.Cleanup(func() {
		h.Close()
		if n := pool.Used(); n != 0 {
			t.Errorf("%d bytes are left", n)
		}
		pool.Close()
	})
	return h
}

func limits(entries, bytes int) *value.Limits {
	return &value.Limits{StreamNodeMaxEntries: entries, StreamNodeMaxBytes: bytes}
}

func words(s ...string) (pairs [][]byte) {
	for _, w := range s {
		pairs = append(pairs, []byte(w))
	}
	return pairs
}

// model is a stream as plainly as can be.
type model struct {
	entries    []modelEntry
	last       ID
	added      int64
	maxDeleted ID
	groups     map[string]map[ID]modelPending
}

type modelEntry struct {
	id    ID
	pairs []string
}

type modelPending struct {
	owner string
	time  int64
}

func (m *model) first() ID {
	if len(m.entries) == 0 {
		return ID{}
	}
	return m.entries[0].id
}

// FuzzStream makes a stream and a model go through the same changes.
func FuzzStream(f *testing.F) {
	for seed := range uint64(6) {
		f.Add(seed, uint16(300), uint8(seed*3), uint16(seed*40))
		f.Add(seed, uint16(599), uint8(20+seed*5), uint16(2000))
	}
	f.Fuzz(func(t *testing.T, seed uint64, steps uint16, nodeEntries uint8, nodeBytes uint16) {
		h := newHeap(t)
		v := New(h)
		run := fuzzRun{t: t, h: h, v: v, s: Open(h, &v), lim: limits(int(nodeEntries), int(nodeBytes)),
			rnd: rand.New(rand.NewPCG(seed, 0)), m: model{groups: map[string]map[ID]modelPending{}}}
		for i := range steps % 600 {
			run.step()
			if i%16 == 0 {
				run.compare(run.s, run.v)
			}
			if i%100 == 99 {
				c := Copy(h, &v)
				run.compare(Open(h, &c), c)
				Free(h, &c)
			}
		}
		run.compare(run.s, run.v)
		run.compareRanges()
		c := Copy(h, &v)
		run.compare(Open(h, &c), c)
		loaded := run.reload()
		run.compare(Open(h, &loaded), loaded)
		if Memory(h, &v, 0) <= 0 || FreeEffort(&v) < run.s.NodeCount() {
			t.Error("no memory or effort")
		}
		Free(h, &loaded)
		for !FreeStep(h, &c, 1) {
		}
		Free(h, &v)
	})
}

type fuzzRun struct {
	t   *testing.T
	h   *offheap.Heap
	v   value.Value
	s   Stream
	lim *value.Limits
	rnd *rand.Rand
	m   model
}

func (r *fuzzRun) step() {
	switch r.rnd.IntN(12) {
	case 0, 1, 2, 3, 4, 5:
		r.add()
	case 6:
		r.delete()
	case 7:
		r.trim()
	default:
		r.group()
	}
}

func (r *fuzzRun) add() {
	id := r.m.last
	if r.rnd.IntN(2) == 0 {
		id = ID{Millis: id.Millis + 1 + r.rnd.Uint64N(1000), Seq: r.rnd.Uint64N(5)}
	} else {
		id.Seq += 1 + r.rnd.Uint64N(3)
	}
	var pairs []string
	for i := range 1 + r.rnd.IntN(3) {
		field := fmt.Sprint("field", i)
		if r.rnd.IntN(4) == 0 {
			field = fmt.Sprint(r.rnd.IntN(100_000))
		}
		pairs = append(pairs, field, fmt.Sprint(r.rnd.Int64()>>r.rnd.IntN(64)))
	}
	r.s.Append(r.lim, id, words(pairs...))
	r.m.entries = append(r.m.entries, modelEntry{id, pairs})
	r.m.last = id
	r.m.added++
}

func (r *fuzzRun) someID() ID {
	if n := len(r.m.entries); n > 0 && r.rnd.IntN(4) > 0 {
		return r.m.entries[r.rnd.IntN(n)].id
	}
	return ID{Millis: r.rnd.Uint64N(10_000), Seq: r.rnd.Uint64N(3)}
}

func (r *fuzzRun) delete() {
	id := r.someID()
	i := slices.IndexFunc(r.m.entries, func(e modelEntry) bool { return e.id == id })
	if r.s.Delete(id) != (i >= 0) {
		r.t.Fatalf("delete of %v, there: %v", id, i)
	}
	if i >= 0 {
		r.m.entries = slices.Delete(r.m.entries, i, i+1)
		if r.m.maxDeleted.Less(id) {
			r.m.maxDeleted = id
		}
	}
}

// trim checks an approximate trim by what it promises, since the model knows no
// nodes.
func (r *fuzzRun) trim() {
	tr := Trim{ByID: r.rnd.IntN(2) == 0, MinID: r.someID(), Approx: r.rnd.IntN(2) == 0}
	tr.MaxLen = int64(r.rnd.IntN(len(r.m.entries) + 2))
	exact := max(0, len(r.m.entries)-int(tr.MaxLen))
	if tr.ByID {
		if exact = slices.IndexFunc(r.m.entries, func(e modelEntry) bool { return !e.id.Less(tr.MinID) }); exact < 0 {
			exact = len(r.m.entries)
		}
	}
	if tr.Approx {
		tr.Limit = int64(r.rnd.IntN(20))
	}
	removed := int(r.s.Trim(&tr))
	if removed > exact || !tr.Approx && removed != exact || tr.Limit > 0 && removed > int(tr.Limit) {
		r.t.Fatalf("%+v removed %d, exact were %d", tr, removed, exact)
	}
	r.m.entries = r.m.entries[removed:]
}

func (r *fuzzRun) group() {
	name := fmt.Sprint("g", r.rnd.IntN(3))
	owner := fmt.Sprint("consumer", r.rnd.IntN(3))
	g, ok := r.s.Group([]byte(name))
	pending, there := r.m.groups[name]
	if ok != there {
		r.t.Fatalf("group %s: %v", name, ok)
	}
	if !ok {
		g, _ = r.s.CreateGroup([]byte(name), ID{}, UnknownRead)
		pending = map[ID]modelPending{}
		r.m.groups[name] = pending
	}
	if _, again := r.s.CreateGroup([]byte(name), ID{}, 0); again {
		r.t.Fatal("a group was created twice")
	}
	c, ok := g.Consumer([]byte(owner))
	if !ok {
		c, _ = g.CreateConsumer([]byte(owner), 1)
	}
	id := r.someID()
	switch r.rnd.IntN(20) {
	case 0:
		r.s.DestroyGroup([]byte(name))
		delete(r.m.groups, name)
	case 1:
		n := 0
		for id, p := range pending {
			if p.owner == owner {
				delete(pending, id)
				n++
			}
		}
		if got := g.DeleteConsumer(c); got != n {
			r.t.Fatalf("consumer with %d pending, want %d", got, n)
		}
	case 2, 3, 4, 5, 6:
		_, there := pending[id]
		if g.Acknowledge(id) != there {
			r.t.Fatalf("acknowledge %v, there: %v", id, there)
		}
		delete(pending, id)
	default:
		time := r.rnd.Int64N(1e12)
		p := g.Assign(id, c)
		p.DeliveryMillis = time
		pending[id] = modelPending{owner, time}
	}
}

func (r *fuzzRun) compare(s Stream, v value.Value) {
	r.t.Helper()
	if err := Check(r.h, &v); err != nil {
		r.t.Fatal(err)
	}
	c := Counters{uint64(len(r.m.entries)), uint64(r.m.added), r.m.first(), r.m.last, r.m.maxDeleted}
	if s.Counters() != c {
		r.t.Fatalf("counters %+v, want %+v", s.Counters(), c)
	}
	if got := collect(s.Range(ID{}, streamindex.Max(), false)); !equal(got, r.m.entries) {
		r.t.Fatalf("entries %v, want %v", got, r.m.entries)
	}
	if s.GroupCount() != len(r.m.groups) {
		r.t.Fatalf("%d groups, want %d", s.GroupCount(), len(r.m.groups))
	}
	for g := range s.Groups() {
		want := r.m.groups[string(g.Name())]
		if g.PendingLen() != len(want) {
			r.t.Fatalf("%d pending, want %d", g.PendingLen(), len(want))
		}
		for id, p := range g.PendingFrom(ID{}) {
			if got := (modelPending{string(p.Owner().Name()), p.DeliveryMillis}); got != want[id] {
				r.t.Fatalf("pending %v: %v, want %v", id, got, want[id])
			}
		}
	}
}

func (r *fuzzRun) compareRanges() {
	for range 30 {
		from, to := r.someID(), r.someID()
		var want []modelEntry
		for _, e := range r.m.entries {
			if !e.id.Less(from) && !to.Less(e.id) {
				want = append(want, e)
			}
		}
		if got := collect(r.s.Range(from, to, false)); !equal(got, want) {
			r.t.Fatalf("range %v to %v: %v, want %v", from, to, got, want)
		}
		slices.Reverse(want)
		if got := collect(r.s.Range(from, to, true)); !equal(got, want) {
			r.t.Fatalf("range %v to %v backwards: %v, want %v", from, to, got, want)
		}
	}
}

func collect(it Iter) (entries []modelEntry) {
	for it.Next() {
		e := modelEntry{id: it.ID()}
		for range it.Fields() {
			field, val := it.Pair()
			e.pairs = append(e.pairs, string(field), string(val))
		}
		entries = append(entries, e)
	}
	return entries
}

func equal(a, b []modelEntry) bool {
	return slices.EqualFunc(a, b, func(a, b modelEntry) bool { return a.id == b.id && slices.Equal(a.pairs, b.pairs) })
}

// reload builds a stream from the parts of the present one.
func (r *fuzzRun) reload() value.Value {
	l := NewLoader(r.h)
	must := func(ok bool) {
		if !ok {
			r.t.Fatal("a part of a sound stream is refused")
		}
	}
	for id, lp := range r.s.Nodes() {
		must(l.AddNode(id, slices.Clone(lp)))
	}
	must(l.SetCounters(r.s.Counters()))
	for g := range r.s.Groups() {
		loaded, ok := l.AddGroup(g.Name(), g.LastID(), g.EntriesRead())
		must(ok)
		for id, p := range g.PendingFrom(ID{}) {
			must(l.AddPending(loaded, id, p.DeliveryMillis, p.Deliveries))
		}
		for c := range g.Consumers() {
			owner, ok := l.AddConsumer(loaded, c.Name(), c.SeenMillis(), c.ActiveMillis())
			must(ok)
			for id := range c.PendingIDs() {
				must(l.Own(loaded, owner, id))
			}
		}
	}
	must(l.Done())
	return l.Value()
}

// TestNodeBytes compares a node with one that Valkey 9.1 wrote for the same
// commands: XADD s 5-1 f v, XADD s 5-2 f 7, XADD s 6-0 other 300, XDEL s 5-2.
func TestNodeBytes(t *testing.T) {
	h := newHeap(t)
	v := New(h)
	s := Open(h, &v)
	lim := limits(100, 4096)
	s.Append(lim, ID{Millis: 5, Seq: 1}, words("f", "v"))
	s.Append(lim, ID{Millis: 5, Seq: 2}, words("f", "7"))
	s.Append(lim, ID{Millis: 6}, words("other", "300"))
	s.Delete(ID{Millis: 5, Seq: 2})
	want := []byte{0, 0, 0, 0, 22, 0,
		2, 1, 1, 1, 1, 1, 0x81, 'f', 2, 0, 1,
		2, 1, 0, 1, 0, 1, 0x81, 'v', 2, 4, 1,
		3, 1, 0, 1, 1, 1, 7, 1, 4, 1,
		0, 1, 1, 1, 0xdf, 0xff, 2, 1, 1, 0x85, 'o', 't', 'h', 'e', 'r', 6, 0xc1, 0x2c, 2, 6, 1,
		0xff}
	binary.LittleEndian.PutUint32(want, uint32(len(want)))
	for id, lp := range s.Nodes() {
		if id != (ID{Millis: 5, Seq: 1}) || !slices.Equal(lp, listpack.View(want)) {
			t.Errorf("node %v\n got %v\nwant %v", id, []byte(lp), want)
		}
	}
	Free(h, &v)
}

// FuzzNode hands bytes from outside to the loader: what it accepts must be safe
// to read.
func FuzzNode(f *testing.F) {
	f.Add([]byte{14, 0, 0, 0, 0, 0, 255})
	f.Add([]byte{0, 0, 0, 0, 11, 0, 1, 1, 0, 1, 1, 1, 0x81, 'f', 2, 0, 1, 2, 1, 0, 1, 0, 1, 0x81, 'v', 2, 4, 1, 255})
	f.Add([]byte{0, 0, 0, 0, 11, 0, 1, 1, 0, 1, 127, 1, 0x81, 'f', 2, 0, 1, 2, 1, 0, 1, 0, 1, 0x81, 'v', 2, 4, 1, 255})
	f.Fuzz(func(t *testing.T, lp []byte) {
		if len(lp) >= 4 {
			binary.LittleEndian.PutUint32(lp, uint32(len(lp)))
		}
		h := newHeap(t)
		l := NewLoader(h)
		v := l.Value()
		if l.AddNode(ID{Millis: 1}, lp) {
			s := Open(h, &v)
			s.d.length, s.d.last = l.live, streamindex.Max()
			s.findFirst()
			if err := Check(h, &v); err != nil {
				t.Error(err)
			}
			if n := len(collect(s.Range(ID{}, streamindex.Max(), true))); n != s.Len() {
				t.Errorf("%d entries, %d backwards", s.Len(), n)
			}
		}
		Free(h, &v)
	})
}

func TestLag(t *testing.T) {
	h := newHeap(t)
	v := New(h)
	s := Open(h, &v)
	lim := limits(2, 0)
	g, _ := s.CreateGroup([]byte("g"), ID{}, 0)
	lag := func(want int64, known bool) {
		t.Helper()
		if n, ok := g.Lag(); ok != known || known && n != want {
			t.Errorf("lag %d, known: %v; want %d, %v", n, ok, want, known)
		}
	}
	lag(0, true)
	for i := range uint64(5) {
		s.Append(lim, ID{Millis: i + 1}, words("f", "v"))
	}
	lag(5, true)
	g.Pass(ID{Millis: 1})
	g.Pass(ID{Millis: 2})
	lag(3, true)
	s.Delete(ID{Millis: 4})
	lag(0, false)
	g.Pass(ID{Millis: 3})
	g.Pass(ID{Millis: 5})
	lag(0, true)
	Free(h, &v)
}

// TestCondensed: most of a long stream lies in memory condensed, and whatever is
// done with it there is right.
func TestCondensed(t *testing.T) {
	const entries = 1000
	h := newHeap(t)
	v := New(h)
	s := Open(h, &v)
	lim := limits(100, 4096)
	idAt := func(i int) ID { return ID{Millis: 1_700_000_000_000 + uint64(i)*7} }
	model := []modelEntry{}
	for i := range entries {
		pairs := []string{"sensor", "north", "value", fmt.Sprint(1000 + i*i%77)}
		s.Append(lim, idAt(i), words(pairs...))
		model = append(model, modelEntry{idAt(i), pairs})
	}
	condensed := func() (n int) {
		s.d.nodes.Each(func(_ ID, b *block) bool {
			if b.condensed() {
				n++
			}
			return true
		})
		return n
	}
	compare := func(s Stream, v value.Value) {
		t.Helper()
		if err := Check(h, &v); err != nil {
			t.Fatal(err)
		}
		for _, backwards := range []bool{false, true} {
			got := collect(s.Range(ID{}, streamindex.Max(), backwards))
			if backwards {
				slices.Reverse(got)
			}
			if !equal(got, model) {
				t.Fatalf("%d entries, want %d, or others", len(got), len(model))
			}
		}
	}
	compare(s, v)
	if n := condensed(); n != 8 {
		t.Errorf("%d of 10 nodes condensed, want 8", n)
	}
	c := Copy(h, &v)
	compare(Open(h, &c), c)
	if a, b := Memory(h, &v, 0), Memory(h, &c, 0); b > a || a > entries*12 {
		t.Errorf("%d bytes, the copy %d", a, b)
	}
	Free(h, &c)
	for i := 5; i >= 0; i -= 5 {
		if !s.Delete(idAt(i + 400)) {
			t.Errorf("entry %d is not there", i)
		}
		model = slices.Delete(model, i+400, i+401)
	}
	compare(s, v)
	if n := condensed(); n != 7 {
		t.Errorf("%d of 10 nodes condensed after a change of one, want 7", n)
	}
	for _, trim := range []Trim{
		{MaxLen: 930, Approx: true}, {MaxLen: 890, Approx: true}, {MaxLen: 850}, {ByID: true, MinID: idAt(500), Approx: true},
		{ByID: true, MinID: idAt(690), Approx: true}, {ByID: true, MinID: idAt(690)}, {MaxLen: 1},
	} {
		removed := int(s.Trim(&trim))
		model = model[removed:]
		compare(s, v)
	}
	if s.Len() != 1 {
		t.Errorf("%d entries after all trims, want 1", s.Len())
	}
	Free(h, &v)
}

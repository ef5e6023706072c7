package offheap

import (
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/kvasirdb/kvasir/internal/platform/invariant"
)

// block is what the model knows about a live block.
type block struct {
	ref  Ref
	size int
	why  Purpose
	seed byte
}

// stamp fills a block so that damage by a neighbour shows: bytes all along what
// was asked for, and its last one.
func (b block) stamp() {
	data := b.ref.Bytes(b.size)
	for i := 0; i < len(data); i += 1 + len(data)/64 {
		data[i] = b.seed + byte(i)
	}
	if n := len(data); n > 0 {
		data[n-1] = b.seed
	}
}

func (b block) verify(t testing.TB, limit int) {
	t.Helper()
	data := b.ref.Bytes(b.size)
	for i := 0; i < min(limit, len(data)-1); i += 1 + len(data)/64 {
		if data[i] != b.seed+byte(i) {
			t.Fatalf("block %#x of %d bytes (%s): byte %d is %#x, want %#x", b.ref, b.size, b.why, i, data[i], b.seed+byte(i))
		}
	}
}

// model drives one heap with random operations and knows every live block.
type model struct {
	t      testing.TB
	p      *Pool
	h      *Heap
	rnd    *rand.Rand
	blocks []block
	used   int64
}

func (m *model) size() int {
	switch m.rnd.IntN(20) {
	case 0:
		return m.rnd.IntN(400 << 10)
	case 1, 2, 3:
		return m.rnd.IntN(70 << 10)
	case 4:
		return 0
	default:
		return m.rnd.IntN(700)
	}
}

func (m *model) alloc() {
	b := block{size: m.size(), why: Purpose(m.rnd.IntN(int(NumPurposes))), seed: byte(m.rnd.Uint32())}
	if m.rnd.IntN(2) == 0 {
		b.ref = m.h.AllocZeroed(b.size, b.why)
		for i, c := range b.ref.Bytes(m.p.SizeOf(b.ref)) {
			if c != 0 {
				m.t.Fatalf("byte %d of a zeroed block of %d is %#x", i, b.size, c)
			}
		}
	} else {
		b.ref = m.h.Alloc(b.size, b.why)
	}
	got := m.p.SizeOf(b.ref)
	if got < b.size || got != m.p.ClassSize(b.size) || b.ref%8 != 0 || !m.p.Contains(b.ref) || b.ref >= 1<<47 {
		m.t.Fatalf("%d bytes: block %#x of %d, ClassSize %d", b.size, b.ref, got, m.p.ClassSize(b.size))
	}
	m.used += int64(got)
	b.stamp()
	m.blocks = append(m.blocks, b)
}

func (m *model) resize(i int) {
	b := &m.blocks[i]
	before := m.p.SizeOf(b.ref)
	size := m.size()
	if m.rnd.IntN(2) == 0 {
		size = max(b.size+m.rnd.IntN(9000)-3000, 0)
	}
	moved := m.h.Resize(b.ref, size, b.why)
	if m.p.ClassSize(size) == before && moved != b.ref {
		m.t.Fatalf("resizing %d to %d moved the block within its class", b.size, size)
	}
	m.used += int64(m.p.SizeOf(moved) - before)
	b.ref = moved
	b.verify(m.t, min(b.size, size))
	b.size = size
	b.stamp()
}

func (m *model) take(i int) block {
	b := m.blocks[i]
	last := len(m.blocks) - 1
	m.blocks[i] = m.blocks[last]
	m.blocks = m.blocks[:last]
	m.used -= int64(m.p.SizeOf(b.ref))
	b.verify(m.t, b.size)
	return b
}

func (m *model) free(b block) { m.h.Free(b.ref, b.why) }

func (m *model) step(target int) {
	switch n := len(m.blocks); {
	case n == 0 || m.rnd.IntN(2*target) >= n:
		m.alloc()
	case m.rnd.IntN(4) == 0:
		m.resize(m.rnd.IntN(n))
	default:
		m.free(m.take(m.rnd.IntN(n)))
	}
}

func mustCheck(t testing.TB, p *Pool) {
	t.Helper()
	if err := p.Check(); err != nil {
		t.Fatal(err)
	}
}

func FuzzHeapAgainstModel(f *testing.F) {
	f.Add(uint64(1), uint16(2000), uint16(100))
	f.Add(uint64(2), uint16(3000), uint16(2000))
	f.Add(uint64(3), uint16(500), uint16(5))
	f.Fuzz(func(t *testing.T, seed uint64, steps, target uint16) {
		p, err := NewPool(Options{ReserveBytes: 8 << 30})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		m := &model{t: t, p: p, h: p.NewHeap(), rnd: rand.New(rand.NewPCG(seed, 0))}
		for i := range int(steps % 4096) {
			m.step(int(target) + 1)
			if i%512 == 0 {
				mustCheck(t, p)
				p.ReleaseSome(int64(m.rnd.IntN(1 << 20)))
			}
			if got := m.h.Used(); got != m.used {
				t.Fatalf("step %d: Used is %d, want %d", i, got, m.used)
			}
		}
		mustCheck(t, p)
		if invariant.Enabled {
			blocks := 0
			for _, leak := range p.Leaks() {
				blocks += leak.Blocks
			}
			if blocks != len(m.blocks) {
				t.Fatalf("%d blocks listed as live, want %d", blocks, len(m.blocks))
			}
		}
		for len(m.blocks) > 0 {
			m.free(m.take(len(m.blocks) - 1))
		}
		m.h.Close()
		mustCheck(t, p)
		s := p.Stats()
		if s.Used != 0 || s.Active != 0 || len(p.Leaks()) != 0 {
			t.Fatalf("after freeing everything: %+v, leaks %v", s, p.Leaks())
		}
		for why := range NumPurposes {
			if p.UsedBy(why) != 0 {
				t.Fatalf("%s uses %d bytes after freeing everything", why, p.UsedBy(why))
			}
		}
		p.ReleaseFree()
		if s := p.Stats(); s.FreePages != 0 {
			t.Fatalf("after ReleaseFree: %+v", s)
		}
		mustCheck(t, p)
	})
}

// TestHeapsShareThePool lets several goroutines allocate and free each other's
// blocks while another gives memory back to the system.
func TestHeapsShareThePool(t *testing.T) {
	p := newPool(t)
	const workers = 4
	var handed [workers]chan block
	for i := range handed {
		handed[i] = make(chan block, 64)
	}
	stop := make(chan struct{})
	var releaser, group sync.WaitGroup
	releaser.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				p.ReleaseSome(1 << 20)
			}
		}
	})
	models := make([]*model, workers)
	for w := range workers {
		group.Go(func() {
			m := &model{t: t, p: p, h: p.NewHeap(), rnd: rand.New(rand.NewPCG(uint64(w), 9))}
			models[w] = m
			for range 4000 {
				m.step(300)
				if len(m.blocks) > 0 && m.rnd.IntN(3) == 0 {
					b := m.take(m.rnd.IntN(len(m.blocks)))
					select {
					case handed[(w+1)%workers] <- b:
					default:
						m.free(b)
					}
				}
				select {
				case b := <-handed[w]:
					b.verify(t, b.size)
					m.free(b)
				default:
				}
			}
			m.h.Sync()
		})
	}
	group.Wait()
	close(stop)
	releaser.Wait()
	mustCheck(t, p)
	var used int64
	for w, m := range models {
		used += m.used
		close(handed[w])
		for b := range handed[w] {
			used += int64(p.SizeOf(b.ref))
			m.blocks = append(m.blocks, b)
			m.used += int64(p.SizeOf(b.ref))
		}
	}
	if got := p.Used(); got != used {
		t.Fatalf("Used is %d, want %d", got, used)
	}
	for _, m := range models {
		for len(m.blocks) > 0 {
			m.free(m.take(0))
		}
		m.h.Close()
	}
	mustCheck(t, p)
	if s := p.Stats(); s.Used != 0 || s.Active != 0 {
		t.Fatalf("after freeing everything: %+v", s)
	}
}

func TestStaleReferencesStayReadable(t *testing.T) {
	p := newPool(t)
	h := p.NewHeap()
	var refs []Ref
	for range 1000 {
		r := h.Alloc(4000, PurposeEntry)
		binary.LittleEndian.PutUint64(r.Bytes(8), uint64(r))
		refs = append(refs, r)
	}
	for _, r := range refs {
		h.Free(r, PurposeEntry)
	}
	h.Close()
	if p.ReleaseFree() < 1000*4000 {
		t.Fatal("little was released")
	}
	for _, r := range refs {
		if !p.Contains(r) {
			t.Fatalf("%#x is no longer contained", r)
		}
		if v := binary.LittleEndian.Uint64(r.Bytes(8)); releasedIsZero && v != 0 {
			t.Fatalf("a released block reads %#x", v)
		}
	}
	if p.Contains(0) || p.Contains(refs[0]-1<<40) || p.Contains(Ref(p.pages.data.base+p.pages.data.reserved)) {
		t.Fatal("the pool contains what it does not have")
	}
}

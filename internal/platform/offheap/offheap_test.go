package offheap

import "testing"

func newPool(t testing.TB) *Pool {
	t.Helper()
	p, err := NewPool(Options{ReserveBytes: 64 << 30})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func TestClassesCoverEverySize(t *testing.T) {
	p := newPool(t)
	for size := 0; size <= maxSmall; size++ {
		class := classOf(size)
		got := classBytes(class)
		if class < 1 || class >= numClasses {
			t.Fatalf("size %d has class %d", size, class)
		}
		if got < size || got%8 != 0 {
			t.Fatalf("size %d is served by blocks of %d", size, got)
		}
		if class > 1 && classBytes(class-1) >= size {
			t.Fatalf("size %d is served by %d, but %d suffices", size, got, classBytes(class-1))
		}
		if waste := got - size; size > 512 && waste*8 >= size+7 {
			t.Fatalf("size %d is served by %d", size, got)
		}
	}
	for class := 1; class < numClasses; class++ {
		g := p.central[class].geo
		bytes := int(g.pages) * pageSize
		if waste := bytes - int(g.blocks*g.size); waste < 0 || waste*32 > bytes {
			t.Errorf("class %d: %d blocks of %d waste %d of %d bytes", class, g.blocks, g.size, waste, bytes)
		}
		if g.words > 256 || g.blocks > 1<<15 {
			t.Errorf("class %d: %+v", class, g)
		}
		for i := range g.blocks {
			if got := uint64(i*g.size) * g.inverse >> 32; got != uint64(i) {
				t.Fatalf("class %d: offset of block %d divides to %d", class, i, got)
			}
		}
	}
}

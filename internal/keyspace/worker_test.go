package keyspace

import "testing"

// TestOthersTurns lets workers take turns: each notices those of others only.
func TestOthersTurns(t *testing.T) {
	f := newFixture(t, nil)
	other := f.space.NewWorker(nil)
	defer other.Close()
	mine, others := other.OthersTurns(), f.w.OthersTurns()
	f.w.Leave()
	f.w.Enter()
	if n := f.w.OthersTurns(); n != others {
		t.Errorf("its own turn makes %d of %d", n, others)
	}
	if n := other.OthersTurns(); n != mine+1 {
		t.Errorf("a turn of another worker makes %d of %d", n, mine)
	}
}

package keyspace

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// wheelModel is a plain map of what the timing wheel has to do: a key is there
// until its time, and gone one tick after it.
type wheelModel struct {
	t    testing.TB
	f    *fixture
	due  map[string]int64 // -1: never
	keys []string         // all of shard oneShard
}

// oneShard is where all keys of a wheelModel are: in one table of it, or, with
// slots, in two.
const oneShard = 7

func newWheelModel(t testing.TB, cluster bool, keys []string) *wheelModel {
	return &wheelModel{t, newFixture(t, wheelSlot(cluster)), map[string]int64{}, keys}
}

func wheelSlot(cluster bool) func(key []byte) uint16 {
	if !cluster {
		return nil
	}
	return func(key []byte) uint16 { return oneShard + Shards*uint16(key[len(key)-1]%2) }
}

// wheelKeys returns keys of that shard.
func wheelKeys(t testing.TB, cluster bool) (keys []string) {
	f := newFixture(t, wheelSlot(cluster))
	for i := 0; len(keys) < 64; i++ {
		if key := fmt.Sprint("k", i); f.space.Locate([]byte(key)).Shard() == oneShard {
			keys = append(keys, key)
		}
	}
	return keys
}

// step runs one operation of the program: what, which key, how far in time.
func (m *wheelModel) step(op, number, exponent, mantissa byte) {
	key := m.keys[number%64]
	distance := int64(mantissa) << (exponent % 46) // up to 280,000 years of milliseconds
	expiry := m.f.now + distance
	tx := m.f.tx(0)
	switch op % 8 {
	case 0, 1, 2:
		e := tx.Write([]byte(key))
		tx.SetString(&e, []byte(key), []byte("v"), expiry)
		m.due[key] = expiry
	case 3:
		if e := tx.Write([]byte(key)); e.Found() {
			e.SetExpiry([]byte(key), expiry)
			m.due[key] = expiry
		}
	case 4:
		if e := tx.Write([]byte(key)); e.Found() {
			e.SetExpiry([]byte(key), -1)
			m.due[key] = -1
		}
	case 5:
		if e := tx.Write([]byte(key)); e.Found() {
			e.Remove([]byte(key), false)
		}
		delete(m.due, key)
	case 6: // as far as a small budget goes
		m.f.now += distance >> 6
		m.f.tx(0).advance(oneShard, int(number%8)+1)
		m.compare(false)
	case 7:
		m.f.now += distance >> 6
		m.advance()
	}
}

// advance does all that is due.
func (m *wheelModel) advance() {
	m.t.Helper()
	for m.f.tx(0).advance(oneShard, 8) == 0 {
	}
	m.compare(true)
}

// compare looks at every key without the lookup's own sense of time. complete:
// nothing that was due is left.
func (m *wheelModel) compare(complete bool) {
	m.t.Helper()
	tx := m.f.tx(0)
	if err := tx.checkExpiry(oneShard); err != nil {
		m.t.Fatal(err)
	}
	for key, due := range m.due {
		there := tx.HasKey([]byte(key))
		switch {
		case !there && (due < 0 || due >= m.f.now):
			m.t.Fatalf("%s is gone at %d; it was due at %d", key, m.f.now, due)
		case there && complete && due >= 0 && due < m.f.now-expiryTick:
			m.t.Fatalf("%s is there at %d; it was due at %d", key, m.f.now, due)
		case !there:
			delete(m.due, key)
		}
	}
}

// FuzzTimingWheel compares the index of expiries with a plain map: programs of
// four bytes an operation, over milliseconds and over centuries.
func FuzzTimingWheel(f *testing.F) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, spread := range []uint32{6, 14, 24, 34, 46} {
		program := make([]byte, 4*100)
		for i := range program {
			program[i] = byte(rng.Uint32())
			if i%4 == 2 {
				program[i] = byte(rng.Uint32N(spread))
			}
		}
		f.Add(program, spread%4 == 2)
	}
	plain, slots := wheelKeys(f, false), wheelKeys(f, true)
	f.Fuzz(func(t *testing.T, program []byte, cluster bool) {
		keys := plain
		if cluster {
			keys = slots
		}
		m := newWheelModel(t, cluster, keys)
		for ; len(program) >= 4; program = program[4:] {
			m.step(program[0], program[1], program[2], program[3])
		}
		m.advance()
		if err := m.f.w.Check(); err != nil {
			t.Fatal(err)
		}
		for key := range m.due {
			if e := m.f.tx(0).Write([]byte(key)); e.Found() {
				e.Remove([]byte(key), false)
			}
		}
		clear(m.due)
		m.f.now += 1 << 52
		m.advance()
		m.f.w.Flush(0, false)
		m.f.w.heap.Sync()
		if used := m.f.pool.Used(); used != 0 {
			t.Fatalf("%d bytes in use with no key left", used)
		}
	})
}

// TestDueInAnotherTurn is about times after which the wheel's last level begins
// anew, as it does in 2039: they have slots of their own before that.
func TestDueInAnotherTurn(t *testing.T) {
	const turn = int64(expiryTick) << (expiryLevels * expirySlotBits)
	m := newWheelModel(t, false, wheelKeys(t, false))
	m.f.now = turn - 1_000_000
	for i, key := range m.keys {
		m.due[key] = turn + int64(i)*turn/70
		m.f.set(0, key, "v", m.due[key])
	}
	for range 70 {
		m.advance()
		m.f.now += turn / 70
	}
	if len(m.due) != 0 {
		t.Errorf("%v are left", m.due)
	}
}

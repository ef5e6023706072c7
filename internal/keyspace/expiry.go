package keyspace

import (
	"fmt"
	"math/bits"
	"unsafe"

	"github.com/kvasirdb/kvasir/internal/datatype/hash"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// expiryIndex lets the expirer find the keys of one shard whose time has come,
// and the hashes with fields whose time has, without looking at the others. It
// is a hierarchical timing wheel of appointments: a slot of time holds 4-byte
// key references, each naming the bucket where a key lives rather than the key.
// When a slot falls due, every expired entry of each named bucket is removed and
// its hashes lose their expired fields, a bounded number at a time; entries that
// are due later, or still, get a new appointment.
//
// What must stay true: a key with an expiry has an appointment no later than
// it, and a volatile hash one no later than its first field expires (entDue).
// Appointments need not be removed when a key is deleted or its expiry moves to
// later, so the common operations cost nothing here; an appointment that finds
// nothing is dropped. When appointments outnumber the keys that may need them
// twofold, the shard's index is rebuilt from its tables; when the last of them
// has been kept, the index goes.
//
// Level l has 64 slots of 32 ms × 64^l: 2 s, 131 s, 2.3 h, 6.2 days, 1 year,
// 70 years in all. An appointment goes to the finest level that reaches it and
// moves to finer ones as it comes nearer. Later than the last level reaches is
// the last slot's business.
//
// A slot is a list of 128-byte chunks: 8 bytes of next reference, 4 of count,
// 29 references.
type expiryIndex struct {
	wheel   offheap.Ref // [levels][64]Ref, heads of the slots' chunk lists
	busy    [expiryLevels]uint64
	tick    int64 // the next tick to be looked at
	entries int64
	chunks  int64
}

const (
	expiryLevels   = 6
	expiryTickBits = 5
	expiryTick     = 1 << expiryTickBits // ms
	expirySlotBits = 6
	expirySlots    = 1 << expirySlotBits
	chunkBytes     = 128
	chunkMax       = (chunkBytes - 12) / 4
	wheelBytes     = expiryLevels * expirySlots * 8
)

// An appointment names a table of the shard and the low bits of a hash. Only
// cluster mode has several tables per shard: there the top six bits are the
// table's number divided by the number of shards.
func (s *Space) appointment(l Located) uint32 {
	if !s.cluster {
		return uint32(l.Hash)
	}
	return l.Table/Shards<<26 | uint32(l.Hash)&(1<<26-1)
}

// appointed is the inverse: a table number, and a hash good for bucketOf.
func (s *Space) appointed(shard int, a uint32) Located {
	if !s.cluster {
		return Located{uint64(a), uint32(shard)}
	}
	return Located{uint64(a & (1<<26 - 1)), a>>26*Shards + uint32(shard)}
}

// appoint adds an appointment for a key that has to be visited at due.
func (tx *Tx) appoint(l Located, due int64) {
	i := l.Shard()
	x := tx.db.expiry[i]
	if x == nil {
		x = &expiryIndex{tick: tx.now / expiryTick}
		x.wheel = tx.w.heap.AllocZeroed(wheelBytes, offheap.PurposeExpireIndex)
		tx.db.expiry[i] = x
		tx.db.timed.Store(true)
	}
	x.add(tx.w.heap, tx.w.space.appointment(l), due)
	if x.entries > 4096 && x.entries > 2*tx.shardTimed(i)+1024 {
		tx.rebuildExpiry(i)
	}
}

// shardTimed returns how many keys of the shard may need an appointment.
func (tx *Tx) shardTimed(shard int) int64 {
	n := tx.db.volatile[shard]
	tables := tx.db.tables()
	for t := shard; t < len(tables); t += Shards {
		n += int64(tables[t].expires)
	}
	return n
}

// dueTick returns the first tick that is not before due.
func dueTick(due int64) int64 { return (due-1)>>expiryTickBits + 1 }

// slotFor returns the level and slot for a time.
func (x *expiryIndex) slotFor(expiry int64) (level, slot int) {
	t := max(dueTick(expiry), x.tick)
	distance := uint64(t ^ x.tick)
	level = 0
	if distance > 0 {
		level = (bits.Len64(distance) - 1) / expirySlotBits
	}
	if last := expiryLevels - 1; level >= last {
		// The last level goes round: it holds 64 slots from here on, wherever
		// they begin. What is later is the farthest slot's business.
		here := x.tick >> (last * expirySlotBits)
		ahead := min(t>>(last*expirySlotBits)-here, expirySlots-1)
		return last, int(here+ahead) & (expirySlots - 1)
	}
	return level, int(t>>(level*expirySlotBits)) & (expirySlots - 1)
}

func (x *expiryIndex) head(level, slot int) *offheap.Ref {
	return (*offheap.Ref)(x.wheel.Add((level*expirySlots + slot) * 8))
}

func chunkCount(c offheap.Ref) *uint32 { return (*uint32)(c.Add(8)) }
func chunkItem(c offheap.Ref, i uint32) *uint32 {
	return (*uint32)(c.Add(12 + int(i)*4))
}
func chunkNext(c offheap.Ref) *offheap.Ref { return (*offheap.Ref)(c.Ptr()) }

func (x *expiryIndex) add(heap *offheap.Heap, a uint32, expiry int64) {
	level, slot := x.slotFor(expiry)
	head := x.head(level, slot)
	if *head == 0 || *chunkCount(*head) == chunkMax {
		c := heap.Alloc(chunkBytes, offheap.PurposeExpireIndex)
		*chunkNext(c) = *head
		*chunkCount(c) = 0
		*head = c
		x.chunks++
		x.busy[level] |= 1 << slot
	}
	n := chunkCount(*head)
	*chunkItem(*head, *n) = a
	*n++
	x.entries++
}

// pop takes one appointment out of a slot.
func (x *expiryIndex) pop(heap *offheap.Heap, level, slot int) (a uint32, ok bool) {
	head := x.head(level, slot)
	c := *head
	if c == 0 {
		x.busy[level] &^= 1 << slot
		return 0, false
	}
	n := chunkCount(c)
	*n--
	a = *chunkItem(c, *n)
	if *n == 0 {
		*head = *chunkNext(c)
		heap.Free(c, offheap.PurposeExpireIndex)
		x.chunks--
		if *head == 0 {
			x.busy[level] &^= 1 << slot
		}
	}
	x.entries--
	return a, true
}

// ExpireDue removes keys and fields whose time has come, in every database,
// shard by shard, until budget buckets have been visited. It returns what is left of the
// budget: 0 means that there may be more. The worker must not hold its reader
// lock; other workers are kept from one shard at a time, for at most step
// buckets.
func (w *Worker) ExpireDue(nowMillis int64, budget, step int) (left int) {
	s := w.space
	for db := range s.dbs {
		if !s.dbs[db].Load().timed.Load() {
			continue
		}
		for shard := range Shards {
			for {
				if budget <= 0 {
					return 0
				}
				slice := min(step, budget)
				w.Enter()
				w.LockShard(shard)
				rest := w.Begin(db, nowMillis).advance(shard, slice)
				w.UnlockShard(shard)
				w.Leave()
				budget -= slice - rest
				if rest > 0 {
					break
				}
			}
		}
	}
	return budget
}

// advance moves the index of shard i to tx's time and removes the keys and
// fields that have expired, until budget buckets have been visited. It returns what is left
// of the budget. The caller holds the shard's lock.
func (tx *Tx) advance(i, budget int) int {
	x := tx.db.expiry[i]
	now := tx.now / expiryTick
	if x == nil {
		return budget
	}
	for x.entries > 0 && x.tick <= now {
		// Slots of coarser levels that begin at this tick come down first.
		for level := expiryLevels - 1; level > 0; level-- {
			if x.tick&(1<<(level*expirySlotBits)-1) != 0 {
				continue
			}
			slot := int(x.tick>>(level*expirySlotBits)) & (expirySlots - 1)
			if left, done := tx.drainSlot(x, i, level, slot, budget); !done {
				return 0
			} else {
				budget = left
			}
		}
		if left, done := tx.drainSlot(x, i, 0, int(x.tick)&(expirySlots-1), budget); !done {
			return 0
		} else {
			budget = left
		}
		x.tick = x.nextTick(now)
	}
	if x.entries == 0 {
		x.release(tx.w.heap)
		tx.db.expiry[i] = nil
	}
	return budget
}

// nextTick returns the next tick at which a slot has appointments or comes
// down from a coarser level, at most limit+1. Where the finer levels are empty it
// goes in the steps of the coarser ones, so that a clock that jumps by years
// costs nothing.
func (x *expiryIndex) nextTick(limit int64) int64 {
	level := 0
	for level < expiryLevels-1 && x.busy[level] == 0 {
		level++
	}
	shift := level * expirySlotBits
	n := x.tick>>shift + 1
	for n<<shift <= limit && n&(expirySlots-1) != 0 && x.busy[level]>>(n&(expirySlots-1))&1 == 0 {
		n++
	}
	return min(n<<shift, limit+1)
}

// drainSlot keeps all appointments of one slot. It reports false when the
// budget ended first; the slot then still has the rest.
func (tx *Tx) drainSlot(x *expiryIndex, shard, level, slot, budget int) (left int, done bool) {
	if x.busy[level]>>slot&1 == 0 {
		return budget, true
	}
	for {
		if budget <= 0 {
			return 0, false
		}
		a, ok := x.pop(tx.w.heap, level, slot)
		if !ok {
			return budget, true
		}
		budget--
		tx.keep(x, shard, a)
	}
}

// keep keeps one appointment: it removes the expired entries of the bucket and
// expired fields of its hashes, and makes new appointments for entries of the
// same hash that are due later, or have more expired fields than one visit may
// take out.
func (tx *Tx) keep(x *expiryIndex, shard int, a uint32) {
	l := tx.w.space.appointed(shard, a)
	t := tx.db.table(int(l.Table))
	if t == nil {
		return
	}
	fields := expiredFieldsMax
	for t.n > 0 {
		var expired slot // an entry that is due
		var later [16]int64
		renew := later[:0]
		t.eachSlot(t.bucketOf(l.Hash), func(s slot) bool {
			r := t.ref(s)
			h := entHeader(r)
			due := entDue(r, h)
			if e := (Entry{tx: tx, slot: s}); due >= 0 && due <= tx.now && e.heldBack() {
				due = tx.now + expiryAgainMillis
			}
			switch {
			case due < 0:
			case due <= tx.now && (fields > 0 || lapsed(r, h, tx.now)):
				expired = s
				return false
			case tx.w.space.appointment(Located{hashKey(t.seed, entKey(r, h)), l.Table}) == a:
				renew = append(renew, due)
			}
			return true
		})
		if expired == nil {
			for _, due := range renew {
				x.add(tx.w.heap, a, due)
			}
			return
		}
		r := t.ref(expired)
		h := entHeader(r)
		key := entKey(r, h)
		e := Entry{tx: tx, slot: expired, loc: Located{hashKey(t.seed, key), l.Table}}
		if lapsed(r, h, tx.now) {
			tx.removeAs(&e, key, ReasonExpired)
		} else {
			fields -= tx.expireFields(&e, fields)
		}
	}
}

// lapsed reports whether an entry's own time has come.
func lapsed(r offheap.Ref, h header, now int64) bool {
	at := entExpiry(r, h)
	return at >= 0 && at < now
}

// rebuildExpiry replaces the index of a shard by one without stale appointments.
func (tx *Tx) rebuildExpiry(shard int) {
	x := tx.db.expiry[shard]
	x.clear(tx.w.heap)
	tables := tx.db.tables()
	volatile := tx.db.volatile[shard] > 0
	for n := shard; n < len(tables); n += Shards {
		t := &tables[n]
		for b := uint64(0); b < t.n && (t.expires > 0 || volatile); b++ {
			t.eachSlot(b, func(s slot) bool {
				r := t.ref(s)
				h := entHeader(r)
				if due := entDue(r, h); due >= 0 {
					l := Located{hashKey(t.seed, entKey(r, h)), uint32(n)}
					x.add(tx.w.heap, tx.w.space.appointment(l), due)
				}
				return true
			})
		}
	}
}

// clear drops all appointments.
func (x *expiryIndex) clear(heap *offheap.Heap) {
	for level := range x.busy {
		for slot := range expirySlots {
			for c := *x.head(level, slot); c != 0; {
				next := *chunkNext(c)
				heap.Free(c, offheap.PurposeExpireIndex)
				c = next
			}
			*x.head(level, slot) = 0
		}
		x.busy[level] = 0
	}
	x.entries, x.chunks = 0, 0
}

func (x *expiryIndex) release(heap *offheap.Heap) {
	if x != nil {
		x.clear(heap)
		heap.Free(x.wheel, offheap.PurposeExpireIndex)
	}
}

func (x *expiryIndex) bytes() int64 {
	if x == nil {
		return 0
	}
	return int64(unsafe.Sizeof(*x)) + wheelBytes + x.chunks*chunkBytes
}

// checkExpiry verifies the counts, the marks of volatile hashes, and that every
// key that is due at some time has a timely appointment.
func (tx *Tx) checkExpiry(shard int) error {
	x := tx.db.expiry[shard]
	var entries, chunks int64
	earliest := map[uint32]int64{}
	if x != nil {
		for level := range x.busy {
			for slot := range expirySlots {
				if busy := x.busy[level]>>slot&1 != 0; busy != (*x.head(level, slot) != 0) {
					return fmt.Errorf("level %d slot %d: busy %v, head %#x", level, slot, busy, *x.head(level, slot))
				}
				for c := *x.head(level, slot); c != 0; c = *chunkNext(c) {
					chunks++
					for i := uint32(0); i < *chunkCount(c); i++ {
						entries++
						a := *chunkItem(c, i)
						if at, ok := earliest[a]; !ok || at > x.slotStart(level, slot) {
							earliest[a] = x.slotStart(level, slot)
						}
					}
				}
			}
		}
		if entries != x.entries || chunks != x.chunks {
			return fmt.Errorf("found %d appointments in %d chunks; counted %d, %d", entries, chunks, x.entries, x.chunks)
		}
	}
	volatile := int64(0)
	tables := tx.db.tables()
	for n := shard; n < len(tables); n += Shards {
		t := &tables[n]
		var err error
		for b := uint64(0); b < t.n; b++ {
			t.eachSlot(b, func(s slot) bool {
				r := t.ref(s)
				h := entHeader(r)
				key := entKey(r, h)
				v := entValue(r, h)
				expires := v.Type == value.Hash && hash.VolatileLen(&v) > 0
				if expires {
					volatile++
				}
				if marked := h&entVolatile != 0; marked != expires {
					err = fmt.Errorf("key %q: marked volatile %v, has fields that expire %v", key, marked, expires)
					return false
				}
				at := entDue(r, h)
				if at < 0 {
					return true
				}
				due, ok := earliest[tx.w.space.appointment(Located{hashKey(t.seed, key), uint32(n)})]
				if !ok || due > max(dueTick(at), x.tick) {
					err = fmt.Errorf("key %q is due at tick %d; appointment %v at tick %d", key, at/expiryTick, ok, due)
				}
				return err == nil
			})
		}
		if err != nil {
			return err
		}
	}
	if volatile != tx.db.volatile[shard] {
		return fmt.Errorf("found %d volatile hashes; counted %d", volatile, tx.db.volatile[shard])
	}
	return nil
}

// slotStart returns the tick at which a slot falls due next.
func (x *expiryIndex) slotStart(level, slot int) int64 {
	shift := level * expirySlotBits
	start := (x.tick>>shift&^(expirySlots-1) + int64(slot)) << shift
	if start < x.tick&^(1<<shift-1) {
		start += expirySlots << shift
	}
	return start
}

package keyspace

import (
	"math/bits"
	"slices"

	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// Where an eviction policy finds its candidates. A census chooses the table,
// each with a chance that grows with its keys; then, under the lock of the
// table's shard, a few of its entries are handed out.

// Census knows about how many keys each table of a database has, so that a
// table can be drawn in few steps. It is taken anew after a number of draws.
type Census struct {
	db       *DB
	volatile bool
	sums     []int64 // of the tables up to this one
	draws    int     // left until it is taken anew
}

// One census serves a quarter as many draws as there are tables: that many
// removals change little, and taking it looks at every table.
const tablesPerDraw = 4

// Draw returns a table of database db that has keys, or of which some expire
// if volatile is set; ok is false when there is none. It needs no shard.
func (c *Census) Draw(w *Worker, db int, volatile bool) (table int, ok bool) {
	d := w.space.dbs[db].Load()
	if d != c.db || volatile != c.volatile || c.draws <= 0 {
		c.take(d, volatile)
	}
	if len(c.sums) == 0 {
		return 0, false
	}
	c.draws--
	total := c.sums[len(c.sums)-1]
	table, _ = slices.BinarySearch(c.sums, int64(w.Random()%uint64(total))+1)
	return table, true
}

// Retake makes the next draw count the keys anew.
func (c *Census) Retake() { c.draws = 0 }

func (c *Census) take(d *DB, volatile bool) {
	c.db, c.volatile, c.draws = d, volatile, d.count/tablesPerDraw
	c.sums = c.sums[:0]
	sum := int64(0)
	tables := d.tables()
	for i := range tables {
		if volatile {
			sum += int64(tables[i].expires)
		} else {
			sum += int64(tables[i].used)
		}
		c.sums = append(c.sums, sum)
	}
	if sum == 0 {
		c.sums, c.draws = c.sums[:0], 0
	}
}

// sampleVisits bounds the buckets that are looked at for each entry wanted.
const sampleVisits = 10

// Sample calls f for at least count entries of a table, if it has as many, and
// for some more where they lie beside those; it begins at random. The caller holds the table's shard; f must not change the database.
func (tx *Tx) Sample(table, count int, f func(e Entry)) {
	tx.sampleBuckets(table, count, false, f)
}

// SampleVolatile is Sample for entries with an expiry.
func (tx *Tx) SampleVolatile(table, count int, f func(e Entry)) {
	t := tx.db.table(table)
	if t == nil || t.expires == 0 {
		return
	}
	const dense = 16
	if t.expires*dense >= t.used {
		tx.sampleBuckets(table, count, true, f)
		return
	}
	// Few entries expire: the expiry index knows where they are. Slots are taken
	// in their order, beginning with any that has appointments. Keys of thinly
	// used slots are met more often than others; half as many keys again make up
	// for that.
	count += count / 2
	x := tx.db.expiry[table%Shards]
	busy := 0
	for _, word := range x.busy {
		busy += bits.OnesCount64(word)
	}
	skip := int(tx.w.Random() % uint64(max(busy, 1)))
	for range 2 {
		for level, word := range x.busy {
			for ; word != 0; word &= word - 1 {
				if skip--; skip >= 0 {
					continue
				}
				if count = tx.sampleAppointments(x, table%Shards, level, bits.TrailingZeros64(word), count, f); count <= 0 {
					return
				}
			}
		}
	}
}

// SampleSoonest calls f for about count entries among those of the table's
// shard that expire first. The caller holds the shard; f must not change the
// database.
func (tx *Tx) SampleSoonest(table, count int, f func(e Entry)) {
	shard := table % Shards
	x := tx.db.expiry[shard]
	if x == nil {
		return
	}
	for level := range expiryLevels {
		now := int(x.tick >> (level * expirySlotBits))
		for i := range expirySlots {
			at := (now + i) & (expirySlots - 1)
			if x.busy[level]>>at&1 == 0 {
				continue
			}
			if count = tx.sampleAppointments(x, shard, level, at, count, f); count <= 0 {
				return
			}
		}
	}
}

// sampleAppointments calls f for entries that the appointments of one slot of
// the index lead to, beginning at random, and returns how many of count are
// still wanted. Appointments whose key is gone are dropped on the way: where
// keys are evicted long before they expire, they would pile up.
func (tx *Tx) sampleAppointments(x *expiryIndex, shard, level, slotNumber, count int, f func(e Entry)) int {
	const chunksMax = 64
	chunks := 0
	for c := *x.head(level, slotNumber); c != 0 && chunks < chunksMax; c = *chunkNext(c) {
		chunks++
	}
	chunk := *x.head(level, slotNumber)
	for range tx.w.Random() % uint64(chunks) {
		chunk = *chunkNext(chunk)
	}
	for ; chunks > 0 && chunk != 0 && count > 0; chunks-- {
		next := *chunkNext(chunk)
		count -= tx.sampleChunk(x, shard, level, slotNumber, chunk, count, f)
		if chunk = next; chunk == 0 {
			chunk = *x.head(level, slotNumber)
		}
	}
	return count
}

// sampleChunk does so for the appointments of one chunk and returns how many
// entries it met. The chunk may be gone afterwards.
func (tx *Tx) sampleChunk(x *expiryIndex, shard, level, slotNumber int, chunk offheap.Ref, count int, f func(e Entry)) (met int) {
	n := *chunkCount(chunk)
	begin := uint32(tx.w.Random() % uint64(n))
	stale := uint32(0) // by position; a chunk has less than 32 appointments
	for i := uint32(0); i < n && met < count; i++ {
		at := (begin + i) % n
		found, alive := tx.sampleAppointed(shard, *chunkItem(chunk, at), f)
		met += found
		if !alive {
			stale |= 1 << at
		}
	}
	// From the end, so that what moves into a gap is no stale one of this chunk.
	for ; stale != 0; stale &^= 1 << (bits.Len32(stale) - 1) {
		at := uint32(bits.Len32(stale) - 1)
		last := *x.head(level, slotNumber) == chunk && *chunkCount(chunk)-1 == at
		if a, _ := x.pop(tx.w.heap, level, slotNumber); !last {
			*chunkItem(chunk, at) = a
		}
	}
	return met
}

// sampleAppointed calls f for the keys with an expiry that an appointment may
// have been made for, and returns their number, which is nearly always 1 or 0.
// alive is false when the appointment serves no key.
func (tx *Tx) sampleAppointed(shard int, a uint32, f func(e Entry)) (found int, alive bool) {
	l := tx.w.space.appointed(shard, a)
	t := tx.db.table(int(l.Table))
	if t.n == 0 {
		return 0, false
	}
	t.eachSlot(t.bucketOf(l.Hash), func(s slot) bool {
		e := tx.entryAt(int(l.Table), s)
		if tx.w.space.appointment(e.loc) != a {
			return true
		}
		alive = true
		if e.Expiry() >= 0 {
			f(e)
			found++
		}
		return true
	})
	return found, alive
}

// sampleBuckets hands out the entries of neighbouring buckets. Each bucket is
// taken as a whole: were it left half-way, entries of full buckets would be met
// more seldom than others.
func (tx *Tx) sampleBuckets(table, count int, volatile bool, f func(e Entry)) {
	t := tx.db.table(table)
	if t == nil || t.n == 0 {
		return
	}
	bucket := tx.w.Random() % t.n
	for visits := min(uint64(sampleVisits*count), t.n); visits > 0 && count > 0; visits-- {
		t.eachSlot(bucket, func(s slot) bool {
			if !volatile || entHeader(t.ref(s))&entHasExpiry != 0 {
				f(tx.entryAt(table, s))
				count--
			}
			return true
		})
		bucket = (bucket + 1) % t.n
	}
}

// Evict removes a found key to reclaim memory, and the expiry index of its
// shard if no other key needs it: with few keys, the indexes are the larger part.
func (e *Entry) Evict() {
	tx, shard := e.tx, e.loc.Shard()
	tx.removeAs(e, e.Key(), ReasonEvicted)
	if x := tx.db.expiry[shard]; x != nil && tx.shardTimed(shard) == 0 {
		x.release(tx.w.heap)
		tx.db.expiry[shard] = nil
	}
}

// Location returns the hash and the table of a found key.
func (e *Entry) Location() Located { return e.loc }

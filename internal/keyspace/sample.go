package keyspace

import "slices"

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

// censusDraws is how many draws one census serves. Taking it looks at every
// table.
const censusDraws = 1024

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
	c.db, c.volatile, c.draws = d, volatile, censusDraws
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

// Sample calls f for up to count entries of a table, beginning at random. The
// caller holds the table's shard; f must not change the database.
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
	// Few entries expire: the expiry index knows where they are.
	x := tx.db.expiry[table%Shards]
	first := int(tx.w.Random() % (expiryLevels * expirySlots))
	for i := range expiryLevels * expirySlots {
		at := (first + i) % (expiryLevels * expirySlots)
		if count = tx.sampleAppointments(x, table%Shards, at/expirySlots, at%expirySlots, count, f); count <= 0 {
			return
		}
	}
}

// SampleSoonest calls f for up to count entries among those of the table's shard
// that expire first. The caller holds the shard; f must not change the database.
func (tx *Tx) SampleSoonest(table, count int, f func(e Entry)) {
	shard := table % Shards
	x := tx.db.expiry[shard]
	if x == nil {
		return
	}
	for level := range expiryLevels {
		now := int(x.tick >> (level * expirySlotBits))
		for i := range expirySlots {
			if count = tx.sampleAppointments(x, shard, level, (now+i)&(expirySlots-1), count, f); count <= 0 {
				return
			}
		}
	}
}

// sampleAppointments calls f for the entries with an expiry that the
// appointments of one slot of the index lead to, beginning at random, and
// returns how many of count are still wanted.
func (tx *Tx) sampleAppointments(x *expiryIndex, shard, level, slotNumber, count int, f func(e Entry)) int {
	if x.busy[level]>>slotNumber&1 == 0 {
		return count
	}
	const chunksMax = 64
	chunk := *x.head(level, slotNumber)
	for skip := tx.w.Random() % chunksMax; skip > 0 && *chunkNext(chunk) != 0; skip-- {
		chunk = *chunkNext(chunk)
	}
	n := *chunkCount(chunk)
	first := uint32(tx.w.Random() % uint64(n))
	for i := uint32(0); i < n && i < uint32(sampleVisits*count) && count > 0; i++ {
		l := tx.w.space.appointed(shard, *chunkItem(chunk, (first+i)%n))
		t := tx.db.table(int(l.Table))
		if t.n == 0 {
			continue // its keys are gone
		}
		t.eachSlot(t.bucketOf(l.Hash), func(s slot) bool {
			if e := tx.entryAt(int(l.Table), s); e.Expiry() >= 0 {
				f(e)
				count--
			}
			return count > 0
		})
	}
	return count
}

// sampleBuckets hands out entries of neighbouring buckets.
func (tx *Tx) sampleBuckets(table, count int, volatile bool, f func(e Entry)) {
	t := tx.db.table(table)
	if t == nil || t.n == 0 {
		return
	}
	bucket := tx.w.Random() % t.n
	var room [2 * bucketSlots]slot
	for visits := min(uint64(sampleVisits*count), t.n); visits > 0 && count > 0; visits-- {
		found := room[:0]
		t.eachSlot(bucket, func(s slot) bool {
			if r := t.ref(s); !volatile || entHeader(r)&entHasExpiry != 0 {
				found = append(found, s)
			}
			return len(found) < len(room)
		})
		// Beginning anywhere, the first slots are not preferred.
		for i, n := 0, len(found); i < n && count > 0; i++ {
			if i == 0 {
				found = rotated(found, int(tx.w.Random()%uint64(n)))
			}
			f(tx.entryAt(table, found[i]))
			count--
		}
		bucket = (bucket + 1) % t.n
	}
}

// rotated moves the first n slots to the end.
func rotated(s []slot, n int) []slot {
	slices.Reverse(s[:n])
	slices.Reverse(s[n:])
	slices.Reverse(s)
	return s
}

// Evict removes a found key to reclaim memory.
func (e *Entry) Evict() { e.tx.removeAs(e, e.Key(), ReasonEvicted) }

// Location returns the hash and the table of a found key.
func (e *Entry) Location() Located { return e.loc }

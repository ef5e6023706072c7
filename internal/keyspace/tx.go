package keyspace

import (
	"unsafe"

	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/encoding/listpack"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// Tx is a worker's access to one database during one command. The shards of
// the keys it is asked for are locked, or the worker is in exclusive mode.
//
// Views and Entries it returns are valid until the next call that changes the
// same table, and never beyond the command.
type Tx struct {
	w      *Worker
	db     *DB
	index  int
	origin uint64 // the pool's base, which references in tables count from
	now    int64  // Unix milliseconds, frozen
	clock  header // access clock of now, LRU seconds or LFU minutes, in place

	hints []hint // keys located by the lock plan, in argument order
	next  int

	// opened is when the first field of the hash expired that Update returned.
	opened int64

	// NoTouch keeps reads from updating the access clock (CLIENT NO-TOUCH).
	NoTouch bool

	// ServeExpired makes keys and fields whose time has come count as there,
	// whatever the policy: for the link to a primary and for the source of an
	// import (CLIENT IMPORT-SOURCE), which decide on expiry themselves.
	ServeExpired bool
}

// hint remembers the hash of a key whose bytes lie at ptr.
type hint struct {
	ptr *byte
	n   int
	loc Located
}

// Begin starts a command on database db at the given time and returns the
// worker's Tx, which is valid until the next Begin.
func (w *Worker) Begin(db int, nowMillis int64) *Tx {
	tx := &w.tx
	tx.db, tx.index, tx.now = w.space.dbs[db].Load(), db, nowMillis
	tx.clock = w.space.accessClock(nowMillis)
	tx.hints, tx.next = tx.hints[:0], 0
	tx.NoTouch, tx.ServeExpired = false, false
	return tx
}

// Hint tells the Tx where a key belongs, so that it need not hash it again. The
// key's bytes must not change during the command.
func (tx *Tx) Hint(key []byte, l Located) {
	tx.hints = append(tx.hints, hint{unsafe.SliceData(key), len(key), l})
}

// Other returns a Tx on another database for the same command. Keys of one
// name have the same shard in every database.
func (tx *Tx) Other(db int) *Tx {
	if db == tx.index {
		return tx
	}
	o := &tx.w.other
	o.db, o.index, o.now, o.clock = tx.w.space.dbs[db].Load(), db, tx.now, tx.clock
	o.hints, o.next = o.hints[:0], 0
	o.NoTouch, o.ServeExpired = tx.NoTouch, tx.ServeExpired
	return o
}

// DB returns the number of the database.
func (tx *Tx) DB() int { return tx.index }

// Now returns the command's time in Unix milliseconds.
func (tx *Tx) Now() int64 { return tx.now }

// Heap returns the allocator front of the executing worker.
func (tx *Tx) Heap() *offheap.Heap { return tx.w.heap }

// Buffers returns the working memory of the executing worker for reading lists and
// streams.
func (tx *Tx) Buffers() *listpack.Buffers { return &tx.w.buffers }

// Worker returns the executing worker.
func (tx *Tx) Worker() *Worker { return tx.w }

// Len returns the number of keys in the database.
func (tx *Tx) Len() int64 { return tx.db.len() }

func (tx *Tx) locate(key []byte) Located {
	if tx.next < len(tx.hints) {
		if h := &tx.hints[tx.next]; h.ptr == unsafe.SliceData(key) && h.n == len(key) {
			if len(tx.hints) > 1 {
				tx.next = (tx.next + 1) % len(tx.hints)
			}
			return h.loc
		}
		for i := range tx.hints {
			if h := &tx.hints[i]; h.ptr == unsafe.SliceData(key) && h.n == len(key) {
				tx.next = (i + 1) % len(tx.hints)
				return h.loc
			}
		}
	}
	return tx.w.space.Locate(key)
}

// Entry is a key found, or the place of one that is absent. Four words are the
// most that the compiler keeps in registers: a larger Entry would be copied
// through memory by every caller of Find, at 30 ns in all.
type Entry struct {
	tx   *Tx
	slot slot // nil: absent
	loc  Located
}

// Found reports whether the key exists.
func (e *Entry) Found() bool { return e.slot != nil }

func (e *Entry) ref() offheap.Ref { return refAt(e.tx.origin, e.slot) }

// table returns the table in which the entry is, or would be; nil while the
// database has none.
func (e *Entry) table() *table { return e.tx.db.table(int(e.loc.Table)) }

func (tx *Tx) find(key []byte) Entry {
	e := Entry{tx: tx, loc: tx.locate(key)}
	if t := e.table(); t != nil {
		e.slot = t.find(e.loc.Hash, key)
	}
	return e
}

// Find looks a key up for reading: it counts a hit or a miss and moves the
// key's access clock. A key whose time has come is absent; its time has come
// when its expiry is past.
func (tx *Tx) Find(key []byte) Entry {
	e := tx.Write(key)
	if e.slot == nil {
		tx.missed(key)
	} else {
		tx.w.Stats.Hits++
	}
	return e
}

// Write looks a key up in order to change it: it moves the access clock but
// counts neither hit nor miss.
func (tx *Tx) Write(key []byte) Entry {
	e := tx.find(key)
	if e.slot == nil {
		return e
	}
	r := e.ref()
	h := entHeader(r)
	if h&entHasExpiry != 0 && int64(load64(r.Add(8))) < tx.now && !tx.serveExpired() {
		return tx.lapse(e, key)
	}
	if !tx.NoTouch {
		tx.touch(r, h)
	}
	return e
}

// Peek looks a key up without a trace: no statistics, no access clock. A key
// whose time has come is absent, and removed.
func (tx *Tx) Peek(key []byte) Entry {
	e := tx.find(key)
	if e.slot != nil {
		r := e.ref()
		if x := entExpiry(r, entHeader(r)); x >= 0 && x < tx.now && !tx.serveExpired() {
			return tx.lapse(e, key)
		}
	}
	return e
}

func (tx *Tx) serveExpired() bool {
	return tx.ServeExpired || ExpirePolicy(tx.w.space.expirePolicy.Load()) == ExpireIgnore
}

// lapse makes an expired entry absent: removed where that is this server's to
// decide and no snapshot holds it back, hidden otherwise.
func (tx *Tx) lapse(e Entry, key []byte) Entry {
	if ExpirePolicy(tx.w.space.expirePolicy.Load()) == ExpireDelete && !e.heldBack() {
		tx.removeAs(&e, key, ReasonExpired)
	}
	e.slot = nil
	return e
}

// removeAs removes an entry by the server's own decision.
func (tx *Tx) removeAs(e *Entry, key []byte, why Reason) {
	lazy := tx.w.space.RemovesLazily(why)
	if why == ReasonExpired {
		tx.w.Stats.Expired++
	}
	// The key may be a view of the entry that is about to be freed.
	if sink := tx.w.sink; sink != nil {
		tx.beforeChange(e)
		r := e.unlink()
		sink.Removed(tx, key, why)
		sink.Modified(tx, key)
		tx.freeEntry(r, lazy)
		return
	}
	tx.beforeChange(e)
	tx.freeEntry(e.unlink(), lazy)
}

// beforeChange hands the entry's present state to a running snapshot that has
// not had it.
func (tx *Tx) beforeChange(e *Entry) {
	if sn := tx.w.space.snapshot; sn != nil {
		sn.visit(e, true)
	}
}

// modified reports a change of key to the sink and counts it.
func (tx *Tx) modified(key []byte, changes int) {
	tx.w.Stats.Dirty += int64(changes)
	if tx.w.sink != nil {
		tx.w.sink.Modified(tx, key)
	}
}

// AddDirty counts further changes, where one call changed several elements.
func (tx *Tx) AddDirty(n int) { tx.w.Stats.Dirty += int64(n) }

// unlink takes the entry out of its table and returns its block.
func (e *Entry) unlink() offheap.Ref {
	r := e.ref()
	h := entHeader(r)
	if h&entHasExpiry != 0 {
		e.table().expires--
		e.tx.db.sumTTL[e.loc.Shard()] -= int64(load64(r.Add(8)))
	}
	if h&entVolatile != 0 {
		e.tx.db.volatile[e.loc.Shard()]--
	}
	e.table().remove(e.tx.w.heap, e.loc.Hash, e.slot)
	e.slot = nil
	return r
}

// freeEntry frees an unlinked block and its value.
func (tx *Tx) freeEntry(r offheap.Ref, lazy bool) {
	if v := entValue(r, entHeader(r)); v.Root != 0 {
		tx.freeValue(v, lazy)
	}
	tx.w.heap.Free(r, offheap.PurposeEntry)
}

// freeValue frees a value now, or hands it to the reclaimer.
func (tx *Tx) freeValue(v value.Value, lazy bool) {
	if rec := tx.w.space.reclaimer; lazy && rec != nil && rec.Reclaim(v) {
		tx.w.Stats.LazyFreed++
		return
	}
	FreeValue(tx.w.heap, v)
}

// Type returns the type of a found key.
func (e *Entry) Type() value.Type { return entHeader(e.ref()).typ() }

// Encoding returns the encoding of a found key.
func (e *Entry) Encoding() value.Encoding { return entHeader(e.ref()).encoding() }

// Key returns a view of the key.
func (e *Entry) Key() []byte { r := e.ref(); return entKey(r, entHeader(r)) }

// Expiry returns when the key expires, in Unix milliseconds; -1 is never.
func (e *Entry) Expiry() int64 { r := e.ref(); return entExpiry(r, entHeader(r)) }

// Value returns the value of a found key that is not an inline string. Handlers
// that change it use Update.
func (e *Entry) Value() value.Value {
	r := e.ref()
	return entValue(r, entHeader(r))
}

// Update announces a change of a found value and returns it. Commit must
// follow, before anything else is looked up.
func (e *Entry) Update() value.Value {
	e.tx.beforeChange(e)
	v := e.Value()
	if v.Type == value.Hash {
		e.tx.opened = firstExpiry(&v)
	}
	return v
}

// Commit stores a value changed after Update, counting changes elements. A
// value without elements (Root 0) removes the key, which Commit reports so
// that the handler can raise the "del" event. key must not be a view of the entry.
func (e *Entry) Commit(key []byte, v value.Value, changes int) (removed bool) {
	r := e.ref()
	h := entHeader(r)
	if v.Root == 0 {
		e.tx.w.heap.Free(e.unlink(), offheap.PurposeEntry)
		e.tx.modified(key, changes)
		return true
	}
	if nh := h&^entKindMask | kind(v.Type, v.Enc); nh != h {
		setEntHeader(r, nh)
		h = nh
	}
	setEntRoot(r, h, uint64(v.Root))
	if v.Type == value.Hash {
		e.trackFields(&v, e.tx.opened)
	}
	if changes != 0 {
		e.tx.modified(key, changes)
	}
	return false
}

// Put makes key hold the non-inline value v (an aggregate or a big string),
// replacing what was there, with the given expiry (-1: none).
func (tx *Tx) Put(key []byte, v value.Value, expiry int64, changes int) {
	e := tx.Peek(key)
	p := tx.assign(&e, key, kind(v.Type, v.Enc), 8, expiry)
	*(*[8]byte)(p) = *(*[8]byte)(unsafe.Pointer(&v.Root))
	if v.Type == value.Hash {
		e.trackFields(&v, never)
	}
	tx.modified(key, changes)
}

// Remove removes a found key; lazy hands a large value to the reclaimer.
func (e *Entry) Remove(key []byte, lazy bool) {
	e.tx.beforeChange(e)
	e.tx.freeEntry(e.unlink(), lazy)
	e.tx.modified(key, 1)
}

// assign makes the entry of key hold a payload of n bytes of the given kind and
// flags, creating the entry or replacing the value, and returns the payload for
// the caller to fill. key must not be a view of the entry. The old value is
// freed. The entry's block is reused when it fits without much waste.
func (tx *Tx) assign(e *Entry, key []byte, k header, n int, expiry int64) []byte {
	heap := tx.w.heap
	size := entPrefixSize(len(key), expiry >= 0) + n
	h := k | tx.clock | tx.w.space.mark
	if k&0xf0>>entEncodingShift == header(value.Inline) {
		h |= header(n) << entValueShift
	}
	if e.slot == nil {
		tx.removeHidden(e, key)
		r := heap.Alloc(size, offheap.PurposeEntry)
		_, off := buildEntry(r, h, key, expiry)
		if e.table() == nil {
			tx.w.space.makeTables(heap, tx.db)
		}
		e.slot = e.table().insert(heap, e.loc.Hash, r)
		tx.noteExpiry(e, -1, expiry)
		if tx.w.space.notices.Load()&noticeCreated != 0 && tx.w.sink != nil {
			tx.w.sink.Created(tx, key)
		}
		return unsafe.Slice((*byte)(r.Add(off)), n)
	}
	tx.beforeChange(e)
	r := e.ref()
	old := entHeader(r)
	oldExpiry := entExpiry(r, old)
	if old&entVolatile != 0 {
		tx.db.volatile[e.loc.Shard()]--
	}
	if v := entValue(r, old); v.Root != 0 {
		tx.freeValue(v, tx.w.space.lazyDel.Load())
	}
	if tx.w.space.frequency.Load() {
		h = h&^entClockMask | old&entClockMask
	}
	if have := heap.Pool().SizeOf(r); size > have || have-size > 8+have/4 {
		heap.Free(r, offheap.PurposeEntry)
		r = heap.Alloc(size, offheap.PurposeEntry)
		setRef(tx.origin, e.slot, r)
	}
	_, off := buildEntry(r, h, key, expiry)
	if oldExpiry != expiry {
		tx.noteExpiry(e, oldExpiry, expiry)
	}
	return unsafe.Slice((*byte)(r.Add(off)), n)
}

// SetExpiry gives a found key an expiry in Unix milliseconds, or none (-1).
// key must not be a view of the entry.
func (e *Entry) SetExpiry(key []byte, expiry int64) {
	tx := e.tx
	tx.beforeChange(e)
	r := e.ref()
	h := entHeader(r)
	old := entExpiry(r, h)
	switch {
	case old == expiry:
	case old >= 0 && expiry >= 0:
		store64(r.Add(8), uint64(expiry))
		tx.noteExpiry(e, old, expiry)
	default:
		n := 8
		if h.encoding() == value.Inline {
			n = h.inlineLen()
		}
		heap := tx.w.heap
		nr := heap.Alloc(entPrefixSize(len(key), expiry >= 0)+n, offheap.PurposeEntry)
		_, off := buildEntry(nr, h, key, expiry)
		copy(unsafe.Slice((*byte)(nr.Add(off)), n), unsafe.Slice((*byte)(r.Add(entPayload(r, h))), n))
		setRef(tx.origin, e.slot, nr)
		heap.Free(r, offheap.PurposeEntry)
		tx.noteExpiry(e, old, expiry)
	}
	tx.modified(key, 1)
}

// noteExpiry keeps the expiry counters and index; -1 is no expiry.
func (tx *Tx) noteExpiry(e *Entry, old, expiry int64) {
	i := e.loc.Shard()
	if old >= 0 {
		tx.db.sumTTL[i] -= old
		e.table().expires--
	}
	if expiry < 0 {
		return
	}
	tx.db.sumTTL[i] += expiry
	e.table().expires++
	if old >= 0 && old <= expiry {
		return // the index has an earlier appointment, which will be renewed
	}
	tx.appoint(e.loc, dueAfter(expiry))
}

// Rename moves the value, expiry and access clock of a found key to another
// name, in this or another database, replacing what is there. Neither name may
// be a view of an entry.
func (e *Entry) Rename(from []byte, to *Tx, name []byte) {
	tx := e.tx
	tx.beforeChange(e)
	r := e.unlink()
	h := entHeader(r)
	expiry := entExpiry(r, h)
	n := 8
	if h.encoding() == value.Inline {
		n = h.inlineLen()
	}
	payload := unsafe.Slice((*byte)(r.Add(entPayload(r, h))), n)
	d := to.Peek(name)
	p := to.assign(&d, name, h&(entKindMask|entGrown), n, expiry)
	copy(p, payload)
	if h&entVolatile != 0 {
		v := entValue(r, h)
		d.trackFields(&v, never)
	}
	nr := d.ref()
	setEntHeader(nr, entHeader(nr)&^entClockMask|h&entClockMask)
	tx.w.heap.Free(r, offheap.PurposeEntry)
	tx.modified(from, 1)
	to.modified(name, 0)
}

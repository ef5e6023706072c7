package keyspace

import (
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/platform/hashing"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// Shards is the number of key locks. Table t of any database is guarded by
// shard t mod Shards.
const Shards = 256

// Slots is the number of hash slots in cluster mode.
const Slots = 16384

// Options configure a Space; they are fixed for its life.
type Options struct {
	Pool      *offheap.Pool
	Databases int
	// Slot returns the hash slot of a key. Where it is set, in cluster mode,
	// every slot has a table of its own.
	Slot      func(key []byte) uint16
	Seed      uint64 // of the key hash
	Reclaimer Reclaimer
}

// Reclaimer frees values that are no longer reachable, on a goroutine of its
// own. Reclaim may be called under shard locks and must not block for long.
type Reclaimer interface {
	// Reclaim takes over the value. It reports false when it does not want it
	// (too small to be worth it, or its queue is full): the caller frees it.
	Reclaim(v value.Value) bool
	// ReclaimDB takes over the tables of a flushed database.
	ReclaimDB(db *DB) bool
}

// Space is all databases of one server.
type Space struct {
	pool      *offheap.Pool
	seed      uint64
	slot      func(key []byte) uint16 // nil outside cluster mode
	cluster   bool
	reclaimer Reclaimer
	shards    [Shards]shard
	dbs       []atomic.Pointer[DB] // changed in exclusive mode only (SWAPDB, FLUSHALL)

	exclusiveMu      sync.Mutex   // held during exclusive mode
	exclusivePending atomic.Int32 // workers about to enter it
	lanes            int          // workers made so far; guarded by exclusiveMu
	workersMu        sync.Mutex
	workers          []*Worker // replaced, never changed in place

	// Snapshots counts those begun, until somebody zeroes it.
	Snapshots atomic.Int64

	snapshot *Snapshot // running; set in exclusive mode only
	mark     header    // entMark or 0: the current side of a snapshot; exclusive mode only

	notices      atomic.Uint32 // what sinks hear of beside changes
	expirePolicy atomic.Int32
	frequency    atomic.Bool // access clock counts LFU, not LRU
	lfuLogFactor atomic.Int32
	lfuDecay     atomic.Int32 // minutes
	lazyDel      atomic.Bool  // lazyfree-lazy-server-del
	lazyExpire   atomic.Bool  // lazyfree-lazy-expire
	lazyEvict    atomic.Bool  // lazyfree-lazy-eviction
}

type shard struct {
	mu sync.Mutex
	_  [56]byte
}

// DB is one database: an array of tables and, per shard, an index of expiry
// times. Both are made when first needed.
type DB struct {
	first  atomic.Pointer[table] // the array, outside the Go heap; nil until the first key
	count  int                   // tables in it
	timed  atomic.Bool           // has had something that expires
	expiry [Shards]*expiryIndex
	sumTTL [Shards]int64 // sum of expiry times of the shard's keys, ms

	volatile [Shards]int64 // hashes in the shard with fields that expire
}

// New returns a Space with empty databases.
func New(o Options) *Space {
	s := &Space{pool: o.Pool, seed: o.Seed, slot: o.Slot, cluster: o.Slot != nil, reclaimer: o.Reclaimer}
	s.dbs = make([]atomic.Pointer[DB], max(o.Databases, 1))
	for i := range s.dbs {
		s.dbs[i].Store(&DB{count: s.tableCount()})
	}
	s.lfuLogFactor.Store(10)
	s.lfuDecay.Store(1)
	return s
}

// Pool returns the allocator that the space's entries come from.
func (s *Space) Pool() *offheap.Pool { return s.pool }

// Databases returns how many databases there are.
func (s *Space) Databases() int { return len(s.dbs) }

// ClusterMode reports whether tables are hash slots.
func (s *Space) ClusterMode() bool { return s.cluster }

// ExpirePolicy says what a lookup does with a key whose time has come.
type ExpirePolicy int32

const (
	// ExpireDelete removes it (a primary).
	ExpireDelete ExpirePolicy = iota
	// ExpireHide treats it as absent but leaves it (a replica waits for its
	// primary; paused clients wait for the end of the pause).
	ExpireHide
	// ExpireIgnore still serves it (loading).
	ExpireIgnore
)

// SetExpirePolicy changes what lookups do with expired keys.
func (s *Space) SetExpirePolicy(p ExpirePolicy) { s.expirePolicy.Store(int32(p)) }

// SetAccessClock chooses what the access clock of entries counts: frequency of
// use (LFU policies, with lfu-log-factor and lfu-decay-time) or time of last use.
func (s *Space) SetAccessClock(lfu bool, logFactor, decayMinutes int) {
	s.frequency.Store(lfu)
	s.lfuLogFactor.Store(int32(logFactor))
	s.lfuDecay.Store(int32(decayMinutes))
}

// SetLazyFree chooses whether values that are overwritten or expire are freed
// in the background (lazyfree-lazy-server-del, -expire, -eviction).
func (s *Space) SetLazyFree(serverDel, expire, evict bool) {
	s.lazyDel.Store(serverDel)
	s.lazyExpire.Store(expire)
	s.lazyEvict.Store(evict)
}

// RemovesLazily reports whether keys that the server removes by itself are freed
// in the background.
func (s *Space) RemovesLazily(why Reason) bool {
	if why == ReasonEvicted {
		return s.lazyEvict.Load()
	}
	return s.lazyExpire.Load()
}

func hashKey(seed uint64, key []byte) uint64 { return hashing.Bytes(seed, key) }

// Located is a key's hash and the table it belongs to.
type Located struct {
	Hash  uint64
	Table uint32
}

// Shard returns the lock that guards the key.
func (l Located) Shard() int { return int(l.Table % Shards) }

// Locate hashes a key.
func (s *Space) Locate(key []byte) Located {
	h := hashKey(s.seed, key)
	if s.cluster {
		return Located{h, uint32(s.slot(key))}
	}
	return Located{h, uint32(h >> 56)}
}

// tableCount is the number of tables of a database.
func (s *Space) tableCount() int {
	if s.cluster {
		return Slots
	}
	return Shards
}

// table returns table i, or nil while the database has none.
func (d *DB) table(i int) *table {
	first := d.first.Load()
	if first == nil {
		return nil
	}
	return (*table)(unsafe.Add(unsafe.Pointer(first), i*tableBytes))
}

// tables returns all tables, or none. Worker's business.
func (d *DB) tables() []table {
	first := d.first.Load()
	if first == nil {
		return nil
	}
	return unsafe.Slice(first, d.count)
}

// makeTables allocates a database's tables. The caller holds a shard of it;
// several shards may race, so the space's own mutex decides.
func (s *Space) makeTables(heap *offheap.Heap, d *DB) {
	s.workersMu.Lock()
	defer s.workersMu.Unlock()
	if d.first.Load() != nil {
		return
	}
	r := heap.AllocZeroed(d.count*tableBytes, offheap.PurposeTable)
	tables := unsafe.Slice((*table)(r.Ptr()), d.count)
	for i := range tables {
		tables[i].seed, tables[i].origin = s.seed, uint64(s.pool.Base())
	}
	d.first.Store(&tables[0])
}

// Len returns the number of keys in database db. Without exclusive mode the
// sum is of different moments.
func (s *Space) Len(db int) int64 { return s.dbs[db].Load().len() }

func (d *DB) len() (n int64) {
	tables := d.tables()
	for i := range tables {
		n += int64(tables[i].used)
	}
	return n
}

// Expires returns the number of keys with an expiry, and the mean of their
// expiry times in Unix milliseconds (0 without such keys).
func (s *Space) Expires(db int) (n, meanMillis int64) {
	d := s.dbs[db].Load()
	var sum float64
	for _, t := range d.tables() {
		n += int64(t.expires)
	}
	for i := range d.sumTTL {
		sum += float64(d.sumTTL[i])
	}
	if n > 0 {
		meanMillis = int64(sum / float64(n))
	}
	return n, meanMillis
}

// TableLen returns the number of keys in one table: a hash slot's key count.
func (s *Space) TableLen(db, table int) int64 {
	if t := s.dbs[db].Load().table(table); t != nil {
		return int64(t.used)
	}
	return 0
}

// TableBytes returns the memory of all tables of db, without the entries, and
// the number of buckets and extensions.
func (s *Space) TableBytes(db int) (bytes, buckets, extensions int64) {
	d := s.dbs[db].Load()
	tables := d.tables()
	for i := range tables {
		t := &tables[i]
		bytes += t.bytes()
		buckets += int64(t.n)
		extensions += int64(t.extends)
	}
	bytes += int64(len(tables) * tableBytes)
	for _, x := range d.expiry {
		bytes += x.bytes()
	}
	return bytes, buckets, extensions
}

// Swap exchanges two databases (SWAPDB). Exclusive mode only.
func (s *Space) Swap(a, b int) {
	s.dbs[b].Store(s.dbs[a].Swap(s.dbs[b].Load()))
	if s.snapshot != nil {
		s.snapshot.settled()
	}
}

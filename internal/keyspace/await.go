package keyspace

// # Commands that wait for a snapshot
//
// Whoever changes a value saves it first. For a collection of millions of
// elements that takes a good part of a second, during which neither its loop nor
// its shard serves anybody. So a command that would have to waits instead: the
// engine's gate asks AwaitSnapshot about each key that a command may change, and
// postpones the command if a running snapshot still has to save a value that is
// too large. The walk saves what is awaited before it goes on, and says so
// (Snapshot.Settled); the commands then try again.
//
// What is decided here decides nothing about correctness: whoever changes a
// value in spite of it, since its keys are not declared or it has no client,
// saves the value as ever.
//
// Expired values that are too large are hidden, and removed when they are saved.

// Commands wait for values from these sizes on. To save less takes about half a
// millisecond.
const (
	awaitedElements = 4 * largeElements
	awaitedNodes    = largeNodes
	awaitedBytes    = 1 << 20 // a shorter string is copied
)

// awaitedKey is a key that a command waits for.
type awaitedKey struct {
	db   *DB
	name string
}

// expiryAgainMillis is when the expirer comes again for a value that a snapshot
// still needs.
const expiryAgainMillis = 200

// AwaitSnapshot reports whether a command that may change a key had better wait:
// a running snapshot still has to save the value, and it is a very large one, or
// the snapshot is about to run out of memory for other keys beside one that is
// under way. The snapshot's Settled is called when it is worth trying again. The
// caller holds its reader lock and no shard.
func (w *Worker) AwaitSnapshot(db int, key []byte, nowMillis int64) bool {
	sn := w.space.snapshot
	if sn == nil || sn.cancelled.Load() {
		return false
	}
	l := w.space.Locate(key)
	w.LockShard(l.Shard())
	defer w.UnlockShard(l.Shard())
	e := w.Begin(db, nowMillis).PeekAt(key, l)
	if !e.Found() || !sn.needs(&e) || !tooLarge(&e) && (sn.large.Load() == nil || !sn.sink.Crowded()) {
		return false
	}
	sn.await(e.tx.db, key)
	return true
}

// needs reports whether the entry is still to be saved.
func (sn *Snapshot) needs(e *Entry) bool {
	if entHeader(e.ref())&entMark == sn.space.mark || sn.cancelled.Load() {
		return false
	}
	_, ok := sn.index[e.tx.db]
	return ok
}

// heldBack reports whether a running snapshot still has to save an entry that
// takes too long to be saved now.
func (e *Entry) heldBack() bool {
	sn := e.tx.w.space.snapshot
	return sn != nil && sn.needs(e) && tooLarge(e)
}

func tooLarge(e *Entry) bool { return atLeast(e, awaitedElements, awaitedNodes, awaitedBytes) }

// await asks the walk to save a key next. Its shard is locked, so that the walk
// has not passed it.
func (sn *Snapshot) await(d *DB, key []byte) {
	k := awaitedKey{d, string(key)}
	sn.awaitedMu.Lock()
	defer sn.awaitedMu.Unlock()
	if !sn.isAwaited[k] {
		sn.isAwaited[k] = true
		sn.awaited = append(sn.awaited, k)
	}
}

func (sn *Snapshot) nextAwaited() (k awaitedKey, ok bool) {
	sn.awaitedMu.Lock()
	defer sn.awaitedMu.Unlock()
	if len(sn.awaited) == 0 {
		return k, false
	}
	k = sn.awaited[0]
	sn.awaited = sn.awaited[1:]
	delete(sn.isAwaited, k)
	return k, true
}

// saveAwaited saves the key that has been awaited for longest, and reports
// whether there is one. Part of the walk.
func (sn *Snapshot) saveAwaited(w *Worker, nowMillis int64) bool {
	k, ok := sn.nextAwaited()
	if !ok {
		return false
	}
	sn.sink.Rest()
	key := []byte(k.name)
	l := w.space.Locate(key)
	shard := l.Shard()
	w.Enter()
	w.LockShard(shard)
	tx := w.Begin(0, nowMillis)
	tx.db, tx.index = k.db, sn.index[k.db]
	if e := tx.PeekAt(key, l); e.Found() && !sn.beginLarge(&e, shard) {
		sn.visit(&e, false)
	}
	sn.handOver(w, shard)
	w.UnlockShard(shard)
	w.Leave()
	sn.settle(w)
	return true
}

// settle lets commands try again. Part of the walk, without any lock.
func (sn *Snapshot) settle(w *Worker) {
	w.Enter()
	w.Exclusive(sn.settled)
	w.Leave()
}

// settled is settle in exclusive mode: what commands wait for may not be in their
// way any more.
func (sn *Snapshot) settled() {
	if sn.Settled != nil {
		sn.Settled()
	}
}

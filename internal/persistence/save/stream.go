package save

import (
	"bytes"
	"cmp"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kvasirdb/kvasir/internal/datatype/str"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/persistence/journal/rebuild"
	"github.com/kvasirdb/kvasir/internal/persistence/rdb"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// stream turns entries into the bytes of a file. It is the sink of a snapshot.
//
// The walk and the workers that hand over entries early encode into sections of
// their own, so that they seldom meet: a section passes what it has collected on
// when it is a chunk, and only that is ordered among them, by mu. What it passes
// on begins with the selection of a database and ends with a key, so that the
// order does not matter.
//
// The bytes of one key lie together. While a large value is on its way, in
// slices, the chunks of other sections are kept aside and follow it.
type stream struct {
	queue    *queue
	settings Settings
	sizes    []dbSize

	pool  *offheap.Pool
	main  section        // the walk's
	taken takenString    // the walk's
	early [lanes]section // of those that hand over early

	mu  sync.Mutex // orders what is passed on
	err error      // the first; guarded by mu
	// large is the value under way, which owns main meanwhile. Guarded by mu.
	large  *largeValue
	aside  [][]byte     // what to pass on behind it; guarded by mu
	behind atomic.Int64 // bytes in aside
	failed atomic.Bool  // err is set
}

// lanes is how many sections workers share.
const lanes = 4

// section is consecutive bytes of the file.
type section struct {
	mu  sync.Mutex // of those that share an early section
	enc rdb.Encoder
	// commands writes into enc.Out in its place if the file is to hold commands.
	commands *rebuild.Encoder
	text     keyspace.NumberText // of the string being encoded; here, since it would be garbage otherwise
	db       int                 // selected; -1: none
	passing  bool                // part of a key was passed on, and stream.mu is held until its end
}

// kind is what a file is.
type kind uint8

const (
	snapshotFile kind = iota
	baseSnapshot      // begins an append-only file
	baseCommands      // as well, but holds commands and no RDB file
)

func (p *section) selectDB(db int) {
	if p.db = db; p.commands != nil {
		p.commands.SelectDB(db)
		return
	}
	p.enc.SelectDB(db)
}

func (p *section) stringKey(key []byte, info rdb.KeyInfo, text []byte) {
	if p.commands != nil {
		p.commands.StringKey(key, info.Expiry, text)
		return
	}
	p.enc.StringKey(key, info, text)
}

func (p *section) valueKey(key []byte, info rdb.KeyInfo, v *value.Value) error {
	if p.commands != nil {
		p.commands.ValueKey(key, info.Expiry, v)
		return nil
	}
	return p.enc.ValueKey(key, info, v)
}

// writeCommands makes a section hold commands.
func (p *section) writeCommands() {
	p.commands = &rebuild.Encoder{Out: &p.enc.Out, Between: func() {
		if len(p.enc.Out) >= p.enc.SpillBytes {
			p.enc.Spill()
		}
	}}
}

// dbSize is the size of a database at the instant; it is written before the
// first of its keys.
type dbSize struct {
	keys, expires int64
	written       atomic.Bool
}

// newStream begins a file. Exclusive mode.
func (s *Saver) newStream(k kind, background bool) *stream {
	w := &stream{pool: s.Space.Pool(), queue: newQueue(), settings: s.Settings(), sizes: make([]dbSize, s.Space.Databases())}
	for db := range w.sizes {
		w.sizes[db].keys = s.Space.Len(db)
		w.sizes[db].expires, _ = s.Space.Expires(db)
	}
	format := rdb.Format{Version: w.settings.FormatVersion, Compress: w.settings.Compress}
	if format.Version == 0 {
		format.Version = rdb.Version
	}
	if background {
		format.CompressMax = lockedCompressMax
	}
	for _, part := range w.sections() {
		part.db = -1
		part.enc.Format, part.enc.SpillBytes = format, chunkBytes
		part.enc.Spill = func() { w.pass(part) }
		if k == baseCommands {
			part.writeCommands()
		}
	}
	if k == baseCommands {
		for _, code := range s.libraries.all() {
			w.main.commands.Function(code)
		}
	} else {
		s.describe(w, k)
	}
	// All sections follow the head.
	w.pass(&w.main)
	w.endKey(&w.main)
	return w
}

// describe writes the head of a snapshot.
func (s *Saver) describe(w *stream, k kind) {
	enc := &w.main.enc
	enc.Header()
	if enc.Version >= rdb.Version {
		enc.Aux("valkey-ver", w.settings.Version)
	} else {
		enc.Aux("redis-ver", w.settings.Version)
	}
	enc.AuxInt("redis-bits", 64)
	enc.AuxInt("ctime", s.Now().Unix())
	enc.AuxInt("used-mem", s.UsedMemory())
	begins := int64(0)
	if k == baseSnapshot {
		begins = 1
	}
	enc.AuxInt("aof-base", begins)
	for _, code := range s.libraries.all() {
		enc.Function(code)
	}
}

func (w *stream) sections() []*section {
	all := []*section{&w.main}
	for i := range w.early {
		all = append(all, &w.early[i])
	}
	return all
}

// pass passes on what a section has collected, which may be part of a key.
// Between this and endKey, no other section does.
func (w *stream) pass(part *section) {
	if !part.passing {
		w.mu.Lock()
		part.passing = true
	}
	if w.large == nil {
		part.enc.Out = w.queue.push(part.enc.Out)
		return
	}
	w.aside = append(w.aside, part.enc.Out)
	w.behind.Add(int64(len(part.enc.Out)))
	part.enc.Out = make([]byte, 0, chunkBytes)
}

// endKey is called behind each key.
func (w *stream) endKey(part *section) {
	if len(part.enc.Out) >= chunkBytes {
		w.pass(part)
	}
	if part.passing {
		// The rest of a key goes with its beginning.
		if len(part.enc.Out) > 0 {
			w.pass(part)
		}
		part.db, part.passing = -1, false
		w.mu.Unlock()
	}
}

// SaveEntry implements keyspace.SnapshotSink.
func (w *stream) SaveEntry(db int, e keyspace.Entry) { w.encode(&w.main, db, &e) }

// SaveEarly implements keyspace.SnapshotSink.
func (w *stream) SaveEarly(lane, db int, e keyspace.Entry) {
	part := &w.early[lane%lanes]
	part.mu.Lock()
	defer part.mu.Unlock()
	w.encode(part, db, &e)
}

func (w *stream) encode(part *section, db int, e *keyspace.Entry) {
	if w.failed.Load() {
		return
	}
	w.selectDB(part, db)
	info := w.info(e)
	if e.Type() == value.String {
		part.stringKey(e.Key(), info, e.String(&part.text))
	} else {
		v := e.Value()
		if err := part.valueKey(e.Key(), info, &v); err != nil {
			w.fail(part, err)
		}
	}
	w.endKey(part)
}

// fail notes an error; nothing more is encoded.
func (w *stream) fail(part *section, err error) {
	if !part.passing {
		w.mu.Lock()
		defer w.mu.Unlock()
	}
	w.err = cmp.Or(w.err, err)
	w.failed.Store(true)
}

// selectDB makes what follows in a section belong to a database.
func (w *stream) selectDB(part *section, db int) {
	if db == part.db {
		return
	}
	part.selectDB(db)
	if size := &w.sizes[db]; part.commands == nil && size.written.CompareAndSwap(false, true) {
		part.enc.ResizeDB(size.keys, size.expires)
	}
}

func (w *stream) info(e *keyspace.Entry) rdb.KeyInfo {
	info := rdb.KeyInfo{Expiry: e.Expiry(), IdleSeconds: -1, Frequency: -1}
	if w.settings.LRU {
		info.IdleSeconds = e.IdleMillis() / 1000
	}
	if w.settings.LFU {
		info.Frequency = e.Frequency()
	}
	return info
}

// Full implements keyspace.SnapshotSink.
func (w *stream) Full() bool { return w.behind.Load() > sideMax-lanes*chunkBytes }

// Crowded implements keyspace.SnapshotSink.
func (w *stream) Crowded() bool { return w.behind.Load() > sideMax/2 }

// Rest implements keyspace.SnapshotSink.
func (w *stream) Rest() {
	w.queue.rest()
	w.encodeTaken()
}

// end passes on what the sections hold, writes the end mark and closes the queue.
func (w *stream) end() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.early {
		if out := w.early[i].enc.Out; len(out) > 0 {
			w.queue.push(out)
		}
	}
	if w.main.commands == nil {
		w.main.enc.End()
	}
	if len(w.main.enc.Out) > 0 {
		w.queue.push(w.main.enc.Out)
	}
	w.queue.close()
	return w.err
}

// largeValue encodes a value on a goroutine of its own, which runs only during
// Slice and Finish: the locks of their callers are its locks.
type largeValue struct {
	w      *stream
	resume chan bool // false: give up
	paused chan bool // true: at the end
	ending atomic.Bool
}

// sliceBytes is how much output makes a slice, about a tenth of a millisecond.
const sliceBytes = 32 << 10

// takenString is a string that the walk has taken a reference to: it is encoded
// when no lock is held, as to compress a megabyte takes 3 to 9 ms. Whoever changes
// the key meanwhile makes a copy. There is one at a time.
type takenString struct {
	ref  offheap.Ref
	db   int
	key  []byte
	info rdb.KeyInfo
}

// encodeTaken encodes the string that was taken, if there is one.
func (w *stream) encodeTaken() {
	t := w.taken
	if t.ref == 0 {
		return
	}
	w.taken = takenString{}
	defer str.ReleaseTo(w.pool, t.ref)
	if w.failed.Load() {
		return
	}
	w.selectDB(&w.main, t.db)
	enc := &w.main.enc
	enc.CompressMax = compressMax
	w.main.stringKey(t.key, t.info, str.Bytes(t.ref))
	enc.CompressMax = lockedCompressMax
	w.endKey(&w.main)
}

// takenValue is a LargeValue with nothing left to do.
type takenValue struct{}

func (takenValue) Slice() bool { return true }
func (takenValue) Finish()     {}
func (takenValue) Abandon()    {}

// SaveLarge implements keyspace.SnapshotSink.
func (w *stream) SaveLarge(db int, e keyspace.Entry) keyspace.LargeValue {
	if e.Type() == value.String && e.StringLen() <= compressMax {
		str.Retain(e.BigString())
		w.taken = takenString{e.BigString(), db, bytes.Clone(e.Key()), w.info(&e)}
		return takenValue{}
	}
	l := &largeValue{w: w, resume: make(chan bool), paused: make(chan bool)}
	w.selectDB(&w.main, db)
	w.mu.Lock()
	w.large = l
	w.mu.Unlock()
	enc := &w.main.enc
	enc.Spill, enc.SpillBytes = l.pause, len(enc.Out)+sliceBytes
	key, info := e.Key(), w.info(&e)
	if e.Type() == value.String {
		var text keyspace.NumberText
		s := e.String(&text)
		go l.encode(func() error { w.main.stringKey(key, info, s); return nil })
		return l
	}
	v := e.Value()
	go l.encode(func() error { return w.main.valueKey(key, info, &v) })
	return l
}

func (l *largeValue) encode(write func() error) {
	defer func() { l.paused <- true }()
	defer l.w.endLarge()
	if !<-l.resume {
		return
	}
	if err := write(); err != nil {
		l.w.fail(&l.w.main, err)
	}
}

// pause is called by the encoder when a slice is full.
func (l *largeValue) pause() {
	enc := &l.w.main.enc
	if len(enc.Out) >= chunkBytes {
		enc.Out = l.w.queue.push(enc.Out)
	}
	enc.SpillBytes = len(enc.Out) + sliceBytes
	if l.ending.Load() {
		return
	}
	l.paused <- false
	if !<-l.resume {
		runtime.Goexit()
	}
}

// Slice implements keyspace.LargeValue.
func (l *largeValue) Slice() (done bool) {
	l.resume <- true
	return <-l.paused
}

// Finish implements keyspace.LargeValue.
func (l *largeValue) Finish() {
	l.ending.Store(true)
	l.Slice()
}

// Abandon implements keyspace.LargeValue.
func (l *largeValue) Abandon() {
	l.resume <- false
	<-l.paused
}

// endLarge gives the main section back and lets follow what came meanwhile.
func (w *stream) endLarge() {
	w.mu.Lock()
	defer w.mu.Unlock()
	enc := &w.main.enc
	enc.Out = w.queue.push(enc.Out)
	enc.Spill, enc.SpillBytes = func() { w.pass(&w.main) }, chunkBytes
	w.main.db, w.large = -1, nil
	for _, chunk := range w.aside {
		w.queue.push(chunk)
	}
	w.aside = nil
	w.behind.Store(0)
}

// delay is how long to rest after some keys (rdb-key-save-delay).
func (o *Settings) delay(keys int64) time.Duration { return time.Duration(keys) * o.KeyDelay }

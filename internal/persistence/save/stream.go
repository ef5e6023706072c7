package save

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/persistence/journal/rebuild"
	"github.com/kvasirdb/kvasir/internal/persistence/rdb"
)

// stream turns entries into the bytes of a file. It is the sink of a snapshot.
//
// The bytes of one key lie together. While a large value is on its way, in
// slices, what else is handed over is encoded aside and follows it.
type stream struct {
	queue    *queue
	settings Settings

	mu    sync.Mutex // entries come from the walk and from writers at once
	main  section
	sizes []dbSize
	err   error

	// large is the value under way, which owns main meanwhile.
	large *largeValue
	side  section
	aside [][]byte // full chunks of side
	// sideBytes is how much there is aside.
	sideBytes atomic.Int64
}

// section is consecutive bytes of the file.
type section struct {
	enc rdb.Encoder
	// commands writes into enc.Out in its place if the file is to hold commands.
	commands *rebuild.Encoder
	db       int // selected; -1: none
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
	written       bool
}

// newStream begins a file. Exclusive mode.
func (s *Saver) newStream(k kind, background bool) *stream {
	w := &stream{queue: newQueue(), settings: s.Settings(), sizes: make([]dbSize, s.Space.Databases())}
	for db := range w.sizes {
		w.sizes[db].keys = s.Space.Len(db)
		w.sizes[db].expires, _ = s.Space.Expires(db)
	}
	format := rdb.Format{Version: w.settings.FormatVersion, Compress: w.settings.Compress}
	if format.Version == 0 {
		format.Version = rdb.Version
	}
	if background {
		format.CompressMax = compressMax
	}
	w.main, w.side = section{db: -1}, section{db: -1}
	for _, enc := range []*rdb.Encoder{&w.main.enc, &w.side.enc} {
		enc.Format, enc.SpillBytes = format, chunkBytes
	}
	w.main.enc.Spill = w.spill
	w.side.enc.Spill = w.spillAside
	if k == baseCommands {
		w.main.writeCommands()
		w.side.writeCommands()
		for _, code := range s.libraries.all() {
			w.main.commands.Function(code)
		}
		return w
	}
	s.describe(w, k)
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

func (w *stream) spill() { w.main.enc.Out = w.queue.push(w.main.enc.Out) }

func (w *stream) spillAside() {
	w.aside = append(w.aside, w.side.enc.Out)
	w.sideBytes.Add(int64(len(w.side.enc.Out)))
	w.side.enc.Out = nil
}

// SaveEntry implements keyspace.SnapshotSink.
func (w *stream) SaveEntry(db int, e keyspace.Entry) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return
	}
	part := &w.main
	if w.large != nil {
		part = &w.side
	}
	w.selectDB(part, db)
	info := w.info(&e)
	if e.Type() == value.String {
		var text keyspace.NumberText
		part.stringKey(e.Key(), info, e.String(&text))
		return
	}
	v := e.Value()
	w.err = part.valueKey(e.Key(), info, &v)
}

// selectDB makes what follows in a section belong to a database.
func (w *stream) selectDB(part *section, db int) {
	if db == part.db {
		return
	}
	part.selectDB(db)
	if size := &w.sizes[db]; !size.written && part.commands == nil {
		size.written = true
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
func (w *stream) Full() bool { return w.sideBytes.Load() > sideMax-chunkBytes }

// Rest implements keyspace.SnapshotSink.
func (w *stream) Rest() { w.queue.rest() }

// end writes the end mark, passes the rest on and closes the queue.
func (w *stream) end() error {
	if w.main.commands == nil {
		w.main.enc.End()
	}
	w.spill()
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

// SaveLarge implements keyspace.SnapshotSink.
func (w *stream) SaveLarge(db int, e keyspace.Entry) keyspace.LargeValue {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := &largeValue{w: w, resume: make(chan bool), paused: make(chan bool)}
	w.selectDB(&w.main, db)
	w.large = l
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
		l.w.mu.Lock()
		l.w.err = err
		l.w.mu.Unlock()
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
	w.large = nil
	main, side := &w.main.enc, &w.side
	main.Spill, main.SpillBytes = w.spill, chunkBytes
	if side.db < 0 {
		return
	}
	for _, chunk := range w.aside {
		w.spill()
		main.Out = append(main.Out, chunk...)
	}
	w.aside = nil
	w.sideBytes.Store(0)
	main.Out = append(main.Out, side.enc.Out...)
	side.enc.Out = nil
	w.main.db, side.db = side.db, -1
}

// delay is how long to rest after some keys (rdb-key-save-delay).
func (o *Settings) delay(keys int64) time.Duration { return time.Duration(keys) * o.KeyDelay }

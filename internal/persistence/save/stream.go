package save

import (
	"io"
	"sync"
	"time"

	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/persistence/rdb"
)

const (
	chunkBytes = 256 << 10
	// queueBytes bounds what is encoded and not yet written.
	queueBytes = 64 << 20
)

// stream turns entries into the bytes of a file. It is the sink of a snapshot.
type stream struct {
	push     func(chunk []byte) (next []byte) // takes the chunk, returns an empty one
	settings Settings

	mu    sync.Mutex // entries come from the walk and from writers at once
	enc   rdb.Encoder
	db    int // selected; -1: none
	sizes []dbSize
	err   error
}

// dbSize is the size of a database at the instant; it is written before the
// first of its keys.
type dbSize struct {
	keys, expires int64
	written       bool
}

// newStream begins a file. Exclusive mode.
func (s *Saver) newStream(push func([]byte) []byte) *stream { return s.newStreamOf(0, push) }

// newStreamOf is newStream for a file whose description says aofBase, 1 if an
// append-only file begins with it.
func (s *Saver) newStreamOf(aofBase int64, push func([]byte) []byte) *stream {
	w := &stream{push: push, settings: s.Settings(), db: -1, sizes: make([]dbSize, s.Space.Databases())}
	for db := range w.sizes {
		w.sizes[db].keys = s.Space.Len(db)
		w.sizes[db].expires, _ = s.Space.Expires(db)
	}
	w.enc.Format = rdb.Format{Version: rdb.Version, Compress: w.settings.Compress}
	w.enc.SpillBytes = chunkBytes
	w.enc.Spill = func() { w.enc.Out = w.push(w.enc.Out) }
	w.enc.Header()
	w.enc.Aux("valkey-ver", w.settings.Version)
	w.enc.AuxInt("redis-bits", 64)
	w.enc.AuxInt("ctime", s.Now().Unix())
	w.enc.AuxInt("used-mem", s.UsedMemory())
	w.enc.AuxInt("aof-base", aofBase)
	return w
}

// SaveEntry implements keyspace.SnapshotSink.
func (w *stream) SaveEntry(db int, e keyspace.Entry) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return
	}
	if db != w.db {
		w.db = db
		w.enc.SelectDB(db)
		if size := &w.sizes[db]; !size.written {
			size.written = true
			w.enc.ResizeDB(size.keys, size.expires)
		}
	}
	info := rdb.KeyInfo{Expiry: e.Expiry(), IdleSeconds: -1, Frequency: -1}
	if w.settings.LRU {
		info.IdleSeconds = e.IdleMillis() / 1000
	}
	if w.settings.LFU {
		info.Frequency = e.Frequency()
	}
	if e.Type() == value.String {
		var text keyspace.NumberText
		w.enc.StringKey(e.Key(), info, e.String(&text))
		return
	}
	v := e.Value()
	w.err = w.enc.ValueKey(e.Key(), info, &v)
}

// end writes the end mark and passes the rest on.
func (w *stream) end() error {
	w.enc.End()
	w.enc.Spill()
	return w.err
}

// queue passes chunks from a stream to the goroutine that writes them.
type queue struct {
	full chan []byte
	free chan []byte
}

func newQueue() *queue {
	const chunks = queueBytes / chunkBytes
	return &queue{full: make(chan []byte, chunks), free: make(chan []byte, chunks)}
}

// push waits while the queue is full.
func (q *queue) push(chunk []byte) []byte {
	q.full <- chunk
	select {
	case next := <-q.free:
		return next[:0]
	default:
		return make([]byte, 0, chunkBytes+chunkBytes/8)
	}
}

// drain writes what comes until the queue is closed, and after an error throws
// it away, once onError was called.
func (q *queue) drain(w io.Writer, onError func()) (err error) {
	for chunk := range q.full {
		if err == nil {
			if _, err = w.Write(chunk); err != nil {
				onError()
			}
		}
		select {
		case q.free <- chunk:
		default:
		}
	}
	return err
}

// delay is how long to rest after some keys (rdb-key-save-delay).
func (o *Settings) delay(keys int64) time.Duration { return time.Duration(keys) * o.KeyDelay }

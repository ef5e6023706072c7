// Package journal gives every write its place in one order.
//
// Commands run in parallel on different shards; what they propagate comes here
// while their locks are still held, so that two writes of one key arrive in the
// order in which they were executed. A batch, which is what one command or one
// transaction has done, is encoded once and appended as a whole:
//
//	#TS:<seconds>              if annotations are on and the second has changed
//	MULTI                      if the batch has more than one command
//	SELECT <db>                if the database is another than before
//	<command> …
//	EXEC
//
// in the form of requests (arrays of bulk strings), which is what append-only
// files hold and what replicas are sent.
//
// An offset counts the bytes appended since the journal was made. Whoever writes
// the journal to a disk takes what has been appended; there is one such taker.
// Whoever appends beyond the bound calls on the taker itself, under the locks of
// its command, before it goes on: memory stays bounded, and the server is as
// fast as the disk. The taker must not need any of those locks.
package journal

import (
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/resp"
)

// Options are how a journal is kept.
type Options struct {
	// BytesMax is how much may be appended and not taken before Full is called.
	BytesMax int
	// Full makes the taker take now. It may append nothing.
	Full func()
	// Now is asked when annotations are on.
	Now func() time.Time
}

// Journal is the order of all writes. It is safe for concurrent use.
type Journal struct {
	options  Options
	annotate atomic.Bool
	offset   atomic.Int64 // appended so far; changed with mu held

	mu     sync.Mutex
	buf    []byte // appended and not taken
	free   []byte // for the next buf
	db     int    // selected, -1: none
	second int64  // of the last annotation
}

// New returns an empty journal.
func New(o Options) *Journal {
	return &Journal{options: o, db: -1}
}

// Observer returns what the engine calls for every batch.
func (j *Journal) Observer() command.Observer {
	return command.Observer{Name: "journal", Propagate: j.Append}
}

// Annotate makes the journal note the time before batches, or ends that
// (aof-timestamp-enabled).
func (j *Journal) Annotate(on bool) { j.annotate.Store(on) }

// Offset returns the bytes appended so far. What the calling goroutine has
// appended, or waited for, is included.
func (j *Journal) Offset() int64 { return j.offset.Load() }

var (
	beginUnit = []byte("*1\r\n$5\r\nMULTI\r\n")
	endUnit   = []byte("*1\r\n$4\r\nEXEC\r\n")
)

// Append adds a batch as one unit, which must not be empty.
func (j *Journal) Append(batch []command.Propagated) {
	if j.append(batch) > j.options.BytesMax {
		j.options.Full()
	}
}

// append returns how many bytes wait now.
func (j *Journal) append(batch []command.Propagated) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	before := len(j.buf)
	if j.annotate.Load() {
		j.annotateLocked()
	}
	if len(batch) > 1 {
		j.buf = append(j.buf, beginUnit...)
	}
	for i := range batch {
		if p := &batch[i]; p.DB != j.db {
			j.db = p.DB
			j.buf = append(j.buf, "*2\r\n$6\r\nSELECT\r\n"...)
			j.buf = resp.AppendBulkInt(j.buf, int64(p.DB))
		}
		j.buf = AppendCommand(j.buf, batch[i].Args)
	}
	if len(batch) > 1 {
		j.buf = append(j.buf, endUnit...)
	}
	j.offset.Add(int64(len(j.buf) - before))
	return len(j.buf)
}

func (j *Journal) annotateLocked() {
	if now := j.options.Now().Unix(); now > j.second {
		j.second = now
		j.buf = append(j.buf, "#TS:"...)
		j.buf = strconv.AppendInt(j.buf, now, 10)
		j.buf = append(j.buf, "\r\n"...)
	}
}

// AppendCommand appends a command in the form of a request.
func AppendCommand(b []byte, args [][]byte) []byte {
	b = append(b, '*')
	b = strconv.AppendInt(b, int64(len(args)), 10)
	b = append(b, "\r\n"...)
	for _, arg := range args {
		b = resp.AppendBulk(b, arg)
	}
	return b
}

// Take removes what has been appended. end is the offset behind it. The caller
// owns the bytes until it gives them back by Recycle.
func (j *Journal) Take() (taken []byte, end int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	taken, end = j.buf, j.offset.Load()
	j.buf, j.free = j.free[:0], nil
	return taken, end
}

// keptBytes is the largest buffer that is kept for reuse.
const keptBytes = 4 << 20

// Recycle gives memory from Take back.
func (j *Journal) Recycle(b []byte) {
	if cap(b) > keptBytes {
		return
	}
	j.mu.Lock()
	j.free = b[:0]
	j.mu.Unlock()
}

// Len returns how many bytes wait to be taken.
func (j *Journal) Len() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.buf)
}

// Break makes the next batch stand on its own, as the first of a file must: it
// begins with its time and its database.
func (j *Journal) Break() {
	j.mu.Lock()
	j.db, j.second = -1, 0
	j.mu.Unlock()
}

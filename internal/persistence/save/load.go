package save

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/persistence/rdb"
)

// Loaded is what a load brought.
type Loaded struct {
	Keys, Expired, Empty, AllExpired int64
}

// Loading is a load that is going on.
type Loading struct {
	Began         time.Time
	Total, Loaded int64 // bytes
	UsedMemory    int64 // of the server that wrote the file
}

// ErrLoad is returned when the keys cannot be loaded. The log says why.
var ErrLoad = errors.New("Fatal error loading the DB, check server logs. Exiting.") // Valkey's last line in the log

// loader puts the records of a file into the keyspace.
type loader struct {
	s         *Saver
	o         Settings
	f         io.Closer
	p         *parser
	batchKeys int
	merge     bool // keys that are there are replaced
	keep      bool // keys whose time has come are kept
	now       int64
	offset    int64 // of what was stored
	errOffset int64 // of what could not be
	reserved  []int // databases in which room was made
	ended     bool  // the parser has
	damaged   bool  // the file is: a check of it may tell more
	result    Loaded
}

// start begins to read a file behind its header.
func (s *Saver) start(r io.Reader, size, now int64, fieldsNow int64) (*loader, error) {
	o := s.Settings()
	heap := s.Space.Pool().NewHeap()
	in, err := rdb.NewReader(r, rdb.ReadOptions{
		Heap: heap, Limits: s.Limits(), Relaxed: o.AnyVersion, SkipChecksum: !o.Checksum, FieldsNowMillis: fieldsNow,
	})
	if err != nil {
		heap.Close()
		return nil, err
	}
	l := &loader{s: s, o: o, now: now, batchKeys: batchKeys}
	if o.LoadKeyDelay > 0 {
		l.batchKeys = 1
	}
	l.startParser(heap, in, size)
	return l, nil
}

// open opens the snapshot; there is none if both results are nil.
func (s *Saver) open(merge bool) (*loader, error) {
	o := s.Settings()
	f, err := s.FS.OpenFile(o.path(), os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		s.Log.Warningf("Fatal error: can't open the RDB file %s for reading: %v", o.Filename, err)
		return nil, ErrLoad
	}
	progress := &Loading{Began: s.Now()}
	if info, err := f.Stat(); err == nil {
		progress.Total = info.Size()
	}
	now := progress.Began.UnixMilli()
	l, err := s.start(f, progress.Total, now, now)
	if err != nil {
		f.Close()
		var version rdb.VersionError
		var signature rdb.SignatureError
		switch {
		case errors.As(err, &version):
			s.Log.Warningf("Can't handle RDB format version %d", int(version))
		case errors.As(err, &signature):
			s.Log.Warningf("Wrong signature trying to load DB from file: %s", string(signature))
		default:
			s.Log.Warningf("Short read or OOM loading DB. Unrecoverable error, aborting now.")
		}
		return nil, ErrLoad
	}
	s.mu.Lock()
	s.loading = progress
	s.mu.Unlock()
	l.f, l.merge = f, merge
	return l, nil
}

// LoadAtStart loads the snapshot, if there is one, in slices, between which
// the server answers. It returns ErrLoad if it cannot.
func (s *Saver) LoadAtStart() error {
	l, err := s.open(false)
	if l == nil {
		return err
	}
	w := s.Space.NewWorker(nil)
	defer w.Close()
	exclusive := func(f func()) {
		w.Enter()
		w.Exclusive(f)
		w.Leave()
	}
	for b := range l.p.batches {
		exclusive(func() { err = l.store(w, b) })
		if err != nil {
			break
		}
		l.p.recycle(b)
		l.delay()
	}
	exclusive(func() { err = l.close(w, err) })
	if l.damaged {
		s.checkFile(l.o.path())
		s.Log.Warningf("Terminating server after rdb file reading failure.")
	}
	return err
}

// checkFile checks a file that could not be loaded, and logs what it holds up to
// the damage. What is no regular file cannot be read again.
func (s *Saver) checkFile(path string) {
	info, err := s.FS.Stat(path)
	if s.Check == nil || err != nil || !info.Mode().IsRegular() {
		return
	}
	for line := range strings.Lines(s.Check(path)) {
		s.Log.Warningf("%s", strings.TrimSuffix(line, "\n"))
	}
}

// delay rests behind a key (key-load-delay).
func (l *loader) delay() {
	if l.o.LoadKeyDelay > 0 {
		l.s.Delay(l.o.LoadKeyDelay, nil)
	}
}

// Reload replaces the keys, or merges them if flush is not set, by those of
// the snapshot. Exclusive mode.
func (s *Saver) Reload(tx *keyspace.Tx, flush, merge bool) error {
	l, err := s.open(merge)
	if err != nil {
		return err
	}
	if l == nil {
		return fs.ErrNotExist
	}
	w, db, now := tx.Worker(), tx.DB(), tx.Now()
	if flush {
		for db := range s.Space.Databases() {
			w.Flush(db, false)
		}
		s.libraries.clear()
	}
	for b := range l.p.batches {
		if err = l.store(w, b); err != nil {
			break
		}
		l.p.recycle(b)
		l.delay()
	}
	err = l.close(w, err)
	w.Begin(db, now) // tx is the worker's; its database may be gone
	return err
}

// close ends a load that storing ended, with an error or because there is no
// more. Exclusive mode.
func (l *loader) close(w *keyspace.Worker, err error) error {
	err = l.end(w, err)
	l.f.Close()
	s := l.s
	s.mu.Lock()
	took := s.Now().Sub(s.loading.Began)
	s.loading = nil
	s.saved, s.lastSave = s.Changes(), s.Now()
	s.mu.Unlock()
	if err == nil {
		s.Log.Noticef("DB loaded from disk: %.3f seconds", took.Seconds())
	}
	return err
}

// end stops the parser, trims the tables and tells the result. Exclusive mode.
func (l *loader) end(w *keyspace.Worker, err error) error {
	l.p.stop(w.Heap())
	l.ended = true
	r, s := &l.result, l.s
	r.Empty, r.AllExpired = l.p.empty, l.p.expired
	for _, db := range l.reserved {
		w.Begin(db, l.now).TrimTables()
	}
	s.mu.Lock()
	s.lastLoaded = *r
	s.mu.Unlock()
	switch {
	case err != nil:
		l.explain(err, l.errOffset, "read-object-value")
		return ErrLoad
	case l.p.err != nil:
		l.explain(l.p.err, l.p.r.Offset(), l.p.doing)
		return ErrLoad
	case r.Empty > 0:
		s.Log.Noticef("Done loading RDB, keys loaded: %d, keys expired: %d, empty keys skipped: %d, all fields expired hashes: %d.",
			r.Keys, r.Expired, r.Empty, r.AllExpired)
	default:
		s.Log.Noticef("Done loading RDB, keys loaded: %d, keys expired: %d, all fields expired hashes: %d.",
			r.Keys, r.Expired, r.AllExpired)
	}
	return nil
}

// explain logs why a file cannot be loaded.
func (l *loader) explain(err error, offset int64, doing string) {
	log := l.s.Log
	l.damaged = true
	var foreign *rdb.ForeignTypeError
	switch {
	case errors.As(err, &foreign):
		log.Warningf("%v", foreign)
		l.damaged = false
	case errors.Is(err, io.ErrUnexpectedEOF):
		log.Warningf("Short read or OOM loading DB. Unrecoverable error, aborting now.")
		log.Warningf("Internal error in RDB reading offset %d, %s -> Unexpected EOF reading RDB file", offset, doing)
	case errors.Is(err, rdb.ErrKind):
		log.Warningf("Unknown type or opcode when loading DB. Unrecoverable error, aborting now. (%v)", err)
		l.damaged = false
	case errors.Is(err, rdb.ErrChecksum):
		log.Warningf("Wrong RDB checksum (%v). Aborting now.", err)
		log.Warningf("Internal error in RDB reading offset %d, %s -> RDB CRC error", offset, doing)
	default:
		log.Warningf("Internal error in RDB reading offset %d, %s -> %v", offset, doing, err)
	}
}

// emptyKeysLogged is how many keys without a value are named in the log.
const emptyKeysLogged = 10

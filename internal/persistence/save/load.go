package save

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"strconv"
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
var ErrLoad = errors.New("the snapshot cannot be loaded")

// loader puts the records of a file into the keyspace.
type loader struct {
	s      *Saver
	r      *rdb.Reader
	o      Settings
	f      io.Closer
	merge  bool // keys that are there are replaced
	keep   bool // keys whose time has come are kept
	now    int64
	db     int
	result Loaded
}

// open opens the snapshot; there is none if both results are nil.
func (s *Saver) open(w *keyspace.Worker, merge bool) (*loader, error) {
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
	r, err := rdb.NewReader(f, rdb.ReadOptions{
		Heap: w.Heap(), Limits: s.Limits(), Relaxed: o.AnyVersion, SkipChecksum: !o.Checksum, FieldsNowMillis: now,
	})
	if err != nil {
		f.Close()
		var version rdb.VersionError
		switch {
		case errors.As(err, &version):
			s.Log.Warningf("Can't handle RDB format version %d", int(version))
		case errors.Is(err, rdb.ErrCorrupt):
			s.Log.Warningf("Wrong signature trying to load DB from file: %s", o.Filename)
		default:
			s.Log.Warningf("Short read or OOM loading DB. Unrecoverable error, aborting now.")
		}
		return nil, ErrLoad
	}
	s.mu.Lock()
	s.loading = progress
	s.mu.Unlock()
	return &loader{s: s, r: r, o: o, f: f, merge: merge, now: now}, nil
}

// LoadAtStart loads the snapshot, if there is one, in slices, between which
// the server answers. It returns ErrLoad if it cannot.
func (s *Saver) LoadAtStart() error {
	w := s.Space.NewWorker(nil)
	defer w.Close()
	l, err := s.open(w, false)
	if l == nil {
		return err
	}
	for done := false; !done && err == nil; {
		w.Enter()
		w.Exclusive(func() {
			if done, err = l.step(w.Begin(0, l.now), l.o.LoadSlice); done || err != nil {
				l.close(err)
			}
		})
		w.Leave()
	}
	return err
}

// Reload replaces the keys, or merges them if flush is not set, by those of
// the snapshot. Exclusive mode.
func (s *Saver) Reload(tx *keyspace.Tx, flush, merge bool) error {
	l, err := s.open(tx.Worker(), merge)
	if err != nil {
		return err
	}
	if l == nil {
		return fs.ErrNotExist
	}
	if flush {
		for db := range s.Space.Databases() {
			tx.Worker().Flush(db, false)
		}
		// The transaction has a view of the database that is gone.
		tx = tx.Worker().Begin(tx.DB(), tx.Now())
	}
	_, err = l.step(tx, math.MaxInt64)
	l.close(err)
	return err
}

// close ends a load. Exclusive mode.
func (l *loader) close(err error) {
	l.f.Close()
	s := l.s
	s.mu.Lock()
	took := s.Now().Sub(s.loading.Began)
	s.loading = nil
	s.lastLoaded = l.result
	s.saved, s.lastSave = s.Changes(), s.Now()
	s.mu.Unlock()
	if err != nil {
		return
	}
	r := &l.result
	if r.Empty > 0 {
		s.Log.Noticef("Done loading RDB, keys loaded: %d, keys expired: %d, empty keys skipped: %d, all fields expired hashes: %d.",
			r.Keys, r.Expired, r.Empty, r.AllExpired)
	} else {
		s.Log.Noticef("Done loading RDB, keys loaded: %d, keys expired: %d, all fields expired hashes: %d.",
			r.Keys, r.Expired, r.AllExpired)
	}
	s.Log.Noticef("DB loaded from disk: %.3f seconds", took.Seconds())
}

// step loads about limit bytes and reports whether that was the end.
func (l *loader) step(tx *keyspace.Tx, limit int64) (done bool, err error) {
	start := l.r.Offset()
	for l.r.Offset()-start < limit {
		rec, err := l.r.Next()
		if err == nil && rec.Type == rdb.RecordEnd {
			if !l.r.Checksum && l.r.Version >= 5 {
				l.s.Log.Noticef("RDB file was saved with checksum disabled: no check performed.")
			}
			return true, nil
		}
		if err == nil {
			err = l.record(tx, &rec)
		}
		if err != nil {
			l.explain(err)
			return false, ErrLoad
		}
	}
	l.s.mu.Lock()
	l.s.loading.Loaded = l.r.Offset()
	l.s.mu.Unlock()
	return false, nil
}

// explain logs why a file cannot be loaded.
func (l *loader) explain(err error) {
	log := l.s.Log
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		log.Warningf("Short read or OOM loading DB. Unrecoverable error, aborting now.")
		log.Warningf("Internal error in RDB reading offset %d, %s -> Unexpected EOF reading RDB file", l.r.Offset(), l.r.Doing())
	case errors.Is(err, rdb.ErrKind):
		log.Warningf("Unknown type or opcode when loading DB. Unrecoverable error, aborting now. (%v)", err)
	case errors.Is(err, rdb.ErrChecksum):
		log.Warningf("Wrong RDB checksum (%v). Aborting now.", err)
		log.Warningf("Internal error in RDB reading offset %d, %s -> RDB CRC error", l.r.Offset(), l.r.Doing())
	default:
		log.Warningf("Internal error in RDB reading offset %d, %s -> %v", l.r.Offset(), l.r.Doing(), err)
	}
	log.Warningf("Terminating server after rdb file reading failure.")
}

func (l *loader) record(tx *keyspace.Tx, rec *rdb.Record) error {
	switch rec.Type {
	case rdb.RecordSelectDB:
		if rec.DB >= l.s.Space.Databases() {
			return fmt.Errorf("FATAL: Data file was created with a server configured to handle more than %d databases", l.s.Space.Databases())
		}
		l.db = rec.DB
	case rdb.RecordAux:
		l.aux(string(rec.Name), string(rec.Text))
	case rdb.RecordFunction:
		return errors.New("the file holds a function library, which this server cannot keep")
	case rdb.RecordModuleAux:
		l.s.Log.Warningf("The RDB file contains AUX module data I can't load: no matching module '%s'", rec.Name)
	case rdb.RecordKey:
		return l.key(tx.Other(l.db), rec)
	}
	return nil
}

func (l *loader) aux(name, text string) {
	log := l.s.Log
	number, _ := strconv.ParseInt(text, 10, 64)
	switch name {
	case "redis-ver":
		log.Noticef("Loading RDB produced by Redis version %s", text)
	case "valkey-ver":
		log.Noticef("Loading RDB produced by Valkey version %s", text)
	case "ctime":
		log.Noticef("RDB age %d seconds", max(0, l.now/1000-number))
	case "used-mem":
		log.Noticef("RDB memory usage when created %.2f Mb", float64(number)/(1<<20))
		l.s.mu.Lock()
		l.s.loading.UsedMemory = number
		l.s.mu.Unlock()
	}
}

const emptyKeysLogged = 10

// key stores a key, unless it is none or its time has come.
func (l *loader) key(tx *keyspace.Tx, rec *rdb.Record) error {
	o := &rec.Object
	switch {
	case o.Gone == rdb.Empty:
		if l.result.Empty++; l.result.Empty <= emptyKeysLogged {
			l.s.Log.Noticef("rdbLoadObject skipping empty key: %s", rec.Key)
		}
		return nil
	case o.Gone == rdb.Expired:
		l.result.AllExpired++
		return nil
	case rec.Info.Expiry >= 0 && rec.Info.Expiry < l.now && !l.keep:
		keyspace.FreeValue(tx.Heap(), o.Value)
		l.result.Expired++
		return nil
	}
	e := tx.Peek(rec.Key)
	if e.Found() && !l.merge {
		keyspace.FreeValue(tx.Heap(), o.Value)
		return fmt.Errorf("RDB has duplicated key '%s' in DB %d", rec.Key, l.db)
	}
	if o.IsString() {
		tx.SetString(&e, rec.Key, o.Text, rec.Info.Expiry)
	} else {
		tx.Put(rec.Key, o.Value, rec.Info.Expiry, 1)
	}
	l.access(tx, rec)
	l.result.Keys++
	if l.o.LoadKeyDelay > 0 {
		l.s.Delay(l.o.LoadKeyDelay, nil)
	}
	return nil
}

// access gives a key the access clock that the file has of it, if it is the
// clock that this server keeps.
func (l *loader) access(tx *keyspace.Tx, rec *rdb.Record) {
	idle, frequency := rec.Info.IdleSeconds, rec.Info.Frequency
	if idle < 0 && frequency < 0 {
		return
	}
	e := tx.Peek(rec.Key)
	switch {
	case !e.Found():
	case l.o.LFU && frequency >= 0:
		e.SetFrequency(uint8(frequency))
	case !l.o.LFU && idle >= 0:
		e.SetIdle(idle)
	}
}

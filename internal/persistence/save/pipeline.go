package save

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"sync"

	"github.com/kvasirdb/kvasir/internal/datatype/str"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/persistence/rdb"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// Loading is a pipeline of two goroutines:
//
//	file → parser: read, checksum, decode, validate; build collections
//	     → batches (batchesMax at a time)
//	     → storer: hash, look up, store, in exclusive mode for a batch at a time
//
// Memory is bounded by the batches: the texts of strings are copied into them,
// collections are off the Go heap, where they stay.
const (
	batchKeys  = 256
	batchBytes = 64 << 10
	batchesMax = 4
)

// loaded is a record on its way to the storer.
type loaded struct {
	typ       rdb.RecordType
	db        int
	key, text []byte // views of the batch
	value     value.Value
	info      rdb.KeyInfo
	keys      int64 // RecordResizeDB
	offset    int64 // in the file, behind the record
}

// isText reports whether a key's value is text.
func (r *loaded) isText() bool { return r.value.Root == 0 }

// batch is some records in a row.
type batch struct {
	records []loaded
	bytes   []byte
	size    int   // of all copies
	offset  int64 // behind the last
}

// keep copies s into the batch. Earlier copies stay where they are.
func (b *batch) keep(s []byte) []byte {
	if len(b.bytes)+len(s) > cap(b.bytes) {
		b.bytes = make([]byte, 0, max(batchBytes, len(s)))
	}
	at := len(b.bytes)
	b.size += len(s)
	b.bytes = append(b.bytes, s...)
	return b.bytes[at:len(b.bytes):len(b.bytes)]
}

// parser reads records and passes them on in batches.
type parser struct {
	l    *loader
	r    *rdb.Reader
	heap *offheap.Heap
	b    *batch
	db   int
	size int64 // of the file; 0: not known

	batches chan *batch
	free    chan *batch
	quit    chan struct{}
	done    sync.WaitGroup
	err     error  // read after batches is closed
	doing   string // likewise
	empty   int64
	expired int64
}

// startParser lets the parser begin behind the header that r has read.
func (l *loader) startParser(heap *offheap.Heap, r *rdb.Reader, size int64) {
	p := &parser{
		l: l, r: r, heap: heap, size: size, quit: make(chan struct{}),
		batches: make(chan *batch, batchesMax), free: make(chan *batch, batchesMax),
	}
	l.p = p
	p.done.Go(p.run)
}

var errStopped = errors.New("stopped")

// run reads to the end or an error.
func (p *parser) run() {
	p.err = p.parse()
	p.doing = p.r.Doing()
	if p.err != errStopped && p.b != nil && p.send() != nil {
		p.err = errStopped
	}
	p.heap.Close()
	close(p.batches)
}

// stop ends the parser and frees what it has passed on and nobody has taken.
func (p *parser) stop(heap *offheap.Heap) {
	close(p.quit)
	for b := range p.batches {
		for i := range b.records {
			keyspace.FreeValue(heap, b.records[i].value)
		}
	}
	p.done.Wait()
}

func (p *parser) parse() error {
	for {
		rec, err := p.r.Next()
		if err != nil {
			return err
		}
		if rec.Type == rdb.RecordEnd {
			if !p.r.Checksum && p.r.Version >= 5 {
				p.l.s.Log.Noticef("RDB file was saved with checksum disabled: no check performed.")
			}
			return nil
		}
		if err := p.record(&rec); err != nil {
			return err
		}
	}
}

func (p *parser) record(rec *rdb.Record) error {
	s := p.l.s
	switch rec.Type {
	case rdb.RecordSelectDB:
		if rec.DB >= s.Space.Databases() {
			return fmt.Errorf("FATAL: Data file was created with a server configured to handle more than %d databases", s.Space.Databases())
		}
		p.db = rec.DB
	case rdb.RecordAux:
		p.aux(string(rec.Name), string(rec.Text))
	case rdb.RecordModuleAux:
		return fmt.Errorf("The RDB file contains AUX module data I can't load: no matching module '%s'", rec.Name)
	case rdb.RecordResizeDB:
		// The file may lie: a key takes keyBytesMin at least.
		const keyBytesMin = 12
		if p.size > 0 {
			n := min(rec.Keys, uint64(max(0, p.size-p.r.Offset()))/keyBytesMin)
			return p.pass(loaded{typ: rec.Type, keys: int64(n)})
		}
	case rdb.RecordFunction:
		return p.pass(loaded{typ: rec.Type, text: p.batch().keep(rec.Text)})
	case rdb.RecordKey:
		return p.key(rec)
	}
	return nil
}

// key passes a key on, unless it is none or its time has come.
func (p *parser) key(rec *rdb.Record) error {
	o := &rec.Object
	switch {
	case o.Gone == rdb.Empty:
		if p.empty++; p.empty <= emptyKeysLogged {
			p.l.s.Log.Noticef("rdbLoadObject skipping empty key: %s", rec.Key)
		}
		return nil
	case o.Gone == rdb.Expired:
		p.expired++
		return nil
	}
	b := p.batch()
	r := loaded{typ: rdb.RecordKey, key: b.keep(rec.Key), value: o.Value, info: rec.Info}
	switch {
	case !o.IsString():
	case len(o.Text) <= keyspace.InlineMax:
		r.text = b.keep(o.Text)
	default:
		r.value = value.Value{Type: value.String, Enc: value.Big, Root: str.NewBig(p.heap, len(o.Text), 0)}
		copy(str.Bytes(r.value.Root), o.Text)
	}
	return p.pass(r)
}

// batch returns the batch being filled.
func (p *parser) batch() *batch {
	if p.b == nil {
		select {
		case p.b = <-p.free:
			p.b.records, p.b.bytes, p.b.size = p.b.records[:0], p.b.bytes[:0], 0
		default:
			p.b = &batch{records: make([]loaded, 0, batchKeys)}
		}
	}
	return p.b
}

// pass adds a record to the batch and sends the batch if it is full.
func (p *parser) pass(r loaded) error {
	b := p.batch()
	r.db, r.offset = p.db, p.r.Offset()
	b.records = append(b.records, r)
	if len(b.records) < p.l.batchKeys && b.size < batchBytes {
		return nil
	}
	return p.send()
}

func (p *parser) send() error {
	b := p.b
	b.offset = p.r.Offset()
	select {
	case p.batches <- b:
		p.b = nil
		return nil
	case <-p.quit:
		for i := range b.records {
			keyspace.FreeValue(p.heap, b.records[i].value)
		}
		return errStopped
	}
}

// recycle gives a batch back that was stored.
func (p *parser) recycle(b *batch) {
	if cap(b.bytes) > 2*batchBytes {
		b.bytes = nil
	}
	select {
	case p.free <- b:
	default:
	}
}

func (p *parser) aux(name, text string) {
	l := p.l
	log := l.s.Log
	number, _ := strconv.ParseInt(text, 10, 64)
	switch {
	case name == "redis-ver":
		log.Noticef("Loading RDB produced by Redis version %s", text)
	case name == "valkey-ver":
		log.Noticef("Loading RDB produced by Valkey version %s", text)
	case name == "ctime":
		log.Noticef("RDB age %d seconds", max(0, l.now/1000-number))
	case name == "used-mem":
		log.Noticef("RDB memory usage when created %.2f Mb", float64(number)/(1<<20))
		l.s.mu.Lock()
		if l.s.loading != nil {
			l.s.loading.UsedMemory = number
		}
		l.s.mu.Unlock()
	case len(name) > 0 && name[0] == '%':
		log.Noticef("RDB '%s': %s", name, text)
	}
}

// storeGroup is how many keys are located and prefetched together.
const storeGroup = 32

// store puts a batch into the keyspace. Exclusive mode.
func (l *loader) store(w *keyspace.Worker, b *batch) error {
	var at [storeGroup]keyspace.Located
	tx := w.Begin(0, l.now)
	for first := 0; first < len(b.records); first += storeGroup {
		group := b.records[first:min(first+storeGroup, len(b.records))]
		for i := range group {
			if r := &group[i]; r.typ == rdb.RecordKey {
				at[i] = l.s.Space.Locate(r.key)
				l.s.Space.PrefetchBucket(r.db, at[i])
			}
		}
		for i := range group {
			if err := l.storeRecord(tx.Other(group[i].db), &group[i], at[i]); err != nil {
				for _, r := range b.records[first+i:] {
					keyspace.FreeValue(w.Heap(), r.value)
				}
				l.errOffset = group[i].offset
				return err
			}
		}
	}
	l.offset = b.offset
	l.s.mu.Lock()
	if l.s.loading != nil {
		l.s.loading.Loaded = l.offset
	}
	l.s.mu.Unlock()
	return nil
}

// storeRecord stores one record. The value of a key is taken over unless there is
// an error.
func (l *loader) storeRecord(tx *keyspace.Tx, r *loaded, at keyspace.Located) error {
	switch r.typ {
	case rdb.RecordResizeDB:
		l.reserved = append(l.reserved, r.db)
		tx.Reserve(r.keys)
		return nil
	case rdb.RecordFunction:
		if err := l.s.libraries.add(r.text, l.merge); err != nil {
			l.s.Log.Warningf("Failed loading library, %v", err)
			return err
		}
		return nil
	}
	if r.info.Expiry >= 0 && r.info.Expiry < l.now && !l.keep {
		keyspace.FreeValue(tx.Heap(), r.value)
		l.result.Expired++
		return nil
	}
	e := tx.PeekAt(r.key, at)
	if e.Found() && !l.merge {
		return fmt.Errorf("RDB has duplicated key '%s' in DB %d", r.key, r.db)
	}
	if r.isText() {
		tx.SetString(&e, r.key, r.text, r.info.Expiry)
	} else {
		e.Put(r.key, r.value, r.info.Expiry, 1)
	}
	// The file may have another access clock than this server.
	switch {
	case l.o.LFU && r.info.Frequency >= 0:
		e.SetFrequency(uint8(r.info.Frequency))
	case !l.o.LFU && r.info.IdleSeconds >= 0:
		e.SetIdle(min(r.info.IdleSeconds, math.MaxInt32))
	}
	l.result.Keys++
	return nil
}

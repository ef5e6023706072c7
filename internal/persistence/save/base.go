package save

import (
	"io"

	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/persistence/rdb"
	"github.com/kvasirdb/kvasir/internal/platform/checksum"
)

// A base is a snapshot that begins an append-only file. Who keeps that file names
// and syncs the files; here are only their contents.

// summed passes bytes on and keeps their checksum.
type summed struct {
	w   io.Writer
	on  bool
	sum uint64
}

// Write implements io.Writer.
func (s *summed) Write(b []byte) (int, error) {
	if s.on {
		s.sum = checksum.CRC64(s.sum, b)
	}
	return s.w.Write(b)
}

func (s *summed) end() error {
	_, err := s.w.Write(rdb.AppendChecksum(nil, s.sum))
	return err
}

// WriteBase writes all keys to w. Exclusive mode; tx is on any database.
func (s *Saver) WriteBase(tx *keyspace.Tx, w io.Writer) error {
	out := &summed{w: w, on: s.Settings().Checksum}
	var writeErr error
	st := s.newStreamOf(1, func(chunk []byte) []byte {
		if writeErr == nil {
			_, writeErr = out.Write(chunk)
		}
		return chunk[:0]
	})
	for db := range s.Space.Databases() {
		tx.Other(db).Each(func(e keyspace.Entry) { st.SaveEntry(db, e) })
	}
	err := st.end()
	if err == nil {
		err = writeErr
	}
	if err == nil {
		err = out.end()
	}
	return err
}

// StartBase makes now the instant of a snapshot that a goroutine writes to w.
// When it has ended, done is called, outside of exclusive mode. cancel ends it
// early. Exclusive mode.
func (s *Saver) StartBase(w io.Writer, done func(err error)) (cancel func(), err error) {
	j := &job{queue: newQueue(), began: s.Now(), cancel: make(chan struct{})}
	j.stream = s.newStreamOf(1, j.queue.push)
	if j.snapshot, err = s.Space.BeginSnapshot(j.stream); err != nil {
		return nil, err
	}
	s.jobs.Go(func() { done(s.writeBase(j, w)) })
	return func() {
		close(j.cancel)
		j.snapshot.Cancel()
	}, nil
}

// writeBase writes the snapshot of a job and ends it.
func (s *Saver) writeBase(j *job, w io.Writer) error {
	worker := s.Space.NewWorker(nil)
	defer worker.Close()
	out := &summed{w: w, on: j.stream.settings.Checksum}
	written := make(chan error, 1)
	s.jobs.Go(func() { written <- j.queue.drain(out, j.snapshot.Cancel) })
	j.walk(worker, s.Now, s.Delay)
	endErr := j.stream.end()
	close(j.queue.full)
	err := <-written
	switch {
	case err == nil && endErr != nil:
		err = endErr
	case err == nil && j.cancelled():
		err = errCancelled
	case err == nil:
		err = out.end()
	}
	worker.Enter()
	worker.Exclusive(func() { j.snapshot.End(worker) })
	worker.Leave()
	return err
}

// Saving reports whether a background save runs.
func (s *Saver) Saving() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.job != nil
}

// BaseLoad loads a base, or the snapshot that an old append-only file begins
// with.
type BaseLoad struct {
	l *loader
	w *keyspace.Worker
}

// OpenBase begins to load from r. w executes the load.
func (s *Saver) OpenBase(w *keyspace.Worker, r io.Reader) (*BaseLoad, error) {
	o := s.Settings()
	now := s.Now().UnixMilli()
	in, err := rdb.NewReader(r, rdb.ReadOptions{
		Heap: w.Heap(), Limits: s.Limits(), Relaxed: o.AnyVersion, SkipChecksum: !o.Checksum,
	})
	if err != nil {
		return nil, err
	}
	return &BaseLoad{&loader{s: s, r: in, o: o, now: now, keep: true}, w}, nil
}

// Step loads a slice and reports whether it was the last. Keys whose time has
// come are kept: the commands behind the base may use them. Exclusive mode.
func (b *BaseLoad) Step() (done bool, err error) {
	done, err = b.l.step(b.w.Begin(0, b.l.now), b.l.o.LoadSlice)
	if done {
		r, s := b.l.result, b.l.s
		s.Log.Noticef("Done loading RDB, keys loaded: %d, keys expired: %d, all fields expired hashes: %d.",
			r.Keys, r.Expired, r.AllExpired)
		s.mu.Lock()
		s.lastLoaded = r
		s.mu.Unlock()
	}
	return done, err
}

// Offset returns the bytes read so far: at the end the size of the snapshot.
func (b *BaseLoad) Offset() int64 { return b.l.r.Offset() }

// BeginLoading notes that a load of so many bytes goes on, whose progress
// Progress tells, until EndLoading.
func (s *Saver) BeginLoading(total int64) {
	s.mu.Lock()
	s.loading = &Loading{Began: s.Now(), Total: total}
	s.mu.Unlock()
}

// Progress notes how many bytes have been loaded.
func (s *Saver) Progress(loaded int64) {
	s.mu.Lock()
	if s.loading != nil {
		s.loading.Loaded = loaded
	}
	s.mu.Unlock()
}

// EndLoading ends what BeginLoading began. What was loaded counts as saved.
// Exclusive mode.
func (s *Saver) EndLoading() {
	s.mu.Lock()
	s.loading = nil
	s.saved = s.Changes()
	s.mu.Unlock()
}

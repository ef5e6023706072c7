package save

import (
	"io"

	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/persistence/rdb"
	"github.com/kvasirdb/kvasir/internal/platform/checksum"
	"github.com/kvasirdb/kvasir/internal/platform/vfs"
)

// A base begins an append-only file: all keys, as a snapshot or as commands. Who
// keeps that file names and syncs the files; here are only their contents.

// summed passes bytes on and keeps their checksum.
type summed struct {
	w   io.Writer
	on  bool
	sum uint64
}

func baseKind(commands bool) kind {
	if commands {
		return baseCommands
	}
	return baseSnapshot
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

// WriteBase writes all keys to w, as commands or as a snapshot. Exclusive mode; tx
// is on any database.
func (s *Saver) WriteBase(tx *keyspace.Tx, w io.Writer, commands bool) error {
	st := s.newStream(baseKind(commands), false)
	if commands {
		return s.writeAll(tx, st, w)
	}
	out := &summed{w: w, on: s.Settings().Checksum}
	err := s.writeAll(tx, st, out)
	if err == nil {
		err = out.end()
	}
	return err
}

// StartBase makes now the instant of a base that a goroutine writes to w.
// When it has ended, done is called, outside of exclusive mode. cancel ends it
// early. Exclusive mode.
func (s *Saver) StartBase(w io.Writer, commands bool, done func(err error)) (cancel func(), err error) {
	j := &job{stream: s.newStream(baseKind(commands), true), began: s.Now(), cancel: make(chan struct{})}
	if j.snapshot, err = s.Space.BeginSnapshot(j.stream); err != nil {
		return nil, err
	}
	s.beginWaits(j.snapshot)
	s.jobs.Go(func() { done(s.writeBase(j, w)) })
	return func() {
		close(j.cancel)
		j.stop()
	}, nil
}

// writeBase writes the snapshot of a job and ends it.
func (s *Saver) writeBase(j *job, w io.Writer) error {
	worker := s.Space.NewWorker(nil)
	defer worker.Close()
	out := &summed{w: w, on: j.stream.settings.Checksum && j.stream.main.commands == nil}
	written := make(chan error, 1)
	s.jobs.Go(func() { written <- j.stream.queue.drain(out, j.snapshot.Cancel) })
	j.walk(worker, s.Now, s.Delay)
	endErr := j.stream.end()
	err := <-written
	switch {
	case err == nil && endErr != nil:
		err = endErr
	case err == nil && j.cancelled():
		err = errCancelled
	case err == nil && j.stream.main.commands == nil:
		err = out.end()
	}
	worker.Enter()
	worker.Exclusive(func() {
		j.snapshot.End(worker)
		s.endWaits()
	})
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
	size := int64(0)
	if f, ok := r.(vfs.File); ok {
		if info, err := f.Stat(); err == nil {
			size = info.Size()
		}
	}
	l, err := s.start(r, size, s.Now().UnixMilli(), 0)
	if err != nil {
		return nil, err
	}
	l.keep = true
	return &BaseLoad{l, w}, nil
}

// Step loads a part and reports whether it was the last. Keys whose time has
// come are kept: the commands behind the base may use them. After an error there
// is no other step. Exclusive mode.
func (b *BaseLoad) Step() (done bool, err error) {
	batch, more := <-b.l.p.batches
	if more {
		if err = b.l.store(b.w, batch); err == nil {
			b.l.p.recycle(batch)
			return false, nil
		}
	}
	err = b.l.end(b.w, err)
	return err == nil, err
}

// Offset returns the bytes loaded so far: at the end the size of the snapshot.
func (b *BaseLoad) Offset() int64 {
	if b.l.ended {
		return b.l.p.r.Offset()
	}
	return b.l.offset
}

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

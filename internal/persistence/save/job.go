package save

import (
	"errors"
	"io"
	"time"

	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/platform/pace"
)

// ErrInProgress is returned while a background save runs.
var ErrInProgress = errors.New("background save already in progress")

var errCancelled = errors.New("cancelled")

// SaveNow saves all keys while nothing else executes. Exclusive mode; tx is on
// any database.
func (s *Saver) SaveNow(tx *keyspace.Tx) error {
	s.mu.Lock()
	busy := s.job != nil
	if !busy {
		s.saves++
	}
	s.mu.Unlock()
	if busy {
		return ErrInProgress
	}
	return s.saveAll(tx)
}

func (s *Saver) saveAll(tx *keyspace.Tx) error {
	o := s.Settings()
	f, err := s.create(foreground, &o)
	if err != nil {
		return err
	}
	if err = s.writeAll(tx, s.newStream(snapshotFile, false), f); err == nil {
		err = f.commit(o.path())
	}
	if err != nil {
		f.discard()
		s.Log.Warningf("Write error while saving DB to the disk: %v", err)
		return err
	}
	s.Log.Noticef("DB saved on disk")
	s.mu.Lock()
	s.saved, s.lastSave, s.failed = s.Changes(), s.Now(), false
	s.mu.Unlock()
	s.ArmErrors(false)
	return nil
}

// writeAll writes all keys through a stream. Exclusive mode.
func (s *Saver) writeAll(tx *keyspace.Tx, w *stream, to io.Writer) error {
	written := make(chan error, 1)
	s.jobs.Go(func() { written <- w.queue.drain(to, func() {}) })
	for db := range s.Space.Databases() {
		tx.Other(db).Walk(func(e keyspace.Entry) {
			w.SaveEntry(db, e)
			if w.settings.KeyDelay > 0 {
				s.Delay(w.settings.KeyDelay, nil)
			}
		})
	}
	err := w.end()
	if writeErr := <-written; err == nil {
		err = writeErr
	}
	return err
}

// job is a background save.
type job struct {
	snapshot *keyspace.Snapshot
	stream   *stream
	began    time.Time
	changes  int64 // at the instant
	cancel   chan struct{}
}

// startBackground makes now the instant of a background save. Exclusive mode.
func (s *Saver) startBackground() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.job != nil {
		return ErrInProgress
	}
	j := &job{stream: s.newStream(snapshotFile, true), began: s.Now(), changes: s.Changes(), cancel: make(chan struct{})}
	var err error
	if j.snapshot, err = s.Space.BeginSnapshot(j.stream); err != nil {
		return err
	}
	s.beginWaits(j.snapshot)
	s.saves++
	s.lastTry = j.began
	s.scheduled = false
	s.job = j
	s.Log.Noticef("Background saving started")
	s.jobs.Go(func() { s.run(j) })
	return nil
}

// Cancel aborts a background save and reports whether there is one.
func (s *Saver) Cancel() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.job == nil {
		return false
	}
	select {
	case <-s.job.cancel:
	default:
		close(s.job.cancel)
	}
	s.job.stop()
	return true
}

// stop makes the walk give up as soon as it can.
func (j *job) stop() {
	j.snapshot.Cancel()
	j.stream.queue.hurry()
}

// run writes the file of a job and ends it.
func (s *Saver) run(j *job) {
	worker := s.Space.NewWorker(nil)
	o := &j.stream.settings
	written := make(chan error, 1)
	f, err := s.create(background, o)
	s.jobs.Go(func() {
		if err != nil {
			j.snapshot.Cancel()
			j.stream.queue.drain(failing{err}, func() {})
			written <- err
			return
		}
		written <- j.stream.queue.drain(f, j.snapshot.Cancel)
	})
	j.walk(worker, s.Now, s.Delay)
	endErr := j.stream.end()
	err = <-written
	switch {
	case err == nil && endErr != nil:
		err = endErr
	case err == nil && j.cancelled():
		err = errCancelled
	}
	if err == nil {
		err = f.commit(o.path())
	}
	if err != nil && f != nil {
		f.discard()
	}
	worker.Enter()
	worker.Exclusive(func() {
		j.snapshot.End(worker)
		s.endWaits()
		s.finish(j, err)
	})
	worker.Leave()
	worker.Close()
}

// failing is a file that could not be made.
type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func (j *job) cancelled() bool {
	select {
	case <-j.cancel:
		return true
	default:
		return false
	}
}

// walk visits all entries, giving way to others, and resting between keys if the
// configuration says so.
func (j *job) walk(w *keyspace.Worker, now func() time.Time, delay func(time.Duration, <-chan struct{})) {
	const slice = 64 // buckets: about a tenth of a millisecond
	n := slice
	pacer := pace.New()
	turns := w.OthersTurns()
	if j.stream.settings.KeyDelay > 0 {
		n = 1
	}
	for {
		_, before := j.snapshot.Keys()
		pacer.Begin()
		if j.snapshot.Step(w, now().UnixMilli(), n) {
			return
		}
		last := turns
		turns = w.OthersTurns()
		pacer.Rest(turns != last)
		_, after := j.snapshot.Keys()
		if rest := j.stream.settings.delay(after - before); rest > 0 {
			delay(rest, j.cancel)
			select {
			case <-j.cancel:
				n = slice
			default:
			}
		}
	}
}

// finish notes the result of a job. Exclusive mode.
func (s *Saver) finish(j *job, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.job = nil
	s.lastTook = s.Now().Sub(j.began)
	switch {
	case err == nil:
		s.Log.Noticef("DB saved on disk")
		s.Log.Noticef("Background saving terminated with success")
		s.saved, s.lastSave, s.failed = j.changes, s.Now(), false
	case errors.Is(err, errCancelled):
		s.Log.Warningf("Background saving terminated by request")
	default:
		s.Log.Warningf("Write error while saving DB to the disk: %v", err)
		s.Log.Warningf("Background saving error")
		s.failed = true
	}
	s.ArmErrors(s.failed)
}

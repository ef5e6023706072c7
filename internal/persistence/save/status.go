package save

import (
	"time"

	"github.com/kvasirdb/kvasir/internal/keyspace"
)

// Status is what INFO shows.
type Status struct {
	Loading        *Loading // a copy, nil if there is none
	Changes        int64    // since the last save
	InProgress     bool
	KeysDone       int64
	KeysTotal      int64
	LastSave       time.Time
	Failed         bool
	LastTook       time.Duration // negative: none yet
	Running        time.Duration // negative: none
	Saves          int64
	LastLoaded     Loaded
	ScheduledOrRun bool
}

// Status describes the present state. Exclusive mode.
func (s *Saver) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := Status{
		Changes: s.Changes() - s.saved, LastSave: s.lastSave, Failed: s.failed, LastTook: s.lastTook,
		Running: -time.Second, Saves: s.saves, LastLoaded: s.lastLoaded, ScheduledOrRun: s.scheduled || s.job != nil,
	}
	if s.loading != nil {
		copied := *s.loading
		st.Loading = &copied
	}
	if s.job != nil {
		st.InProgress = true
		st.Running = s.Now().Sub(s.job.began)
		st.KeysTotal, st.KeysDone = s.job.snapshot.Keys()
	}
	return st
}

// IsLoading reports whether keys are being loaded.
func (s *Saver) IsLoading() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.loading != nil
}

// Flushed ends a background save whose keys are all gone and, where save points
// exist, saves that there are none. Exclusive mode.
func (s *Saver) Flushed(tx *keyspace.Tx) {
	s.Cancel()
	if len(s.Settings().Points) > 0 {
		// tx may have a view of a database that is gone.
		s.saveAll(tx.Worker().Begin(tx.DB(), tx.Now())) // which has logged its error
	}
}

// SaveFinal saves all keys before the server ends, in the place of a background
// save that may run. Exclusive mode.
func (s *Saver) SaveFinal(tx *keyspace.Tx) error {
	if s.Cancel() {
		s.Log.Warningf("There is a background save in progress. Cancelling it!")
	}
	return s.saveAll(tx)
}

package save

import "time"

// Due reports whether Tick or StartScheduled have anything to do, after so many
// changes since the start. It needs no exclusive mode; the cron asks about ten times
// a second.
func (s *Saver) Due(changes int64) bool {
	s.mu.Lock()
	scheduled := s.scheduled
	s.mu.Unlock()
	if _, reached := s.pointReached(changes); !reached && !scheduled {
		return false
	}
	return s.mayStart()
}

// pointReached returns a save point that so many changes since the start, and the
// time since the last save, have reached.
func (s *Saver) pointReached(changes int64) (Point, bool) {
	s.mu.Lock()
	changes -= s.saved
	since := s.Now().Sub(s.lastSave)
	s.mu.Unlock()
	for _, p := range s.Settings().Points {
		if changes >= p.Changes && since > time.Duration(p.Seconds)*time.Second {
			return p, true
		}
	}
	return Point{}, false
}

package server

// HoldReplies makes every loop call commit before it lets replies leave, so that
// what they acknowledge is on disk. If commit reports false, that has become
// impossible: the loop closes its clients without answering them. Nil ends it. A
// loop calls commit once a turn, under its reader lock.
func (s *Server) HoldReplies(commit func() bool) {
	if commit == nil {
		s.beforeFlush.Store(nil)
		return
	}
	s.beforeFlush.Store(&commit)
}

// commit is called when clients are about to be flushed.
func (l *Loop) commit() {
	if f := l.server.beforeFlush.Load(); f != nil && !(*f)() {
		l.muted = true
	}
}

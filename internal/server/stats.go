package server

import "sync/atomic"

// Stats are the counters of connections.
type Stats struct {
	Connections       atomic.Int64 // accepted
	Rejected          atomic.Int64 // refused for maxclients
	OutputLimitClosed atomic.Int64 // closed for client-output-buffer-limit
	QueryLimitClosed  atomic.Int64 // closed for client-query-buffer-limit
	Evicted           atomic.Int64 // closed for maxmemory-clients
}

// LoopStats are the counters of event loops. Ticks are those of package clock.
type LoopStats struct {
	InputBytes, OutputBytes int64
	Reads, Writes           int64 // that moved bytes
	ClientBytes             int64 // memory of the loops' clients and their buffers

	Turns              int64
	TurnTicks          uint64 // in all, without waiting for events
	TurnTicksMax       uint64 // the longest turn
	CronTicks          uint64 // in all
	CommandsPerTurnMax int64
}

func (s *LoopStats) add(o *LoopStats) {
	s.InputBytes += o.InputBytes
	s.OutputBytes += o.OutputBytes
	s.Reads += o.Reads
	s.Writes += o.Writes
	s.ClientBytes += o.ClientBytes
	s.Turns += o.Turns
	s.TurnTicks += o.TurnTicks
	s.TurnTicksMax = max(s.TurnTicksMax, o.TurnTicksMax)
	s.CronTicks += o.CronTicks
	s.CommandsPerTurnMax = max(s.CommandsPerTurnMax, o.CommandsPerTurnMax)
}

// LoopStats returns the sum over all loops, as of their last complete turns.
func (s *Server) LoopStats() (sum LoopStats) {
	s.crew.mu.Lock()
	defer s.crew.mu.Unlock()
	sum = s.crew.left
	for _, l := range append(s.crew.leaving[:len(s.crew.leaving):len(s.crew.leaving)], s.Loops()...) {
		one := l.LoopStats()
		sum.add(&one)
	}
	return sum
}

// LoopStats returns the loop's counters as of its last complete turn.
func (l *Loop) LoopStats() LoopStats {
	l.statsMu.Lock()
	defer l.statsMu.Unlock()
	return l.published
}

// ResetStats zeroes the counters of connections and loops.
func (s *Server) ResetStats() {
	s.Stats.Connections.Store(0)
	s.Stats.Rejected.Store(0)
	s.Stats.OutputLimitClosed.Store(0)
	s.Stats.QueryLimitClosed.Store(0)
	s.Stats.Evicted.Store(0)
	s.crew.mu.Lock()
	s.crew.left = LoopStats{ClientBytes: s.crew.left.ClientBytes}
	s.crew.mu.Unlock()
	for _, l := range s.Loops() {
		l.statsMu.Lock()
		l.published, l.zero = LoopStats{ClientBytes: l.published.ClientBytes}, true
		l.statsMu.Unlock()
	}
}

// publish completes the counters of a turn and shows them to others. Loops
// count without locks and atomics; one uncontended lock per turn is cheaper
// than an atomic per counter.
func (l *Loop) publish(ticks uint64, commands int64) {
	s := &l.stats
	l.statsMu.Lock()
	if l.zero {
		*s, l.zero = LoopStats{ClientBytes: s.ClientBytes}, false
	} else {
		s.Turns++
		s.TurnTicks += ticks
		s.TurnTicksMax = max(s.TurnTicksMax, ticks)
		s.CommandsPerTurnMax = max(s.CommandsPerTurnMax, commands)
	}
	l.published = *s
	l.statsMu.Unlock()
}

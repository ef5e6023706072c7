package server

import "time"

// recentSeconds is how long the buffers of the largest clients are remembered.
const recentSeconds = 8

// recentPeaks are the largest buffers of clients that were seen lately, second
// by second.
type recentPeaks [recentSeconds]struct {
	second        int64 // Unix
	input, output int
}

// note remembers a client's buffers as seen in a second.
func (p *recentPeaks) note(second int64, input, output int) {
	slot := &p[second%recentSeconds]
	if slot.second != second {
		slot.second, slot.input, slot.output = second, 0, 0
	}
	slot.input, slot.output = max(slot.input, input), max(slot.output, output)
}

// last returns the largest buffers of the seconds up to this one.
func (p *recentPeaks) last(second int64) (input, output int) {
	for i := range p {
		if slot := &p[i]; slot.second > second-recentSeconds {
			input, output = max(input, slot.input), max(output, slot.output)
		}
	}
	return input, output
}

// RecentBuffers returns the largest input and the largest output, in bytes,
// that a client was seen to occupy within the last seconds (INFO clients).
func (s *Server) RecentBuffers(now time.Time) (input, output int) {
	for _, l := range s.Loops() {
		l.statsMu.Lock()
		i, o := l.peaks.last(now.Unix())
		l.statsMu.Unlock()
		input, output = max(input, i), max(output, o)
	}
	return input, output
}

// notePeaks looks at a client's buffers for RecentBuffers.
func (l *Loop) notePeaks(c *conn) {
	m, _ := c.memory()
	l.statsMu.Lock()
	l.peaks.note(l.nowMillis/1000, m.query+m.queryFree+m.arguments, m.reply+m.output)
	l.statsMu.Unlock()
}

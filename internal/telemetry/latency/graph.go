package latency

import (
	"fmt"
	"strings"
)

const (
	graphColumns = 80
	graphRows    = 4
	graphMarks   = "_o#" // three heights of one row; what lies below is filled with bars
)

// graph draws an event's spikes, oldest on the left, each with its age below.
func (e *event) graph(now int64) string {
	s := e.summarize(now)
	var b strings.Builder
	fmt.Fprintf(&b, "%s - high %d ms, low %d ms (all time high %d ms)\n", e.name, s.max, s.min, e.max)
	b.WriteString(strings.Repeat("-", graphColumns) + "\n")
	for from := 0; from < len(e.spikes); from += graphColumns {
		if from > 0 {
			b.WriteByte('\n')
		}
		part := e.spikes[from:min(from+graphColumns, len(e.spikes))]
		drawBars(&b, part, s)
		b.WriteString(strings.Repeat(" ", len(part)) + "\n")
		drawAges(&b, part, now)
	}
	return b.String()
}

func drawBars(b *strings.Builder, spikes []spike, s summary) {
	const steps = graphRows * len(graphMarks)
	scale := max(s.max-s.min, 1)
	for row := graphRows - 1; row >= 0; row-- {
		for _, p := range spikes {
			height := min((p.millis-s.min)*int64(steps)/scale, int64(steps-1)) - int64(row*len(graphMarks))
			switch {
			case height < 0:
				b.WriteByte(' ')
			case height < int64(len(graphMarks)):
				b.WriteByte(graphMarks[height])
			default:
				b.WriteByte('|')
			}
		}
		b.WriteByte('\n')
	}
}

// drawAges writes the ages from top to bottom.
func drawAges(b *strings.Builder, spikes []spike, now int64) {
	ages := make([]string, len(spikes))
	lines := 0
	for i, p := range spikes {
		ages[i] = age(now - p.unixSeconds)
		lines = max(lines, len(ages[i]))
	}
	for line := range lines {
		for _, a := range ages {
			if line < len(a) {
				b.WriteByte(a[line])
			} else {
				b.WriteByte(' ')
			}
		}
		b.WriteByte('\n')
	}
}

func age(seconds int64) string {
	const minute, hour, day = 60, 60 * 60, 24 * 60 * 60
	switch {
	case seconds < minute:
		return fmt.Sprintf("%ds", seconds)
	case seconds < hour:
		return fmt.Sprintf("%dm", seconds/minute)
	case seconds < day:
		return fmt.Sprintf("%dh", seconds/hour)
	}
	return fmt.Sprintf("%dd", seconds/day)
}

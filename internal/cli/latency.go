package cli

import (
	"fmt"
	"time"
)

const (
	latencySampleInterval  = 10 * time.Millisecond
	latencyDefaultInterval = time.Second
	latencyHistoryDefault  = 15 * time.Second
)

// latencyStats sums up round trips, in whole milliseconds.
type latencyStats struct {
	min, max, total, count int64
}

func (l *latencyStats) add(millis int64) {
	if l.count == 0 {
		l.min, l.max = millis, millis
	}
	l.min, l.max = min(l.min, millis), max(l.max, millis)
	l.total += millis
	l.count++
}

func (l *latencyStats) format(mode outputMode) string {
	average := float64(l.total) / float64(max(l.count, 1))
	switch mode {
	case outputCSV:
		return fmt.Sprintf("%d,%d,%.2f,%d\n", l.min, l.max, average, l.count)
	case outputRaw:
		return fmt.Sprintf("%d %d %.2f %d\n", l.min, l.max, average, l.count)
	case outputJSON, outputQuotedJSON:
		return fmt.Sprintf("{\"min\": %d, \"max\": %d, \"avg\": %.2f, \"count\": %d}\n", l.min, l.max, average, l.count)
	}
	return fmt.Sprintf("min: %d, max: %d, avg: %.2f (%d samples)", l.min, l.max, average, l.count)
}

// latency measures the round trip of PING over and over. On a terminal it keeps
// showing the result until Ctrl-C, elsewhere it prints it once after the
// interval. With --latency-history every interval starts a new line.
func (a *app) latency() error {
	defer a.handleInterrupts()()
	oneLine, window := latencyDefaultInterval, latencyHistoryDefault
	if a.opts.interval > 0 {
		oneLine, window = a.opts.interval, a.opts.interval
	}
	var stats latencyStats
	start := a.now()
	for {
		sent := a.now()
		if _, err := a.session.insist("PING"); err != nil {
			return err
		}
		stats.add(a.now().Sub(sent).Milliseconds())

		switch {
		case a.format.mode == outputStandard:
			a.printf("\x1b[0G\x1b[2K%s", stats.format(a.format.mode))
		case a.opts.latencyHistory:
			a.printf("%s", stats.format(a.format.mode))
		case a.now().Sub(start) > oneLine:
			a.printf("%s", stats.format(a.format.mode))
			return nil
		}
		if elapsed := a.now().Sub(start); a.opts.latencyHistory && elapsed > window {
			a.printf(" -- %.2f seconds range\n", elapsed.Seconds())
			stats, start = latencyStats{}, a.now()
		}
		if err := a.pause(latencySampleInterval); err != nil {
			a.printf("\n")
			return err
		}
	}
}

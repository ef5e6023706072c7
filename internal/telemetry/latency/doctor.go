package latency

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// advice is one suggestion of LATENCY DOCTOR. The values are in the order in
// which suggestions are made.
type advice int

const (
	adviseSlowlogOn advice = iota
	adviseSlowlogTuning
	adviseSlowlogReading
	adviseScheduler
	adviseLocalDisk
	adviseSSD
	adviseWriteback
	adviseDiskContention
	adviseNoFsyncOnRewrite
	adviseFsyncPolicy
	adviseWriteLoad
	adviseLargeObjects
	adviseMassEviction
)

// remedies are what helps against spikes of an event.
var remedies = map[string][]advice{
	EventCommand:              {adviseSlowlogReading, adviseLargeObjects},
	EventFastCommand:          {adviseScheduler},
	EventExpireCycle:          {adviseLargeObjects},
	"aof-write-pending-fsync": {adviseLocalDisk, adviseDiskContention, adviseSSD, adviseWriteback},
	"aof-write-active-child":  {adviseNoFsyncOnRewrite, adviseWriteback, adviseSSD},
	"aof-write-alone":         {adviseLocalDisk, adviseWriteback, adviseSSD},
	"aof-fsync-always":        {adviseFsyncPolicy},
	"aof-fstat":               {adviseDiskContention, adviseLocalDisk},
	"rdb-unlink-temp-file":    {adviseDiskContention, adviseLocalDisk},
	"aof-rewrite-diff-write":  {adviseWriteLoad, adviseWriteback, adviseSSD, adviseLocalDisk},
	"aof-rename":              {adviseWriteLoad, adviseWriteback, adviseSSD, adviseLocalDisk},
	"eviction-del":            {adviseLargeObjects},
	"eviction-cycle":          {adviseMassEviction},
}

var adviceTexts = map[advice]string{
	adviseSlowlogOn: "The slow log is off, so nobody knows which commands are slow. " +
		"'CONFIG SET slowlog-log-slower-than %[1]d' makes it record every command that reaches the threshold of the latency monitor.",
	adviseSlowlogTuning: "The slow log records fewer commands than the latency monitor complains about. " +
		"'CONFIG SET slowlog-log-slower-than %[1]d' gives both the same threshold.",
	adviseSlowlogReading: "SLOWLOG GET shows which commands took the time. Look for those that touch many elements at once.",
	adviseScheduler: "Commands that do next to nothing took long: the process was waiting for a processor. " +
		"Lower the load of the machine, give the server a machine of its own, look for neighbours on the same host, " +
		"and measure with 'kvasir cli --intrinsic-latency 100' what the machine itself costs.",
	adviseLocalDisk:        "Keep the append-only file on a local disk. Disks behind a network stall now and then.",
	adviseSSD:              "A solid-state disk shortens fsync and makes snapshots and rewrites take less time.",
	adviseWriteback:        "ext4 mounted with data=writeback waits less than with data=ordered. After a crash of the machine the file may end in garbage, which the server cuts off when it loads.",
	adviseDiskContention:   "Something else uses the disk. Find it, and move one of the two.",
	adviseNoFsyncOnRewrite: "If losing some seconds of writes in a crash is acceptable, 'no-appendfsync-on-rewrite yes' leaves the disk to the rewrite while one runs.",
	adviseFsyncPolicy:      "'appendfsync always' waits for the disk with every write. 'everysec' does not.",
	adviseWriteLoad:        "Very many writes arrived while the append-only file was rewritten. Fewer, larger commands make the same changes with less to write.",
	adviseLargeObjects:     "Removing a very large value takes long. Split such values, or remove them with UNLINK and the lazyfree options.",
	adviseMassEviction:     "Much memory had to be reclaimed at once: maxmemory was lowered, or single commands need very much memory. Do both in steps.",
}

// Slowlog is how the slow log is set up, of which the doctor may complain.
type Slowlog struct {
	ThresholdMicros int64 // negative: off
	Length          int64
}

// doctor reports what the monitor has seen and what might help.
func (m *Monitor) doctor(slowlog Slowlog) string {
	events := m.snapshot()
	threshold := m.threshold.Load()
	switch {
	case len(events) == 0 && threshold == 0:
		return "The latency monitor is off. 'CONFIG SET latency-monitor-threshold <milliseconds>' turns it on; ask again after a while.\n"
	case len(events) == 0:
		return "No latency spike has been observed.\n"
	}
	var b strings.Builder
	b.WriteString("Latency spikes have been observed.\n\n")
	var advices []advice
	now := m.clock.Now().Unix()
	for i := range events {
		e := &events[i]
		s := e.summarize(now)
		fmt.Fprintf(&b, "%d. %s: %d latency spikes (average %dms, mean deviation %dms, period %.2f sec). Worst all time event %dms.\n",
			i+1, e.name, s.spikes, s.mean, s.deviation, s.secondsBetweenWorst, e.max)
		advices = append(advices, remedies[e.name]...)
		if e.name == EventCommand {
			advices = append(advices, slowlog.advice(threshold)...)
		}
	}
	if len(advices) == 0 {
		b.WriteString("\nNone of them is easy to explain. The server's log of the same time may say more.\n")
		return b.String()
	}
	slices.Sort(advices)
	b.WriteString("\nWhat may help:\n\n")
	for _, a := range slices.Compact(advices) {
		text := adviceTexts[a]
		if strings.Contains(text, "%[1]d") {
			text = fmt.Sprintf(text, threshold*int64(time.Millisecond/time.Microsecond))
		}
		b.WriteString("- " + text + "\n")
	}
	return b.String()
}

func (s Slowlog) advice(thresholdMillis int64) []advice {
	switch {
	case s.ThresholdMicros < 0 || s.Length == 0:
		return []advice{adviseSlowlogOn}
	case s.ThresholdMicros/1000 > thresholdMillis:
		return []advice{adviseSlowlogTuning}
	}
	return nil
}

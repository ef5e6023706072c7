package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// The goals: what a file that is made may add to the latency of the same load
// without it, the memory that it may take, and ratios to Valkey's.
const (
	saveStallGoalMicros = 1000
	saveMemoryGoalMiB   = 64
	fileTimeGoal        = 0.80
	durableWritesGoal   = 1.20
)

func durabilityTables(b *bytes.Buffer, f *Figures) {
	d := f.Durability
	b.WriteString("\n## Durability\n")
	if d.Stalls != nil {
		saveStallTable(b, d)
	}
	if d.Files != nil {
		fmt.Fprintf(b, "\n### Making and loading files\n\n%d keys. Seconds; in parentheses, CPU seconds. Servers may use every core. "+
			"The append-only file holds commands.\n\n", d.FileKeys)
		var t compared
		for _, l := range d.Files {
			t.add(l.What, l.Server, l.Seconds, fmt.Sprintf(" (%.2f)", l.CPUSeconds))
		}
		t.write(b, f.Servers, "what", always(fileTimeGoal))
	}
	if d.Writes != nil {
		b.WriteString("\n### Writes\n\nThousand SETs per second; in parentheses, the server's CPU time per request in microseconds. " +
			"The ratio is our rate to Valkey's.\n\n")
		durableWritesTable(b, f)
	}
}

// saveStallTable puts every phase beside the one before it without a file.
func saveStallTable(b *bytes.Buffer, d *Durability) {
	fmt.Fprintf(b, `
### Files made while clients write

%d SETs per second over %d keys, sent at a fixed rate: latencies count from the moment at which a request is
due. Own is the longest wait of a connection that sends a GET every 0.2 ms, without the time in which the server's
threads or the probe was ready to run and other work had the processor. A file may add %d µs to each of the latencies
of the line without it, and take %d MiB. Each server is on one core, with all that it makes files with.

| making | server | 99.9 %%, µs | longest, µs | own, µs | memory, MiB | latency | memory |
|---|---|---:|---:|---:|---:|---|---|
`, d.PerSecond, d.Keys, saveStallGoalMicros, saveMemoryGoalMiB)
	without := map[string]SaveStall{}
	for _, s := range d.Stalls {
		fmt.Fprintf(b, "| %s | %s | %d | %d | %d |", s.Phase, s.Server, s.P999Micros, s.MaxMicros, s.OwnMicros)
		if s.Idle {
			without[s.Server] = s
			b.WriteString(" | | |\n")
			continue
		}
		before := without[s.Server]
		fine := s.P999Micros-before.P999Micros <= saveStallGoalMicros && s.OwnMicros-before.OwnMicros <= saveStallGoalMicros
		mib := float64(s.ExtraBytes) / (1 << 20)
		fmt.Fprintf(b, " %.0f | %s | %s |\n", mib, verdict(fine), verdict(mib <= saveMemoryGoalMiB))
	}
}

// durableWritesTable compares rates, of which more is better.
func durableWritesTable(b *bytes.Buffer, f *Figures) {
	fmt.Fprintf(b, "| append-only file | %s | ratio | goal | |\n|---|%s---:|---:|---|\n",
		strings.Join(f.Servers, " | "), strings.Repeat("---:|", len(f.Servers)))
	rates, cells := map[string]float64{}, map[string]string{}
	for _, w := range f.Durability.Writes {
		rates[w.Policy+w.Server] = w.RequestsPerSecond
		cells[w.Policy+w.Server] = fmt.Sprintf(" %.1f (%.2f)", w.RequestsPerSecond/1000, w.CPUMicros)
	}
	valkey := slices.IndexFunc(f.Servers, func(s string) bool { return strings.HasPrefix(s, "valkey") })
	for _, w := range f.Durability.Writes {
		if w.Server != f.Servers[0] {
			continue
		}
		fmt.Fprintf(b, "| %s |", w.Policy)
		for _, server := range f.Servers {
			b.WriteString(cells[w.Policy+server] + " |")
		}
		if valkey < 0 {
			b.WriteString(" | | |\n")
			continue
		}
		goal := durableWritesGoal
		if w.Policy == noFile {
			goal = 1
		}
		ratio := rates[w.Policy+f.Servers[0]] / rates[w.Policy+f.Servers[valkey]]
		fmt.Fprintf(b, " %.2f | %.2f | %s |\n", ratio, goal, verdict(ratio >= goal))
	}
}

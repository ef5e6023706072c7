package main

import (
	"bytes"
	"fmt"
)

const pageIntro = `# Performance

Written by ` + "`%s`" + ` (test/bench says how it is measured).

Machine: %s. Servers: %s.
The servers share one core, the load generator has another. 50 connections,
%d keys, 16-byte values; medians of %d interleaved rounds.
`

// Page returns the page of the figures. A table that was not measured is not
// there.
func Page(f *Figures) []byte {
	var b bytes.Buffer
	servers := ""
	for i, s := range f.Servers {
		if i > 0 {
			servers += ", "
		}
		servers += s
	}
	fmt.Fprintf(&b, pageIntro, f.Command, f.Machine, servers, f.Keyspace, f.Rounds)
	if f.Throughput != nil {
		b.WriteString("\n## Throughput\n\nThousand requests per second; in parentheses, the server's CPU time per request in microseconds.\n\n")
		throughputTable(&b, f.Servers, f.Throughput)
	}
	if f.Loops != nil {
		b.WriteString("\n## Two threads\n\nThe same with io-threads 2. The servers and a load generator of two threads may use every core.\n\n")
		throughputTable(&b, f.Servers, f.Loops)
	}
	if f.Memory != nil {
		b.WriteString("\n## Memory\n\nResident bytes per key of 16 bytes with a value of 16 bytes.\n\n| server | keys | time to live | bytes per key | Go heap, MiB |\n|---|---:|---|---:|---:|\n")
		for _, m := range f.Memory {
			ttl, heap := "none", ""
			if m.Expiring {
				ttl = "each"
			}
			if m.GoHeapBytes > 0 {
				heap = fmt.Sprintf("%.1f", float64(m.GoHeapBytes)/(1<<20))
			}
			fmt.Fprintf(&b, "| %s | %d | %s | %.1f | %s |\n", m.Server, m.Keys, ttl, m.BytesPerKey, heap)
		}
	}
	if f.Growth != nil {
		b.WriteString(growthIntro)
		for _, g := range f.Growth {
			fmt.Fprintf(&b, "| %s | %d | %d | %d | %d | %d | %d | %d | %s |\n", g.Server, g.PerSecond, g.Keys, g.P50Micros, g.P999Micros,
				g.MaxMicros, g.OwnP999Micros, g.OwnMicros, verdict(g.OwnMicros <= stallGoalMicros))
		}
	}
	if f.Idle != nil {
		b.WriteString("\n## Idle connections\n\n| server | connections | bytes each | CPU, % of a core |\n|---|---:|---:|---:|\n")
		for _, i := range f.Idle {
			fmt.Fprintf(&b, "| %s | %d | %.0f | %.1f |\n", i.Server, i.Connections, i.BytesEach, i.CPUPercent)
		}
	}
	if f.Exclusive != nil {
		exclusiveTable(&b, f.Exclusive)
	}
	if f.Collections != nil {
		collectionTables(&b, f)
	}
	if f.Durability != nil {
		durabilityTables(&b, f)
	}
	return b.Bytes()
}

const growthIntro = `
## Growing

What a connection that sends a GET every 0.2 ms waits while others add keys at a fixed rate. Own is that without the time
in which a thread of the server's or the probe was ready to run and other work of the machine had the processor; goal for the longest 2000.

| server | keys per second | up to keys | median, µs | 99.9 %, µs | longest, µs | own 99.9 %, µs | own longest, µs | |
|---|---:|---:|---:|---:|---:|---:|---:|---|
`

// exclusiveGoalMicros is what an exclusive command may take longer than another,
// at 99 %.
const exclusiveGoalMicros = 300

func exclusiveTable(b *bytes.Buffer, figures []Exclusive) {
	fmt.Fprintf(b, `
## Exclusive commands

A command every millisecond while other clients keep four io-threads busy with GETs, pipeline 16: in turns a GET, which
stops nobody, and a SWAPDB, which nothing may run beside. Added is what the 99 %% of the SWAPDBs are above those of the
GETs, goal %d µs. The rate is what the other clients reach meanwhile. The servers may use every core.

| server | GET: median, 99 %%, longest, µs | rate, thousand/s | SWAPDB: median, 99 %%, longest, µs | rate, thousand/s | added, µs | |
|---|---:|---:|---:|---:|---:|---|
`, exclusiveGoalMicros)
	for _, e := range figures {
		added := e.Exclusive.P99Micros - e.Plain.P99Micros
		fmt.Fprintf(b, "| %s | %v | %.0f | %v | %.0f | %d | %s |\n", e.Server, e.Plain, e.PlainRate/1000,
			e.Exclusive, e.ExclusiveRate/1000, added, verdict(added <= exclusiveGoalMicros))
	}
}

// String implements fmt.Stringer.
func (l Latency) String() string {
	return fmt.Sprintf("%d, %d, %d", l.P50Micros, l.P99Micros, l.MaxMicros)
}

// throughputTable has a line for every test and depth, with a column for each
// server, and what Kvasir takes of each other server's CPU time and reaches of
// its rate.
func throughputTable(b *bytes.Buffer, servers []string, figures []Throughput) {
	b.WriteString("| test | pipeline |")
	rule := "|---|---:|"
	for _, s := range servers {
		fmt.Fprintf(b, " %s |", s)
		rule += "---:|"
	}
	for _, s := range servers[1:] {
		fmt.Fprintf(b, " CPU to %s | rate to %[1]s |", s)
		rule += "---:|---:|"
	}
	b.WriteString("\n" + rule + "\n")
	cells := make(map[string]Throughput)
	key := func(t Throughput, server string) string { return fmt.Sprint(t.Test, t.Pipeline, server) }
	for _, t := range figures {
		cells[key(t, t.Server)] = t
	}
	for _, t := range figures {
		if t.Server != servers[0] {
			continue
		}
		fmt.Fprintf(b, "| %s | %d |", t.Test, t.Pipeline)
		for _, s := range servers {
			c := cells[key(t, s)]
			fmt.Fprintf(b, " %.0f (%.2f) |", c.RequestsPerSecond/1000, c.CPUMicros)
		}
		for _, s := range servers[1:] {
			c := cells[key(t, s)]
			fmt.Fprintf(b, " %.2f | %.2f |", t.CPUMicros/c.CPUMicros, t.RequestsPerSecond/c.RequestsPerSecond)
		}
		b.WriteString("\n")
	}
}

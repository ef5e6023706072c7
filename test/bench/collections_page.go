package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// Collections are the figures of the data types.
type Collections struct {
	Requests []Throughput
	Small    []Resident
	Large    []Resident
	Calls    []Call
	Stalls   []Stall
}

// Resident is resident memory per unit of something.
type Resident struct {
	What   string
	Units  int64
	Server string
	Bytes  float64
}

// Call is the CPU time of one command.
type Call struct {
	Name   string
	Server string
	Micros float64
}

// Stall is what a client waits while a collection grows or is freed.
type Stall struct {
	Kind, Phase   string
	Elements      int64
	Server        string
	P50Micros     int64
	LongestMicros int64
	OwnMicros     int64 // the longest, without what threads waited for a processor
}

// The goals: ours as a ratio to Valkey's, at most; of stalls, microseconds.
const (
	smallGoal       = 0.90
	largeGoal       = 0.85
	callGoal        = 0.80
	stallGoalMicros = 2000
)

func requestGoal(pipeline int) float64 {
	switch {
	case pipeline == 1:
		return 1
	case pipeline <= 16:
		return 0.85
	}
	return 0.70
}

// compared are the lines of a table that compares servers.
type compared struct {
	order []string
	cells map[string]map[string]float64 // by line and server
	notes map[string]string             // what stands behind a figure, by both
}

func (c *compared) add(line, server string, x float64, note string) {
	if c.cells == nil {
		c.cells, c.notes = make(map[string]map[string]float64), make(map[string]string)
	}
	if c.cells[line] == nil {
		c.order = append(c.order, line)
		c.cells[line] = make(map[string]float64)
	}
	c.cells[line][server] = x
	c.notes[line+server] = note
}

// write writes the lines with a figure for each server, the ratio of ours to
// Valkey's, the goal and whether it is met.
func (c *compared) write(b *bytes.Buffer, servers []string, head string, goal func(line string) float64) {
	valkey := slices.IndexFunc(servers, func(s string) bool { return strings.HasPrefix(s, "valkey") })
	columns := strings.Count(head, "|") + len(servers) // right-aligned ones
	fmt.Fprintf(b, "| %s | %s | ratio | goal | |\n|---|%s---:|---:|---|\n", head, strings.Join(servers, " | "), strings.Repeat("---:|", columns))
	for _, line := range c.order {
		fmt.Fprintf(b, "| %s |", line)
		for _, s := range servers {
			if figure, ok := c.cells[line][s]; ok { // a table may be measured with fewer servers than another
				fmt.Fprintf(b, " %s%s", digits(figure), c.notes[line+s])
			}
			b.WriteString(" |")
		}
		if valkey < 0 || c.cells[line][servers[valkey]] == 0 {
			b.WriteString(" | | |\n")
			continue
		}
		ratio := c.cells[line][servers[0]] / c.cells[line][servers[valkey]]
		fmt.Fprintf(b, " %.2f | %.2f | %s |\n", ratio, goal(line), verdict(ratio <= goal(line)))
	}
}

func digits(x float64) string {
	if x >= 1000 {
		return fmt.Sprintf("%.0f", x)
	}
	return fmt.Sprintf("%.4g", x)
}

func verdict(met bool) string {
	if met {
		return "met"
	}
	return "**missed**"
}

func always(goal float64) func(string) float64 { return func(string) float64 { return goal } }

func collectionTables(b *bytes.Buffer, f *Figures) {
	c := f.Collections
	b.WriteString("\n## Collections\n\nRatios are ours to Valkey's.\n")
	if c.Requests != nil {
		requestTable(b, f)
	}
	for _, part := range []struct {
		text  string
		lines []Resident
		goal  float64
	}{
		{"### Memory of small collections\n\nResident bytes per key.", c.Small, smallGoal},
		{"### Memory of one large collection\n\nResident bytes per element.", c.Large, largeGoal},
	} {
		if part.lines == nil {
			continue
		}
		b.WriteString("\n" + part.text + "\n\n")
		var t compared
		for _, r := range part.lines {
			t.add(fmt.Sprintf("%s | %d", r.What, r.Units), r.Server, r.Bytes, "")
		}
		t.write(b, f.Servers, "collection | number", always(part.goal))
	}
	if c.Calls != nil {
		b.WriteString("\n### Single commands\n\nCPU time of the server, microseconds per command.\n\n")
		var t compared
		for _, call := range c.Calls {
			t.add(call.Name, call.Server, call.Micros, "")
		}
		t.write(b, f.Servers, "command", always(callGoal))
	}
	if c.Stalls != nil {
		stallTable(b, c.Stalls)
	}
}

func requestTable(b *bytes.Buffer, f *Figures) {
	b.WriteString("\n### Requests\n\nCPU time of the server per request, in microseconds; in parentheses, thousand requests per second.\n\n")
	var t compared
	goals := make(map[string]float64)
	for _, r := range f.Collections.Requests {
		line := fmt.Sprintf("%s | %d", r.Test, r.Pipeline)
		goals[line] = requestGoal(r.Pipeline)
		t.add(line, r.Server, r.CPUMicros, fmt.Sprintf(" (%.0f)", r.RequestsPerSecond/1000))
	}
	t.write(b, f.Servers, "request | pipeline", func(line string) float64 { return goals[line] })
}

func stallTable(b *bytes.Buffer, stalls []Stall) {
	fmt.Fprintf(b, `
### Stalls

What a connection that sends a GET every 0.2 ms waits while one collection grows to %d
elements, and in the second after it is deleted, lazily. The machine adds to that as much as it does while as many
requests read a short string, and in a second in which nothing happens. Medians of the rounds; own is the longest wait of a round without the time in
which a thread of the server's or the probe was ready to run and other work of the machine had the processor.

| collection | while | server | median, µs | longest, µs | own, µs | goal | |
|---|---|---|---:|---:|---:|---:|---|
`, stalls[0].Elements)
	for _, s := range stalls {
		if s.Phase == stallPhaseNone || s.Phase == stallPhaseReads {
			fmt.Fprintf(b, "| %s | %s | %s | %d | %d | %d | | |\n", s.Kind, s.Phase, s.Server, s.P50Micros, s.LongestMicros, s.OwnMicros)
			continue
		}
		fmt.Fprintf(b, "| %s | %s | %s | %d | %d | %d | %d | %s |\n", s.Kind, s.Phase, s.Server,
			s.P50Micros, s.LongestMicros, s.OwnMicros, stallGoalMicros, verdict(s.OwnMicros <= stallGoalMicros))
	}
}

package latency

import (
	"strings"
	"testing"
	"time"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/commands/cmdtest"
	"github.com/kvasirdb/kvasir/internal/engine"
	"github.com/kvasirdb/kvasir/internal/platform/clock"
	"github.com/kvasirdb/kvasir/internal/platform/histogram"
)

type fixture struct {
	*cmdtest.Server
	monitor    *Monitor
	clock      *clock.Manual
	histograms map[string]*histogram.Histogram
	slowlog    Slowlog
}

func newFixture(t *testing.T) *fixture {
	f := &fixture{clock: clock.NewManual(time.Unix(1700000000, 0)), histograms: map[string]*histogram.Histogram{}}
	f.monitor = New(f.clock)
	f.Server = cmdtest.New(t, Commands(f.monitor, CommandDeps{
		Table:     func() *command.Table { return f.Engine.Table },
		Histogram: func(cmd *command.Cmd) *histogram.Histogram { return f.histograms[cmd.Name] },
		Slowlog:   func() Slowlog { return f.slowlog },
	}))
	return f
}

func TestHistoryKeepsTheWorstOfEachSecond(t *testing.T) {
	f := newFixture(t)
	f.monitor.Add("command", time.Hour) // off
	f.monitor.SetThreshold(10)
	f.monitor.Add("command", 10*time.Millisecond-1)
	f.Script(`
		LATENCY LATEST -> []
		LATENCY HISTORY command -> []
	`)
	f.monitor.Add("command", 12*time.Millisecond)
	f.monitor.Add("command", 30*time.Millisecond)
	f.monitor.Add("command", 20*time.Millisecond)
	f.clock.Advance(3 * time.Second)
	f.monitor.Add("command", 15*time.Millisecond)
	f.monitor.Add("expire-cycle", 99*time.Millisecond)
	f.Script(`
		LATENCY HISTORY command -> [[1700000000 30] [1700000003 15]]
		LATENCY HISTORY COMMAND -> []
		LATENCY LATEST -> [["command" 1700000003 15 30 77 4] ["expire-cycle" 1700000003 99 99 99 1]]
		LATENCY RESET fork Expire-Cycle -> 1
		LATENCY RESET -> 1
		LATENCY LATEST -> []
	`)
}

func TestHistoryIsBounded(t *testing.T) {
	f := newFixture(t)
	f.monitor.SetThreshold(1)
	for range history + 5 {
		f.monitor.Add("fork", time.Second)
		f.clock.Advance(time.Second)
	}
	e, _ := f.monitor.find("fork")
	if len(e.spikes) != history || e.spikes[0].unixSeconds != 1700000005 || e.count != history+5 {
		t.Errorf("%d spikes from %d, %d counted", len(e.spikes), e.spikes[0].unixSeconds, e.count)
	}
}

func TestCommandsAreFastOrNot(t *testing.T) {
	f := newFixture(t)
	f.monitor.SetThreshold(1)
	for _, flags := range []command.Flags{0, command.Fast} {
		f.monitor.Executed(&command.Ctx{Cmd: &command.Cmd{Flags: flags}}, engine.Execution{Duration: time.Second})
	}
	f.Want("LATENCY LATEST", `[["command" 1700000000 1000 1000 1000 1] ["fast-command" 1700000000 1000 1000 1000 1]]`)
}

func TestHistogram(t *testing.T) {
	f := newFixture(t)
	h := new(histogram.Histogram)
	for _, nanos := range []int64{900, 1500, 1600, 1_000_000} {
		h.Record(nanos)
	}
	f.histograms["latency|reset"] = h
	const want = `["latency|reset" ["calls" 4 "histogram_usec" [1 1 2 3 1056 4]]]`
	f.Want("LATENCY HISTOGRAM", want)
	f.Want("LATENCY HISTOGRAM nonsense latency", want)
	f.Want("LATENCY HISTOGRAM latency|RESET", want)
	f.Want("LATENCY HISTOGRAM latency|latest", "[]")
}

func TestGraph(t *testing.T) {
	f := newFixture(t)
	f.Want("LATENCY GRAPH command", "ERR No samples available for event 'command'")
	e := event{name: "command", max: 99}
	for i, millis := range []int64{10, 21, 34, 13} {
		e.spikes = append(e.spikes, spike{1000 + int64(i)*1800, millis})
	}
	want := strings.Join([]string{
		"command - high 34 ms, low 10 ms (all time high 99 ms)",
		strings.Repeat("-", 80),
		"  # ",
		"  | ",
		" #| ",
		"_||o",
		"    ",
		"1135",
		"hh5m",
		"  m ",
		"",
	}, "\n")
	if got := e.graph(1000 + 4*1800 - 1500); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestLongGraphsAreWrapped(t *testing.T) {
	e := event{name: "fork"}
	for i := range int64(history) {
		e.spikes = append(e.spikes, spike{i, i})
	}
	lines := strings.Split(e.graph(history), "\n")
	if len(lines) < 4 || len(lines[2]) != graphColumns {
		t.Fatalf("%q", lines)
	}
	for _, line := range lines[1:] {
		if len(line) != graphColumns && line != "" {
			t.Errorf("a line of %d columns: %q", len(line), line)
		}
	}
}

func TestDoctor(t *testing.T) {
	f := newFixture(t)
	expect := func(parts ...string) {
		t.Helper()
		report := f.monitor.doctor(f.slowlog)
		for _, part := range parts {
			if !strings.Contains(report, part) {
				t.Errorf("%q is missing in\n%s", part, report)
			}
		}
	}
	expect("latency monitor is off")
	f.monitor.SetThreshold(100)
	expect("No latency spike")
	for _, millis := range []time.Duration{100, 300} {
		f.monitor.Add("command", millis*time.Millisecond)
		f.clock.Advance(2 * time.Second)
	}
	f.slowlog = Slowlog{ThresholdMicros: -1, Length: 128}
	expect("1. command: 2 latency spikes (average 200ms, mean deviation 100ms, period 2.00 sec). Worst all time event 300ms.",
		"The slow log is off", "slowlog-log-slower-than 100000")
	f.slowlog.ThresholdMicros = 200_000
	expect("records fewer commands")
	f.monitor.Add("strange", time.Second)
	expect("2. strange: 1 latency spikes")
}

func TestEveryRemedyHasAText(t *testing.T) {
	used := map[advice]bool{adviseSlowlogOn: true, adviseSlowlogTuning: true}
	for name, all := range remedies {
		for _, a := range all {
			used[a] = true
			if adviceTexts[a] == "" {
				t.Errorf("%s: advice %d has no text", name, a)
			}
		}
	}
	for a := range adviceTexts {
		if !used[a] {
			t.Errorf("advice %d is never given", a)
		}
	}
}

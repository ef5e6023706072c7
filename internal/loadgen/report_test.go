package loadgen

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/google/go-cmp/cmp"
)

func latencies(micros map[int64]int64) *hdrhistogram.Histogram {
	h := hdrhistogram.New(latencyMicrosMin, latencyMicrosMax, defaultPrecision)
	for value, n := range micros {
		if err := h.RecordValues(value, n); err != nil {
			panic(err)
		}
	}
	return h
}

// TestReportText fixes every byte of a report. The layout and the bucket ends
// are those of valkey-benchmark.
func TestReportText(t *testing.T) {
	rates := hdrhistogram.New(1, 4000, defaultPrecision)
	_ = rates.RecordValue(2000)
	var out strings.Builder
	p := &printer{
		out:          &out,
		options:      &options{clients: 50, rps: 2000, threads: 2, reconnect: true},
		settings:     []*serverSettings{{save: "", appendonly: "yes"}},
		title:        "SET",
		payloadBytes: 3,
	}
	p.result(Result{
		Requests:  100,
		Elapsed:   50 * time.Millisecond,
		RPS:       2000,
		Rates:     rates,
		Latencies: latencies(map[int64]int64{30: 50, 250: 40, 1990: 9, 4500: 1}),
	})
	want := " \r====== SET ======\n" +
		`  100 requests completed in 0.05 seconds
  50 parallel clients
  3 bytes payload
  keep alive: 0
  host configuration "save": 
  host configuration "appendonly": yes
  multi-thread: yes
  threads: 2

RPS Summary:
  target RPS: 2000.00
  RPS distribution (reqs/sec):
          avg       min       p50       p95       p99       max
     2000.000  2000.000  2000.000  2000.000  2000.000  2000.000

Latency by percentile distribution:
0.000% <= 0.031 milliseconds (cumulative count 50)
75.000% <= 0.255 milliseconds (cumulative count 90)
93.750% <= 1.991 milliseconds (cumulative count 99)
99.219% <= 4.503 milliseconds (cumulative count 100)
100.000% <= 4.503 milliseconds (cumulative count 100)

Cumulative distribution of latencies:
50.000% <= 0.103 milliseconds (cumulative count 50)
90.000% <= 0.303 milliseconds (cumulative count 90)
99.000% <= 2.007 milliseconds (cumulative count 99)
100.000% <= 5.103 milliseconds (cumulative count 100)

Summary:
  throughput summary: 2000.00 requests per second
  latency summary (msec):
          avg       min       p50       p95       p99       max
        0.339     0.024     0.031     1.991     1.991     4.503
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
}

func TestReportOfNothing(t *testing.T) {
	for _, o := range []*options{{}, {csv: true}, {quiet: true}} {
		var out strings.Builder
		p := &printer{out: &out, options: o, settings: []*serverSettings{nil}, title: "SET"}
		p.result(Result{Latencies: latencies(nil)})
		if strings.Contains(out.String(), "NaN") || !strings.Contains(out.String(), "0.00") {
			t.Errorf("report %q", out.String())
		}
	}
}

func TestProgressLine(t *testing.T) {
	var out strings.Builder
	p := &printer{out: &out, options: &options{}, title: "SET"}
	p.progress(Progress{RPS: 10.04, OverallRPS: 20, MeanMillis: math.NaN(), OverallMeanMillis: 0.25, Requests: 7})
	p.options.duration = 5
	p.progress(Progress{WarmingUp: true, Elapsed: 1500 * time.Millisecond})
	line := "SET: rps=10.0 (overall: 20.0) avg_msec=nan (overall: 0.250) 7 requests\r"
	want := " \r" + line + strings.Repeat(" ", len(line)) + "\r" +
		"Warming up SET: rps=0.0 (overall: 0.0) avg_msec=0.000 (overall: 0.000) 1.5 seconds\r"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
	out.Reset()
	p.options.csv = true
	p.progress(Progress{})
	if out.Len() > 0 {
		t.Errorf("progress %q in CSV", out.String())
	}
}

func TestResultFigures(t *testing.T) {
	r := Result{Latencies: latencies(map[int64]int64{100: 99, 2000: 1})}
	// Values are the ends of buckets of 8 microseconds; the mean is of middles.
	for name, c := range map[string]struct{ got, want time.Duration }{
		"min":  {r.Min(), 96 * time.Microsecond},
		"max":  {r.Max(), 2007 * time.Microsecond},
		"p50":  {r.Percentile(50), 103 * time.Microsecond},
		"p100": {r.Percentile(100), 2007 * time.Microsecond},
		"mean": {r.Mean().Round(time.Microsecond), 119 * time.Microsecond},
	} {
		if c.got != c.want {
			t.Errorf("%s is %v, want %v", name, c.got, c.want)
		}
	}
	empty := Result{Latencies: latencies(nil)}
	if empty.Min() != 0 || empty.Max() != 0 || empty.Mean() != 0 || empty.Percentile(99) != 0 {
		t.Errorf("figures of no request: %v %v %v %v", empty.Min(), empty.Max(), empty.Mean(), empty.Percentile(99))
	}
}

package loadgen

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// serverSettings are the settings of a server that its speed depends on.
type serverSettings struct {
	save       string
	appendonly string
}

// printer writes the reports of measurements.
type printer struct {
	out     io.Writer
	options *options
	cluster *Cluster
	// settings has one element, or one for each node of the cluster; those that
	// could not be fetched are nil.
	settings []*serverSettings

	title        string
	payloadBytes int
	// lineBytes is the length of the progress line on the screen.
	lineBytes int
}

const csvHeader = `"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms",` +
	`"p95_latency_ms","p99_latency_ms","max_latency_ms"`

// progress overwrites the progress line.
func (p *printer) progress(now Progress) {
	if p.options.csv {
		return
	}
	if p.options.idle {
		fmt.Fprintf(p.out, "clients: %d\r", now.Clients)
		return
	}
	p.clearLine()
	var line strings.Builder
	if now.WarmingUp {
		line.WriteString("Warming up ")
	}
	fmt.Fprintf(&line, "%s: rps=%.1f (overall: %.1f) avg_msec=%s (overall: %s)", p.title,
		now.RPS, now.OverallRPS, millis(now.MeanMillis), millis(now.OverallMeanMillis))
	if now.WarmingUp || p.options.duration > 0 {
		fmt.Fprintf(&line, " %.1f seconds\r", now.Elapsed.Seconds())
	} else {
		fmt.Fprintf(&line, " %d requests\r", now.Requests)
	}
	p.lineBytes = line.Len()
	io.WriteString(p.out, line.String())
}

func millis(value float64) string {
	if math.IsNaN(value) {
		return "nan"
	}
	return fmt.Sprintf("%.3f", value)
}

func (p *printer) clearLine() {
	fmt.Fprintf(p.out, "%*s\r", p.lineBytes, " ")
	p.lineBytes = 0
}

// summary are the figures that every form of report has, in milliseconds.
type summary struct{ mean, min, p50, p95, p99, max float64 }

func summarize(r Result) summary {
	if r.Latencies.TotalCount() == 0 {
		return summary{}
	}
	at := func(percentile float64) float64 {
		return float64(r.Latencies.ValueAtPercentile(percentile)) / 1000
	}
	return summary{
		mean: r.Latencies.Mean() / 1000,
		min:  float64(r.Latencies.Min()) / 1000,
		p50:  at(50), p95: at(95), p99: at(99),
		max: float64(r.Latencies.Max()) / 1000,
	}
}

// result writes the report of one measurement in the form asked for.
func (p *printer) result(r Result) {
	s := summarize(r)
	switch {
	case p.options.csv:
		fmt.Fprintf(p.out, "\"%s\",\"%.2f\",\"%.3f\",\"%.3f\",\"%.3f\",\"%.3f\",\"%.3f\",\"%.3f\"\n",
			p.title, r.RPS, s.mean, s.min, s.p50, s.p95, s.p99, s.max)
	case p.options.quiet:
		p.clearLine()
		fmt.Fprintf(p.out, "%s: %.2f requests per second, p50=%.3f msec\n", p.title, r.RPS, s.p50)
	default:
		p.clearLine()
		p.header(r)
		p.rates(r.Rates)
		p.percentiles(r.Latencies)
		p.distribution(r.Latencies)
		fmt.Fprintf(p.out, "Summary:\n")
		fmt.Fprintf(p.out, "  throughput summary: %.2f requests per second\n", r.RPS)
		fmt.Fprintf(p.out, "  latency summary (msec):\n")
		p.columns("avg", "min", "p50", "p95", "p99", "max")
		p.figures(s.mean, s.min, s.p50, s.p95, s.p99, s.max)
	}
}

func (p *printer) header(r Result) {
	o := p.options
	fmt.Fprintf(p.out, "====== %s ======\n", p.title)
	fmt.Fprintf(p.out, "  %d requests completed in %.2f seconds\n", r.Requests, r.Elapsed.Seconds())
	fmt.Fprintf(p.out, "  %d parallel clients\n", o.clients)
	fmt.Fprintf(p.out, "  %d bytes payload\n", p.payloadBytes)
	keepAlive := 1
	if o.reconnect {
		keepAlive = 0
	}
	fmt.Fprintf(p.out, "  keep alive: %d\n", keepAlive)
	if p.cluster != nil {
		fmt.Fprintf(p.out, "  cluster mode: yes (%d %s)\n", len(p.cluster.nodes), p.cluster.from.roles())
		for i, settings := range p.settings {
			if settings == nil {
				continue
			}
			save := settings.save
			if save == "" {
				save = "NONE"
			}
			fmt.Fprintf(p.out, "  node [%d] configuration:\n", i)
			fmt.Fprintf(p.out, "    save: %s\n", save)
			fmt.Fprintf(p.out, "    appendonly: %s\n", settings.appendonly)
		}
	} else if settings := p.settings[0]; settings != nil {
		fmt.Fprintf(p.out, "  host configuration \"save\": %s\n", settings.save)
		fmt.Fprintf(p.out, "  host configuration \"appendonly\": %s\n", settings.appendonly)
	}
	if o.threads > 0 {
		fmt.Fprintf(p.out, "  multi-thread: yes\n  threads: %d\n", o.threads)
	} else {
		fmt.Fprintf(p.out, "  multi-thread: no\n")
	}
}

// rates reports how evenly a limited rate was kept.
func (p *printer) rates(rates *hdrhistogram.Histogram) {
	if rates == nil || rates.TotalCount() == 0 {
		return
	}
	at := func(percentile float64) float64 { return float64(rates.ValueAtPercentile(percentile)) }
	fmt.Fprintf(p.out, "\nRPS Summary:\n")
	fmt.Fprintf(p.out, "  target RPS: %.2f\n", float64(p.options.rps))
	fmt.Fprintf(p.out, "  RPS distribution (reqs/sec):\n")
	p.columns("avg", "min", "p50", "p95", "p99", "max")
	p.figures(rates.Mean(), float64(rates.Min()), at(50), at(95), at(99), float64(rates.Max()))
}

func (p *printer) columns(names ...string) {
	fmt.Fprintf(p.out, "    %9s %9s %9s %9s %9s %9s\n",
		names[0], names[1], names[2], names[3], names[4], names[5])
}

func (p *printer) figures(values ...float64) {
	fmt.Fprintf(p.out, "    %9.3f %9.3f %9.3f %9.3f %9.3f %9.3f\n",
		values[0], values[1], values[2], values[3], values[4], values[5])
}

func (p *printer) bracket(percent float64, micros, count int64) {
	fmt.Fprintf(p.out, "%3.3f%% <= %.3f milliseconds (cumulative count %d)\n",
		percent, float64(micros)/1000, count)
}

// percentiles writes the latencies at percentiles that halve the distance to
// 100 from line to line.
func (p *printer) percentiles(h *hdrhistogram.Histogram) {
	fmt.Fprintf(p.out, "\nLatency by percentile distribution:\n")
	previous := int64(-1)
	if h.TotalCount() > 0 {
		for _, b := range h.CumulativeDistribution() {
			if b.Count != previous || b.Count == h.TotalCount() {
				p.bracket(b.Quantile, b.ValueAt, b.Count)
			}
			previous = b.Count
		}
	}
	fmt.Fprintln(p.out)
}

const (
	fineStepMicros   = 100
	coarseStepMicros = 1000
	// Above this, lines a tenth of a millisecond apart only add noise.
	coarseFromMicros = 2000
)

// distribution writes how many requests were answered within each step of time.
func (p *printer) distribution(h *hdrhistogram.Histogram) {
	fmt.Fprintf(p.out, "Cumulative distribution of latencies:\n")
	total := h.TotalCount()
	previous, cumulative := int64(-1), int64(0)
	level, step := int64(fineStepMicros), int64(fineStepMicros)
	for _, bar := range h.Distribution() {
		cumulative += bar.Count
		// A line is due at the bucket that the level falls into. The histogram's
		// buckets are finer than the steps, but for a precision of one digit.
		for bar.To >= level {
			if cumulative != previous {
				p.bracket(100*float64(cumulative)/float64(total), bar.To, cumulative)
			}
			previous = cumulative
			// The level after the one that crosses is still a fine step away.
			level += step
			if bar.To > coarseFromMicros {
				step = coarseStepMicros
			}
		}
	}
	if total > 0 && previous != total {
		// The slowest request lies below the next level.
		p.bracket(100, highestEquivalent(h, level), total)
	}
	fmt.Fprintln(p.out)
}

// highestEquivalent returns the end of the bucket that value falls into.
func highestEquivalent(h *hdrhistogram.Histogram, value int64) int64 {
	probe := hdrhistogram.New(h.LowestTrackableValue(), h.HighestTrackableValue(), int(h.SignificantFigures()))
	if probe.RecordValue(value) != nil {
		return value
	}
	return probe.Max()
}

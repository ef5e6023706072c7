// Package loadgen sends a server as many requests as it can take, or as many as
// asked for, and measures how long the answers took. It is the `benchmark`
// command (Main) and a Go package (Run) for programs that measure.
//
// A run has C connections dealt out to T lanes. A lane is a thread's share: its
// connections, one rendered batch of requests, one histogram, one random
// generator; lanes share nothing but a few counters. A connection is a closed
// loop:
//
//  1. claim: may another batch go? The run's bounds and the rate limit decide.
//  2. renew: draw new numbers into the lane's batch, in place.
//  3. send: one write; what the socket does not take is copied and sent later.
//  4. scan: count the ends of the replies in what arrives; nothing is decoded.
//  5. record: when the last reply of the batch is there, its latency, once for
//     all of its requests.
//
// The bytes are moved by a loop. On Linux that is epollLoop: raw non-blocking
// sockets, two system calls per batch. Everywhere else, and for TLS, it is
// netLoop: a goroutine per connection.
//
// Vocabulary:
//
//	sequence  one or more commands, sent as a whole
//	batch     a pipeline's worth of sequences; the unit of sending
//	lane      what one thread owns
//	latency   from before a batch is written to its first reply being readable
//	warm-up   time at the start in which requests are sent and not counted
package loadgen

import (
	"context"
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/kvasirdb/kvasir/internal/platform/processors"
)

// Config says what to send, where and for how long. Addr, a Sequence and one of
// Requests, Duration and Idle are required; everything else has a default.
type Config struct {
	// Network is "tcp" (the default) or "unix"; Addr is host:port or the path of
	// the socket. With a Cluster, its nodes are used instead.
	Network string
	Addr    string
	// TLS encrypts the connections; without a ServerName the host is used.
	TLS *tls.Config
	// MultipathTCP asks for MPTCP connections.
	MultipathTCP bool
	// Cluster spreads the connections over its nodes.
	Cluster *Cluster

	// Every connection starts with these, outside of what is measured.
	User     string
	Password string
	DB       int
	Resp3    bool
	Tracking bool

	// Clients is the number of connections, Threads that of the lanes; the least
	// and the default of both is 1.
	Clients int
	Threads int
	// Sequence is sent Pipeline times (default 1) before replies are awaited.
	Sequence Sequence
	Pipeline int
	// Keyspace makes the numbers that replace placeholders less than this; with
	// 0 nothing is replaced. At most 10^12.
	Keyspace int64
	// Counters, when set, makes the numbers come in sequence instead of from
	// random; Seed makes random ones repeatable on one lane.
	Counters *Counters
	Seed     uint64

	// Requests bounds the run by number: no batch starts once so many requests
	// were sent, so that up to a batch more may be. Duration bounds it by time.
	// Warmup comes before either.
	Requests int64
	Duration time.Duration
	Warmup   time.Duration
	// RequestsPerSecond limits the rate; 0 does not.
	RequestsPerSecond int
	// Reconnect makes a new connection for every batch.
	Reconnect bool
	// Idle sends nothing and holds the connections until the context ends.
	Idle bool
	// Precision is the number of significant digits of latencies, 1 to 5
	// (default 3).
	Precision int

	// portable has netLoop serve where epollLoop would.
	portable bool
}

// Progress is a moment of a run, given every quarter second.
type Progress struct {
	WarmingUp bool
	// Clients is the number of connections.
	Clients int
	// Elapsed and Requests count since the warm-up or the measurement began.
	Elapsed  time.Duration
	Requests int64
	// RPS is the rate since the last Progress, OverallRPS that of Elapsed; so
	// with the mean latencies. A mean of no request is NaN.
	RPS               float64
	OverallRPS        float64
	MeanMillis        float64
	OverallMeanMillis float64
}

// Result is what a run measured, warm-up left out.
type Result struct {
	Requests int64
	Elapsed  time.Duration
	RPS      float64
	// Latencies are in microseconds, from 10 to 3,000,000; slower requests count
	// as the latter.
	Latencies *hdrhistogram.Histogram
	// Rates are the RPS of each Progress; nil without a rate limit.
	Rates *hdrhistogram.Histogram
}

// Percentile returns the latency that p percent of the requests did not exceed.
func (r Result) Percentile(p float64) time.Duration {
	return time.Duration(r.Latencies.ValueAtPercentile(p)) * time.Microsecond
}

// Mean returns the mean latency, 0 if there was no request.
func (r Result) Mean() time.Duration {
	return time.Duration(r.Latencies.Mean() * float64(time.Microsecond))
}

// Min returns the least latency, 0 if there was no request.
func (r Result) Min() time.Duration { return r.extreme(r.Latencies.Min) }

// Max returns the greatest latency, 0 if there was no request.
func (r Result) Max() time.Duration { return r.extreme(r.Latencies.Max) }

func (r Result) extreme(value func() int64) time.Duration {
	if r.Latencies.TotalCount() == 0 {
		return 0
	}
	return time.Duration(value()) * time.Microsecond
}

const (
	latencyMicrosMin = 10
	latencyMicrosMax = 3_000_000
	defaultPrecision = 3
	precisionMax     = 5
	keyspaceMax      = 1_000_000_000_000
	progressInterval = 250 * time.Millisecond
	connectTimeout   = 30 * time.Second
	// Connections that a lane has in the making at once: more than a server's
	// backlog takes would be made after a second's pause.
	dialsMax            = 64
	rateHistogramFactor = 2
)

// withDefaults returns c with its defaults filled in, or what is wrong with it.
func (c Config) withDefaults() (Config, error) {
	if c.Network == "" {
		c.Network = "tcp"
	}
	c.Clients = max(c.Clients, 1)
	c.Threads = min(max(c.Threads, 1), c.Clients)
	c.Pipeline = max(c.Pipeline, 1)
	if c.Precision == 0 {
		c.Precision = defaultPrecision
	}
	switch {
	case c.Idle:
		// An idle run never renders its batch.
		return c, nil
	case c.Sequence.commands == 0:
		return c, errors.New("no command to send")
	case c.Requests <= 0 && c.Duration <= 0:
		return c, errors.New("neither a number of requests nor a duration is given")
	case c.Requests > 0 && c.Duration > 0:
		return c, errors.New("both a number of requests and a duration are given")
	case c.Keyspace < 0 || c.Keyspace > keyspaceMax:
		return c, errors.New("keyspace is out of range")
	case c.Precision < 1 || c.Precision > precisionMax:
		return c, errors.New("precision is out of range")
	case c.RequestsPerSecond < 0:
		return c, errors.New("rate limit is negative")
	}
	return c, nil
}

// Run runs one measurement to its end. It calls progress, if not nil, on the
// calling goroutine. The first error reply, lost connection or protocol error
// ends the run with an error, since what follows would measure something else:
// a *ServerError, a *ConnectError, or the system's error. So does ctx.
func Run(ctx context.Context, config Config, progress func(Progress)) (Result, error) {
	config, err := config.withDefaults()
	if err != nil {
		return Result{}, err
	}
	began := time.Now()
	r := newRun(ctx, config, func() int64 { return int64(time.Since(began)) + 1 })
	defer r.cancel()
	stopWatching := context.AfterFunc(ctx, func() { r.fail(context.Cause(ctx)) })
	defer stopWatching()

	processors.Reserve(len(r.lanes))
	var lanes sync.WaitGroup
	for _, l := range r.lanes {
		lanes.Go(func() { r.runLane(l) })
	}
	finished := make(chan struct{})
	go func() {
		lanes.Wait()
		r.cancel()
		r.background.Wait()
		close(finished)
	}()
	// The lanes end by themselves: by the run's bounds, or by failing.
	defer func() { <-finished }()

	for range r.lanes {
		select {
		case <-r.opened:
		case <-r.ctx.Done():
			return Result{}, r.failure()
		}
	}
	r.begin()

	reporter := newReporter(r, progress)
	ticker := time.NewTicker(progressInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			reporter.tick(r.clock())
		case <-finished:
			if err := r.failure(); err != nil {
				return Result{}, err
			}
			result := r.result()
			result.Rates = reporter.rates
			return result, nil
		}
	}
}

// newRandom returns the generator of one lane.
func newRandom(seed uint64, lane int) *rand.PCG {
	return rand.NewPCG(seed, uint64(lane))
}

package loadgen

import (
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/kvasirdb/kvasir/internal/client"
)

// run is what the lanes of one measurement share.
type run struct {
	config Config
	lanes  []*lane
	// clock is monotonic, in nanoseconds, and never 0.
	clock func() int64
	pace  *pacer // nil: no limit

	// greeting is what every connection sends first, greetingReplies how often
	// that is answered.
	greeting        []byte
	greetingReplies int

	// Set by begin, before any lane claims.
	beginNanos   int64
	measureNanos int64 // the warm-up ends here
	untilNanos   int64 // the measurement ends here; 0: by the number of requests

	opened chan struct{} // one message from each lane whose connections stand
	start  chan struct{} // closed by begin
	// ctx ends when the run does: by failing, or after its lanes.
	ctx        context.Context
	cancel     context.CancelFunc
	background sync.WaitGroup // whatever runs beside the lanes

	issued  atomic.Int64 // requests let through since the warm-up
	stopped atomic.Bool  // somebody failed

	mu    sync.Mutex
	err   error // the first failure
	loops []loop
}

// phase tells what a batch was sent in.
type phase uint8

const (
	warming phase = iota
	measuring
	phases
)

// verdict is the answer to a claim.
type verdict uint8

const (
	goAhead verdict = iota
	tooEarly
	finished
)

// loop moves the bytes of one lane's connections.
type loop interface {
	// open connects and greets every connection.
	open() error
	// drive sends requests until the run's bounds are reached.
	drive() error
	// interrupt makes open and drive return soon. It may be called from any
	// goroutine, before, during and after them, but not after close.
	interrupt()
	close()
}

// ConnectError says that a connection could not be made.
type ConnectError struct {
	Addr string
	Err  error
}

func (e *ConnectError) Error() string {
	return fmt.Sprintf("Could not connect to server at %s: %s", e.Addr, reason(e.Err))
}

func (e *ConnectError) Unwrap() error { return e.Err }

// ServerError is an error reply that ended the run. Node is the address of the
// cluster node that sent it, or empty.
type ServerError struct {
	Node string
	Text string
}

func (e *ServerError) Error() string {
	if e.Node != "" {
		return fmt.Sprintf("Error from server %s: %s", e.Node, e.Text)
	}
	return "Error from server: " + e.Text
}

func newRun(ctx context.Context, config Config, clock func() int64) *run {
	ctx, cancel := context.WithCancel(ctx)
	r := &run{
		ctx:    ctx,
		cancel: cancel,
		config: config,
		clock:  clock,
		opened: make(chan struct{}, config.Threads),
		start:  make(chan struct{}),
	}
	if config.RequestsPerSecond > 0 {
		r.pace = newPacer(config.RequestsPerSecond)
	}
	if !config.Idle {
		r.greet()
	}
	for i := range config.Threads {
		r.lanes = append(r.lanes, newLane(r, i))
	}
	return r
}

func (r *run) greet() {
	say := func(args ...string) {
		r.greeting = client.AppendCommand(r.greeting, args...)
		r.greetingReplies++
	}
	c := &r.config
	switch {
	case c.Password != "" && c.User != "":
		say("AUTH", c.User, c.Password)
	case c.Password != "":
		say("AUTH", c.Password)
	}
	if c.Tracking {
		say("CLIENT", "TRACKING", "on")
	}
	if c.DB != 0 {
		say("SELECT", fmt.Sprint(c.DB))
	}
	if c.Resp3 {
		say("HELLO", "3")
	}
	if c.Cluster != nil && c.Cluster.from != PrimaryOnly {
		say("READONLY")
	}
}

// runLane is the life of one lane.
func (r *run) runLane(l *lane) {
	loop, err := newLoop(l)
	if err != nil {
		r.fail(err)
		return
	}
	r.attach(loop)
	defer r.detach(loop)
	if err := loop.open(); err != nil {
		r.fail(err)
		return
	}
	r.opened <- struct{}{}
	select {
	case <-r.start:
	case <-r.ctx.Done():
		return
	}
	if err := loop.drive(); err != nil {
		r.fail(err)
	}
}

// begin starts the warm-up or the measurement, now that all lanes are open.
func (r *run) begin() {
	r.beginNanos = r.clock()
	r.measureNanos = r.beginNanos + int64(r.config.Warmup)
	if r.config.Duration > 0 {
		r.untilNanos = r.measureNanos + int64(r.config.Duration)
	}
	close(r.start)
}

func (r *run) attach(l loop) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.loops = append(r.loops, l)
	if r.err != nil {
		l.interrupt()
	}
}

func (r *run) detach(l loop) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.loops {
		if r.loops[i] == l {
			r.loops = append(r.loops[:i], r.loops[i+1:]...)
			break
		}
	}
	l.close()
}

// fail ends the run; the first failure is the one reported.
func (r *run) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return
	}
	r.err = err
	r.stopped.Store(true)
	r.cancel()
	for _, l := range r.loops {
		l.interrupt()
	}
}

func (r *run) failure() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// claim asks to send another batch at the time now. With tooEarly it also says
// how long to wait.
func (r *run) claim(now int64) (verdict verdict, in phase, waitNanos int64) {
	if r.over(now) {
		return finished, measuring, 0
	}
	requests := int64(r.config.Pipeline * r.config.Sequence.commands)
	if r.pace != nil {
		if wait := r.pace.take(now, int(requests)); wait > 0 {
			return tooEarly, measuring, wait
		}
	}
	if now < r.measureNanos {
		return goAhead, warming, 0
	}
	if r.issued.Add(requests)-requests >= r.config.Requests && r.untilNanos == 0 {
		return finished, measuring, 0
	}
	return goAhead, measuring, 0
}

// over tells whether no batch may start any more.
func (r *run) over(now int64) bool {
	switch {
	case r.stopped.Load():
		return true
	case now < r.measureNanos:
		return false
	case r.untilNanos != 0:
		return now >= r.untilNanos
	}
	return r.issued.Load() >= r.config.Requests
}

// timeUp tells whether replies still awaited no longer count.
func (r *run) timeUp(now int64) bool {
	return r.stopped.Load() || r.untilNanos != 0 && now >= r.untilNanos
}

// result puts together what the lanes measured. They must have ended.
func (r *run) result() Result {
	result := Result{Latencies: hdrhistogram.New(latencyMicrosMin, latencyMicrosMax, r.config.Precision)}
	end := r.measureNanos
	for _, l := range r.lanes {
		result.Requests += l.done[measuring].requests.Load()
		end = max(end, l.lastNanos)
		// Same bounds, so nothing is dropped.
		result.Latencies.Merge(l.latencies)
	}
	if r.untilNanos != 0 {
		end = r.untilNanos
	}
	result.Elapsed = time.Duration(end - r.measureNanos)
	if result.Elapsed > 0 {
		result.RPS = float64(result.Requests) / result.Elapsed.Seconds()
	}
	return result
}

// reporter turns the lanes' counters into Progress.
type reporter struct {
	run      *run
	progress func(Progress)
	rates    *hdrhistogram.Histogram
	in       phase
	at       int64 // time of the last Progress
	requests int64 // and what had been done by then
	micros   int64
}

func newReporter(r *run, progress func(Progress)) *reporter {
	p := &reporter{run: r, progress: progress, at: r.beginNanos, in: warming}
	if limit := r.config.RequestsPerSecond; limit > 0 {
		p.rates = hdrhistogram.New(1, int64(limit)*rateHistogramFactor, r.config.Precision)
	}
	return p
}

func (p *reporter) tick(now int64) {
	r := p.run
	since := r.beginNanos
	if now >= r.measureNanos {
		since = r.measureNanos
		if p.in == warming {
			*p = reporter{run: r, progress: p.progress, rates: p.rates, in: measuring, at: since}
		}
	}
	var requests, micros int64
	for _, l := range r.lanes {
		requests += l.done[p.in].requests.Load()
		micros += l.done[p.in].latencyMicros.Load()
	}
	if now <= p.at {
		return
	}
	progress := Progress{
		WarmingUp:         p.in == warming,
		Clients:           r.config.Clients,
		Elapsed:           time.Duration(now - since),
		Requests:          requests,
		RPS:               perSecond(requests-p.requests, now-p.at),
		OverallRPS:        perSecond(requests, now-since),
		MeanMillis:        meanMillis(micros-p.micros, requests-p.requests),
		OverallMeanMillis: meanMillis(micros, requests),
	}
	p.at, p.requests, p.micros = now, requests, micros
	if p.rates != nil && p.in == measuring {
		// A burst above the histogram's range counts as its end.
		_ = p.rates.RecordValue(min(int64(progress.RPS), p.rates.HighestTrackableValue()))
	}
	if p.progress != nil {
		p.progress(progress)
	}
}

func perSecond(n, nanos int64) float64 { return float64(n) / (float64(nanos) / 1e9) }

func meanMillis(micros, n int64) float64 {
	if n == 0 {
		return math.NaN()
	}
	return float64(micros) / float64(n) / 1000
}

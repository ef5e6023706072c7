package loadgen

import (
	"testing"
	"time"
)

const second = int64(time.Second)

// TestPacerKeepsRate lets eager connections ask whenever they may and counts,
// by a clock of its own, what goes in each second.
func TestPacerKeepsRate(t *testing.T) {
	for _, c := range []struct{ rate, batch int }{
		{1000, 1}, {1000, 16}, {7, 1}, {3_000_000, 64}, {1, 1},
		{2, 16}, // a batch costs eight seconds
	} {
		p := newPacer(c.rate)
		const seconds = 20
		sent := 0
		for now := int64(1); now < seconds*second; {
			wait := p.take(now, c.batch)
			if wait == 0 {
				sent += c.batch
			}
			now += wait
		}
		want := c.rate * seconds
		// Off by what one batch is, by the millisecond looked ahead, and by the
		// fraction of a nanosecond that a batch costs.
		tolerance := c.batch + c.rate/1000 + want/10000 + 1
		if sent > want+tolerance || sent < want-tolerance {
			t.Errorf("%d a second by %d: %d in %d seconds, want %d", c.rate, c.batch, sent, seconds, want)
		}
	}
}

func TestPacerCatchesUpWithinOneSecond(t *testing.T) {
	p := newPacer(1000)
	if p.take(1, 1) != 0 {
		t.Fatal("the first request waits")
	}
	// The server stalled for a minute.
	now, burst := 60*second, 0
	for p.take(now, 1) == 0 {
		burst++
	}
	if burst < 999 || burst > 1001 {
		t.Errorf("a burst of %d after a stall, want the second's 1000", burst)
	}
}

func TestPacerSaysHowLongToWait(t *testing.T) {
	p := newPacer(100)
	now := second
	for range 100 {
		wait := p.take(now, 10)
		if wait == 0 {
			continue
		}
		if again := p.take(now+wait-1, 10); again == 0 {
			t.Fatalf("could have gone before the %d ns it was told to wait", wait)
		}
		if p.take(now+wait, 10) != 0 {
			t.Fatalf("cannot go after the %d ns it was told to wait", wait)
		}
		now += wait
	}
}

// virtualRun is a run whose clock the test sets.
func virtualRun(t *testing.T, config Config) (r *run, now *int64) {
	t.Helper()
	config.Addr, config.Sequence = "127.0.0.1:1", Command("PING")
	config, err := config.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	now = new(int64)
	*now = second
	r = newRun(t.Context(), config, func() int64 { return *now })
	t.Cleanup(r.cancel)
	r.begin()
	return r, now
}

func TestClaimByNumber(t *testing.T) {
	r, now := virtualRun(t, Config{Requests: 10, Pipeline: 4, Warmup: time.Second})
	for range 100 {
		if verdict, in, _ := r.claim(*now); verdict != goAhead || in != warming {
			t.Fatalf("in the warm-up: verdict %d, phase %d", verdict, in)
		}
	}
	*now += second
	for range 3 {
		if verdict, in, _ := r.claim(*now); verdict != goAhead || in != measuring {
			t.Fatalf("after the warm-up: verdict %d, phase %d", verdict, in)
		}
	}
	if verdict, _, _ := r.claim(*now); verdict != finished {
		t.Errorf("12 of 10 requests are issued and another batch may go: verdict %d", verdict)
	}
	if r.timeUp(*now) {
		t.Error("replies are not awaited")
	}
}

func TestClaimByTime(t *testing.T) {
	r, now := virtualRun(t, Config{Duration: 2 * time.Second, Warmup: time.Second})
	for _, step := range []struct {
		at      int64
		verdict verdict
		in      phase
		timeUp  bool
	}{
		{0, goAhead, warming, false},
		{second - 1, goAhead, warming, false},
		{second, goAhead, measuring, false},
		{3*second - 1, goAhead, measuring, false},
		{3 * second, finished, measuring, true},
	} {
		at := *now + step.at
		if verdict, in, _ := r.claim(at); verdict != step.verdict || in != step.in || r.timeUp(at) != step.timeUp {
			t.Errorf("after %v: verdict %d, phase %d, time up %v; want %+v", time.Duration(step.at), verdict, in, r.timeUp(at), step)
		}
	}
}

// TestClaimRate counts what a limited run of many connections lets through in
// virtual seconds.
func TestClaimRate(t *testing.T) {
	r, now := virtualRun(t, Config{Duration: 10 * time.Second, Clients: 50, Pipeline: 5, RequestsPerSecond: 2000})
	perSecond := map[int64]int{}
	for !r.over(*now) {
		verdict, _, wait := r.claim(*now)
		if verdict == goAhead {
			perSecond[*now/second] += 5
		}
		*now += wait
	}
	if len(perSecond) != 10 {
		t.Fatalf("requests in %d seconds, want 10", len(perSecond))
	}
	for at, sent := range perSecond {
		if sent < 1990 || sent > 2010 {
			t.Errorf("second %d: %d requests, want 2000", at, sent)
		}
	}
}

func TestProgressCountsPhasesApart(t *testing.T) {
	r, now := virtualRun(t, Config{Duration: time.Minute, Warmup: time.Second, RequestsPerSecond: 1000})
	var got []Progress
	reporter := newReporter(r, func(p Progress) { got = append(got, p) })
	answer := func(in phase, requests int64, latency time.Duration) {
		l := r.lanes[0]
		for range requests {
			s := &session{in: in, sentNanos: *now, firstNanos: *now + int64(latency)}
			l.record(s, *now)
		}
	}
	tick := func() {
		*now += second / 2
		reporter.tick(*now)
	}
	answer(warming, 100, time.Millisecond)
	tick()
	tick() // the warm-up ends here
	answer(measuring, 300, 2*time.Millisecond)
	tick()
	answer(measuring, 100, 6*time.Millisecond)
	tick()
	want := []Progress{
		{WarmingUp: true, Clients: 1, Elapsed: time.Duration(second / 2), Requests: 100, RPS: 200, OverallRPS: 200, MeanMillis: 1, OverallMeanMillis: 1},
		{Clients: 1, Elapsed: time.Duration(second / 2), Requests: 300, RPS: 600, OverallRPS: 600, MeanMillis: 2, OverallMeanMillis: 2},
		{Clients: 1, Elapsed: time.Duration(second), Requests: 400, RPS: 200, OverallRPS: 400, MeanMillis: 6, OverallMeanMillis: 3},
	}
	if len(got) != len(want) {
		t.Fatalf("%d reports, want %d: %+v", len(got), len(want), got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("report %d: %+v, want %+v", i, got[i], want[i])
		}
	}
	if n := reporter.rates.TotalCount(); n != 2 {
		t.Errorf("%d rates recorded, want those of the measurement, 2", n)
	}
}

package telemetry

import "sync"

// Rates are the counters whose speed INFO shows. The cron notes them while
// INFO may run on another loop.
type Rates struct {
	mu                                                   sync.Mutex // held by Sample and Mean of any of them
	Commands, InputBytes, OutputBytes, Turns, TurnMicros Rate
}

// reset begins anew.
func (r *Rates) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Commands, r.InputBytes, r.OutputBytes, r.Turns, r.TurnMicros = Rate{}, Rate{}, Rate{}, Rate{}, Rate{}
}

// samples is over how many of the last samples a rate is averaged.
const samples = 16

// Rate is the speed of a counter, averaged over its last samples.
type Rate struct {
	speeds [samples]int64
	next   int
	// value and base are the counter and what it is set against, at the last
	// sample; base is 0 before the first.
	value, base int64
}

// Sample notes the counter's value at a moment that base gives, a time or
// another counter. The speed is in units of the counter per so many of base.
func (r *Rate) Sample(value, base, per int64) {
	if r.base > 0 {
		speed := int64(0)
		if passed := base - r.base; passed > 0 {
			speed = (value - r.value) * per / passed
		}
		r.speeds[r.next] = speed
		r.next = (r.next + 1) % samples
	}
	r.value, r.base = value, base
}

// Mean returns the mean of the last samples.
func (r *Rate) Mean() int64 {
	var sum int64
	for _, s := range r.speeds {
		sum += s
	}
	return sum / samples
}

// Sample looks at the counters and improves the scale that times commands. The
// cron calls it ten times a second; others may execute meanwhile.
func (c *Core) Sample() {
	c.Engine.Ticks().Refine()
	commands, _ := c.Engine.Progress()
	loops := c.Server.LoopStats()
	now := c.Clock.Mono() / 1e3
	c.memory.notePeak(c.UsedMemory())
	r := &c.rates
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Commands.Sample(commands, now, 1e6)
	r.InputBytes.Sample(loops.InputBytes, now, 1e6)
	r.OutputBytes.Sample(loops.OutputBytes, now, 1e6)
	r.Turns.Sample(loops.Turns, now, 1e6)
	r.TurnMicros.Sample(c.Engine.Ticks().Nanos(loops.TurnTicks)/1e3, loops.Turns, 1)
}

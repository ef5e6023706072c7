package telemetry

// Rates are the counters whose speed INFO shows.
type Rates struct {
	Commands, InputBytes, OutputBytes, Turns, TurnMicros Rate
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

// Sample notes the counter's value when base, a time or another counter, is
// given. A thousandfold of value per base is kept as unit says.
func (r *Rate) Sample(value, base, unit int64) {
	if r.base > 0 {
		speed := int64(0)
		if passed := base - r.base; passed > 0 {
			speed = (value - r.value) * unit / passed
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

// Sample looks at the counters. The cron calls it ten times a second, in
// exclusive mode.
func (c *Core) Sample() {
	commands, _ := c.Engine.Totals()
	loops := c.Server.LoopStats()
	now := c.Clock.Mono() / 1e3
	r := &c.rates
	r.Commands.Sample(commands, now, 1e6)
	r.InputBytes.Sample(loops.InputBytes, now, 1e6)
	r.OutputBytes.Sample(loops.OutputBytes, now, 1e6)
	r.Turns.Sample(loops.Turns, now, 1e6)
	r.TurnMicros.Sample(c.Engine.Ticks().Nanos(loops.TurnTicks)/1e3, loops.Turns, 1)
	c.memory.peak = max(c.memory.peak, c.UsedMemory())
}

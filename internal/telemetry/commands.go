package telemetry

import (
	"maps"
	"slices"
	"strconv"

	"github.com/kvasirdb/kvasir/internal/telemetry/info"
)

func (c *Core) writeCommandStats(f *info.Fields) {
	for _, cmd := range c.Engine.Table.All() {
		s := c.Engine.CommandStats(cmd)
		if s.Calls == 0 && s.Rejected == 0 && s.Failed == 0 {
			continue
		}
		micros := s.Duration.Microseconds()
		f.Textf("cmdstat_"+info.SafeName(cmd.Name), "calls=%d,usec=%d,usec_per_call=%.2f,rejected_calls=%d,failed_calls=%d",
			s.Calls, micros, ratio(micros, s.Calls), s.Rejected, s.Failed)
	}
}

func (c *Core) writeErrorStats(f *info.Fields) {
	errors := c.Engine.ErrorStats()
	for _, code := range slices.Sorted(maps.Keys(errors)) {
		f.Textf("errorstat_"+info.SafeName(code), "count=%d", errors[code])
	}
}

func (c *Core) writeLatencyStats(f *info.Fields) {
	p := &c.Config.Params
	if !p.LatencyTracking.Load() {
		return
	}
	percentiles := p.LatencyTrackingInfoPercentiles.Load()
	for _, cmd := range c.Engine.Table.All() {
		h := c.Engine.CommandStats(cmd).Latency
		if h == nil {
			continue
		}
		var line []byte
		for i, percentile := range percentiles {
			if i > 0 {
				line = append(line, ',')
			}
			line = append(line, 'p')
			line = strconv.AppendFloat(line, percentile, 'f', -1, 64)
			line = append(line, '=')
			line = strconv.AppendFloat(line, float64(h.Percentile(percentile))/1000, 'f', 3, 64)
		}
		f.Text("latency_percentiles_usec_"+info.SafeName(cmd.Name), string(line))
	}
}

func (c *Core) writeKeyspace(f *info.Fields) {
	space := c.Engine.Space
	for db := range space.Databases() {
		keys := space.Len(db)
		if keys == 0 {
			continue
		}
		expires, mean := space.Expires(db)
		averageTTL := int64(0)
		if expires > 0 {
			averageTTL = max(mean-c.Clock.Now().UnixMilli(), 0)
		}
		f.Textf("db"+strconv.Itoa(db), "keys=%d,expires=%d,avg_ttl=%d,keys_with_volatile_items=%d",
			keys, expires, averageTTL, space.VolatileKeys(db))
	}
}

func (c *Core) writeDebug(f *info.Fields) {
	loops, ticks := c.Server.LoopStats(), c.Engine.Ticks()
	f.Int("eventloop_duration_aof_sum", 0)
	f.Int("eventloop_duration_cron_sum", ticks.Nanos(loops.CronTicks)/1e3)
	f.Int("eventloop_duration_max", ticks.Nanos(loops.TurnTicksMax)/1e3)
	f.Int("eventloop_cmd_per_cycle_max", loops.CommandsPerTurnMax)
	f.Int("io_threaded_reads_pending", 0)
	f.Int("io_threaded_writes_pending", 0)
}

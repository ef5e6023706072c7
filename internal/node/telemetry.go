package node

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/config"
	"github.com/kvasirdb/kvasir/internal/engine"
	"github.com/kvasirdb/kvasir/internal/platform/histogram"
	"github.com/kvasirdb/kvasir/internal/session"
	"github.com/kvasirdb/kvasir/internal/telemetry"
	"github.com/kvasirdb/kvasir/internal/telemetry/about"
	"github.com/kvasirdb/kvasir/internal/telemetry/commandlog"
	"github.com/kvasirdb/kvasir/internal/telemetry/info"
	"github.com/kvasirdb/kvasir/internal/telemetry/latency"
	"github.com/kvasirdb/kvasir/internal/telemetry/monitor"
	"github.com/kvasirdb/kvasir/internal/telemetry/redact"
)

// Telemetry is what the server tells of itself.
type Telemetry struct {
	Info       info.Registry
	Core       *telemetry.Core // set when the parts exist
	CommandLog *commandlog.Log
	Latency    *latency.Monitor
	Monitors   *monitor.Monitors

	gate     engine.GateID // of monitoring clients
	observer engine.ObserverID
}

// telemetryCommands makes the parts of telemetry that commands refer to.
func (n *Node) telemetryCommands() (all []command.Spec) {
	t, p := &n.Telemetry, &n.Config.Params
	rules := &redact.Rules{Parameters: n.Config.SensitiveArguments}
	t.CommandLog = commandlog.New(n.Clock, rules)
	t.Latency = latency.New(n.Clock)
	t.Monitors = monitor.New(monitor.Options{
		Clock: n.Clock, Redact: rules, UnixSocket: p.UnixSocket.Load,
		Watch:    func(on bool) { n.Engine.Watch(t.observer, on) },
		Restrict: func(c *session.Client, on bool) { engine.ArmClient(c, t.gate, on) },
	})
	all = append(all, info.Commands(&t.Info)...)
	all = append(all, commandlog.Commands(t.CommandLog)...)
	all = append(all, monitor.Commands(t.Monitors)...)
	all = append(all, latency.Commands(t.Latency, latency.CommandDeps{
		Table:     func() *command.Table { return n.Table },
		Histogram: func(cmd *command.Cmd) *histogram.Histogram { return n.Engine.CommandStats(cmd).Latency },
		Slowlog: func() latency.Slowlog {
			return latency.Slowlog{ThresholdMicros: p.CommandLogExecutionSlowerThan.Load(), Length: p.CommandLogSlowExecutionMaxLen.Load()}
		},
	})...)
	return append(all, about.Commands(about.Deps{
		Clock: n.Clock, Version: n.lolwutVersion, Random: rand.Float64,
	})...)
}

// connectTelemetry adds the sections of INFO and what observes commands.
func (n *Node) connectTelemetry() {
	t, p := &n.Telemetry, &n.Config.Params
	t.Core = telemetry.NewCore(telemetry.Parts{
		Config: n.Config, Clock: n.Clock, Pool: n.Pool, Engine: n.Engine, Server: n.Server,
		Reclaimer: n.Reclaimer, Expirer: n.Expirer,
		Versions:   telemetry.Versions{Kvasir: Version, Valkey: ValkeyVersion, Redis: RedisVersion, ServerName: ServerName},
		Executable: n.options.Executable,
		Port:       n.Port,
	})
	t.Core.Sections(&t.Info)
	t.Info.Add(info.Section{Name: "persistence", Title: "Persistence", Shown: info.ShownByDefault, Write: n.writePersistence})
	t.Info.ProvideInt("watching_clients", func() int64 { clients, _ := n.Txn.Watching(); return clients })
	t.Info.ProvideInt("total_watched_keys", func() int64 { _, keys := n.Txn.Watching(); return keys })
	// What Valkey forks for is a snapshot here: programs that wait for one see it
	// in the same field.
	t.Info.ProvideInt("total_forks", n.Space.Snapshots.Load)
	if name := n.options.Supervisor; name != "" {
		t.Info.ProvideText("process_supervised", func() string { return name })
	}
	t.gate = n.Engine.AddGate(monitor.Gate())
	t.observer = n.Engine.AddObserver(command.Observer{Name: "monitor", Executed: t.Monitors.Executed})
	n.Expirer.OnCycle = func(d time.Duration) { t.Latency.Add(latency.EventExpireCycle, d) }
	n.followThresholds()
	n.Config.OnApply(func(context.Context) error { n.followThresholds(); return nil },
		p.CommandLogSlowExecutionMaxLen, p.CommandLogLargeRequestMaxLen, p.CommandLogLargeReplyMaxLen,
		p.CommandLogExecutionSlowerThan, p.CommandLogRequestLargerThan, p.CommandLogReplyLargerThan,
		p.LatencyMonitorThreshold)
}

// followThresholds makes the command log, the latency monitor and the engine,
// which asks them only about what may concern one of them, follow the
// configuration.
func (n *Node) followThresholds() {
	t, p := &n.Telemetry, &n.Config.Params
	limits := func(threshold, length *config.Int) commandlog.Limits {
		return commandlog.Limits{Threshold: threshold.Load(), Length: length.Load()}
	}
	t.CommandLog.SetLimits(commandlog.Slow, limits(p.CommandLogExecutionSlowerThan, p.CommandLogSlowExecutionMaxLen))
	t.CommandLog.SetLimits(commandlog.LargeRequest, limits(p.CommandLogRequestLargerThan, p.CommandLogLargeRequestMaxLen))
	t.CommandLog.SetLimits(commandlog.LargeReply, limits(p.CommandLogReplyLargerThan, p.CommandLogLargeReplyMaxLen))
	t.Latency.SetThreshold(p.LatencyMonitorThreshold.Load())

	thresholds := t.CommandLog.Thresholds()
	thresholds.Duration = min(thresholds.Duration, t.Latency.Threshold())
	n.Engine.ReportFrom(thresholds, func(c *command.Ctx, e engine.Execution) {
		t.CommandLog.Executed(c, e)
		t.Latency.Executed(c, e)
	})
}

// cron runs ten times a second, or as hz says, on loop 0. Only what is due stops the other
// loops.
func (n *Node) cron(nowMillis int64) {
	if n.debug.cronPaused.Load() {
		return
	}
	if nowMillis-n.sampledMillis >= sampleMillis {
		n.sampledMillis = nowMillis
		n.Telemetry.Core.Sample()
	}
	if !n.snapshotDue() && !n.ShutdownRequested() {
		return
	}
	x := n.Server.Loops()[0].Executor()
	x.Do(func() {
		n.startDueSnapshots()
		n.shutdownIfRequested(x.Worker().Begin(0, n.Clock.Now().UnixMilli()))
	})
}

// lolwutVersion is the last line of LOLWUT: programs may look for Redis there
// (extended-redis-compatibility).
func (n *Node) lolwutVersion() string {
	if n.Config.Params.ExtendedRedisCompatibility.Load() {
		return "Redis ver. " + RedisVersion
	}
	return "Valkey ver. " + ValkeyVersion
}

// sampleMillis is the time between two looks at the counters of INFO's rates,
// however often the cron runs.
const sampleMillis = 100

package config

import "math"

// defineServer defines the parameters of the process, its logs and its commands.
func (p *Params) defineServer(d *definer) {
	// Process.

	p.Daemonize = d.bool(Definition{Name: "daemonize", Flags: Immutable, Default: "no"})
	p.Supervised = defineEnum(d, Definition{Name: "supervised", Flags: Immutable, Default: "no"}, supervisedModes())
	p.PIDFile = d.string(Definition{Name: "pidfile", Flags: Immutable | emptyUnset})
	p.AlwaysShowLogo = d.bool(Definition{Name: "always-show-logo", Flags: Immutable, Default: "no"})
	p.SetProcTitle = d.bool(Definition{Name: "set-proc-title", Flags: Immutable, Default: "yes"})
	p.ProcTitleTemplate = d.string(Definition{Name: "proc-title-template", Default: "{title} {listen-addr} {server-mode}"}, validProcessTitle(p.titleVariable))
	p.ServerCPUList = d.string(Definition{Name: "server-cpulist", Alias: "server_cpulist", Flags: Immutable | emptyUnset, Feature: Process})
	p.BIOCPUList = d.string(Definition{Name: "bio-cpulist", Alias: "bio_cpulist", Flags: Immutable | emptyUnset, Feature: Process})
	p.DisableTHP = d.bool(Definition{Name: "disable-thp", Flags: Immutable, Feature: Process, Default: "yes"})
	p.OOMScoreAdj = defineEnum(d, Definition{Name: "oom-score-adj", Default: "no"}, oomScoreModes())
	p.OOMScoreAdjValues = defineValue(d, Definition{Name: "oom-score-adj-values", Flags: MultiArg, Default: "0 200 800"}, OOMScores{}, oomScoresSyntax(d.store.env.Warn))
	p.LocaleCollate = d.string(Definition{Name: "locale-collate", Feature: Process})
	p.Hz = d.int(Definition{Name: "hz", Max: math.MaxInt32, Clamp: [2]int64{hzMin, hzMax}, Default: "10"})
	p.ShutdownTimeout = d.int(Definition{Name: "shutdown-timeout", Feature: Process, Max: math.MaxInt32, Default: "10"})
	p.ShutdownOnSIGINT = defineEnum(d, Definition{Name: "shutdown-on-sigint", Flags: MultiArg, Default: "default"}, shutdownFlags(), validShutdownFlags)
	p.ShutdownOnSIGTERM = defineEnum(d, Definition{Name: "shutdown-on-sigterm", Flags: MultiArg, Default: "default"}, shutdownFlags(), validShutdownFlags)
	p.IgnoreWarnings = d.string(Definition{Name: "ignore-warnings", Feature: Process})

	// Logs.

	p.LogLevel = defineEnum(d, Definition{Name: "loglevel", Default: "notice"}, logLevels())
	p.LogFile = d.string(Definition{Name: "logfile", Flags: Immutable})
	p.LogFormat = defineEnum(d, Definition{Name: "log-format", Default: "legacy"}, logFormats())
	p.LogTimestampFormat = defineEnum(d, Definition{Name: "log-timestamp-format", Default: "legacy"}, logTimestamps())
	p.HideUserDataFromLog = d.bool(Definition{Name: "hide-user-data-from-log", Default: "yes"})
	p.SyslogEnabled = d.bool(Definition{Name: "syslog-enabled", Flags: Immutable, Feature: Process, Default: "no"})
	p.SyslogIdent = d.string(Definition{Name: "syslog-ident", Flags: Immutable, Feature: Process, Default: "valkey"})
	p.SyslogFacility = defineEnum(d, Definition{Name: "syslog-facility", Flags: Immutable, Feature: Process, Default: "local0"}, syslogFacilities())
	p.CrashLogEnabled = d.bool(Definition{Name: "crash-log-enabled", Default: "yes"})
	p.CrashMemcheckEnabled = d.bool(Definition{Name: "crash-memcheck-enabled", Feature: Process, Default: "yes"})

	// Observation.

	p.CommandLogSlowExecutionMaxLen = d.int(Definition{Name: "commandlog-slow-execution-max-len", Alias: "slowlog-max-len", Unsigned: true, Max: math.MaxInt64, Default: "128"})
	p.CommandLogLargeRequestMaxLen = d.int(Definition{Name: "commandlog-large-request-max-len", Unsigned: true, Max: math.MaxInt64, Default: "128"})
	p.CommandLogLargeReplyMaxLen = d.int(Definition{Name: "commandlog-large-reply-max-len", Unsigned: true, Max: math.MaxInt64, Default: "128"})
	p.CommandLogExecutionSlowerThan = d.int(Definition{Name: "commandlog-execution-slower-than", Alias: "slowlog-log-slower-than", Min: -1, Max: math.MaxInt64, Default: "10000"})
	p.CommandLogRequestLargerThan = d.int(Definition{Name: "commandlog-request-larger-than", Min: -1, Max: math.MaxInt64, Default: "1048576"})
	p.CommandLogReplyLargerThan = d.int(Definition{Name: "commandlog-reply-larger-than", Min: -1, Max: math.MaxInt64, Default: "1048576"})
	p.LatencyTracking = d.bool(Definition{Name: "latency-tracking", Default: "yes"})
	p.LatencyMonitorThreshold = d.int(Definition{Name: "latency-monitor-threshold", Max: math.MaxInt64, Default: "0"})
	p.LatencyTrackingInfoPercentiles = defineValue(d, Definition{Name: "latency-tracking-info-percentiles", Flags: MultiArg, Default: "50 99 99.9"}, nil, percentilesSyntax())
	p.NotifyKeyspaceEvents = defineValue(d, Definition{Name: "notify-keyspace-events"}, 0, eventsSyntax())

	// Scripts.

	p.BusyReplyThreshold = d.int(Definition{Name: "busy-reply-threshold", Alias: "lua-time-limit", Feature: Scripting, Max: math.MaxInt64, Default: "5000"})
	p.LuaEnableInsecureAPI = d.bool(Definition{Name: "lua-enable-insecure-api", Alias: "lua-enable-deprecated-api", Flags: Hidden | Protected, Feature: Scripting, Default: "no"})

	// Compatibility and tests.

	p.ExtendedRedisCompatibility = d.bool(Definition{Name: "extended-redis-compatibility", Default: "no"})
	p.ImportMode = d.bool(Definition{Name: "import-mode", Flags: Debug, Default: "no"})
	p.WatchdogPeriod = d.int(Definition{Name: "watchdog-period", Flags: Hidden, Feature: Process, Max: math.MaxInt32, Default: "0"})
	p.UseExitOnPanic = d.bool(Definition{Name: "use-exit-on-panic", Flags: Hidden, Feature: Process, Default: "no"})
	p.EnableDebugAssert = d.bool(Definition{Name: "enable-debug-assert", Flags: Immutable | Hidden, Feature: Process, Default: "no"})
	p.DebugContext = d.string(Definition{Name: "debug-context", Flags: Debug | Hidden, Feature: Process})
}

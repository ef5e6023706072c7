package node

import (
	"context"
	"time"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/commands/bitcmd"
	"github.com/kvasirdb/kvasir/internal/commands/geocmd"
	"github.com/kvasirdb/kvasir/internal/commands/hashcmd"
	"github.com/kvasirdb/kvasir/internal/commands/hllcmd"
	"github.com/kvasirdb/kvasir/internal/commands/listcmd"
	"github.com/kvasirdb/kvasir/internal/commands/setcmd"
	"github.com/kvasirdb/kvasir/internal/commands/sortcmd"
	"github.com/kvasirdb/kvasir/internal/commands/streamcmd"
	"github.com/kvasirdb/kvasir/internal/commands/stringcmd"
	"github.com/kvasirdb/kvasir/internal/commands/zsetcmd"
	"github.com/kvasirdb/kvasir/internal/config"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/engine"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/platform/serverlog"
	"github.com/kvasirdb/kvasir/internal/resp"
	"github.com/kvasirdb/kvasir/internal/server"
	"github.com/kvasirdb/kvasir/internal/session"
	"github.com/kvasirdb/kvasir/internal/txn"
)

// commands lists all commands of the server, package by package.
func (n *Node) commands() [][]command.Spec {
	return [][]command.Spec{
		command.Commands(func() *command.Table { return n.Table }),
		config.Commands(&config.CommandDeps{
			Store:      n.Config,
			Files:      n.options.Files,
			Owned:      n.ownedOptions,
			ResetStats: n.resetStats,
			Caller:     n.configCaller,
			Noticef:    n.Log.Noticef,
		}),
		n.shutdownCommands(),
		n.Users.Commands(),
		n.connectionCommands(),
		n.telemetryCommands(),
		n.debugCommands(),
		n.memoryCommands(),
		n.keyCommands(),
		n.dumpCommands(),
		n.Saver.Commands(),
		n.AOF.Commands(),
		n.Txn.Commands(),
		n.PubSub.Commands(),
		bitcmd.Commands(bitcmd.Deps{MaxBulkBytes: n.Config.Params.ProtoMaxBulkLen.Load}),
		geocmd.Commands(),
		hashcmd.Commands(),
		hllcmd.Commands(),
		listcmd.Commands(),
		setcmd.Commands(),
		zsetcmd.Commands(),
		streamcmd.Commands(),
		sortcmd.Commands(sortcmd.Deps{}),
		stringcmd.Commands(stringcmd.Deps{MaxBulkBytes: n.Config.Params.ProtoMaxBulkLen.Load}),
	}
}

// connect adds the gates, in order, and the observers, and makes the parts
// follow the configuration.
func (n *Node) connect() {
	p := &n.Config.Params
	follow := n.follow
	follow(func() { n.Engine.SetLimits(n.encodingLimits()) },
		p.HashMaxListpackEntries, p.HashMaxListpackValue, p.ListMaxListpackSize, p.ListCompressDepth,
		p.SetMaxIntsetEntries, p.SetMaxListpackEntries, p.SetMaxListpackValue,
		p.ZSetMaxListpackEntries, p.ZSetMaxListpackValue, p.StreamNodeMaxBytes, p.StreamNodeMaxEntries, p.HLLSparseMaxBytes)
	n.addGates()
	follow(func() { n.Users.RequirePassword(p.RequirePass.Load()) }, p.RequirePass)
	follow(func() { n.Server.SetLimits(n.limits()) },
		p.ProtoMaxBulkLen, p.ClientQueryBufferLimit, p.MaxClients, p.Timeout, p.TCPKeepAlive,
		p.MaxNewConnectionsPerCycle, p.ProtectedMode, p.ClientOutputBufferLimit,
		p.MaxMemory, p.MaxMemoryClients, p.HideUserDataFromLog, p.Hz)
	follow(func() { n.Engine.SetImporting(p.ImportMode.Load()); n.followExpirePolicy() }, p.ImportMode)
	follow(n.followAccessClock, p.MaxMemoryPolicy, p.LFULogFactor, p.LFUDecayTime)
	follow(func() { n.Engine.TrackLatency(p.LatencyTracking.Load()) }, p.LatencyTracking)
	follow(func() { n.Expirer.SetEffort(int(p.ActiveExpireEffort.Load())) }, p.ActiveExpireEffort)
	follow(func() {
		n.Space.SetLazyFree(p.LazyfreeLazyServerDel.Load(), p.LazyfreeLazyExpire.Load(), p.LazyfreeLazyEviction.Load())
	}, p.LazyfreeLazyServerDel, p.LazyfreeLazyExpire, p.LazyfreeLazyEviction)
	follow(n.configureLog, p.LogLevel, p.LogFormat, p.LogTimestampFormat)
	n.connectAppendOnly()
	n.connectTelemetry()
	n.connectPubSub()
	n.connectTracking()
	n.connectListeners()
	follow(func() { n.Server.SetLoops(int(p.IOThreads.Load())) }, p.IOThreads)
	n.connectOOMScore()
	n.connectTitle()
	n.warnPending()
	n.provideEvictionInfo()
}

// follow applies what follows from some parameters now and whenever they
// change.
func (n *Node) follow(apply func(), params ...config.Param) {
	apply()
	n.Config.OnApply(func(context.Context) error { apply(); return nil }, params...)
}

// addGates lists what a command has to pass before it runs, in order.
func (n *Node) addGates() {
	p := &n.Config.Params
	auth := n.Engine.AddGate(n.Users.Gate())
	n.Users.Arm = func(c *session.Client, on bool) { engine.ArmClient(c, auth, on) }
	protected := n.Engine.AddGate(n.protectedGate())
	n.Engine.ArmCommands(protected, func(c *command.Cmd) bool { return c.Flags&command.Protected != 0 })
	n.addPersistenceGates()
	memory := n.Engine.AddGate(n.memoryGate())
	n.follow(func() { n.followMemoryLimit(memory) },
		p.MaxMemory, p.MaxMemoryPolicy, p.MaxMemorySamples, p.MaxMemoryEvictionTenacity)
	n.messages.trackingGate = n.Engine.AddGate(n.messages.tracking.Gate())
	n.messages.subscribedGate = n.Engine.AddGate(n.PubSub.Gate())
	pause := n.Engine.AddGate(n.Server.Pauses.Gate())
	n.Server.Pauses.Arm = func(on bool) { n.Engine.Arm(pause, on) }
	n.connectTransactions()
	n.persistence.wait = n.Engine.AddGate(n.Saver.WaitGate())
}

// hooks are what the server asks of the node.
func (n *Node) hooks() server.Hooks {
	return server.Hooks{
		Users:             n.Users,
		Kept:              kept,
		TransactionWrites: txn.Writes,
		Cron:              n.cron,
		Paused:            func(bool) { n.followExpirePolicy() },
		Log:               n.Log,
	}
}

// expiryPaused reports whether expiry is not this server's to decide now:
// during a pause, and in import mode, when the source of the import decides.
func (n *Node) expiryPaused() bool {
	return n.Server.Pauses.Paused() || n.Config.Params.ImportMode.Load() || n.appendOnly.replaying.Load()
}

// followExpirePolicy makes lookups treat expired keys as the server's state
// demands.
func (n *Node) followExpirePolicy() {
	policy := keyspace.ExpireDelete
	switch {
	case n.appendOnly.replaying.Load():
		policy = keyspace.ExpireIgnore
	case n.expiryPaused():
		policy = keyspace.ExpireHide
	}
	n.Space.SetExpirePolicy(policy)
}

// ownedOptions are the lines of the configuration file that other parts of the
// server write. None has any.
func (n *Node) ownedOptions() []config.OptionLines { return nil }

// resetStats zeroes the counters of all parts.
func (n *Node) resetStats() {
	n.Telemetry.Core.ResetStats()
	n.Evictor.ResetStats()
	n.AOF.ResetStats()
	n.Space.Snapshots.Store(0)
}

// configCaller describes a client to CONFIG SET.
func (n *Node) configCaller(c *command.Ctx) config.Caller {
	client := c.Client
	n.appendOnly.inUnit = c.DenyBlocking // for what follows from CONFIG SET appendonly
	return config.Caller{Local: func() bool { return server.IsLocal(client) }}
}

// configureLog makes the log follow the configuration.
func (n *Node) configureLog() {
	p := &n.Config.Params
	n.Log.SetLevel(serverlog.Level(p.LogLevel.Load()))
	n.Log.SetFormat(serverlog.Format(p.LogFormat.Load()), serverlog.Timestamp(p.LogTimestampFormat.Load()))
}

// encodingLimits derives the encoding thresholds from the configuration.
func (n *Node) encodingLimits() *value.Limits {
	p := &n.Config.Params
	return &value.Limits{
		HashMaxListpackEntries: int(p.HashMaxListpackEntries.Load()),
		HashMaxListpackValue:   int(p.HashMaxListpackValue.Load()),
		ListMaxListpackSize:    int(p.ListMaxListpackSize.Load()),
		ListCompressDepth:      int(p.ListCompressDepth.Load()),
		ListPackedThreshold:    int(n.debug.listPackedThreshold.Load()),
		SetMaxIntsetEntries:    int(p.SetMaxIntsetEntries.Load()),
		SetMaxListpackEntries:  int(p.SetMaxListpackEntries.Load()),
		SetMaxListpackValue:    int(p.SetMaxListpackValue.Load()),
		ZSetMaxListpackEntries: int(p.ZSetMaxListpackEntries.Load()),
		ZSetMaxListpackValue:   int(p.ZSetMaxListpackValue.Load()),
		StreamNodeMaxBytes:     int(p.StreamNodeMaxBytes.Load()),
		StreamNodeMaxEntries:   int(p.StreamNodeMaxEntries.Load()),
		HLLSparseMaxBytes:      int(p.HLLSparseMaxBytes.Load()),
	}
}

// limits derives the limits of connections from the configuration.
func (n *Node) limits() *server.Limits {
	p := &n.Config.Params
	requests := resp.DefaultLimits()
	requests.MaxBulkBytes = p.ProtoMaxBulkLen.Load()
	l := &server.Limits{
		Requests:          requests,
		QueryBufferBytes:  p.ClientQueryBufferLimit.Load(),
		MaxClients:        int(p.MaxClients.Load()),
		IdleTimeoutMillis: p.Timeout.Load() * 1000,
		KeepAliveSeconds:  int(p.TCPKeepAlive.Load()),
		AcceptsPerTurn:    int(p.MaxNewConnectionsPerCycle.Load()),
		ProtectedMode:     p.ProtectedMode.Load(),
		HideUserData:      p.HideUserDataFromLog.Load(),
		ClientsBytes:      clientsBytes(p.MaxMemoryClients.Load(), p.MaxMemory.Load()),
		CronInterval:      time.Second / time.Duration(p.Hz.Load()),
		OutputInBlocks:    n.debug.outputInBlocks.Load(),
	}
	for class, limit := range p.ClientOutputBufferLimit.Load() {
		l.Output[class] = server.OutputLimit{HardBytes: int64(limit.HardBytes), SoftBytes: int64(limit.SoftBytes), SoftSeconds: limit.SoftSeconds}
	}
	return l
}

package config

import "math"

// defineNetwork defines the parameters of listeners, clients and their rights.
func (p *Params) defineNetwork(d *definer) {
	// Listening and accepting.

	p.Port = d.int(Definition{Name: "port", Max: 65535, Default: "6379"})
	p.Bind = defineValue(d, Definition{Name: "bind", Flags: MultiArg, Default: "* -::*"}, nil, addressesSyntax(defaultAddresses()))
	p.BindSourceAddr = d.string(Definition{Name: "bind-source-addr", Feature: Replication, Flags: emptyUnset})
	p.ProtectedMode = d.bool(Definition{Name: "protected-mode", Default: "yes"})
	p.UnixSocket = d.string(Definition{Name: "unixsocket", Flags: Immutable | emptyUnset})
	p.UnixSocketPerm = d.int(Definition{Name: "unixsocketperm", Flags: Immutable, Unit: UnitOctal, Unsigned: true, Max: 0o777, Default: "0"})
	p.UnixSocketGroup = d.string(Definition{Name: "unixsocketgroup", Flags: Immutable | emptyUnset})
	p.TCPBacklog = d.int(Definition{Name: "tcp-backlog", Flags: Immutable, Max: math.MaxInt32, Default: "511"})
	p.TCPKeepAlive = d.int(Definition{Name: "tcp-keepalive", Max: math.MaxInt32, Default: "300"})
	p.MPTCP = d.bool(Definition{Name: "mptcp", Flags: Immutable, Default: "no"})
	p.SocketMarkID = d.int(Definition{Name: "socket-mark-id", Flags: Immutable, Unsigned: true, Max: math.MaxUint32, Default: "0"})
	p.Timeout = d.int(Definition{Name: "timeout", Max: math.MaxInt32, Default: "0"})
	p.MaxClients = d.int(Definition{Name: "maxclients", Unsigned: true, Min: 1, Max: math.MaxUint32, Default: "10000"})
	p.MaxNewConnectionsPerCycle = d.int(Definition{Name: "max-new-connections-per-cycle", Unsigned: true, Min: 1, Max: 1000, Default: "10"})

	// Client buffers.

	p.ClientQueryBufferLimit = d.int(Definition{Name: "client-query-buffer-limit", Flags: Debug, Unit: UnitMemory, Unsigned: true, Min: 1 << 20, Max: math.MaxInt64, Default: "1gb"})
	p.ClientOutputBufferLimit = defineValue(d, Definition{Name: "client-output-buffer-limit", Flags: MultiArg, Default: "normal 0 0 0 replica 256mb 64mb 60 pubsub 32mb 8mb 60"}, defaultOutputLimits(), outputLimitSyntax())
	p.ProtoMaxBulkLen = d.int(Definition{Name: "proto-max-bulk-len", Flags: Debug, Unit: UnitMemory, Min: 1 << 20, Max: math.MaxInt64, Default: "512mb"})
	p.MaxMemoryClients = d.int(Definition{Name: "maxmemory-clients", Unit: UnitMemoryPercent, Min: -100, Max: math.MaxInt64, Default: "0"})
	p.TrackingTableMaxKeys = d.int(Definition{Name: "tracking-table-max-keys", Unsigned: true, Max: math.MaxInt64, Default: "1000000"})
	p.MinIOThreadsAvoidCopyReply = d.int(Definition{Name: "min-io-threads-avoid-copy-reply", Flags: Hidden, Max: math.MaxInt32, Default: "7"})
	p.MinStringSizeAvoidCopyReply = d.int(Definition{Name: "min-string-size-avoid-copy-reply", Flags: Hidden, Max: math.MaxInt32, Default: "16384"})
	p.MinStringSizeAvoidCopyReplyThreaded = d.int(Definition{Name: "min-string-size-avoid-copy-reply-threaded", Flags: Hidden, Max: math.MaxInt32, Default: "65536"})

	// Threads.

	p.IOThreads = d.int(Definition{Name: "io-threads", Flags: Debug, Min: 1, Max: 256, Default: "1"})
	p.IOThreadsAlwaysActive = d.bool(Definition{Name: "io-threads-always-active", Flags: Hidden, Default: "no"})
	p.PrefetchBatchMaxSize = d.int(Definition{Name: "prefetch-batch-max-size", Max: 128, Default: "16"})

	// Rights.

	p.RequirePass = d.binary(Definition{Name: "requirepass", Flags: Sensitive | emptyUnset})
	p.ACLFile = d.string(Definition{Name: "aclfile", Flags: Immutable, Feature: ACL})
	p.ACLLogMaxLen = d.int(Definition{Name: "acllog-max-len", Feature: ACL, Unsigned: true, Max: math.MaxInt64, Default: "128"})
	p.ACLPubSubDefault = defineEnum(d, Definition{Name: "acl-pubsub-default", Feature: ACL, Default: "resetchannels"}, pubSubDefaults())
	p.EnableProtectedConfigs = defineEnum(d, Definition{Name: "enable-protected-configs", Flags: Immutable, Default: "no"}, permissions())
	p.EnableDebugCommand = defineEnum(d, Definition{Name: "enable-debug-command", Flags: Immutable, Default: "no"}, permissions())
	p.EnableModuleCommand = defineEnum(d, Definition{Name: "enable-module-command", Flags: Immutable, Feature: Modules, Default: "no"}, permissions())
}

package config

import "math"

// defineReplication defines the parameters of replication.
func (p *Params) defineReplication(d *definer) {
	// Role and access.

	p.ReplicaOf = defineValue(d, Definition{Name: "replicaof", Alias: "slaveof", Flags: Immutable | MultiArg, Feature: Replication}, PrimaryAddress{}, replicaOfSyntax(func() bool { return p.ClusterEnabled.Load() }))
	p.PrimaryUser = d.string(Definition{Name: "primaryuser", Alias: "masteruser", Flags: Sensitive | emptyUnset, Feature: Replication})
	p.PrimaryAuth = d.binary(Definition{Name: "primaryauth", Alias: "masterauth", Flags: Sensitive | emptyUnset, Feature: Replication})
	p.ReplicaLazyFlush = d.bool(Definition{Name: "replica-lazy-flush", Alias: "slave-lazy-flush", Feature: Replication, Default: "yes"})
	p.ReplicaServeStaleData = d.bool(Definition{Name: "replica-serve-stale-data", Alias: "slave-serve-stale-data", Feature: Replication, Default: "yes"})
	p.ReplicaReadOnly = d.bool(Definition{Name: "replica-read-only", Alias: "slave-read-only", Flags: Debug, Feature: Replication, Default: "yes"})
	p.ReplicaIgnoreMaxMemory = d.bool(Definition{Name: "replica-ignore-maxmemory", Alias: "slave-ignore-maxmemory", Feature: Replication, Default: "yes"})
	p.ReplicaAnnounced = d.bool(Definition{Name: "replica-announced", Feature: Replication, Default: "yes"})
	p.ReplicaIgnoreDiskWriteErrors = d.bool(Definition{Name: "replica-ignore-disk-write-errors", Feature: Replication, Default: "no"})
	p.ReplicaAnnounceIP = d.string(Definition{Name: "replica-announce-ip", Alias: "slave-announce-ip", Flags: emptyUnset, Feature: Replication})
	p.ReplicaPriority = d.int(Definition{Name: "replica-priority", Alias: "slave-priority", Feature: Replication, Max: math.MaxInt32, Default: "100"})
	p.ReplicaAnnouncePort = d.int(Definition{Name: "replica-announce-port", Alias: "slave-announce-port", Feature: Replication, Max: 65535, Default: "0"})

	// Writing.

	p.MinReplicasToWrite = d.int(Definition{Name: "min-replicas-to-write", Alias: "min-slaves-to-write", Feature: Replication, Max: math.MaxInt32, Default: "0"})
	p.MinReplicasMaxLag = d.int(Definition{Name: "min-replicas-max-lag", Alias: "min-slaves-max-lag", Feature: Replication, Max: math.MaxInt32, Default: "10"})

	// Transfer.

	p.ReplDisableTCPNoDelay = d.bool(Definition{Name: "repl-disable-tcp-nodelay", Feature: Replication, Default: "no"})
	p.ReplMPTCP = d.bool(Definition{Name: "repl-mptcp", Flags: Immutable, Feature: Replication, Default: "no"})
	p.ReplDisklessSync = d.bool(Definition{Name: "repl-diskless-sync", Flags: Debug, Feature: Replication, Default: "yes"})
	p.ReplDisklessLoad = defineEnum(d, Definition{Name: "repl-diskless-load", Flags: Debug | DenyLoading, Feature: Replication, Default: "disabled"}, disklessLoads())
	p.ReplDisklessSyncDelay = d.int(Definition{Name: "repl-diskless-sync-delay", Feature: Replication, Max: math.MaxInt32, Default: "5"})
	p.ReplTimeout = d.int(Definition{Name: "repl-timeout", Feature: Replication, Min: 1, Max: math.MaxInt32, Default: "60"})
	p.ReplPingReplicaPeriod = d.int(Definition{Name: "repl-ping-replica-period", Alias: "repl-ping-slave-period", Feature: Replication, Min: 1, Max: math.MaxInt32, Default: "10"})
	p.ReplDisklessSyncMaxReplicas = d.int(Definition{Name: "repl-diskless-sync-max-replicas", Feature: Replication, Max: math.MaxInt32, Default: "0"})
	p.ReplBacklogSize = d.int(Definition{Name: "repl-backlog-size", Feature: Replication, Unit: UnitMemory, Min: 1, Max: math.MaxInt64, Default: "10mb"})
	p.ReplBacklogTTL = d.int(Definition{Name: "repl-backlog-ttl", Feature: Replication, Max: math.MaxInt64, Default: "3600"})
	p.DualChannelReplicationEnabled = d.bool(Definition{Name: "dual-channel-replication-enabled", Flags: Debug, Feature: Replication, Default: "no"})
	p.PropagationErrorBehavior = defineEnum(d, Definition{Name: "propagation-error-behavior", Feature: Replication, Default: "ignore"}, propagationErrors())
}

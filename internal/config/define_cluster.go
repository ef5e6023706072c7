package config

import "math"

// defineCluster defines the parameters of cluster mode.
func (p *Params) defineCluster(d *definer) {
	// Nodes.

	p.ClusterEnabled = d.bool(Definition{Name: "cluster-enabled", Flags: Immutable, Feature: Cluster, Default: "no"})
	p.ClusterConfigFile = d.string(Definition{Name: "cluster-config-file", Flags: Immutable, Feature: Cluster, Default: "nodes.conf"}, validNotEmpty("cluster-config-file"))
	p.ClusterConfigSaveBehavior = defineEnum(d, Definition{Name: "cluster-config-save-behavior", Feature: Cluster, Default: "sync"}, clusterSaves())
	p.ClusterNodeTimeout = d.int(Definition{Name: "cluster-node-timeout", Feature: Cluster, Max: math.MaxInt64, Default: "15000"})
	p.ClusterPort = d.int(Definition{Name: "cluster-port", Flags: Immutable, Feature: Cluster, Max: 65535, Default: "0"})
	p.ClusterAnnounceIP = d.string(Definition{Name: "cluster-announce-ip", Flags: emptyUnset, Feature: Cluster})
	p.ClusterAnnounceClientIPv4 = d.string(Definition{Name: "cluster-announce-client-ipv4", Flags: emptyUnset, Feature: Cluster}, validIPv4)
	p.ClusterAnnounceClientIPv6 = d.string(Definition{Name: "cluster-announce-client-ipv6", Flags: emptyUnset, Feature: Cluster}, validIPv6)
	p.ClusterAnnounceHostname = d.string(Definition{Name: "cluster-announce-hostname", Flags: emptyUnset, Feature: Cluster}, validHostname)
	p.ClusterAnnounceHumanNodeName = d.string(Definition{Name: "cluster-announce-human-nodename", Flags: emptyUnset, Feature: Cluster}, validNodeName)
	p.ClusterAnnounceBusPort = d.int(Definition{Name: "cluster-announce-bus-port", Feature: Cluster, Max: 65535, Default: "0"})
	p.ClusterAnnouncePort = d.int(Definition{Name: "cluster-announce-port", Feature: Cluster, Max: 65535, Default: "0"})
	p.ClusterAnnounceTLSPort = d.int(Definition{Name: "cluster-announce-tls-port", Feature: Cluster, Max: 65535, Default: "0"})
	p.ClusterAnnounceClientPort = d.int(Definition{Name: "cluster-announce-client-port", Feature: Cluster, Max: 65535, Default: "0"})
	p.ClusterAnnounceClientTLSPort = d.int(Definition{Name: "cluster-announce-client-tls-port", Feature: Cluster, Max: 65535, Default: "0"})
	p.AvailabilityZone = d.binary(Definition{Name: "availability-zone"})
	p.ClusterPreferredEndpointType = defineEnum(d, Definition{Name: "cluster-preferred-endpoint-type", Feature: Cluster, Default: "ip"}, endpointTypes())
	p.ClusterPingInterval = d.int(Definition{Name: "cluster-ping-interval", Flags: Hidden, Feature: Cluster, Max: math.MaxInt64, Default: "0"})
	p.ClusterMessageGossipPercent = d.int(Definition{Name: "cluster-message-gossip-perc", Flags: Hidden, Feature: Cluster, Min: 1, Max: 100, Default: "10"})
	p.ClusterBlacklistTTL = d.uint(Definition{Name: "cluster-blacklist-ttl", Feature: Cluster, Max: math.MaxUint64, Default: "60"})
	p.ClusterLinkSendBufLimit = d.uint(Definition{Name: "cluster-link-sendbuf-limit", Feature: Cluster, Unit: UnitMemory, Max: math.MaxUint64, Default: "0"})

	// Slots and failover.

	p.ClusterRequireFullCoverage = d.bool(Definition{Name: "cluster-require-full-coverage", Feature: Cluster, Default: "yes"})
	p.ClusterReplicaNoFailover = d.bool(Definition{Name: "cluster-replica-no-failover", Alias: "cluster-slave-no-failover", Feature: Cluster, Default: "no"})
	p.ClusterAllowReadsWhenDown = d.bool(Definition{Name: "cluster-allow-reads-when-down", Feature: Cluster, Default: "no"})
	p.ClusterAllowPubSubShardWhenDown = d.bool(Definition{Name: "cluster-allow-pubsubshard-when-down", Feature: Cluster, Default: "yes"})
	p.ClusterAllowReplicaMigration = d.bool(Definition{Name: "cluster-allow-replica-migration", Feature: Cluster, Default: "yes"})
	p.ClusterSlotStatsEnabled = d.bool(Definition{Name: "cluster-slot-stats-enabled", Feature: Cluster, Default: "no"})
	p.ClusterDatabases = d.int(Definition{Name: "cluster-databases", Flags: Immutable, Feature: Cluster, Min: 1, Max: math.MaxInt32, Default: "1"})
	p.ClusterReplicaValidityFactor = d.int(Definition{Name: "cluster-replica-validity-factor", Alias: "cluster-slave-validity-factor", Feature: Cluster, Max: math.MaxInt32, Default: "10"})
	p.ClusterMigrationBarrier = d.int(Definition{Name: "cluster-migration-barrier", Feature: Cluster, Max: math.MaxInt32, Default: "1"})
	p.ClusterSlotMigrationLogMaxLen = d.int(Definition{Name: "cluster-slot-migration-log-max-len", Feature: Cluster, Unsigned: true, Max: math.MaxInt64, Default: "1000"})
	p.ClusterManualFailoverTimeout = d.int(Definition{Name: "cluster-manual-failover-timeout", Feature: Cluster, Min: 1, Max: math.MaxInt32, Default: "5000"})
	p.SlotMigrationMaxFailoverReplBytes = d.int(Definition{Name: "slot-migration-max-failover-repl-bytes", Feature: Cluster, Unit: UnitMemorySigned, Min: -1, Max: math.MaxInt64, Default: "0"})
}

package config

import "math"

// defineKeyspace defines the parameters of keys, memory and encodings.
func (p *Params) defineKeyspace(d *definer) {
	// Databases.

	p.Databases = d.int(Definition{Name: "databases", Flags: Immutable, Min: 1, Max: math.MaxInt32, Default: "16"})
	p.HashSeed = d.binary(Definition{Name: "hash-seed", Flags: Immutable | emptyUnset}, validHashSeed)
	p.ActiveRehashing = d.bool(Definition{Name: "activerehashing", Default: "yes"})
	p.ActiveExpireEffort = d.int(Definition{Name: "active-expire-effort", Min: 1, Max: 10, Default: "1"})
	p.SanitizeDumpPayload = defineEnum(d, Definition{Name: "sanitize-dump-payload", Flags: Debug, Feature: Persistence, Default: "no"}, sanitizePayloads())

	// Memory limit and eviction.

	p.MaxMemory = d.uint(Definition{Name: "maxmemory", Unit: UnitMemory, Max: math.MaxUint64, Default: "0"})
	p.MaxMemoryPolicy = defineEnum(d, Definition{Name: "maxmemory-policy", Default: "noeviction"}, evictionPolicies())
	p.MaxMemorySamples = d.int(Definition{Name: "maxmemory-samples", Min: 1, Max: 64, Default: "5"})
	p.MaxMemoryEvictionTenacity = d.int(Definition{Name: "maxmemory-eviction-tenacity", Max: 100, Default: "10"})
	p.LFULogFactor = d.int(Definition{Name: "lfu-log-factor", Max: math.MaxInt32, Default: "10"})
	p.LFUDecayTime = d.int(Definition{Name: "lfu-decay-time", Max: math.MaxInt32, Default: "1"})
	p.LazyfreeLazyEviction = d.bool(Definition{Name: "lazyfree-lazy-eviction", Flags: Debug, Default: "yes"})
	p.LazyfreeLazyExpire = d.bool(Definition{Name: "lazyfree-lazy-expire", Flags: Debug, Default: "yes"})
	p.LazyfreeLazyServerDel = d.bool(Definition{Name: "lazyfree-lazy-server-del", Flags: Debug, Default: "yes"})
	p.LazyfreeLazyUserDel = d.bool(Definition{Name: "lazyfree-lazy-user-del", Flags: Debug, Default: "yes"})
	p.LazyfreeLazyUserFlush = d.bool(Definition{Name: "lazyfree-lazy-user-flush", Flags: Debug, Default: "yes"})

	// Encodings.

	p.HashMaxListpackEntries = d.int(Definition{Name: "hash-max-listpack-entries", Alias: "hash-max-ziplist-entries", Unsigned: true, Max: math.MaxInt64, Default: "512"})
	p.HashMaxListpackValue = d.int(Definition{Name: "hash-max-listpack-value", Alias: "hash-max-ziplist-value", Unit: UnitMemory, Unsigned: true, Max: math.MaxInt64, Default: "64"})
	p.ListMaxListpackSize = d.int(Definition{Name: "list-max-listpack-size", Alias: "list-max-ziplist-size", Min: math.MinInt32, Max: math.MaxInt32, Default: "-2"})
	p.ListCompressDepth = d.int(Definition{Name: "list-compress-depth", Flags: Debug, Max: math.MaxInt32, Default: "0"})
	p.SetMaxIntsetEntries = d.int(Definition{Name: "set-max-intset-entries", Unsigned: true, Max: math.MaxInt64, Default: "512"})
	p.SetMaxListpackEntries = d.int(Definition{Name: "set-max-listpack-entries", Unsigned: true, Max: math.MaxInt64, Default: "128"})
	p.SetMaxListpackValue = d.int(Definition{Name: "set-max-listpack-value", Unsigned: true, Max: math.MaxInt64, Default: "64"})
	p.ZSetMaxListpackEntries = d.int(Definition{Name: "zset-max-listpack-entries", Alias: "zset-max-ziplist-entries", Unsigned: true, Max: math.MaxInt64, Default: "128"})
	p.ZSetMaxListpackValue = d.int(Definition{Name: "zset-max-listpack-value", Alias: "zset-max-ziplist-value", Unit: UnitMemory, Unsigned: true, Max: math.MaxInt64, Default: "64"})
	p.StreamNodeMaxEntries = d.int(Definition{Name: "stream-node-max-entries", Max: math.MaxInt64, Default: "100"})
	p.StreamNodeMaxBytes = d.int(Definition{Name: "stream-node-max-bytes", Unit: UnitMemory, Unsigned: true, Max: math.MaxInt64, Default: "4kb"})
	p.HLLSparseMaxBytes = d.int(Definition{Name: "hll-sparse-max-bytes", Unit: UnitMemory, Unsigned: true, Max: math.MaxInt64, Default: "3000"})

	// Defragmentation.

	p.ActiveDefrag = d.bool(Definition{Name: "activedefrag", Flags: Debug, Feature: Defrag, Default: "no"})
	p.ActiveDefragCycleMin = d.int(Definition{Name: "active-defrag-cycle-min", Feature: Defrag, Min: 1, Max: 99, Default: "1"})
	p.ActiveDefragCycleMax = d.int(Definition{Name: "active-defrag-cycle-max", Feature: Defrag, Min: 1, Max: 99, Default: "25"})
	p.ActiveDefragThresholdLower = d.int(Definition{Name: "active-defrag-threshold-lower", Feature: Defrag, Max: 1000, Default: "10"})
	p.ActiveDefragThresholdUpper = d.int(Definition{Name: "active-defrag-threshold-upper", Feature: Defrag, Max: 1000, Default: "100"})
	p.ActiveDefragCycleMicros = d.int(Definition{Name: "active-defrag-cycle-us", Feature: Defrag, Max: 100000, Default: "500"})
	p.ActiveDefragMaxScanFields = d.int(Definition{Name: "active-defrag-max-scan-fields", Feature: Defrag, Unsigned: true, Min: 1, Max: math.MaxInt64, Default: "1000"})
	p.ActiveDefragIgnoreBytes = d.int(Definition{Name: "active-defrag-ignore-bytes", Feature: Defrag, Unit: UnitMemory, Unsigned: true, Min: 1, Max: math.MaxInt64, Default: "100mb"})
	p.JemallocBGThread = d.bool(Definition{Name: "jemalloc-bg-thread", Feature: Defrag, Default: "yes"})
}

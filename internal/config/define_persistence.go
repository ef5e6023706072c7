package config

import "math"

// definePersistence defines the parameters of snapshots and the append-only file.
func (p *Params) definePersistence(d *definer) {
	// Snapshots.

	p.Dir = defineValue(d, Definition{Name: "dir", Flags: Protected | DenyLoading}, d.store.env.Dir, dirSyntax(d.store.env.ChangeDir))
	p.Save = defineValue(d, Definition{Name: "save", Flags: MultiArg, Default: "3600 1 300 100 60 10000"}, nil, saveSyntax(d.store.env.Sentinel))
	p.DBFilename = d.string(Definition{Name: "dbfilename", Flags: Protected, Default: "dump.rdb"}, validBaseName("dbfilename", "filename"))
	p.RDBChecksum = d.bool(Definition{Name: "rdbchecksum", Flags: Immutable, Default: "yes"})
	p.RDBCompression = d.bool(Definition{Name: "rdbcompression", Default: "yes"})
	p.RDBDelSyncFiles = d.bool(Definition{Name: "rdb-del-sync-files", Feature: Persistence, Default: "no"})
	p.RDBSaveIncrementalFsync = d.bool(Definition{Name: "rdb-save-incremental-fsync", Default: "yes"})
	p.RDBVersionCheck = defineEnum(d, Definition{Name: "rdb-version-check", Default: "strict"}, rdbVersionChecks())
	// Kvasir's own: for files and payloads that older servers shall read.
	p.RDBSaveVersion = d.int(Definition{Name: "rdb-save-version", Flags: Hidden, Min: 10, Max: 80, Default: "80"})
	p.RDBKeySaveDelay = d.int(Definition{Name: "rdb-key-save-delay", Flags: Hidden, Min: math.MinInt32, Max: math.MaxInt32, Default: "0"})
	p.StopWritesOnBGSaveError = d.bool(Definition{Name: "stop-writes-on-bgsave-error", Default: "yes"})
	p.BGSaveCPUList = d.string(Definition{Name: "bgsave-cpulist", Alias: "bgsave_cpulist", Flags: Immutable | emptyUnset, Feature: Persistence})
	p.KeyLoadDelay = d.int(Definition{Name: "key-load-delay", Flags: Hidden, Min: math.MinInt32, Max: math.MaxInt32, Default: "0"})
	p.LoadingProcessEventsIntervalBytes = d.int(Definition{Name: "loading-process-events-interval-bytes", Flags: Hidden, Min: 1024, Max: math.MaxInt32, Default: "2097152"})

	// Append-only file.

	p.AppendOnly = d.bool(Definition{Name: "appendonly", Flags: DenyLoading, Default: "no"})
	p.AppendFilename = d.string(Definition{Name: "appendfilename", Flags: Immutable, Default: "appendonly.aof"}, validBaseName("appendfilename", "filename"))
	p.AppendDirname = d.string(Definition{Name: "appenddirname", Flags: Immutable, Default: "appendonlydir"}, validBaseName("appenddirname", "dirname"))
	p.AppendFsync = defineEnum(d, Definition{Name: "appendfsync", Default: "everysec"}, fsyncPolicies())
	p.AOFRewriteIncrementalFsync = d.bool(Definition{Name: "aof-rewrite-incremental-fsync", Default: "yes"})
	p.AOFLoadTruncated = d.bool(Definition{Name: "aof-load-truncated", Default: "yes"})
	p.AOFUseRDBPreamble = d.bool(Definition{Name: "aof-use-rdb-preamble", Default: "yes"})
	p.AOFTimestampEnabled = d.bool(Definition{Name: "aof-timestamp-enabled", Default: "no"})
	p.AOFDisableAutoGC = d.bool(Definition{Name: "aof-disable-auto-gc", Flags: Hidden, Default: "no"})
	p.AOFRewriteCPUList = d.string(Definition{Name: "aof-rewrite-cpulist", Alias: "aof_rewrite_cpulist", Flags: Immutable | emptyUnset, Feature: Persistence})
	p.AutoAOFRewritePercentage = d.int(Definition{Name: "auto-aof-rewrite-percentage", Max: math.MaxInt32, Default: "100"})
	p.AutoAOFRewriteMinSize = d.int(Definition{Name: "auto-aof-rewrite-min-size", Unit: UnitMemory, Max: math.MaxInt64, Default: "64mb"})
	p.NoAppendFsyncOnRewrite = d.bool(Definition{Name: "no-appendfsync-on-rewrite", Default: "no"})
}

package config

// Params are the handles of all parameters, named as in a configuration file.
// Units are the parameter's own: bytes for sizes, and the time unit that
// Valkey documents.
type Params struct {
	// Listening and accepting.

	Port                      *Int
	Bind                      *Value[[]string]
	BindSourceAddr            *String
	ProtectedMode             *Bool
	UnixSocket                *String
	UnixSocketPerm            *Int
	UnixSocketGroup           *String
	TCPBacklog                *Int
	TCPKeepAlive              *Int
	MPTCP                     *Bool
	SocketMarkID              *Int
	Timeout                   *Int
	MaxClients                *Int
	MaxNewConnectionsPerCycle *Int

	// Client buffers.

	ClientQueryBufferLimit              *Int
	ClientOutputBufferLimit             *Value[OutputLimits]
	ProtoMaxBulkLen                     *Int
	MaxMemoryClients                    *Int
	TrackingTableMaxKeys                *Int
	MinIOThreadsAvoidCopyReply          *Int
	MinStringSizeAvoidCopyReply         *Int
	MinStringSizeAvoidCopyReplyThreaded *Int

	// Threads.

	IOThreads             *Int
	IOThreadsAlwaysActive *Bool
	PrefetchBatchMaxSize  *Int

	// Rights.

	RequirePass            *String
	ACLFile                *String
	ACLLogMaxLen           *Int
	ACLPubSubDefault       *Enum[PubSubDefault]
	EnableProtectedConfigs *Enum[Permission]
	EnableDebugCommand     *Enum[Permission]
	EnableModuleCommand    *Enum[Permission]

	// TLS.

	TLSPort                      *Int
	TLSSessionCacheSize          *Int
	TLSSessionCacheTimeout       *Int
	TLSAutoReloadInterval        *Int
	TLSCluster                   *Bool
	TLSReplication               *Bool
	TLSAuthClients               *Enum[ClientAuth]
	TLSAuthClientsUser           *Enum[CertificateUser]
	TLSPreferServerCiphers       *Bool
	TLSSessionCaching            *Bool
	TLSCertFile                  *String
	TLSKeyFile                   *String
	TLSKeyFilePass               *String
	TLSClientCertFile            *String
	TLSClientKeyFile             *String
	TLSClientKeyFilePass         *String
	TLSDHParamsFile              *String
	TLSCACertFile                *String
	TLSCACertDir                 *String
	TLSProtocols                 *String
	TLSCiphers                   *String
	TLSCipherSuites              *String
	MaxNewTLSConnectionsPerCycle *Int

	// RDMA.

	RDMAPort             *Int
	RDMARXSize           *Int
	RDMACompletionVector *Int
	RDMABind             *Value[[]string]

	// Process.

	Daemonize         *Bool
	Supervised        *Enum[SupervisedMode]
	PIDFile           *String
	AlwaysShowLogo    *Bool
	SetProcTitle      *Bool
	ProcTitleTemplate *String
	ServerCPUList     *String
	BIOCPUList        *String
	DisableTHP        *Bool
	OOMScoreAdj       *Enum[OOMScoreMode]
	OOMScoreAdjValues *Value[OOMScores]
	LocaleCollate     *String
	Hz                *Int
	ShutdownTimeout   *Int
	ShutdownOnSIGINT  *Enum[ShutdownFlags]
	ShutdownOnSIGTERM *Enum[ShutdownFlags]
	IgnoreWarnings    *String

	// Logs.

	LogLevel             *Enum[LogLevel]
	LogFile              *String
	LogFormat            *Enum[LogFormat]
	LogTimestampFormat   *Enum[LogTimestamp]
	HideUserDataFromLog  *Bool
	SyslogEnabled        *Bool
	SyslogIdent          *String
	SyslogFacility       *Enum[SyslogFacility]
	CrashLogEnabled      *Bool
	CrashMemcheckEnabled *Bool

	// Observation.

	CommandLogSlowExecutionMaxLen  *Int
	CommandLogLargeRequestMaxLen   *Int
	CommandLogLargeReplyMaxLen     *Int
	CommandLogExecutionSlowerThan  *Int
	CommandLogRequestLargerThan    *Int
	CommandLogReplyLargerThan      *Int
	LatencyTracking                *Bool
	LatencyMonitorThreshold        *Int
	LatencyTrackingInfoPercentiles *Value[[]float64]
	NotifyKeyspaceEvents           *Value[KeyspaceEvents]

	// Scripts.

	BusyReplyThreshold   *Int
	LuaEnableInsecureAPI *Bool

	// Compatibility and tests.

	ExtendedRedisCompatibility *Bool
	ImportMode                 *Bool
	WatchdogPeriod             *Int
	UseExitOnPanic             *Bool
	EnableDebugAssert          *Bool
	DebugContext               *String

	// Databases.

	Databases           *Int
	HashSeed            *String
	ActiveRehashing     *Bool
	ActiveExpireEffort  *Int
	SanitizeDumpPayload *Enum[SanitizePayload]

	// Memory limit and eviction.

	MaxMemory                 *Uint
	MaxMemoryPolicy           *Enum[EvictionPolicy]
	MaxMemorySamples          *Int
	MaxMemoryEvictionTenacity *Int
	LFULogFactor              *Int
	LFUDecayTime              *Int
	LazyfreeLazyEviction      *Bool
	LazyfreeLazyExpire        *Bool
	LazyfreeLazyServerDel     *Bool
	LazyfreeLazyUserDel       *Bool
	LazyfreeLazyUserFlush     *Bool

	// Encodings.

	HashMaxListpackEntries *Int
	HashMaxListpackValue   *Int
	ListMaxListpackSize    *Int
	ListCompressDepth      *Int
	SetMaxIntsetEntries    *Int
	SetMaxListpackEntries  *Int
	SetMaxListpackValue    *Int
	ZSetMaxListpackEntries *Int
	ZSetMaxListpackValue   *Int
	StreamNodeMaxEntries   *Int
	StreamNodeMaxBytes     *Int
	HLLSparseMaxBytes      *Int

	// Defragmentation.

	ActiveDefrag               *Bool
	ActiveDefragCycleMin       *Int
	ActiveDefragCycleMax       *Int
	ActiveDefragThresholdLower *Int
	ActiveDefragThresholdUpper *Int
	ActiveDefragCycleMicros    *Int
	ActiveDefragMaxScanFields  *Int
	ActiveDefragIgnoreBytes    *Int
	JemallocBGThread           *Bool

	// Snapshots.

	Dir                               *Value[string]
	Save                              *Value[[]SavePoint]
	DBFilename                        *String
	RDBChecksum                       *Bool
	RDBCompression                    *Bool
	RDBDelSyncFiles                   *Bool
	RDBSaveIncrementalFsync           *Bool
	RDBVersionCheck                   *Enum[RDBVersionCheck]
	RDBSaveVersion                    *Int
	RDBKeySaveDelay                   *Int
	StopWritesOnBGSaveError           *Bool
	BGSaveCPUList                     *String
	KeyLoadDelay                      *Int
	LoadingProcessEventsIntervalBytes *Int

	// Append-only file.

	AppendOnly                 *Bool
	AppendFilename             *String
	AppendDirname              *String
	AppendFsync                *Enum[FsyncPolicy]
	AOFRewriteIncrementalFsync *Bool
	AOFLoadTruncated           *Bool
	AOFUseRDBPreamble          *Bool
	AOFTimestampEnabled        *Bool
	AOFDisableAutoGC           *Bool
	AOFRewriteCPUList          *String
	AutoAOFRewritePercentage   *Int
	AutoAOFRewriteMinSize      *Int
	NoAppendFsyncOnRewrite     *Bool

	// Role and access.

	ReplicaOf                    *Value[PrimaryAddress]
	PrimaryUser                  *String
	PrimaryAuth                  *String
	ReplicaLazyFlush             *Bool
	ReplicaServeStaleData        *Bool
	ReplicaReadOnly              *Bool
	ReplicaIgnoreMaxMemory       *Bool
	ReplicaAnnounced             *Bool
	ReplicaIgnoreDiskWriteErrors *Bool
	ReplicaAnnounceIP            *String
	ReplicaPriority              *Int
	ReplicaAnnouncePort          *Int

	// Writing.

	MinReplicasToWrite *Int
	MinReplicasMaxLag  *Int

	// Transfer.

	ReplDisableTCPNoDelay         *Bool
	ReplMPTCP                     *Bool
	ReplDisklessSync              *Bool
	ReplDisklessLoad              *Enum[DisklessLoad]
	ReplDisklessSyncDelay         *Int
	ReplTimeout                   *Int
	ReplPingReplicaPeriod         *Int
	ReplDisklessSyncMaxReplicas   *Int
	ReplBacklogSize               *Int
	ReplBacklogTTL                *Int
	DualChannelReplicationEnabled *Bool
	PropagationErrorBehavior      *Enum[PropagationError]

	// Nodes.

	ClusterEnabled               *Bool
	ClusterConfigFile            *String
	ClusterConfigSaveBehavior    *Enum[ClusterSave]
	ClusterNodeTimeout           *Int
	ClusterPort                  *Int
	ClusterAnnounceIP            *String
	ClusterAnnounceClientIPv4    *String
	ClusterAnnounceClientIPv6    *String
	ClusterAnnounceHostname      *String
	ClusterAnnounceHumanNodeName *String
	ClusterAnnounceBusPort       *Int
	ClusterAnnouncePort          *Int
	ClusterAnnounceTLSPort       *Int
	ClusterAnnounceClientPort    *Int
	ClusterAnnounceClientTLSPort *Int
	AvailabilityZone             *String
	ClusterPreferredEndpointType *Enum[EndpointType]
	ClusterPingInterval          *Int
	ClusterMessageGossipPercent  *Int
	ClusterBlacklistTTL          *Uint
	ClusterLinkSendBufLimit      *Uint

	// Slots and failover.

	ClusterRequireFullCoverage        *Bool
	ClusterReplicaNoFailover          *Bool
	ClusterAllowReadsWhenDown         *Bool
	ClusterAllowPubSubShardWhenDown   *Bool
	ClusterAllowReplicaMigration      *Bool
	ClusterSlotStatsEnabled           *Bool
	ClusterDatabases                  *Int
	ClusterReplicaValidityFactor      *Int
	ClusterMigrationBarrier           *Int
	ClusterSlotMigrationLogMaxLen     *Int
	ClusterManualFailoverTimeout      *Int
	SlotMigrationMaxFailoverReplBytes *Int
}

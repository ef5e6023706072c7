package config

import "errors"

// EvictionPolicy is the value of maxmemory-policy.
type EvictionPolicy int32

// The eviction policies.
const (
	VolatileLRU EvictionPolicy = iota
	VolatileLFU
	VolatileRandom
	VolatileTTL
	AllKeysLRU
	AllKeysLFU
	AllKeysRandom
	NoEviction
)

func evictionPolicies() []named[EvictionPolicy] {
	return []named[EvictionPolicy]{
		{"volatile-lru", VolatileLRU},
		{"volatile-lfu", VolatileLFU},
		{"volatile-random", VolatileRandom},
		{"volatile-ttl", VolatileTTL},
		{"allkeys-lru", AllKeysLRU},
		{"allkeys-lfu", AllKeysLFU},
		{"allkeys-random", AllKeysRandom},
		{"noeviction", NoEviction},
	}
}

// SyslogFacility is the value of syslog-facility.
type SyslogFacility int32

// The syslog facilities.
const (
	SyslogUser SyslogFacility = iota
	SyslogLocal0
	SyslogLocal1
	SyslogLocal2
	SyslogLocal3
	SyslogLocal4
	SyslogLocal5
	SyslogLocal6
	SyslogLocal7
)

func syslogFacilities() []named[SyslogFacility] {
	return []named[SyslogFacility]{
		{"user", SyslogUser},
		{"local0", SyslogLocal0},
		{"local1", SyslogLocal1},
		{"local2", SyslogLocal2},
		{"local3", SyslogLocal3},
		{"local4", SyslogLocal4},
		{"local5", SyslogLocal5},
		{"local6", SyslogLocal6},
		{"local7", SyslogLocal7},
	}
}

// LogLevel is the value of loglevel; greater is more severe.
type LogLevel int32

// The log levels.
const (
	LogDebug LogLevel = iota
	LogVerbose
	LogNotice
	LogWarning
	LogNothing
)

func logLevels() []named[LogLevel] {
	return []named[LogLevel]{
		{"debug", LogDebug},
		{"verbose", LogVerbose},
		{"notice", LogNotice},
		{"warning", LogWarning},
		{"nothing", LogNothing},
	}
}

// LogFormat is the value of log-format.
type LogFormat int32

// The log formats.
const (
	LogFormatLegacy LogFormat = iota
	LogFormatLogfmt
	LogFormatJSON
)

func logFormats() []named[LogFormat] {
	return []named[LogFormat]{
		{"legacy", LogFormatLegacy},
		{"logfmt", LogFormatLogfmt},
		{"json", LogFormatJSON},
	}
}

// LogTimestamp is the value of log-timestamp-format.
type LogTimestamp int32

// The log timestamp formats.
const (
	LogTimestampLegacy LogTimestamp = iota
	LogTimestampISO8601
	LogTimestampMilliseconds
)

func logTimestamps() []named[LogTimestamp] {
	return []named[LogTimestamp]{
		{"legacy", LogTimestampLegacy},
		{"iso8601", LogTimestampISO8601},
		{"milliseconds", LogTimestampMilliseconds},
	}
}

// SupervisedMode is the value of supervised.
type SupervisedMode int32

// The supervision modes.
const (
	SupervisedNone SupervisedMode = iota
	SupervisedAuto
	SupervisedSystemd
	SupervisedUpstart
)

func supervisedModes() []named[SupervisedMode] {
	return []named[SupervisedMode]{
		{"upstart", SupervisedUpstart},
		{"systemd", SupervisedSystemd},
		{"auto", SupervisedAuto},
		{"no", SupervisedNone},
	}
}

// FsyncPolicy is the value of appendfsync.
type FsyncPolicy int32

// The fsync policies.
const (
	FsyncNo FsyncPolicy = iota
	FsyncAlways
	FsyncEverySecond
)

func fsyncPolicies() []named[FsyncPolicy] {
	return []named[FsyncPolicy]{
		{"everysec", FsyncEverySecond},
		{"always", FsyncAlways},
		{"no", FsyncNo},
	}
}

// ShutdownFlags are the bits of shutdown-on-sigint and shutdown-on-sigterm.
type ShutdownFlags int32

// The shutdown options. None of them set is the default behaviour.
const (
	ShutdownSave ShutdownFlags = 1 << iota
	ShutdownNoSave
	ShutdownNow
	ShutdownForce
	ShutdownSafe
	ShutdownFailover
)

func shutdownFlags() []named[ShutdownFlags] {
	return []named[ShutdownFlags]{
		{"default", 0},
		{"save", ShutdownSave},
		{"nosave", ShutdownNoSave},
		{"now", ShutdownNow},
		{"force", ShutdownForce},
		{"safe", ShutdownSafe},
		{"failover", ShutdownFailover},
	}
}

func validShutdownFlags(v ShutdownFlags) error {
	if v&ShutdownSave != 0 && v&ShutdownNoSave != 0 {
		return errors.New("shutdown options SAVE and NOSAVE can't be used simultaneously")
	}
	return nil
}

// DisklessLoad is the value of repl-diskless-load.
type DisklessLoad int32

// The ways to load a snapshot from the network.
const (
	DisklessLoadDisabled DisklessLoad = iota
	DisklessLoadOnEmptyDB
	DisklessLoadSwapDB
	DisklessLoadFlushBefore
)

func disklessLoads() []named[DisklessLoad] {
	return []named[DisklessLoad]{
		{"disabled", DisklessLoadDisabled},
		{"on-empty-db", DisklessLoadOnEmptyDB},
		{"swapdb", DisklessLoadSwapDB},
		{"flush-before-load", DisklessLoadFlushBefore},
	}
}

// ClientAuth is the value of tls-auth-clients.
type ClientAuth int32

// The demands on client certificates.
const (
	ClientAuthNo ClientAuth = iota
	ClientAuthYes
	ClientAuthOptional
)

func clientAuths() []named[ClientAuth] {
	return []named[ClientAuth]{
		{"no", ClientAuthNo},
		{"yes", ClientAuthYes},
		{"optional", ClientAuthOptional},
	}
}

// CertificateUser is the value of tls-auth-clients-user: the certificate field
// that names the client's user.
type CertificateUser int32

// The certificate fields.
const (
	CertificateUserOff CertificateUser = iota
	CertificateUserCN
	CertificateUserURI
)

func certificateUsers() []named[CertificateUser] {
	return []named[CertificateUser]{
		{"CN", CertificateUserCN},
		{"URI", CertificateUserURI},
		{"off", CertificateUserOff},
	}
}

// OOMScoreMode is the value of oom-score-adj.
type OOMScoreMode int32

// The modes; "yes" is another name of relative.
const (
	OOMScoreNo OOMScoreMode = iota
	OOMScoreRelative
	OOMScoreAbsolute
)

func oomScoreModes() []named[OOMScoreMode] {
	return []named[OOMScoreMode]{
		{"no", OOMScoreNo},
		{"yes", OOMScoreRelative},
		{"relative", OOMScoreRelative},
		{"absolute", OOMScoreAbsolute},
	}
}

// PubSubDefault is the value of acl-pubsub-default.
type PubSubDefault int32

// The channel rights of a new user.
const (
	ResetChannels PubSubDefault = iota
	AllChannels
)

func pubSubDefaults() []named[PubSubDefault] {
	return []named[PubSubDefault]{
		{"allchannels", AllChannels},
		{"resetchannels", ResetChannels},
	}
}

// SanitizePayload is the value of sanitize-dump-payload.
type SanitizePayload int32

// The degrees of checking serialized values.
const (
	SanitizeNo SanitizePayload = iota
	SanitizeYes
	SanitizeClients
)

func sanitizePayloads() []named[SanitizePayload] {
	return []named[SanitizePayload]{
		{"no", SanitizeNo},
		{"yes", SanitizeYes},
		{"clients", SanitizeClients},
	}
}

// Permission is the value of the enable-* parameters: who may use a guarded
// ability.
type Permission int32

// The permissions.
const (
	PermissionNo Permission = iota
	PermissionYes
	PermissionLocal // clients of this host
)

func permissions() []named[Permission] {
	return []named[Permission]{
		{"no", PermissionNo},
		{"yes", PermissionYes},
		{"local", PermissionLocal},
	}
}

// EndpointType is the value of cluster-preferred-endpoint-type.
type EndpointType int32

// The forms of a node's address in cluster replies.
const (
	EndpointIP EndpointType = iota
	EndpointHostname
	EndpointUnknown
)

func endpointTypes() []named[EndpointType] {
	return []named[EndpointType]{
		{"ip", EndpointIP},
		{"hostname", EndpointHostname},
		{"unknown-endpoint", EndpointUnknown},
	}
}

// ClusterSave is the value of cluster-config-save-behavior.
type ClusterSave int32

// What a failed save of the cluster state means.
const (
	ClusterSaveSync ClusterSave = iota
	ClusterSaveBestEffort
)

func clusterSaves() []named[ClusterSave] {
	return []named[ClusterSave]{
		{"sync", ClusterSaveSync},
		{"best-effort", ClusterSaveBestEffort},
	}
}

// PropagationError is the value of propagation-error-behavior.
type PropagationError int32

// What an error in the replication stream or AOF means.
const (
	PropagationIgnore PropagationError = iota
	PropagationPanic
	PropagationPanicOnReplicas
)

func propagationErrors() []named[PropagationError] {
	return []named[PropagationError]{
		{"ignore", PropagationIgnore},
		{"panic", PropagationPanic},
		{"panic-on-replicas", PropagationPanicOnReplicas},
	}
}

// RDBVersionCheck is the value of rdb-version-check.
type RDBVersionCheck int32

// The attitudes to snapshots of foreign versions.
const (
	RDBVersionStrict RDBVersionCheck = iota
	RDBVersionRelaxed
)

func rdbVersionChecks() []named[RDBVersionCheck] {
	return []named[RDBVersionCheck]{
		{"strict", RDBVersionStrict},
		{"relaxed", RDBVersionRelaxed},
	}
}

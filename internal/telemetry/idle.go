package telemetry

import (
	"strings"

	"github.com/kvasirdb/kvasir/internal/telemetry/info"
)

// The sections of parts that this server does not have, as a server shows them
// that has these parts and does not use them.

func writeIdleTLS(f *info.Fields) {
	f.Text("tls_server_cert_serial", "none")
	f.Int("tls_server_cert_expires_in_seconds", 0)
	f.Text("tls_client_cert_serial", "none")
	f.Int("tls_client_cert_expires_in_seconds", 0)
	f.Text("tls_ca_cert_serial", "none")
	f.Int("tls_ca_cert_expires_in_seconds", 0)
}

func (c *Core) writeIdlePersistence(f *info.Fields) {
	f.Int("loading", 0)
	f.Int("async_loading", 0)
	f.Int("current_cow_peak", 0)
	f.Int("current_cow_size", 0)
	f.Int("current_cow_size_age", 0)
	f.Fixed("current_fork_perc", 0, 2)
	f.Int("current_save_keys_processed", 0)
	f.Int("current_save_keys_total", 0)
	f.Int("rdb_changes_since_last_save", c.Engine.KeyStats().Dirty)
	f.Int("rdb_bgsave_in_progress", 0)
	f.Int("rdb_last_save_time", c.started.Unix())
	f.Text("rdb_last_bgsave_status", "ok")
	f.Int("rdb_last_bgsave_time_sec", -1)
	f.Int("rdb_current_bgsave_time_sec", -1)
	f.Int("rdb_saves", 0)
	f.Int("rdb_last_cow_size", 0)
	f.Int("rdb_last_load_keys_expired", 0)
	f.Int("rdb_last_load_keys_loaded", 0)
	f.Int("aof_enabled", 0)
	f.Int("aof_rewrite_in_progress", 0)
	f.Int("aof_rewrite_scheduled", 0)
	f.Int("aof_last_rewrite_time_sec", -1)
	f.Int("aof_current_rewrite_time_sec", -1)
	f.Text("aof_last_bgrewrite_status", "ok")
	f.Int("aof_rewrites", 0)
	f.Int("aof_rewrites_consecutive_failures", 0)
	f.Text("aof_last_write_status", "ok")
	f.Int("aof_last_cow_size", 0)
	f.Int("module_fork_in_progress", 0)
	f.Int("module_fork_last_cow_size", 0)
	f.Int("slot_migration_fork_in_progress", 0)
}

func (c *Core) idleReplication() func(f *info.Fields) {
	replicationID := RandomID()
	return func(f *info.Fields) {
		f.Text("role", "master")
		f.Int("connected_slaves", 0)
		f.Int("replicas_waiting_psync", 0)
		f.Text("master_failover_state", "no-failover")
		f.Text("master_replid", replicationID)
		f.Text("master_replid2", strings.Repeat("0", len(replicationID)))
		f.Int("master_repl_offset", 0)
		f.Int("second_repl_offset", -1)
		f.Int("repl_backlog_active", 0)
		f.Int("repl_backlog_size", c.Config.Params.ReplBacklogSize.Load())
		f.Int("repl_backlog_first_byte_offset", 0)
		f.Int("repl_backlog_histlen", 0)
	}
}

func writeIdleCluster(f *info.Fields) { f.Int("cluster_enabled", 0) }

func writeIdleScripting(f *info.Fields) {
	f.Int("engines_count", 0)
	f.Int("engines_total_used_memory", 0)
	f.Int("engines_total_memory_overhead", 0)
}

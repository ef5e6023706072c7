package telemetry

import (
	"runtime/metrics"
	"sync/atomic"

	"github.com/kvasirdb/kvasir/internal/platform/offheap"
	"github.com/kvasirdb/kvasir/internal/telemetry/info"
)

// memory is what is remembered of the use of memory.
type memory struct {
	startup int64        // used when the server began
	peak    atomic.Int64 // most used, as far as seen
}

// notePeak remembers what is used now if it is the most so far, and returns the
// most so far.
func (m *memory) notePeak(used int64) int64 {
	for {
		peak := m.peak.Load()
		if used <= peak || m.peak.CompareAndSwap(peak, used) {
			return max(peak, used)
		}
	}
}

// UsedMemory is used_memory: the blocks of the off-heap pool and the buffers of
// loops and clients, in bytes.
func (c *Core) UsedMemory() int64 {
	return c.Pool.Used() + c.Server.ClientsBytes() + c.Server.LoopBytes()
}

func (c *Core) writeMemory(f *info.Fields) {
	p := &c.Config.Params
	pool := c.Pool.Stats()
	clients := c.Server.ClientsBytes()
	used := pool.Used + clients + c.Server.LoopBytes()
	peak := c.memory.notePeak(used)
	rss := residentBytes()
	if rss == 0 {
		rss = pool.Resident + clients + goHeapBytes()
	}
	overhead := c.memory.startup + clients + c.Pool.UsedBy(offheap.PurposeTable) + c.Pool.UsedBy(offheap.PurposeExpireIndex)
	overhead = min(overhead, used)
	dataset := used - overhead
	const lua, functions = 0, 0

	f.Int("used_memory", used)
	f.Human("used_memory_human", used)
	f.Int("used_memory_rss", rss)
	f.Human("used_memory_rss_human", rss)
	f.Int("used_memory_peak", peak)
	f.Human("used_memory_peak_human", peak)
	f.Percent("used_memory_peak_perc", percent(used, peak))
	f.Int("used_memory_overhead", overhead)
	f.Int("used_memory_startup", c.memory.startup)
	f.Int("used_memory_dataset", dataset)
	f.Percent("used_memory_dataset_perc", percent(dataset, used-c.memory.startup))
	f.Int("used_memory_go_heap", goHeapBytes())
	f.Int("allocator_allocated", pool.Used)
	f.Int("allocator_active", pool.Active)
	f.Int("allocator_resident", pool.Resident)
	f.Int("allocator_muzzy", pool.FreePages)
	f.Int("total_system_memory", machineBytes())
	f.Human("total_system_memory_human", machineBytes())
	f.Int("used_memory_lua", lua)
	f.Int("used_memory_vm_eval", lua)
	f.Human("used_memory_lua_human", lua)
	f.Int("used_memory_scripts_eval", 0)
	f.Int("number_of_cached_scripts", 0)
	f.Int("number_of_functions", 0)
	f.Int("number_of_libraries", 0)
	f.Int("used_memory_vm_functions", functions)
	f.Int("used_memory_vm_total", lua+functions)
	f.Human("used_memory_vm_total_human", lua+functions)
	f.Int("used_memory_functions", 0)
	f.Int("used_memory_scripts", 0)
	f.Human("used_memory_scripts_human", 0)
	f.Int("maxmemory", int64(p.MaxMemory.Load()))
	f.Human("maxmemory_human", int64(p.MaxMemory.Load()))
	f.Text("maxmemory_policy", p.MaxMemoryPolicy.Text())
	f.Fixed("allocator_frag_ratio", ratio(pool.Active, pool.Used), 2)
	f.Int("allocator_frag_bytes", pool.Active-pool.Used)
	f.Fixed("allocator_rss_ratio", ratio(pool.Resident, pool.Active), 2)
	f.Int("allocator_rss_bytes", pool.Resident-pool.Active)
	f.Fixed("rss_overhead_ratio", ratio(rss, pool.Resident), 2)
	f.Int("rss_overhead_bytes", rss-pool.Resident)
	f.Fixed("mem_fragmentation_ratio", ratio(rss, used), 2)
	f.Int("mem_fragmentation_bytes", rss-used)
	f.Int("mem_not_counted_for_evict", 0)
	f.Int("mem_replication_backlog", 0)
	f.Int("mem_total_replication_buffers", 0)
	f.Int("mem_replicas_repl_buffer", 0)
	f.Int("mem_clients_slaves", 0)
	f.Int("mem_clients_normal", clients)
	f.Int("mem_cluster_links", 0)
	f.Int("mem_cluster_slot_import", 0)
	f.Int("mem_cluster_slot_export", 0)
	f.Int("mem_aof_buffer", 0)
	f.Text("mem_allocator", "kvasir")
	f.Int("mem_overhead_db_hashtable_rehashing", 0)
	f.Int("active_defrag_running", 0)
	f.Int("lazyfree_pending_objects", c.Reclaimer.Pending())
	f.Int("lazyfreed_objects", c.Reclaimer.Freed())
}

func ratio(a, b int64) float64 {
	if b <= 0 {
		return 0
	}
	return float64(a) / float64(b)
}

func percent(part, whole int64) float64 { return ratio(part, whole) * 100 }

// goHeapBytes is how much live and dead memory the Go heap holds. It has no
// data in it, only clients, buffers and bookkeeping.
func goHeapBytes() int64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}

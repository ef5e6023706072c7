package memorycmd

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
	"github.com/kvasirdb/kvasir/internal/resp"
	"github.com/kvasirdb/kvasir/internal/telemetry"
)

// overview is what is known about the use of memory.
type overview struct {
	telemetry.MemoryFigures
	pool      offheap.Stats
	databases []database
	keys      int64
	overhead  int64 // all that is not data
}

// database is what the tables of one database take besides its entries.
type database struct {
	number        int
	table, expiry int64
}

func (d Deps) overview() overview {
	o := overview{MemoryFigures: d.Figures(), pool: d.Pool.Stats()}
	o.overhead = o.Startup + o.Clients
	for db := range d.Space.Databases() {
		n := d.Space.Len(db)
		if n == 0 {
			continue
		}
		o.keys += n
		all, _, _ := d.Space.TableBytes(db)
		expiry := d.Space.ExpiryBytes(db)
		o.databases = append(o.databases, database{db, all - expiry, expiry})
		o.overhead += all
	}
	o.overhead = min(o.overhead, o.Used)
	return o
}

func (o *overview) dataset() int64 { return o.Used - o.overhead }

func ratio(a, b int64) float64 {
	if b <= 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// pairs collects the fields of a map reply, whose number is known last.
type pairs struct {
	n      int
	writes []func(w *resp.Writer)
}

func (p *pairs) add(name string, write func(w *resp.Writer)) {
	p.n++
	p.writes = append(p.writes, func(w *resp.Writer) {
		w.BulkString(name)
		write(w)
	})
}

func (p *pairs) int(name string, v int64)    { p.add(name, func(w *resp.Writer) { w.Int(v) }) }
func (p *pairs) real(name string, v float64) { p.add(name, func(w *resp.Writer) { w.Double(v) }) }
func (p *pairs) reply(w *resp.Writer) {
	w.MapHeader(p.n)
	for _, write := range p.writes {
		write(w)
	}
}

func (d Deps) stats(c *command.Ctx) {
	o := d.overview()
	var p pairs
	p.int("peak.allocated", o.Peak)
	p.int("total.allocated", o.Used)
	p.int("startup.allocated", o.Startup)
	p.int("replication.backlog", 0)
	p.int("replicas.repl.buffer", 0)
	p.int("clients.slaves", 0)
	p.int("clients.normal", o.Clients)
	p.int("cluster.links", 0)
	p.int("cluster.slot_import", 0)
	p.int("cluster.slot_export", 0)
	p.int("aof.buffer", 0)
	p.int("lua.caches", 0)
	p.int("functions.caches", 0)
	for _, db := range o.databases {
		p.add(fmt.Sprintf("db.%d", db.number), func(w *resp.Writer) {
			w.MapHeader(2)
			w.BulkString("overhead.hashtable.main")
			w.Int(db.table)
			w.BulkString("overhead.hashtable.expires")
			w.Int(db.expiry)
		})
	}
	p.int("overhead.db.hashtable.lut", d.Pool.UsedBy(offheap.PurposeTable))
	p.int("overhead.db.hashtable.rehashing", 0)
	p.int("overhead.total", o.overhead)
	p.int("db.dict.rehashing.count", 0)
	p.int("keys.count", o.keys)
	p.int("keys.bytes-per-key", int64(ratio(o.dataset(), o.keys)))
	p.int("dataset.bytes", o.dataset())
	p.real("dataset.percentage", 100*ratio(o.dataset(), max(o.Used-o.Startup, 1)))
	p.real("peak.percentage", 100*ratio(o.Used, o.Peak))
	p.int("allocator.allocated", o.pool.Used)
	p.int("allocator.active", o.pool.Active)
	p.int("allocator.resident", o.pool.Resident)
	p.int("allocator.muzzy", o.pool.FreePages)
	p.real("allocator-fragmentation.ratio", ratio(o.pool.Active, o.pool.Used))
	p.int("allocator-fragmentation.bytes", o.pool.Active-o.pool.Used)
	p.real("allocator-rss.ratio", ratio(o.pool.Resident, o.pool.Active))
	p.int("allocator-rss.bytes", o.pool.Resident-o.pool.Active)
	p.real("rss-overhead.ratio", ratio(o.Resident, o.pool.Resident))
	p.int("rss-overhead.bytes", o.Resident-o.pool.Resident)
	p.real("fragmentation", ratio(o.Resident, o.Used))
	p.int("fragmentation.bytes", o.Resident-o.Used)
	p.reply(c.Out)
}

// mallocStats shows the allocator's figures as tables.
func (d Deps) mallocStats(c *command.Ctx) {
	var b strings.Builder
	s := d.Pool.Stats()
	fmt.Fprintf(&b, "%-24s %16s\n", "allocator", "bytes")
	for _, row := range []struct {
		name  string
		bytes int64
	}{
		{"in use", s.Used}, {"pages in use", s.Active}, {"free in spans", s.FreeInSpans}, {"free pages", s.FreePages},
		{"metadata", s.Metadata}, {"resident, about", s.Resident}, {"committed", s.Committed}, {"reserved", s.Reserved},
	} {
		fmt.Fprintf(&b, "%-24s %16d\n", row.name, row.bytes)
	}
	fmt.Fprintf(&b, "\n%-24s %16s\n", "purpose", "bytes in use")
	for why := range offheap.NumPurposes {
		if n := d.Pool.UsedBy(why); n != 0 {
			fmt.Fprintf(&b, "%-24s %16d\n", why, n)
		}
	}
	fmt.Fprintf(&b, "\n%-12s %12s %12s %12s %16s\n", "block bytes", "spans", "blocks", "taken", "bytes of pages")
	for _, class := range d.Pool.Classes() {
		size := "large"
		if class.BlockBytes > 0 {
			size = strconv.Itoa(class.BlockBytes)
		}
		fmt.Fprintf(&b, "%-12s %12d %12d %12d %16d\n", size, class.Spans, class.Blocks, class.Taken, class.PageBytes)
	}
	c.Out.Verbatim("txt", []byte(b.String()))
}

// doctor's thresholds are Valkey's.
const (
	smallBytes        = 5 << 20
	peakRatio         = 1.5
	totalRatio        = 1.4
	partRatio         = 1.1
	wasteBytes        = 10 << 20
	clientAverageMany = 200 << 10
)

func (d Deps) doctor(c *command.Ctx) {
	c.Out.Verbatim("txt", []byte(diagnosis(d.overview(), d.Clients())))
}

// diagnosis describes what is unusual.
func diagnosis(o overview, clients int) string {
	if o.Used < smallBytes {
		return "There is hardly any data here yet; nothing can be said about its use of memory.\n"
	}
	wasteful := func(larger, smaller int64, bound float64) bool {
		return ratio(larger, smaller) > bound && larger-smaller > wasteBytes
	}
	var b strings.Builder
	report := func(title, text string) { fmt.Fprintf(&b, " * %s: %s\n\n", title, text) }
	if ratio(o.Peak, o.Used) > peakRatio {
		report("Peak memory", "More than one and a half times the memory in use now was in use once. "+
			"Free pages go back to the system by themselves after a while; MEMORY PURGE hurries that up.")
	}
	if wasteful(o.Resident, o.Used, totalRatio) {
		report("Resident memory", "The process occupies much more memory than its data needs. "+
			"The points below, if there are any, say which part is to blame.")
	}
	if wasteful(o.pool.Active, o.pool.Used, partRatio) {
		report("Fragmentation", "Pages are only partly in use, as after the deletion of many keys among others that stay. "+
			"New data of similar size will fill them.")
	}
	if wasteful(o.pool.Resident, o.pool.Active, partRatio) {
		report("Free pages", "Pages that nothing uses have not gone back to the system yet. MEMORY PURGE returns them.")
	}
	if wasteful(o.Resident, o.pool.Resident, partRatio) {
		report("Process", "Much memory is used outside of the data: by connections, scripts, or the runtime.")
	}
	if clients > 0 && o.Clients/int64(clients) > clientAverageMany {
		report("Client buffers", "Connections hold more than 200 KiB on average. "+
			"CLIENT LIST shows whose replies are waiting; client-output-buffer-limit and maxmemory-clients bound them.")
	}
	if b.Len() == 0 {
		return "Memory is in good order.\n"
	}
	return "The use of memory is unusual in these points:\n\n" + b.String()
}

package telemetry

// MemoryFigures are what MEMORY STATS needs beyond the allocator's own
// figures, all in bytes.
type MemoryFigures struct {
	Used     int64 // now, as used_memory
	Startup  int64 // when the server began
	Peak     int64 // most, as far as seen
	Resident int64 // of the whole process, as the system counts
	Clients  int64 // connections and their buffers
}

// MemoryFigures returns the figures of this moment. Exclusive mode only.
func (c *Core) MemoryFigures() MemoryFigures {
	f := MemoryFigures{Used: c.UsedMemory(), Startup: c.memory.startup, Resident: residentBytes(), Clients: c.Server.ClientsBytes()}
	f.Peak = c.memory.notePeak(f.Used)
	if f.Resident == 0 {
		f.Resident = c.Pool.Stats().Resident + f.Clients + goHeapBytes()
	}
	return f
}

// Package prefetch asks the processor to load a cache line before it is needed.
//
// The event loop parses a batch of requests, prefetches the buckets of their
// keys, then the matching entries, and only then executes. The memory latencies
// of a batch overlap instead of adding up.
//
// A prefetch is a hint: it never faults, whatever the address, and has no effect
// that a program can observe. On processors without an implementation here T0
// does nothing.
package prefetch

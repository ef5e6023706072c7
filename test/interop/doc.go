// Package interop runs client libraries and tools as programs use them against
// Kvasir: go-redis and valkey-go in this process, and, where KVASIR_INTEROP is
// set (make interop), the binary with ioredis, node-redis, redis-py, redis-cli
// and redis-benchmark.
//
// Every client plays the same scenario, in its own words: binary values,
// missing keys, a long pipeline, counting from several connections at once,
// times to live, a transaction that a watched key defeats, a blocking pop that
// another connection ends, the error for a wrong type, and a scan of many keys.
//
// Then each has a small application of its own (a shop, a feed of readings, a
// game, an office, a library, a diary) that uses every type with the client's own
// functions: lists with blocking pops, sets, sorted sets, hashes whose fields
// expire, streams with groups, bitmaps, HyperLogLogs, places, SORT, scans, its
// way to write transactions, errors, and connections that the server closes.
package interop

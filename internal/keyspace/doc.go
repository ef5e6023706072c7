// Package keyspace owns the databases: which keys exist, where their entries
// lie, when they expire, and who may touch them at which moment.
//
// Vocabulary:
//
//   - The Space is all databases of one server. It has 256 shards; a shard is
//     a lock. A DB is an array of tables: 256 of them, or one per slot in
//     cluster mode. Table t is guarded by shard t mod 256, in every database.
//   - A table is a linear-hashing table of 64-byte buckets (table.go). It grows
//     and shrinks one bucket at a time, so that no operation pays for a resize
//     and memory follows the number of keys smoothly.
//   - An entry is one off-heap block that holds a key's header, expiry, key and
//     value (entry.go).
//   - A Worker is a goroutine that executes commands or maintains the tables:
//     an event loop, the expirer, a snapshot. It owns an allocator front and
//     its reader lock, which it holds while it works. Exclusive mode takes the
//     reader locks of all workers and so stops every other execution.
//   - A Tx is a worker's view of one database during one command: the shards of
//     the declared keys are locked (or everything is), time stands still.
//
// Everything that reads or changes keys goes through a Tx. Its accessors do
// lazy expiry, count hits and misses, keep the access clock, offer a running
// snapshot the pre-image of what is about to change, maintain the expiry
// index, report modified keys to the worker's Sink, and remove emptied keys.
//
// Lock order is in docs/locking.md: reader lock, then shards in ascending
// order, then allocator.
package keyspace

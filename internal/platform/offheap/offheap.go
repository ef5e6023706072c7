// Package offheap is the memory in which the data lives: blocks outside the Go
// heap, which the garbage collector neither scans nor counts.
//
// # Vocabulary
//
//   - A block is what Alloc returns, named by its Ref: its address. It has no
//     header; its usable size follows from the page it lies in.
//   - A page is 8 KiB. The page table knows for each page what it holds.
//   - A run is a row of neighbouring pages with one owner. A run is free, or
//     holds one large block, or is a span.
//   - A span is a run cut into blocks of one size class. A bitmap outside the
//     span says which blocks are free, so that freeing never touches the block
//     and a released span leaves nothing behind.
//   - A Pool owns the address space, the page table and, for each class, the
//     central store of spans. A server has one.
//   - A Heap is one goroutine's front to a Pool. For each class it keeps a
//     magazine, a small stack of free blocks, so that Alloc and Free need
//     neither locks nor atomics.
//
// # The path of an Alloc
//
//  1. The size selects the class: 8-byte steps up to 512, 12.5% steps up to
//     64 KiB. Larger blocks are runs of their own.
//  2. The class's magazine gives up its top block. Done, nearly always.
//  3. An empty magazine is refilled, half of it at once, from the partly used
//     spans with the lowest addresses, under the lock of the class. Preferring
//     low addresses empties high spans, which can then go back.
//  4. Without such a span, the page heap cuts the best fitting free run, lowest
//     address first.
//  5. Without such a run, the pool commits more of its reservation.
//
// Free walks the same stairs in the other direction. A span whose blocks are
// all free returns to the page heap and merges with free neighbours; ReleaseFree
// and ReleaseSome give the memory of free runs back to the system.
//
// # Stale references
//
// The reservation is unmapped only by Pool.Close. Reading through a Ref that
// the pool Contains never faults, even after the block was freed: the reader
// sees old bytes, another block's bytes or zeros. The prefetch stage of an event
// loop relies on it. Whoever reads that way must look everything up again before
// acting on it.
//
// # Running out
//
// Alloc does not fail: like Valkey, a server that the system denies memory
// within maxmemory has no sensible way on, so Alloc panics with the figures.
//
// Under the build tag "invariant" a shadow table records each block's purpose,
// freed blocks are poisoned, and Check lists what is still allocated.
package offheap

import "unsafe"

// Ref is the address of a block. Zero is the nil reference. A Ref is a multiple
// of 8 and less than 1<<47, which leaves 17 + 3 bits free for tags of the owner.
type Ref uintptr

// Ptr returns the address as a pointer. The memory is not the garbage
// collector's: a pointer to it keeps nothing alive, and the block must not hold
// Go pointers.
func (r Ref) Ptr() unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&r)) }

// Add returns the address n bytes into the block.
func (r Ref) Add(n int) unsafe.Pointer {
	r += Ref(n)
	return *(*unsafe.Pointer)(unsafe.Pointer(&r))
}

// Bytes returns a view of the first n bytes of the block. The view must not
// outlive the block.
func (r Ref) Bytes(n int) []byte { return unsafe.Slice((*byte)(r.Ptr()), n) }

// Purpose says what a block is for. Memory is accounted by purpose, and a block
// must be freed with the purpose it was allocated with.
type Purpose uint8

const (
	PurposeTable       Purpose = iota // buckets of the key tables
	PurposeEntry                      // key entries with the values embedded in them
	PurposeString                     // strings too big to embed
	PurposeList                       // list nodes
	PurposeHash                       // hash encodings
	PurposeSet                        // set encodings
	PurposeZSet                       // sorted set encodings
	PurposeStream                     // stream nodes, groups and consumers
	PurposeExpireIndex                // the index of keys that expire
	PurposeJournal                    // journal and replication backlog
	PurposeScratch                    // short-lived working memory
	NumPurposes
)

var purposeNames = [NumPurposes]string{
	"table", "entry", "string", "list", "hash", "set", "zset", "stream", "expire-index", "journal", "scratch",
}

func (p Purpose) String() string {
	if p < NumPurposes {
		return purposeNames[p]
	}
	return "unknown"
}

// Package value names what a key can hold: its type, its encoding, and the
// off-heap block where the data begins.
//
// A [Value] is three words that the keyspace stores inside a key's entry. The
// datatype packages (str, list, hash, set, zset, stream) give it meaning: they
// take a *Value, change what lies behind Root, move Root when the data moves,
// and change Enc when the data outgrows an encoding. They know no keys, no
// clients and no clock.
package value

import "github.com/kvasirdb/kvasir/internal/platform/offheap"

// Type is the type of a key, numbered as in RDB and OBJECT internals.
type Type uint8

// The types.
const (
	String Type = 0
	List   Type = 1
	Set    Type = 2
	ZSet   Type = 3
	Hash   Type = 4
	Stream Type = 6
)

// String returns the name that TYPE answers.
func (t Type) String() string {
	switch t {
	case String:
		return "string"
	case List:
		return "list"
	case Set:
		return "set"
	case ZSet:
		return "zset"
	case Hash:
		return "hash"
	case Stream:
		return "stream"
	}
	return "unknown"
}

// Encoding says how a value is laid out. It has four bits in a key's entry.
type Encoding uint8

// The encodings. Several of ours may share one of Valkey's names.
const (
	Int        Encoding = iota // string: 8-byte integer in the entry
	Inline                     // string: bytes in the entry ("embstr" or "raw")
	Big                        // string: bytes in a reference-counted block ("raw")
	ListPack                   // one listpack block
	QuickList                  // list: linked listpacks
	IntSet                     // set: sorted integers in one block
	HashTable                  // hash or set: a block that begins with a hashtable.Table
	SkipList                   // sorted set: a block that begins with one, and has a counted ordered tree
	StreamTree                 // stream: ordered index of listpack nodes
)

// Value is a key's value. The zero Root is the empty value of its type: no
// block is allocated before there is an element.
type Value struct {
	Type Type
	Enc  Encoding
	Root offheap.Ref
}

// Limits are the thresholds at which small collections change their encoding.
// The server hands one immutable Limits to every command; CONFIG SET replaces
// it. Names are those of the configuration parameters.
type Limits struct {
	HashMaxListpackEntries int
	HashMaxListpackValue   int
	ListMaxListpackSize    int // > 0: entries; -1…-5: 4, 8, 16, 32, 64 KiB
	ListCompressDepth      int
	ListPackedThreshold    int // bytes from which an element is large; 0: by ListMaxListpackSize. DEBUG only
	SetMaxIntsetEntries    int
	SetMaxListpackEntries  int
	SetMaxListpackValue    int
	ZSetMaxListpackEntries int
	ZSetMaxListpackValue   int
	StreamNodeMaxBytes     int
	StreamNodeMaxEntries   int
	HLLSparseMaxBytes      int
}

// DefaultLimits returns Valkey's defaults.
func DefaultLimits() *Limits {
	return &Limits{
		HashMaxListpackEntries: 512,
		HashMaxListpackValue:   64,
		ListMaxListpackSize:    -2,
		SetMaxIntsetEntries:    512,
		SetMaxListpackEntries:  128,
		SetMaxListpackValue:    64,
		ZSetMaxListpackEntries: 128,
		ZSetMaxListpackValue:   64,
		StreamNodeMaxBytes:     4096,
		StreamNodeMaxEntries:   100,
		HLLSparseMaxBytes:      3000,
	}
}

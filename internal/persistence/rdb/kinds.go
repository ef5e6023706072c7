package rdb

import (
	"errors"
	"fmt"
)

// Kind is the byte that names the layout of a value.
type Kind uint8

// The kinds. Those marked old are read only.
const (
	KindString      Kind = 0
	KindList        Kind = 1 // old: elements
	KindSet         Kind = 2
	KindZSetText    Kind = 3 // old: scores as text
	KindHash        Kind = 4
	KindZSet        Kind = 5
	kindModuleOld   Kind = 6 // of release candidates; not read
	KindModule      Kind = 7
	KindHashZipmap  Kind = 9  // old
	KindListZiplist Kind = 10 // old
	KindSetIntset   Kind = 11
	KindZSetZiplist Kind = 12 // old
	KindHashZiplist Kind = 13 // old
	KindListOfZip   Kind = 14 // old: nodes are ziplists
	KindStream1     Kind = 15 // old
	KindHashPacked  Kind = 16 // since version 10
	KindZSetPacked  Kind = 17 // since version 10
	KindListNodes   Kind = 18 // since version 10
	KindStream2     Kind = 19 // since version 10
	KindSetPacked   Kind = 20 // since version 11
	KindStream3     Kind = 21 // since version 11
	KindHashExpiry  Kind = 22 // since version 80

	kindsEnd = 23
	// foreignKindMin is the first kind that means something else, or nothing,
	// in foreign versions.
	foreignKindMin = 22
)

// Known reports whether a kind is one of a value.
func (k Kind) Known() bool { return k < kindsEnd && k != 8 }

var kindNames = [kindsEnd]string{
	"string", "list-linked", "set-hashtable", "zset-v1", "hash-hashtable", "zset-v2", "module-pre-release",
	"module-value", "", "hash-zipmap", "list-ziplist", "set-intset", "zset-ziplist", "hash-ziplist", "quicklist",
	"stream", "hash-listpack", "zset-listpack", "quicklist-v2", "stream-v2", "set-listpack", "stream-v3",
	"hash-hashtable-with-expiry",
}

// String returns the name that the checking tool shows.
func (k Kind) String() string {
	if !k.Known() {
		return "unknown"
	}
	return kindNames[k]
}

// named adds to an ErrCorrupt what was read, in the words of Valkey's log.
func (k Kind) named(err error) error {
	if errors.Is(err, ErrCorrupt) {
		return fmt.Errorf("%s integrity check failed: %w", k.layout(), err)
	}
	return err
}

// layout returns what a value of the kind is packed in.
func (k Kind) layout() string {
	switch k {
	case KindHashZipmap:
		return "Zipmap"
	case KindListZiplist, KindListOfZip:
		return "Ziplist"
	case KindHashZiplist:
		return "Hash ziplist"
	case KindZSetZiplist:
		return "Zset ziplist"
	case KindSetIntset:
		return "Intset"
	case KindHashPacked:
		return "Hash listpack"
	case KindZSetPacked:
		return "Zset listpack"
	case KindSetPacked:
		return "Set listpack"
	case KindListNodes:
		return "Listpack"
	case KindStream1, KindStream2, KindStream3:
		return "Stream listpack"
	}
	return "Value"
}

// The opcodes: bytes that begin a record of a file which is no value.
const (
	opSlotImport    = 243
	opSlotInfo      = 244
	opFunction      = 245
	opFunctionOld   = 246
	opModuleAux     = 247
	opIdle          = 248
	opFrequency     = 249
	opAux           = 250
	opResizeDB      = 251
	opExpiryMillis  = 252
	opExpirySeconds = 253
	opSelectDB      = 254
	opEnd           = 255

	foreignOpcodeMin = 22
	foreignOpcodeMax = 243
)

// Forms of a length, in the top two bits, and of encoded strings below them.
const (
	len6       = 0
	len14      = 1
	len32      = 0x80
	len64      = 0x81
	lenEncoded = 3

	encInt8  = 0
	encInt16 = 1
	encInt32 = 2
	encLZF   = 3
)

// Containers of list nodes.
const (
	nodePlain  = 1
	nodePacked = 2
)

// What the parts of a module's value are.
const (
	modEnd    = 0
	modInt    = 1
	modUint   = 2
	modFloat  = 3
	modDouble = 4
	modString = 5
)

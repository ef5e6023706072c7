// Package rdb is the RDB format: what a key's value looks like in a snapshot
// file, in a DUMP payload, and in a full synchronisation.
//
// Vocabulary:
//
//   - A kind is the byte before a value that names its layout (kinds.go). One
//     type has many kinds, most of them written by older servers only.
//   - A length is 1 to 9 bytes; its top two bits say how many. Two of the four
//     forms carry a number, the last announces an encoded string.
//   - A string is a length and bytes, or an integer of 1, 2 or 4 bytes, or LZF
//     data.
//   - A payload is one value by itself: kind, value, version, checksum. It is
//     what DUMP answers and RESTORE takes.
//   - A file is a header, records and a checksum. A record begins with an
//     opcode; a key with its value is one kind of record.
//   - The version tells which kinds may occur. 80 is Valkey 9's; 12 to 79 are
//     of other servers and called foreign.
//
// docs/format/rdb.md draws all of it.
//
// # Trust
//
// Nothing that is read is trusted. Every length, integer, order and pair is
// checked before it is used, and a value is built through the packages of its
// type, which check the packed forms. What does not hold is ErrCorrupt, and
// memory used on the way is given back. A length alone never makes room: bytes
// are collected as they come.
package rdb

import (
	"errors"
	"fmt"
)

// Versions of the format.
const (
	// Version is the one that is written.
	Version = 80
	// VersionRedis70 is what Redis 7.0 reads; the oldest that can be written.
	VersionRedis70 = 10
	// VersionRedis72 is what Redis 7.2 and Valkey 7.2 and 8 read.
	VersionRedis72 = 11

	foreignMin, foreignMax = 12, 79
)

// WritableVersion returns the newest version that can be written and is not above
// limit, or the oldest.
func WritableVersion(limit int) int {
	switch {
	case limit >= Version:
		return Version
	case limit >= VersionRedis72:
		return VersionRedis72
	}
	return VersionRedis70
}

// Errors of reading. All are wrapped with what was found where.
var (
	// ErrCorrupt is returned for bytes that are not in the format.
	ErrCorrupt = errors.New("rdb: corrupt data")
	// ErrVersion is returned for a version that is not accepted.
	ErrVersion = errors.New("rdb: version not accepted")
	// ErrChecksum is returned when the checksum is not that of the bytes.
	ErrChecksum = errors.New("rdb: wrong checksum")
	// ErrKind is returned for a value of an unknown kind.
	ErrKind = errors.New("rdb: unknown kind of value")
	// ErrInexpressible is returned for a value that the version has no kind for.
	ErrInexpressible = errors.New("rdb: the value cannot be stored in this version")
)

// VersionError is ErrVersion for a file of this version.
type VersionError int

// Error implements error.
func (v VersionError) Error() string { return fmt.Sprintf("%v: %d", ErrVersion, int(v)) }

// Is reports whether target is ErrVersion.
func (v VersionError) Is(target error) bool { return target == ErrVersion }

// SignatureError is ErrCorrupt for a file that begins with this and is therefore no
// RDB file.
type SignatureError string

func (s SignatureError) Error() string {
	return fmt.Sprintf("%v: wrong signature %q", ErrCorrupt, string(s))
}

// Is makes it an ErrCorrupt.
func (s SignatureError) Is(target error) bool { return target == ErrCorrupt }

// ForeignTypeError is the ErrKind of a file with Redis's magic: what its servers
// write beyond the kinds of version 11 is not ours.
type ForeignTypeError struct {
	Type    byte // of a value, or an opcode
	Version int
}

func (e *ForeignTypeError) Error() string {
	return fmt.Sprintf("Can't handle foreign type or opcode %d in RDB with version %d", e.Type, e.Version)
}

// Unwrap makes it an ErrKind.
func (e *ForeignTypeError) Unwrap() error { return ErrKind }

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrCorrupt}, args...)...)
}

// Accepted reports whether data of a version without a header, as a payload, is
// read. Where relaxed is not set, only known versions are (rdb-version-check).
func Accepted(version int, relaxed bool) bool {
	return version >= 1 && (relaxed || version <= Version && !Foreign(version))
}

// Foreign reports whether a version is one of servers that left the common
// history: its kinds beyond those of version 11 are not ours.
func Foreign(version int) bool { return version >= foreignMin && version <= foreignMax }

// AcceptedFile is Accepted for a file, whose magic tells whose version it is.
func AcceptedFile(version int, valkey, relaxed bool) bool {
	if valkey != (version > foreignMax) {
		return false
	}
	return Accepted(version, relaxed)
}

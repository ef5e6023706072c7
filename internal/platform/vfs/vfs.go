// Package vfs is the file system as persistence code sees it. All files go
// through an FS, so that tests can run the same code on a disk that loses what
// was not synced, fills up or fails.
//
//   - OS is the machine's file system.
//   - Mem is a file system in memory that knows what would survive a crash.
//   - Faulty wraps another FS and fails the calls that a test picks.
//
// # What survives a crash
//
// The contract is that of POSIX, read strictly. Bytes of a file survive once
// File.Sync returned. A file's name (made, renamed or removed) survives once
// SyncDir of its directory returned; syncing the file is not enough. Without
// that, each may survive or not, and a write may survive in part.
package vfs

import (
	"io"
	"io/fs"
)

// FS is a file system. Errors are those of package os: errors.Is works with
// fs.ErrNotExist, fs.ErrExist and the system's error numbers. It is safe for
// concurrent use.
type FS interface {
	// Create makes a file, or empties the one there is, for reading and writing.
	Create(name string) (File, error)
	// OpenFile opens a file with the flags of package os.
	OpenFile(name string, flag int, perm fs.FileMode) (File, error)
	// Rename gives a file another name, replacing a file of that name.
	Rename(from, to string) error
	// Remove removes a file or an empty directory.
	Remove(name string) error
	Stat(name string) (fs.FileInfo, error)
	// ReadDir lists a directory by name.
	ReadDir(name string) ([]fs.DirEntry, error)
	MkdirAll(name string, perm fs.FileMode) error
	// SyncDir makes the names in a directory durable.
	SyncDir(name string) error
	// Lock takes an exclusive lock on a file, which is made if need be, and fails
	// with ErrLocked at once if another holder has it. Closing releases it; so
	// does the end of the process.
	Lock(name string) (io.Closer, error)
}

// File is an open file. Reading, writing and seeking share one position, as
// with os.File; ReadAt and WriteAt do not use it.
type File interface {
	io.Reader
	io.Writer
	io.ReaderAt
	io.WriterAt
	io.Seeker
	io.Closer
	// Name returns the name that the file was opened by.
	Name() string
	Stat() (fs.FileInfo, error)
	// Sync makes the contents and the size durable.
	Sync() error
	Truncate(size int64) error
}

type lockedError struct{}

func (lockedError) Error() string { return "file is locked by another holder" }

// ErrLocked is returned by Lock when another holder has the lock.
var ErrLocked error = lockedError{}

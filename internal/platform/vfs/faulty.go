package vfs

import (
	"io"
	"io/fs"
	"sync/atomic"
)

// Call is one call that is about to reach a wrapped file system.
type Call struct {
	N    int64  // calls are numbered from 1
	Op   string // "create", "open", "rename", "remove", "stat", "readdir", "mkdir", "syncdir", "lock", "read", "write", "sync", "truncate", "close"
	Path string
}

// Fault is what a call fails with.
type Fault struct {
	Err error
	// Short is, for a write, how many bytes reach the file before the error.
	Short int
}

// Faulty passes calls on to another file system, except those that its owner
// makes fail. A call that fails does not reach the file system, apart from the
// bytes of a short write and from close, which always closes.
type Faulty struct {
	fs     FS
	calls  atomic.Int64
	decide func(Call) *Fault
}

var _ FS = (*Faulty)(nil)

// NewFaulty wraps fsys. decide is asked before every call and answers nil to let
// it pass; it must be safe for concurrent use.
func NewFaulty(fsys FS, decide func(Call) *Fault) *Faulty {
	return &Faulty{fs: fsys, decide: decide}
}

// FailCall returns a decision that fails the n-th call with err.
func FailCall(n int64, err error) func(Call) *Fault {
	return func(c Call) *Fault {
		if c.N == n {
			return &Fault{Err: err}
		}
		return nil
	}
}

// Calls returns how many calls were made, so that a test can run once without
// faults and then fail each in turn.
func (f *Faulty) Calls() int64 { return f.calls.Load() }

func (f *Faulty) check(op, path string) *Fault {
	return f.decide(Call{N: f.calls.Add(1), Op: op, Path: path})
}

func (f *Faulty) err(op, path string) error {
	if fault := f.check(op, path); fault != nil {
		return &fs.PathError{Op: op, Path: path, Err: fault.Err}
	}
	return nil
}

// Create implements FS.
func (f *Faulty) Create(name string) (File, error) {
	if err := f.err("create", name); err != nil {
		return nil, err
	}
	return f.wrap(f.fs.Create(name))
}

// OpenFile implements FS.
func (f *Faulty) OpenFile(name string, flag int, perm fs.FileMode) (File, error) {
	if err := f.err("open", name); err != nil {
		return nil, err
	}
	return f.wrap(f.fs.OpenFile(name, flag, perm))
}

func (f *Faulty) wrap(file File, err error) (File, error) {
	if err != nil {
		return nil, err
	}
	return &faultyFile{File: file, fs: f}, nil
}

// Rename implements FS.
func (f *Faulty) Rename(from, to string) error {
	if err := f.err("rename", from); err != nil {
		return err
	}
	return f.fs.Rename(from, to)
}

// Remove implements FS.
func (f *Faulty) Remove(name string) error {
	if err := f.err("remove", name); err != nil {
		return err
	}
	return f.fs.Remove(name)
}

// Stat implements FS.
func (f *Faulty) Stat(name string) (fs.FileInfo, error) {
	if err := f.err("stat", name); err != nil {
		return nil, err
	}
	return f.fs.Stat(name)
}

// ReadDir implements FS.
func (f *Faulty) ReadDir(name string) ([]fs.DirEntry, error) {
	if err := f.err("readdir", name); err != nil {
		return nil, err
	}
	return f.fs.ReadDir(name)
}

// MkdirAll implements FS.
func (f *Faulty) MkdirAll(name string, perm fs.FileMode) error {
	if err := f.err("mkdir", name); err != nil {
		return err
	}
	return f.fs.MkdirAll(name, perm)
}

// SyncDir implements FS.
func (f *Faulty) SyncDir(name string) error {
	if err := f.err("syncdir", name); err != nil {
		return err
	}
	return f.fs.SyncDir(name)
}

// Lock implements FS.
func (f *Faulty) Lock(name string) (io.Closer, error) {
	if err := f.err("lock", name); err != nil {
		return nil, err
	}
	return f.fs.Lock(name)
}

// faultyFile asks before each call; Name, Seek and Stat pass.
type faultyFile struct {
	File
	fs *Faulty
}

func (f *faultyFile) Read(p []byte) (int, error) {
	if err := f.fs.err("read", f.Name()); err != nil {
		return 0, err
	}
	return f.File.Read(p)
}

func (f *faultyFile) ReadAt(p []byte, offset int64) (int, error) {
	if err := f.fs.err("read", f.Name()); err != nil {
		return 0, err
	}
	return f.File.ReadAt(p, offset)
}

func (f *faultyFile) Write(p []byte) (int, error) {
	return f.write(p, f.File.Write)
}

func (f *faultyFile) WriteAt(p []byte, offset int64) (int, error) {
	return f.write(p, func(p []byte) (int, error) { return f.File.WriteAt(p, offset) })
}

func (f *faultyFile) write(p []byte, write func([]byte) (int, error)) (int, error) {
	fault := f.fs.check("write", f.Name())
	if fault == nil {
		return write(p)
	}
	n := 0
	if short := min(fault.Short, len(p)); short > 0 {
		var err error
		if n, err = write(p[:short]); err != nil {
			return n, err
		}
	}
	return n, &fs.PathError{Op: "write", Path: f.Name(), Err: fault.Err}
}

func (f *faultyFile) Sync() error {
	if err := f.fs.err("sync", f.Name()); err != nil {
		return err
	}
	return f.File.Sync()
}

func (f *faultyFile) Truncate(size int64) error {
	if err := f.fs.err("truncate", f.Name()); err != nil {
		return err
	}
	return f.File.Truncate(size)
}

func (f *faultyFile) Close() error {
	err := f.fs.err("close", f.Name())
	if closed := f.File.Close(); err == nil {
		err = closed
	}
	return err
}

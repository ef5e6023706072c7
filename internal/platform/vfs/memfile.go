package vfs

import (
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"time"
)

// memFile is an open file of a Mem, whose lock guards it.
type memFile struct {
	fs     *Mem
	node   *inode
	name   string
	flag   int
	at     int64
	closed bool
}

// begin locks the file system and checks that the file can be used in this way.
func (f *memFile) begin(op string, writes bool) (unlock func(), err error) {
	f.fs.mu.Lock()
	access := f.flag & (os.O_WRONLY | os.O_RDWR)
	switch {
	case f.closed:
		err = fs.ErrClosed
	case writes && access == os.O_RDONLY, op == "read" && access == os.O_WRONLY:
		err = fs.ErrPermission
	}
	return f.fs.mu.Unlock, f.fs.errLocked(op, f.name, err)
}

func (f *memFile) Name() string { return f.name }

func (f *memFile) Read(p []byte) (int, error) {
	unlock, err := f.begin("read", false)
	defer unlock()
	if err != nil {
		return 0, err
	}
	n, err := f.readLocked(p, f.at)
	f.at += int64(n)
	if n > 0 {
		err = nil
	}
	return n, err
}

func (f *memFile) ReadAt(p []byte, offset int64) (int, error) {
	unlock, err := f.begin("read", false)
	defer unlock()
	if err != nil {
		return 0, err
	}
	return f.readLocked(p, offset)
}

func (f *memFile) readLocked(p []byte, offset int64) (n int, err error) {
	if offset < 0 {
		return 0, f.fs.errLocked("read", f.name, fs.ErrInvalid)
	}
	if offset < int64(len(f.node.data)) {
		n = copy(p, f.node.data[offset:])
	}
	if n < len(p) {
		err = io.EOF
	}
	return n, err
}

func (f *memFile) Write(p []byte) (int, error) {
	unlock, err := f.begin("write", true)
	defer unlock()
	if err != nil {
		return 0, err
	}
	if f.flag&os.O_APPEND != 0 {
		f.at = int64(len(f.node.data))
	}
	f.writeLocked(p, f.at)
	f.at += int64(len(p))
	return len(p), nil
}

func (f *memFile) WriteAt(p []byte, offset int64) (int, error) {
	unlock, err := f.begin("write", true)
	defer unlock()
	if err == nil && (offset < 0 || f.flag&os.O_APPEND != 0) {
		err = f.fs.errLocked("write", f.name, fs.ErrInvalid)
	}
	if err != nil {
		return 0, err
	}
	f.writeLocked(p, offset)
	return len(p), nil
}

func (f *memFile) writeLocked(p []byte, offset int64) {
	if len(p) > 0 {
		f.fs.modifyLocked(f.node, dataChange{offset: offset, data: slices.Clone(p)})
	}
}

func (f *memFile) Seek(offset int64, whence int) (int64, error) {
	unlock, err := f.begin("seek", false)
	defer unlock()
	switch whence {
	case io.SeekCurrent:
		offset += f.at
	case io.SeekEnd:
		offset += int64(len(f.node.data))
	}
	if err == nil && offset < 0 {
		err = f.fs.errLocked("seek", f.name, fs.ErrInvalid)
	}
	if err != nil {
		return 0, err
	}
	f.at = offset
	return offset, nil
}

func (f *memFile) Truncate(size int64) error {
	unlock, err := f.begin("truncate", true)
	defer unlock()
	if err == nil && size < 0 {
		err = f.fs.errLocked("truncate", f.name, fs.ErrInvalid)
	}
	if err == nil {
		f.fs.modifyLocked(f.node, dataChange{offset: size})
	}
	return err
}

func (f *memFile) Sync() error {
	unlock, err := f.begin("sync", false)
	defer unlock()
	if err == nil {
		// Applying the changes instead of copying everything keeps a log that is
		// synced after each record linear.
		for _, c := range f.node.pending {
			f.node.synced = c.apply(f.node.synced)
		}
		f.node.pending = nil
	}
	return err
}

func (f *memFile) Stat() (fs.FileInfo, error) {
	unlock, err := f.begin("stat", false)
	defer unlock()
	if err != nil {
		return nil, err
	}
	return f.node.info(path.Base(clean(f.name))), nil
}

func (f *memFile) Close() error {
	unlock, err := f.begin("close", false)
	defer unlock()
	f.closed = true
	return err
}

// memInfo is the state of an inode when it was asked for.
type memInfo struct {
	name    string
	size    int64
	mode    fs.FileMode
	changed time.Time
}

func (n *inode) info(name string) memInfo {
	mode := n.perm
	if n.dir {
		mode |= fs.ModeDir
	}
	return memInfo{name: name, size: int64(len(n.data)), mode: mode, changed: n.changed}
}

func (i memInfo) Name() string       { return i.name }
func (i memInfo) Size() int64        { return i.size }
func (i memInfo) Mode() fs.FileMode  { return i.mode }
func (i memInfo) ModTime() time.Time { return i.changed }
func (i memInfo) IsDir() bool        { return i.mode.IsDir() }
func (i memInfo) Sys() any           { return nil }

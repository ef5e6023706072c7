package vfs

import (
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Mem is a file system in memory that knows what a crash would leave. Beside
// the live state it keeps the durable one: for each file the bytes of its last
// Sync and the changes since; for the names those that SyncDir made durable and
// the changes since. Names are slash-separated and cleaned; the root is "." or
// "/".
type Mem struct {
	now func() time.Time

	mu      sync.Mutex
	crashed bool
	live    map[string]*inode // by cleaned name; the roots are not in it
	durable map[string]*inode
	pending []nameChange // made to live and not yet to durable, in order
	locked  map[string]bool
}

// inode is a file or directory whatever its name. Mem.mu guards it.
type inode struct {
	dir     bool
	perm    fs.FileMode
	changed time.Time
	data    []byte
	synced  []byte
	pending []dataChange // since the last Sync, in order
}

// dataChange is a write, or a change of size if data is nil.
type dataChange struct {
	offset int64
	data   []byte
}

// nameChange sets a name to an inode; with from it moves it from there; with
// neither it removes it.
type nameChange struct {
	name string
	from string
	node *inode
}

var _ FS = (*Mem)(nil)

// NewMem returns an empty file system. now stamps the files.
func NewMem(now func() time.Time) *Mem {
	return &Mem{now: now, live: map[string]*inode{}, durable: map[string]*inode{}, locked: map[string]bool{}}
}

// Crash ends this file system: everything on it fails from now on. It returns
// the one that the machine finds after its restart. What was not durable is
// decided by the seed: of the name changes the first few survive, of the changes
// to a file any, each write wholly, up to some byte, or not at all.
func (m *Mem) Crash(seed uint64) *Mem {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.crashed = true
	return m.imageLocked(seed, false)
}

// Image returns what Crash would, and this file system goes on: so one story can
// be cut at many points.
func (m *Mem) Image(seed uint64) *Mem {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.imageLocked(seed, false)
}

// ImageInOrder is Image of a machine that writes each file's changes back in
// their order: the first few survive, the last of them in part. So do the file
// systems in use with a file that only grows, and who appends without syncing
// relies on it.
func (m *Mem) ImageInOrder(seed uint64) *Mem {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.imageLocked(seed, true)
}

func (m *Mem) imageLocked(seed uint64, inOrder bool) *Mem {
	rnd := rand.New(rand.NewPCG(seed, 0))
	durable := maps.Clone(m.durable)
	for _, c := range m.pending[:rnd.IntN(len(m.pending)+1)] {
		c.apply(durable)
	}
	after := NewMem(m.now)
	survivors := map[*inode]*inode{}
	for _, name := range slices.Sorted(maps.Keys(durable)) {
		if parent := path.Dir(name); !isRoot(parent) && after.live[parent] == nil {
			continue
		}
		old := durable[name]
		if survivors[old] == nil {
			survivors[old] = old.afterCrash(rnd, inOrder)
		}
		after.live[name] = survivors[old]
	}
	after.durable = maps.Clone(after.live)
	return after
}

func (n *inode) afterCrash(rnd *rand.Rand, inOrder bool) *inode {
	data := slices.Clone(n.synced)
	const lost, torn, whole = 0, 1, 2
	ends := rnd.IntN(len(n.pending) + 1) // the change that is torn, in order
	for i, c := range n.pending {
		fate := rnd.IntN(3)
		if inOrder {
			fate = whole - min(max(i-ends+1, 0), whole)
		}
		switch {
		case fate == lost:
			continue
		case fate == torn && c.data != nil:
			c.data = c.data[:rnd.IntN(len(c.data)+1)]
		}
		data = c.apply(data)
	}
	return &inode{dir: n.dir, perm: n.perm, changed: n.changed, data: data, synced: slices.Clone(data)}
}

func (c dataChange) apply(data []byte) []byte {
	if c.data == nil {
		return resized(data, c.offset)
	}
	if end := c.offset + int64(len(c.data)); end > int64(len(data)) && len(c.data) > 0 {
		data = resized(data, end)
	}
	copy(data[min(c.offset, int64(len(data))):], c.data)
	return data
}

func resized(data []byte, size int64) []byte {
	if size <= int64(len(data)) {
		return data[:size]
	}
	return append(data, make([]byte, size-int64(len(data)))...)
}

func (c nameChange) apply(names map[string]*inode) {
	if c.from == "" {
		if c.node == nil {
			delete(names, c.name)
		} else {
			names[c.name] = c.node
		}
		return
	}
	for _, name := range slices.Collect(maps.Keys(names)) {
		if rest, below := strings.CutPrefix(name, c.from); below && (rest == "" || rest[0] == '/') {
			names[c.name+rest] = names[name]
			delete(names, name)
		}
	}
}

func clean(name string) string { return path.Clean(filepath.ToSlash(name)) }

func isRoot(name string) bool { return name == "." || name == "/" }

// changeLocked makes a name change in the live state and remembers it.
func (m *Mem) changeLocked(c nameChange) {
	c.apply(m.live)
	m.pending = append(m.pending, c)
}

// lookupLocked returns the inode of a name, or nil; the root has one, too.
func (m *Mem) lookupLocked(name string) *inode {
	if isRoot(name) {
		return &inode{dir: true, perm: 0o755}
	}
	return m.live[name]
}

// errLocked wraps err, or tells that the machine has crashed.
func (m *Mem) errLocked(op, name string, err error) error {
	if m.crashed {
		err = fs.ErrClosed
	}
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Path: name, Err: err}
}

// Create implements FS.
func (m *Mem) Create(name string) (File, error) {
	return m.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o644)
}

// OpenFile implements FS.
func (m *Mem) OpenFile(name string, flag int, perm fs.FileMode) (File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := clean(name)
	node := m.lookupLocked(key)
	writes := flag&(os.O_WRONLY|os.O_RDWR) != 0
	var err error
	switch {
	case node == nil && flag&os.O_CREATE == 0:
		err = fs.ErrNotExist
	case node == nil:
		if parent := m.lookupLocked(path.Dir(key)); parent == nil {
			err = fs.ErrNotExist
		} else if !parent.dir {
			err = syscall.ENOTDIR
		}
	case flag&(os.O_CREATE|os.O_EXCL) == os.O_CREATE|os.O_EXCL:
		err = fs.ErrExist
	case node.dir && writes:
		err = syscall.EISDIR
	}
	if err := m.errLocked("open", name, err); err != nil {
		return nil, err
	}
	if node == nil {
		node = &inode{perm: perm, changed: m.now()}
		m.changeLocked(nameChange{name: key, node: node})
	}
	if flag&os.O_TRUNC != 0 && writes && len(node.data) > 0 {
		m.modifyLocked(node, dataChange{})
	}
	return &memFile{fs: m, node: node, name: name, flag: flag}, nil
}

func (m *Mem) modifyLocked(n *inode, c dataChange) {
	n.data = c.apply(n.data)
	n.pending = append(n.pending, c)
	n.changed = m.now()
}

// Rename implements FS.
func (m *Mem) Rename(from, to string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	source, target := clean(from), clean(to)
	node, there := m.live[source], m.lookupLocked(target)
	var err error
	switch parent := m.lookupLocked(path.Dir(target)); {
	case node == nil || parent == nil:
		err = fs.ErrNotExist
	case there != nil && there.dir:
		err = fs.ErrExist
	case there != nil && node.dir:
		err = syscall.ENOTDIR
	case strings.HasPrefix(target, source+"/"):
		err = fs.ErrInvalid
	}
	if err := m.errLocked("rename", from, err); err != nil {
		return err
	}
	if source != target {
		m.changeLocked(nameChange{name: target, from: source})
	}
	return nil
}

// Remove implements FS.
func (m *Mem) Remove(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := clean(name)
	var err error
	if node := m.live[key]; node == nil {
		err = fs.ErrNotExist
	} else if node.dir && len(m.entriesLocked(key)) > 0 {
		err = syscall.ENOTEMPTY
	}
	if err := m.errLocked("remove", name, err); err != nil {
		return err
	}
	m.changeLocked(nameChange{name: key})
	return nil
}

// Stat implements FS.
func (m *Mem) Stat(name string) (fs.FileInfo, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	node := m.lookupLocked(clean(name))
	var err error
	if node == nil {
		err = fs.ErrNotExist
	}
	if err := m.errLocked("stat", name, err); err != nil {
		return nil, err
	}
	return node.info(path.Base(clean(name))), nil
}

// ReadDir implements FS.
func (m *Mem) ReadDir(name string) ([]fs.DirEntry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	node := m.lookupLocked(clean(name))
	var err error
	if node == nil {
		err = fs.ErrNotExist
	} else if !node.dir {
		err = syscall.ENOTDIR
	}
	if err := m.errLocked("open", name, err); err != nil {
		return nil, err
	}
	var entries []fs.DirEntry
	for _, key := range m.entriesLocked(clean(name)) {
		entries = append(entries, fs.FileInfoToDirEntry(m.live[key].info(path.Base(key))))
	}
	return entries, nil
}

// entriesLocked returns the full names in a directory, sorted.
func (m *Mem) entriesLocked(dir string) []string {
	var names []string
	for name := range m.live {
		if path.Dir(name) == dir {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// MkdirAll implements FS.
func (m *Mem) MkdirAll(name string, perm fs.FileMode) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	var missing []string
	for key := clean(name); ; key = path.Dir(key) {
		node := m.lookupLocked(key)
		if node == nil {
			missing = append(missing, key)
			continue
		}
		var err error
		if !node.dir {
			err = syscall.ENOTDIR
		}
		if err := m.errLocked("mkdir", name, err); err != nil {
			return err
		}
		break
	}
	for _, key := range slices.Backward(missing) {
		m.changeLocked(nameChange{name: key, node: &inode{dir: true, perm: perm, changed: m.now()}})
	}
	return nil
}

// SyncDir implements FS.
func (m *Mem) SyncDir(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	dir := clean(name)
	var err error
	if node := m.lookupLocked(dir); node == nil {
		err = fs.ErrNotExist
	} else if !node.dir {
		err = syscall.ENOTDIR
	}
	if err := m.errLocked("sync", name, err); err != nil {
		return err
	}
	// Only the changes of this directory, so that a forgotten SyncDir of another
	// one shows, and what those build on: the making of a file that was then
	// moved here.
	chosen := make([]bool, len(m.pending))
	needed := map[string]bool{}
	for i, c := range slices.Backward(m.pending) {
		chosen[i] = path.Dir(c.name) == dir || c.from != "" && path.Dir(c.from) == dir ||
			needed[c.name] || needed[c.from]
		if chosen[i] && c.from != "" {
			needed[c.name], needed[c.from] = true, true
		}
	}
	var rest []nameChange
	for i, c := range m.pending {
		if chosen[i] {
			c.apply(m.durable)
		} else {
			rest = append(rest, c)
		}
	}
	m.pending = rest
	return nil
}

// Lock implements FS.
func (m *Mem) Lock(name string) (io.Closer, error) {
	f, err := m.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	key := clean(name)
	if m.locked[key] {
		return nil, m.errLocked("lock", name, ErrLocked)
	}
	m.locked[key] = true
	return memLock{file: f, release: func() { delete(m.locked, key) }, mu: &m.mu}, nil
}

type memLock struct {
	file    File
	release func()
	mu      *sync.Mutex
}

func (l memLock) Close() error {
	l.mu.Lock()
	l.release()
	l.mu.Unlock()
	return l.file.Close()
}

package save

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/persistence/rdb"
	"github.com/kvasirdb/kvasir/internal/platform/vfs"
)

// TestTakenString changes a string between being taken by the walk and being
// encoded: the file has it as it was, compressed.
func TestTakenString(t *testing.T) {
	f := newFixture(t, vfs.OS{})
	f.settings.Dir = t.TempDir()
	f.set(0, "long", strings.Repeat("0123456789abcdef", compressMax/16))
	want := f.contents()
	before := f.w.Heap().Used()
	f.exclusive(func(tx *keyspace.Tx) {
		w := f.saver.newStream(snapshotFile, true)
		e := tx.Peek([]byte("long"))
		v := w.SaveLarge(0, e)
		copy(tx.EditString(&e, []byte("long"), e.StringLen(), false), "changed")
		if !v.Slice() {
			t.Error("there is more than one slice")
		}
		w.Rest()
		if err := w.end(); err != nil {
			t.Fatal(err)
		}
		var file bytes.Buffer
		if err := w.queue.drain(&file, func() {}); err != nil {
			t.Fatal(err)
		}
		if file.Len() > compressMax/10 {
			t.Errorf("%d bytes, not compressed", file.Len())
		}
		name := filepath.Join(f.settings.Dir, f.settings.Filename)
		if err := os.WriteFile(name, rdb.AppendChecksum(file.Bytes(), 0), 0o600); err != nil {
			t.Fatal(err)
		}
	})
	if !maps.Equal(f.reload(), want) {
		t.Error("the snapshot is not that of its instant")
	}
	if used := f.w.Heap().Used(); used != before {
		t.Errorf("%d bytes instead of %d: the reference was not given back", used, before)
	}
}

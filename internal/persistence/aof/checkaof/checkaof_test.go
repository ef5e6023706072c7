package checkaof

import (
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/kvasirdb/kvasir/internal/persistence/aof"
	"github.com/kvasirdb/kvasir/internal/platform/vfs"
)

const (
	set      = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n"
	multi    = "*1\r\n$5\r\nMULTI\r\n"
	exec     = "*1\r\n$4\r\nEXEC\r\n"
	manifest = "file a.1.base.aof seq 1 type b\nfile a.1.incr.aof seq 1 type i\nfile a.2.incr.aof seq 2 type i\n"
)

// disk is a directory of files.
type disk struct {
	vfs.FS
	t testing.TB
}

func newDisk(t testing.TB, files map[string]string) *disk {
	d := &disk{vfs.NewMem(func() time.Time { return time.Unix(0, 0) }), t}
	for name, text := range files {
		d.write(name, text)
	}
	return d
}

func (d *disk) write(name, text string) {
	f, err := d.Create(name)
	if err == nil {
		_, err = f.Write([]byte(text))
		f.Close()
	}
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *disk) read(name string) string {
	f, err := d.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		d.t.Fatal(err)
	}
	defer f.Close()
	info, _ := f.Stat()
	b := make([]byte, info.Size())
	f.ReadAt(b, 0)
	return string(b)
}

// run runs the tool and returns what it prints.
func (d *disk) run(answer string, args ...string) (string, int) {
	var out strings.Builder
	code := Main(args, Environment{
		FS: d, In: strings.NewReader(answer), Out: &out, Program: "valkey-check-aof", Version: "9.0.2", Now: time.Unix(0, 0),
		Words: aof.Words{
			Split: func(line string) ([]string, bool) { return strings.Fields(line), true },
			Quote: func(word string) string { return word },
		},
	})
	return out.String(), code
}

func (d *disk) expect(answer string, code int, want string, args ...string) {
	d.t.Helper()
	got, gotCode := d.run(answer, args...)
	if got != want || gotCode != code {
		d.t.Errorf("%q: code %d, want %d\n%s\nwant\n%s", args, gotCode, code, got, want)
	}
}

func TestSingleFile(t *testing.T) {
	const head = "Start checking Old-Style AOF\n"
	for _, c := range []struct {
		name, text, want string
		code             int
	}{
		{"whole", set + multi + set + exec,
			head + "AOF analyzed: filename=f, size=83, ok_up_to=83, ok_up_to_line=21, diff=0\nAOF f is valid\n", 0},
		{"empty", "", head + "AOF f is empty\n", 0},
		{"within a command", set + "*2\r\n$3\r\nDE",
			head + "0x              23: Expected to read 5 bytes, got 2 bytes\n" +
				"AOF analyzed: filename=f, size=37, ok_up_to=27, ok_up_to_line=10, diff=10\n" +
				"AOF f is not valid. Use the --fix option to try fixing it.\n", 1},
		{"within a transaction", set + multi + set,
			head + "0x              42: Reached EOF before reading EXEC for MULTI\n" +
				"AOF analyzed: filename=f, size=69, ok_up_to=27, ok_up_to_line=18, diff=42\n" +
				"AOF f is not valid. Use the --fix option to try fixing it.\n", 1},
		{"EXEC alone", exec, head + "0x               8: Unexpected EXEC in AOF f\n" +
			"AOF analyzed: filename=f, size=14, ok_up_to=0, ok_up_to_line=4, diff=14\n" +
			"AOF f is not valid. Use the --fix option to try fixing it.\n", 1},
		{"no command", "SET k v\r\n", head + "AOF f format error\n" +
			"AOF analyzed: filename=f, size=9, ok_up_to=0, ok_up_to_line=1, diff=9\n" +
			"AOF f is not valid. Use the --fix option to try fixing it.\n", 1},
		{"prefix", "*1\r\n:5\r\n", head + "0x               4: Expected prefix '$', got: ':'\n" +
			"AOF analyzed: filename=f, size=8, ok_up_to=0, ok_up_to_line=2, diff=8\n" +
			"AOF f is not valid. Use the --fix option to try fixing it.\n", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			newDisk(t, map[string]string{"f": c.text}).expect("", c.code, c.want, "f")
		})
	}
}

func TestFix(t *testing.T) {
	d := newDisk(t, map[string]string{"f": set + "*2\r\n"})
	const analyzed = "Start checking Old-Style AOF\nAOF analyzed: filename=f, size=31, ok_up_to=27, ok_up_to_line=9, diff=4\n" +
		"This will shrink the AOF f from 31 bytes, with 4 bytes, to 27 bytes\nContinue? [y/N]: "
	d.expect("n\n", 1, analyzed+"Aborting...\n", "--fix", "f")
	d.expect("", 1, analyzed+"Aborting...\n", "--fix", "f")
	d.expect("Y\n", 0, analyzed+"Successfully truncated AOF f\n", "--fix", "f")
	if got := d.read("f"); got != set {
		t.Errorf("%q is left", got)
	}
}

func TestTruncateToTimestamp(t *testing.T) {
	const text = "#TS:100\r\n" + set + "#TS:200\r\n" + set
	d := newDisk(t, map[string]string{"f": text})
	const head = "Start checking Old-Style AOF\n"
	d.expect("", 0, head+"Truncate nothing in AOF f to timestamp 200\nAOF f is valid\n", "--truncate-to-timestamp", "200", "f")
	d.expect("", 1, head+"AOF f has nothing before timestamp 99, aborting...\n", "--truncate-to-timestamp", "99", "f")
	d.expect("", 0, head+"Successfully truncated AOF f to timestamp 150\n", "--truncate-to-timestamp", "150", "f")
	if got := d.read("f"); got != "#TS:100\r\n"+set {
		t.Errorf("%q is left", got)
	}
	d.expect("", 1, "Invalid timestamp, aborting...\n", "--truncate-to-timestamp", "x", "f")
}

func TestManifest(t *testing.T) {
	const head = "Start checking Multi Part AOF\nStart to check BASE AOF (RESP format).\n" +
		"AOF analyzed: filename=a.1.base.aof, size=27, ok_up_to=27, ok_up_to_line=8, diff=0\nBASE AOF a.1.base.aof is valid\n" +
		"Start to check INCR files.\n"
	d := newDisk(t, map[string]string{"m": manifest, "a.1.base.aof": set, "a.1.incr.aof": "", "a.2.incr.aof": set + "*1\r\n"})
	broken := head + "INCR AOF a.1.incr.aof is empty\n" +
		"AOF analyzed: filename=a.2.incr.aof, size=31, ok_up_to=27, ok_up_to_line=16, diff=4\n"
	d.expect("", 1, broken+"AOF a.2.incr.aof is not valid. Use the --fix option to try fixing it.\n", "m")
	d.expect("y", 0, broken+"This will shrink the AOF a.2.incr.aof from 31 bytes, with 4 bytes, to 27 bytes\n"+
		"Continue? [y/N]: Successfully truncated AOF a.2.incr.aof\nAll AOF files and manifest are valid\n", "--fix", "m")
	d.write("a.1.incr.aof", "*1\r\n")
	d.expect("y", 1, head+"AOF analyzed: filename=a.1.incr.aof, size=4, ok_up_to=0, ok_up_to_line=9, diff=4\n"+
		"Failed to truncate AOF a.1.incr.aof because it is not the last file\n", "--fix", "m")
	d.Remove("a.1.incr.aof")
	d.expect("", 1, head+"Cannot open file ./a.1.incr.aof: No such file or directory, aborting...\n", "m")
	d.write("m", "file a seq 1 type x\n")
	d.expect("", 1, "Start checking Multi Part AOF\n\n*** FATAL AOF MANIFEST FILE ERROR ***\n"+
		"Reading the manifest file, at line 1\n>>> 'file a seq 1 type x'\nUnknown AOF file type\n", "m")
}

// TestSnapshot: Valkey's own tool does not know the signature that its version 9
// writes.
func TestSnapshot(t *testing.T) {
	rdb, err := os.ReadFile("../../save/testdata/valkey-9.1.rdb")
	if err != nil {
		t.Fatal(err)
	}
	d := newDisk(t, map[string]string{"f": string(rdb) + set, "g": string(rdb[:1000])})
	if got, code := d.run("", "f"); code != 0 || !strings.Contains(got, "RDB preamble is OK, proceeding with AOF tail...\n") ||
		!strings.HasSuffix(got, "ok_up_to_line=8, diff=0\nAOF f is valid\n") {
		t.Errorf("code %d\n%s", code, got)
	}
	if got, code := d.run("", "g"); code != 1 || !strings.HasSuffix(got, "RDB preamble of AOF file is not sane, aborting.\n") {
		t.Errorf("code %d\n%s", code, got)
	}
}

func TestArguments(t *testing.T) {
	d := newDisk(t, nil)
	d.expect("", 0, "valkey-check-aof 9.0.2\n", "-v")
	const usage = "Usage: valkey-check-aof [--fix|--truncate-to-timestamp $timestamp] <file.manifest|file.aof>\n"
	d.expect("", 0, usage+"\n"+help, "--help")
	d.expect("", 1, usage)
	d.expect("", 1, usage, "--repair", "f")
	d.expect("", 1, "Cannot open file f: No such file or directory\n", "f")
	if _, err := d.Stat("f"); err == nil || !os.IsNotExist(err) {
		t.Errorf("%v instead of %v", err, fs.ErrNotExist)
	}
}

// FuzzFix repairs files: what is left must be the beginning of what was there,
// and sound.
func FuzzFix(f *testing.F) {
	f.Add(set + multi + set)
	f.Add("#TS:1\r\n*2\r\n$3\r\nDEL\r\n$99999999999999999999\r\n")
	f.Add("*1\r\n$4\r\nEXEC\r\n")
	f.Add("*-1\r\n\r\n*")
	f.Add(manifest)
	f.Fuzz(func(t *testing.T, text string) {
		d := newDisk(t, map[string]string{"f": text})
		before, code := d.run("y", "--fix", "f")
		left := d.read("f")
		if !strings.HasPrefix(text, left) {
			t.Fatalf("%q became %q", text, left)
		}
		if code != 0 {
			return
		}
		if after, code := d.run("", "f"); code != 0 || d.read("f") != left {
			t.Errorf("%q became %q, and that is not right\n%s\n%s", text, left, before, after)
		}
	})
}

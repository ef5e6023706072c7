package checkrdb

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const golden = "../../save/testdata/valkey-9.1.rdb"

func check(t *testing.T, file string) (string, int) {
	t.Helper()
	var out strings.Builder
	code := Main([]string{file}, &out, &out, "9.0.2", time.Unix(1795525961, 0)) // when the file was saved
	return out.String(), code
}

func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("%q is not in\n%s", p, text)
		}
	}
}

func TestSoundFile(t *testing.T) {
	out, code := check(t, golden)
	if code != 0 {
		t.Errorf("code %d", code)
	}
	contains(t, out, "AUX FIELD valkey-ver = '9.1.0'\n", "Selecting DB ID 3\n", "[offset 79612] Checksum OK\n",
		"[offset 79612] \\o/ RDB looks OK! \\o/\n[info] 32 keys read\n[info] 1 expires\n[info] 0 already expired\n[info] 0 functions\n")
}

func TestDamagedFiles(t *testing.T) {
	whole, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "f.rdb")
	for _, c := range []struct {
		name    string
		content []byte
		want    []string
	}{
		{"cut", whole[:500], []string{"--- RDB ERROR DETECTED ---\n", "Unexpected EOF reading RDB file\n", "Reading key 'l:ql'\n", "Reading type 18 (quicklist-v2)\n", "[info] 9 keys read\n", "error code 1"}},
		{"checksum", append(whole[:len(whole)-1:len(whole)-1], 0), []string{"[offset 79612] RDB CRC error\n", "While doing: check-sum\n"}},
		{"signature", []byte("garbagegarbage"), []string{"Wrong signature trying to load DB from file\n", "While doing: start\n"}},
	} {
		if err := os.WriteFile(file, c.content, 0o600); err != nil {
			t.Fatal(err)
		}
		out, code := check(t, file)
		if code != 1 {
			t.Errorf("%s: code %d", c.name, code)
		}
		contains(t, out, c.want...)
	}
}

func TestStatistics(t *testing.T) {
	var out strings.Builder
	if code := Main([]string{golden, "--stats", "--format", "info"}, &out, &out, "9.0.2", time.Unix(1795525961, 0)); code != 0 {
		t.Errorf("code %d", code)
	}
	contains(t, out.String(), "[info] db.0.type.list.keys.total:", "[info] db.3.type.string.keys.total:1\n",
		"[info] db.1.type.stream.elements.num.p99:0.00\n")
	file := filepath.Join(t.TempDir(), "stats")
	if code := Main([]string{golden, "--stats", "--format", "csv", "--output", file}, &out, &out, "9.0.2", time.Now()); code != 0 {
		t.Errorf("code %d", code)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	contains(t, string(text), "db.0.type.name,string,list,set,zset,hash,module,stream\n")
	if code := Main([]string{golden, "--format", "xml"}, &out, &out, "", time.Now()); code != 1 {
		t.Errorf("an unknown format: code %d", code)
	}
}

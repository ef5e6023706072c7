package serverlog

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func fixed() time.Time {
	return time.Date(2026, 11, 22, 9, 42, 16, 123e6, time.FixedZone("", 3600))
}

func TestFormats(t *testing.T) {
	for _, c := range []struct {
		format Format
		stamp  Timestamp
		want   string
	}{
		{Legacy, TimeLegacy, "7:M 22 Nov 2026 09:42:16.123 # say \"hi\"\n"},
		{Legacy, TimeISO8601, "7:M 2026-11-22T09:42:16.123+01:00 # say \"hi\"\n"},
		{Legacy, TimeMillis, "7:M 1795336936123 # say \"hi\"\n"},
		{Logfmt, TimeMillis, "pid=7 role=primary timestamp=\"1795336936123\" level=warning message=\"say 'hi'\"\n"},
		{JSON, TimeMillis, "{\"pid\":7,\"role\":\"primary\",\"timestamp\":\"1795336936123\",\"level\":\"warning\",\"message\":\"say \\\"hi\\\"\"}\n"},
	} {
		var b strings.Builder
		l := New(&b, fixed)
		l.pid = 7
		l.SetFormat(c.format, c.stamp)
		l.Warningf("say %q", "hi")
		if b.String() != c.want {
			t.Errorf("format %d, time %d:\n got %q\nwant %q", c.format, c.stamp, b.String(), c.want)
		}
	}
}

func TestLevels(t *testing.T) {
	var b strings.Builder
	l := New(&b, fixed)
	l.Verbosef("dropped")
	l.Noticef("kept")
	l.SetLevel(Debug)
	l.Debugf("kept too")
	l.SetLevel(Nothing)
	l.Warningf("dropped")
	if got := b.String(); strings.Contains(got, "dropped") || strings.Count(got, "kept") != 2 {
		t.Fatalf("log is %q", got)
	}
}

func TestFileMayBeMovedAway(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	l := New(os.Stdout, fixed)
	l.SetFile(path)
	l.Noticef("one")
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	l.Noticef("two")
	for name, want := range map[string]string{path + ".1": "one", path: "two"} {
		if got, _ := os.ReadFile(name); !strings.HasSuffix(string(got), "* "+want+"\n") {
			t.Errorf("%s holds %q", name, got)
		}
	}
}

package save

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/kvasirdb/kvasir/internal/persistence/rdb"
	"github.com/kvasirdb/kvasir/internal/platform/checksum"
)

// TestVersionCheck loads files of other servers' versions at start, under both
// settings of rdb-version-check, and looks at what the log says.
func TestVersionCheck(t *testing.T) {
	for _, c := range []struct {
		head    string // the file up to its end
		relaxed bool
		says    string // empty: loaded
	}{
		{"REDIS0011\x00\x01k\x01v", false, ""},
		{"REDIS0012\x00\x01k\x01v", false, "Can't handle RDB format version 12"},
		{"REDIS0012\x00\x01k\x01v", true, ""},
		{"REDIS0079\xf4\x05\x01\x00\x00\x01k\x01v", true, ""},
		{"REDIS0080\x00\x01k\x01v", true, "Can't handle RDB format version 80"},
		{"VALKEY079\x00\x01k\x01v", true, "Can't handle RDB format version 79"},
		{"VALKEY081\x00\x01k\x01v", false, "Can't handle RDB format version 81"},
		{"VALKEY081\x00\x01k\x01v", true, ""},
		{"REDIS0012\x16\x01k\x01v", true, "Can't handle foreign type or opcode 22 in RDB with version 12"},
		{"REDIS0011\xf3\x01k\x01v", true, "Can't handle foreign type or opcode 243 in RDB with version 11"},
		{"REDIS1011\x00\x01k\x01v", true, "Wrong signature trying to load DB from file: REDIS1011"},
	} {
		disk := mem()
		b := append([]byte(c.head), 0xff)
		file, err := disk.Create("dump.rdb")
		if err != nil {
			t.Fatal(err)
		}
		file.Write(rdb.AppendChecksum(b, checksum.CRC64(0, b)))
		file.Close()
		f := newFixture(t, disk)
		f.settings.AnyVersion = c.relaxed
		err = f.saver.LoadAtStart()
		log := fmt.Sprint(f.log.all)
		switch {
		case c.says == "" && (err != nil || len(f.contents()) == 0):
			t.Errorf("%q, relaxed %v: %v\n%s", c.head, c.relaxed, err, log)
		case c.says != "" && (!errors.Is(err, ErrLoad) || !strings.Contains(log, c.says)):
			t.Errorf("%q, relaxed %v: %v instead of %q\n%s", c.head, c.relaxed, err, c.says, log)
		}
	}
}

package save_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"testing"

	"github.com/kvasirdb/kvasir/internal/platform/checksum"
)

// FuzzFile loads files that are damaged, with the checksum put right. What was
// there before must stay as it was unless the file brings a key of its name, all
// that was loaded must be readable, and flushing must give all memory back.
func FuzzFile(f *testing.F) {
	for _, name := range []string{"testdata/valkey-9.1.rdb", "testdata/redis-7.0.rdb"} {
		file, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(file[9:len(file)-8], uint32(0), byte(0))
		for at := 9; at < len(file)-8; at += len(file) / 40 {
			f.Add(file[9:len(file)-8], uint32(at), byte(1<<(at%8)))
		}
	}
	f.Fuzz(func(t *testing.T, body []byte, at uint32, flip byte) {
		s, saver := newSaver(t)
		clean := s.Pool.Used()
		s.Do("SET", "a key of before", "its value")
		file := append([]byte("VALKEY080"), body...)
		if len(body) > 0 {
			file[9+int(at)%len(body)] ^= flip
		}
		file = binary.LittleEndian.AppendUint64(file, checksum.CRC64(0, file))
		s.Exec.Do(func() {
			w := s.Exec.Worker()
			b, err := saver.OpenBase(w, bytes.NewReader(file))
			for done := false; !done && err == nil; {
				done, err = b.Step()
			}
			if err := w.Check(); err != nil {
				t.Error(err)
			}
		})
		if !bytes.Contains(file, []byte("a key of before")) && s.Do("GET", "a key of before") != `"its value"` {
			t.Error("a key that is not in the file was changed")
		}
		s.Do("DEBUG", "DIGEST")
		s.Exec.Do(func() { flush(s) })
		s.Exec.Worker().Enter()
		s.Exec.Worker().Leave() // which publishes what was freed
		if left := s.Pool.Used(); left > clean {
			t.Errorf("%d bytes are left, %d were there before", left, clean)
		}
	})
}

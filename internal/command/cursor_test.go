package command

import (
	"math"
	"testing"
)

func TestParseCursor(t *testing.T) {
	for text, want := range map[string]uint64{
		"0": 0, "17": 17, "18446744073709551615": math.MaxUint64,
		"+5": 5, " 5": 5, "\t\n 5": 5, " +5": 5, "007": 7, "-0": 0, "5\x00junk": 5,
		" -1": math.MaxUint64, "-18446744073709551615": 1,
	} {
		if got, ok := ParseCursor([]byte(text)); !ok || got != want {
			t.Errorf("%q: %d %v, want %d", text, got, ok, want)
		}
	}
	for _, text := range []string{"", " ", "+", "-", "-1", "x", "5 ", "5x", "+ 5", "--5", "1e3", "\x005", "18446744073709551616", "99999999999999999999"} {
		if got, ok := ParseCursor([]byte(text)); ok {
			t.Errorf("%q is read as %d", text, got)
		}
	}
}

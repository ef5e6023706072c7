package command

import (
	"bytes"
	"fmt"
	"testing"
)

func TestRequestBytes(t *testing.T) {
	for _, args := range [][][]byte{
		{[]byte("PING")},
		{[]byte("SET"), []byte("key"), nil},
		{[]byte("SET"), make([]byte, 9), make([]byte, 10), make([]byte, 99), make([]byte, 100), make([]byte, 12345)},
		make([][]byte, 10),
	} {
		var b bytes.Buffer
		fmt.Fprintf(&b, "*%d\r\n", len(args))
		for _, a := range args {
			fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(a), a)
		}
		if got := RequestBytes(args); got != b.Len() {
			t.Errorf("%d words: %d, want %d", len(args), got, b.Len())
		}
	}
}

package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
)

const eofMark = "0123456789abcdef0123456789abcdef01234567"

// primary answers REPLCONF and SYNC, and then hangs up on the first ACK.
func primary(t *testing.T, sync string) *fakeServer {
	return newFakeServer(t, func(args []string) string {
		switch strings.ToUpper(args[0]) {
		case "REPLCONF":
			if args[1] == "ACK" {
				return hangUp
			}
			if args[1] == "rdb-filter-only" && args[2] == "functions" {
				return "-ERR Unrecognized REPLCONF option\r\n"
			}
			return "+OK\r\n"
		case "SYNC", "PSYNC":
			return sync
		}
		return "-ERR unknown\r\n"
	})
}

func TestSnapshot(t *testing.T) {
	const payload = "REDIS0011 and more"
	for sync, report := range map[string]string{
		"\n\n$18\r\n" + payload:                        "writing 18 bytes to '%s'\nTransfer finished with success.\n",
		"$EOF:" + eofMark + "\r\n" + payload + eofMark: "writing bytes of bulk transfer until EOF marker to '%s'\nTransfer finished with success after 18 bytes\n",
	} {
		f := primary(t, sync)
		file := filepath.Join(t.TempDir(), "dump.rdb")
		expect(t, runMain("", nil, f.args("--rdb", file)...), outcome{0, "",
			"sending REPLCONF capa eof\nsending REPLCONF rdb-only 1\nSYNC sent to primary, " + fmt.Sprintf(report, file)})
		if got, err := os.ReadFile(file); err != nil || string(got) != payload {
			t.Errorf("file holds %q, %v", got, err)
		}
		if got := runMain("", nil, f.args("--rdb", "-")...); got.stdout != payload || got.status != 0 {
			t.Errorf("to stdout: %+v", got)
		}
	}
}

func TestSnapshotFailures(t *testing.T) {
	const greeting = "sending REPLCONF capa eof\nsending REPLCONF rdb-only 1\n"
	file := filepath.Join(t.TempDir(), "dump.rdb")
	for sync, want := range map[string]string{
		"-NOMASTERLINK Can't SYNC\r\n": "SYNC with primary failed: -NOMASTERLINK Can't SYNC\n",
		hangUp:                         "Error reading bulk length while SYNCing: Server closed the connection\n",
		"+what\r\n":                    "SYNC with primary failed: +what\n",
	} {
		expect(t, runMain("", nil, primary(t, sync).args("--rdb", file)...), outcome{1, "", greeting + want})
	}
	got := runMain("", nil, primary(t, "").args("--functions-rdb", file)...)
	if want := "Failed requesting functions only RDB from server, aborting\n"; got.status != 1 || !strings.HasSuffix(got.stderr, want) {
		t.Errorf("got %+v", got)
	}
	missing := filepath.Join(file, "no", "such")
	got = runMain("", nil, primary(t, "$1\r\nx").args("--rdb", missing)...)
	if got.status != 1 || !strings.Contains(got.stderr, "Error opening '"+missing+"'") {
		t.Errorf("got %+v", got)
	}
}

func TestReplica(t *testing.T) {
	commands := array(bulk("SELECT"), bulk("0")) + array(bulk("set"), bulk("k"), bulk("\x01"))
	got := runMain("", nil, primary(t, "$5\r\nREDIS"+commands).args("--replica")...)
	want := "sending REPLCONF capa eof\nsending REPLCONF rdb-filter-only \n" +
		"Full resync with primary, discarding 5 bytes of bulk transfer...\n" +
		"Full resync done. Logging commands from primary.\nError: Server closed the connection\n"
	expect(t, got, outcome{1, "\"SELECT\",\"0\"\n\"set\",\"k\",\"\\x01\"\n", want})
}

func TestInteractiveSync(t *testing.T) {
	for line, sync := range map[string]string{
		"psync id 1": "+CONTINUE id\r\n",
		"psync ? -1": "+FULLRESYNC id 1\r\n$1\r\nx",
		"sync":       "$EOF:" + eofMark + "\r\nx" + eofMark,
	} {
		f := primary(t, sync)
		got := runMain(line+"\n", nil, f.args()...)
		if got.status != 0 || got.stdout != "Entering replica output mode...  (press Ctrl-C to quit)\n" ||
			!strings.HasSuffix(got.stderr, "Logging commands from primary.\nError: Server closed the connection\n") {
			t.Errorf("%s: %+v", line, got)
		}
	}
}

func TestInterruptEndsSync(t *testing.T) {
	var a *app
	f := newFakeServer(t, func([]string) string {
		a.interrupts <- os.Interrupt
		return "$100\r\nless"
	})
	var stdout, stderr bytes.Buffer
	a = newApp(strings.NewReader("sync\n"), &stdout, &stderr, nil)
	a.interrupts = make(chan os.Signal, 1)
	if status := a.main(f.args()); status != 1 {
		t.Errorf("status %d, stderr %q", status, &stderr)
	}
}

func TestTransferFindsItsMark(t *testing.T) {
	// A false start of the mark, and every way to cut the stream into reads.
	payload := strings.Repeat("x", 100) + eofMark[:39] + eofMark[:20]
	stream := payload + eofMark
	readers := map[string]io.Reader{
		"at once":      strings.NewReader(stream),
		"byte by byte": iotest.OneByteReader(strings.NewReader(stream)),
		"in halves":    iotest.HalfReader(strings.NewReader(stream)),
		"with the end": iotest.DataErrReader(strings.NewReader(stream)),
	}
	for name, r := range readers {
		var out bytes.Buffer
		n, err := transfer{mark: []byte(eofMark)}.copy(&out, r)
		if err != nil || n != int64(len(payload)) || out.String() != payload {
			t.Errorf("%s: %d bytes, %v", name, n, err)
		}
	}
	if _, err := (transfer{mark: []byte(eofMark)}).copy(io.Discard, strings.NewReader(payload)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("without the mark: %v", err)
	}
}

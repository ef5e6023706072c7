package cli

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// runInterrupted runs a mode that ends by Ctrl-C, which is pressed once the
// output holds the text.
func runInterrupted(until string, variables []string, args ...string) outcome {
	var stdout watchedBuffer
	var stderr bytes.Buffer
	a := newApp(strings.NewReader(""), &stdout, &stderr, variables)
	a.interrupts = make(chan os.Signal, 1)
	seen := make(chan struct{})
	stdout.watch(until, seen)
	done := make(chan struct{})
	go func() {
		defer close(done)
		<-seen
		a.interrupts <- os.Interrupt
	}()
	status := a.main(args)
	<-done
	return outcome{status, stdout.String(), stderr.String()}
}

func wantMatch(t *testing.T, what, got, pattern string) {
	t.Helper()
	if !regexp.MustCompile(`^` + pattern + `$`).MatchString(got) {
		t.Errorf("%s %q does not match %s", what, got, pattern)
	}
}

func TestScanMode(t *testing.T) {
	f := newFakeServer(t, func(args []string) string {
		if args[1] == "0" {
			return array(bulk("17"), array(bulk("a"), bulk("b\x01")))
		}
		return array(bulk("0"), array(bulk("c")))
	})
	expect(t, runMain("", nil, f.args("--scan", "--pattern", "*x", "--count", "5")...), outcome{0, "a\nb\x01\nc\n", ""})
	expect(t, runMain("", ttyEnv, f.args("--scan", "-i", "0.001")...), outcome{0, "\"a\"\n\"b\\x01\"\n\"c\"\n", ""})
	wantSeen(t, f, "SCAN 0 MATCH *x COUNT 5", "SCAN 17 MATCH *x COUNT 5", "SCAN 0 COUNT 10", "SCAN 17 COUNT 10")

	refusing := newFakeServer(t, script(nil))
	expect(t, runMain("", nil, refusing.args("--scan")...), outcome{1, "", "SCAN error: ERR unknown command 'SCAN'\n"})
}

func TestScanEndsByInterrupt(t *testing.T) {
	f := newFakeServer(t, func([]string) string { return array(bulk("1"), array(bulk("again"))) })
	got := runInterrupted("again", nil, f.args("--scan", "-i", "0.001")...)
	if got.status != 0 || got.stderr != "" {
		t.Errorf("status %d, stderr %q", got.status, got.stderr)
	}
}

func TestPipeMode(t *testing.T) {
	f := newFakeServer(t, func(args []string) string {
		switch args[0] {
		case "ECHO":
			return bulk(args[1])
		case "BAD":
			return "-ERR bad\r\n"
		}
		return bulk("v")
	})
	const get, bad = "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", "*1\r\n$3\r\nBAD\r\n"
	const transferred = "All data transferred. Waiting for the last reply...\nLast reply received from server.\n"
	expect(t, runMain(strings.Repeat(get, 1000), nil, f.args("--pipe")...),
		outcome{0, transferred + "errors: 0, replies: 1000\n", ""})
	expect(t, runMain(get+bad+get, nil, f.args("--pipe")...),
		outcome{1, transferred + "errors: 1, replies: 3\n", "ERR bad\n"})
	expect(t, runMain("", nil, f.args("--pipe")...), outcome{0, transferred + "errors: 0, replies: 0\n", ""})
}

func TestPipeModeFailures(t *testing.T) {
	silent := newFakeServer(t, func([]string) string { return noReply })
	expect(t, runMain("", nil, silent.args("--pipe", "--pipe-timeout", "1")...),
		outcome{1, "All data transferred. Waiting for the last reply...\nerrors: 1, replies: 0\n",
			"No replies for 1 seconds: exiting.\n"})
	closing := newFakeServer(t, func([]string) string { return hangUp })
	got := runMain("", nil, closing.args("--pipe")...)
	if got.status != 1 || got.stderr != "Error reading replies from server\n" {
		t.Errorf("got %+v", got)
	}
}

func TestLRUTest(t *testing.T) {
	gets := 0
	f := newFakeServer(t, func(args []string) string {
		if args[0] == "SET" {
			return "+OK\r\n"
		}
		if gets++; gets%4 == 0 {
			return "$-1\r\n"
		}
		return bulk("v")
	})
	got := runInterrupted("Misses", nil, f.args("--lru-test", "100")...)
	wantMatch(t, "output", got.stdout, `(\d+ Gets/sec \| Hits: \d+ \(7\d\.\d\d%\) \| Misses: \d+ \(2\d\.\d\d%\)\n)+`)
	if got.status != exitInterrupted || got.stderr != "" {
		t.Errorf("status %d, stderr %q", got.status, got.stderr)
	}
}

func TestPowerLaw(t *testing.T) {
	const keys, draws = 1000, 100_000
	hot := 0
	for i := range draws {
		k := powerLaw(keys, float64(i)/draws)
		if k < 1 || k > keys {
			t.Fatalf("drew %d", k)
		}
		if k <= keys/5 {
			hot++
		}
	}
	if share := float64(hot) / draws; share < 0.78 || share > 0.82 {
		t.Errorf("a fifth of the keys has a share of %.2f", share)
	}
	if got := powerLaw(0, 0.5); got != 1 {
		t.Errorf("of no keys: %d", got)
	}
}

const testInfo = "# Server\r\nused_memory:1572864\r\nconnected_clients:3\r\nblocked_clients:1\r\n" +
	"total_commands_processed:120\r\ntotal_connections_received:45\r\nloading:0\r\n" +
	"rdb_bgsave_in_progress:1\r\naof_rewrite_in_progress:0\r\n# Keyspace\r\n" +
	"db0:keys=10,expires=0,avg_ttl=0\r\ndb12:keys=5,expires=0\r\n"

func TestStatMode(t *testing.T) {
	processed := "120"
	f := newFakeServer(t, func([]string) string {
		reply := bulk(strings.ReplaceAll(testInfo, "processed:120", "processed:"+processed))
		processed = "127"
		return reply
	})
	got := runInterrupted("(+7)", nil, f.args("--stat", "-i", "0.001")...)
	want := statHeader +
		"15         1.50M    3       1       120 (+0)            45          SAVE\n" +
		"15         1.50M    3       1       127 (+7)            45          SAVE\n"
	if !strings.HasPrefix(got.stdout, want) || got.status != exitInterrupted {
		t.Errorf("status %d, output %q, want %q", got.status, got.stdout, want)
	}
}

func TestStatReconnects(t *testing.T) {
	asked := 0
	f := newFakeServer(t, func([]string) string {
		if asked++; asked == 1 {
			return hangUp
		}
		return bulk(testInfo)
	})
	got := runInterrupted("SAVE\n", nil, f.args("--stat")...)
	if want := "\r\x1b[0KReconnecting... 1\r\r\x1b[0K" + statHeader; !strings.HasPrefix(got.stdout, want) {
		t.Errorf("output %q, want %q", got.stdout, want)
	}
}

func TestStatActivity(t *testing.T) {
	for info, want := range map[string]string{
		"rdb_bgsave_in_progress:1\r\naof_rewrite_in_progress:1\r\n": "SAVE+AOF",
		"aof_rewrite_in_progress:1\r\n":                             "AOF",
		"loading:1\r\n":                                             "LOAD",
		"async_loading:1\r\n":                                       "",
	} {
		if got := statActivity(info); got != want {
			t.Errorf("%q: %q, want %q", info, got, want)
		}
	}
}

func TestHumanBytes(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0B", 1023: "1023B", 1024: "1.00K", 1572864: "1.50M", 2 << 30: "2.00G", 3 << 40: "3.00T", -2048: "-2.00K",
	} {
		if got := humanBytes(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestLatencyOnce(t *testing.T) {
	f := newFakeServer(t, script(map[string]string{"ping": "+PONG\r\n"}))
	for option, pattern := range map[string]string{
		"--raw": `\d+ \d+ \d+\.\d\d \d+\n`, "--csv": `\d+,\d+,\d+\.\d\d,\d+\n`,
		"--json": `{"min": \d+, "max": \d+, "avg": \d+\.\d\d, "count": \d+}\n`,
	} {
		got := runMain("", nil, f.args("--latency", "-i", "0.02", option, "-2")...)
		wantMatch(t, option, got.stdout, pattern)
		if got.status != 0 || got.stderr != "" {
			t.Errorf("%s: status %d, stderr %q", option, got.status, got.stderr)
		}
	}
}

func TestLatencyOnTerminal(t *testing.T) {
	f := newFakeServer(t, script(map[string]string{"ping": "+PONG\r\n"}))
	got := runInterrupted("(2 samples)", ttyEnv, f.args("--latency")...)
	wantMatch(t, "output", got.stdout, `(\x1b\[0G\x1b\[2Kmin: \d+, max: \d+, avg: \d+\.\d\d \(\d+ samples\))+\n`)
	got = runInterrupted(" seconds range\n", ttyEnv, f.args("--latency-history", "-i", "0.02")...)
	wantMatch(t, "history", got.stdout, `(?s).*samples\) -- 0\.\d\d seconds range\n.*`)
}

func TestLatencyStats(t *testing.T) {
	var stats latencyStats
	for _, millis := range []int64{4, 1, 7} {
		stats.add(millis)
	}
	if got, want := stats.format(outputRaw), "1 7 4.00 3\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestLatencyDist(t *testing.T) {
	f := newFakeServer(t, script(map[string]string{"ping": "+PONG\r\n"}))
	got := runInterrupted("?\x1b[0m\n", nil, f.args("--latency-dist", "-i", "0.02")...)
	text := regexp.MustCompile(`\x1b\[[0-9;]*m`).ReplaceAllString(got.stdout, "")
	if !strings.Contains(text, "From 0 to 100%:") || !strings.Contains(text, "\n.-*#123456789ABCDEFGHIJKLMNOPQ?\n") {
		t.Errorf("output %q", text)
	}
}

func TestSpectrumColors(t *testing.T) {
	buckets := []latencyBucket{{mark: '.', count: 3}, {mark: '-', count: 1}, {mark: '*'}}
	got := spectrumLine([]int{0, 1, 2, 3, 4}, buckets)
	if want := "\x1b[38;5;0m\x1b[48;5;3m.\x1b[48;5;1m-\x1b[48;5;0m*\x1b[0m\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestIntrinsicLatency(t *testing.T) {
	got := runMain("", nil, "--intrinsic-latency", "0")
	wantMatch(t, "output", got.stdout,
		`(?s)(Max latency so far: \d+ microseconds\.\n)*\n\d+ total runs \(avg latency: .*\nWorst run took \d+x .*\n`)
}

// keyServer has four keys, one of them gone before it is asked about, and one
// of a module's type.
func keyServer(t *testing.T) *fakeServer {
	return newFakeServer(t, script(map[string]string{
		"dbsize": ":4\r\n", "readonly": "-ERR This instance has cluster support disabled\r\n",
		"scan 0":   array(bulk("9"), array(bulk("str"), bulk("gone"))),
		"scan 9":   array(bulk("0"), array(bulk("big"), bulk("mod"))),
		"type str": "+string\r\n", "type big": "+list\r\n", "type mod": "+graph\r\n", "type gone": "+none\r\n",
		"strlen": ":7\r\n", "llen": ":12\r\n", "memory usage": ":100\r\n",
		"object freq": ":3\r\n",
	}))
}

func TestBigKeys(t *testing.T) {
	got := runMain("", nil, keyServer(t).args("--bigkeys")...)
	_, body, _ := strings.Cut(got.stdout, "usually needed).\n\n")
	want := `[00.00%] Biggest string found so far '"str"' with 7 bytes
[25.00%] Biggest list   found so far '"big"' with 12 items

-------- Summary --------

Sampled 3 keys in the keyspace!
Total key length in bytes is 9 (avg len 3.00)

Biggest string found '"str"' has 7 bytes
Biggest   list found '"big"' has 12 items

1 strings with 7 bytes (33.33% of keys, avg size 7.00)
1 lists with 12 items (33.33% of keys, avg size 12.00)
0 sets with 0 members (00.00% of keys, avg size 0.00)
0 hashs with 0 fields (00.00% of keys, avg size 0.00)
0 zsets with 0 members (00.00% of keys, avg size 0.00)
0 streams with 0 entries (00.00% of keys, avg size 0.00)
1 graphs with 0 ? (33.33% of keys, avg size 0.00)
`
	if diff := cmp.Diff(want, body); diff != "" || got.status != 0 || got.stderr != "" {
		t.Errorf("status %d, stderr %q, output %s", got.status, got.stderr, diff)
	}
}

func TestMemKeys(t *testing.T) {
	f := keyServer(t)
	got := runMain("", nil, f.args("--memkeys-samples", "2")...)
	for _, want := range []string{"Biggest  graph found '\"mod\"' has 100 bytes\n", "1 lists with 100 bytes (33.33%"} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("output %q lacks %q", got.stdout, want)
		}
	}
	if seen := f.commands(); seen[len(seen)-1] != "MEMORY USAGE mod SAMPLES 2" {
		t.Errorf("last command %q", seen[len(seen)-1])
	}
}

func TestHotKeys(t *testing.T) {
	got := runMain("", nil, keyServer(t).args("--hotkeys-count", "2")...)
	_, body, _ := strings.Cut(got.stdout, "usually needed).\n\n")
	want := `[00.00%] Hot key '"str"' found so far with counter 3
[00.00%] Hot key '"gone"' found so far with counter 3

-------- Summary --------

Sampled 4 keys in the keyspace!
hot key found with counter: 3	keyname: "str"
hot key found with counter: 3	keyname: "gone"
`
	if diff := cmp.Diff(want, body); diff != "" || got.status != 0 {
		t.Errorf("status %d, stderr %q, output %s", got.status, got.stderr, diff)
	}
}

func TestEnterHotKeys(t *testing.T) {
	var hottest []hotKey
	for _, k := range []hotKey{{"a", 1}, {"b", 5}, {"none", 0}, {"c", 3}, {"d", 5}, {"e", 2}} {
		hottest, _ = enter(hottest, k, 3)
	}
	want := []hotKey{{"b", 5}, {"d", 5}, {"c", 3}}
	if len(hottest) != 3 || hottest[0] != want[0] || hottest[1] != want[1] || hottest[2] != want[2] {
		t.Errorf("got %v, want %v", hottest, want)
	}
}

func TestSamplingFailures(t *testing.T) {
	for _, test := range []struct {
		replies map[string]string
		option  string
		want    string
	}{
		{map[string]string{"dbsize": "-ERR no\r\n"}, "--bigkeys", "Couldn't determine DBSIZE: ERR no\n"},
		{map[string]string{"dbsize": ":1\r\n", "readonly": "-ERR no\r\n"}, "--bigkeys", "Error: ERR no\n"},
		{map[string]string{"dbsize": ":1\r\n", "readonly": "+OK\r\n", "scan": array(bulk("0"), array(bulk("k"))),
			"type": "-ERR no\r\n"}, "--bigkeys", "TYPE returned an error: ERR no\n"},
		{map[string]string{"dbsize": ":1\r\n", "readonly": "+OK\r\n", "scan": array(bulk("0"), array(bulk("k"))),
			"object": "-ERR An LFU maxmemory policy is not selected\r\n"}, "--hotkeys",
			"Error: ERR An LFU maxmemory policy is not selected\n"},
	} {
		got := runMain("", nil, newFakeServer(t, script(test.replies)).args(test.option)...)
		if got.status != 1 || got.stderr != test.want {
			t.Errorf("status %d, stderr %q, want %q", got.status, got.stderr, test.want)
		}
	}
}

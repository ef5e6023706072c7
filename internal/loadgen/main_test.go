package loadgen

import (
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kvasirdb/kvasir/internal/client"

	"github.com/kvasirdb/kvasir/internal/version"
)

// suiteWire is what each test of the suite sends, as the arguments of one
// request, with a payload of the default size and no random keys.
var suiteWire = []struct{ name, title, command string }{
	{"ping_mbulk", "PING_MBULK", "PING"},
	{"set", "SET", "SET key:__rand_int__ VXK"},
	{"get", "GET", "GET key:__rand_int__"},
	{"incr", "INCR", "INCR counter:__rand_int__"},
	{"lpush", "LPUSH", "LPUSH mylist VXK"},
	{"rpush", "RPUSH", "RPUSH mylist VXK"},
	{"lpop", "LPOP", "LPOP mylist"},
	{"rpop", "RPOP", "RPOP mylist"},
	{"sadd", "SADD", "SADD myset element:__rand_int__"},
	{"hset", "HSET", "HSET myhash element:__rand_int__ VXK"},
	{"spop", "SPOP", "SPOP myset"},
	{"zadd", "ZADD", "ZADD myzset 0 element:__rand_1st__"},
	{"zpopmin", "ZPOPMIN", "ZPOPMIN myzset"},
	{"mset", "MSET (10 keys)", "MSET" + strings.Repeat(" key:__rand_int__ VXK", 10)},
	{"mget", "MGET (10 keys)", "MGET" + strings.Repeat(" key:__rand_int__", 10)},
	{"xadd", "XADD", "XADD mystream * myfield VXK"},
}

func wireOf(command string) string {
	return string(client.AppendCommand(nil, strings.Split(command, " ")...))
}

func TestSuiteSendsExactBytes(t *testing.T) {
	for _, test := range suiteWire {
		t.Run(test.name, func(t *testing.T) {
			s := startServer(t, &scriptedServer{})
			out := s.invoke(t, "-c", "1", "-n", "2", "-q", "-t", test.name).succeed(t)
			if diff := cmp.Diff(strings.Repeat(wireOf(test.command), 2), s.receivedWire()); diff != "" {
				t.Errorf("bytes sent (-want +got):\n%s", diff)
			}
			if !strings.Contains(out.stdout, "\r"+test.title+": ") {
				t.Errorf("report %q lacks the title %q", out.stdout, test.title)
			}
		})
	}
}

func TestSuiteInlinePing(t *testing.T) {
	s := startServer(t, &scriptedServer{})
	s.invoke(t, "-c", "1", "-n", "1", "-q", "-t", "ping").succeed(t)
	if want := "PING\r\n*1\r\n$4\r\nPING\r\n"; s.receivedWire() != want {
		t.Errorf("sent %q, want %q", s.receivedWire(), want)
	}
}

func TestSuiteLrangeFillsItsListFirst(t *testing.T) {
	s := startServer(t, &scriptedServer{})
	s.invoke(t, "-c", "1", "-n", "1", "-q", "-t", "LRANGE").succeed(t)
	want := []string{"LPUSH mylist VXK", "LRANGE mylist 0 99", "LRANGE mylist 0 299",
		"LRANGE mylist 0 499", "LRANGE mylist 0 599"}
	if diff := cmp.Diff(want, s.received()); diff != "" {
		t.Errorf("commands (-want +got):\n%s", diff)
	}
}

func TestSuiteFunctions(t *testing.T) {
	s := startServer(t, &scriptedServer{})
	s.invoke(t, "-c", "1", "-n", "1", "-q", "--num-functions", "2", "--num-keys-in-fcall", "2",
		"-t", "function_load,fcall").succeed(t)
	want := []string{
		"function load replace #!lua name=benchlib\n" +
			"local function foo2()\nreturn 0\nend\nserver.register_function('foo2', foo2)\n" +
			"local function foo1()\nreturn 0\nend\nserver.register_function('foo1', foo1)\n",
		"FUNCTION LOAD REPLACE #!lua name=benchlib\n" +
			"local function foo1(keys, args)\nreturn keys[0]\nend\nserver.register_function('foo1', foo1)\n",
		"fcall foo1 2 key1 key2",
	}
	if diff := cmp.Diff(want, s.received()); diff != "" {
		t.Errorf("commands (-want +got):\n%s", diff)
	}
}

func TestSuiteRunsEverythingInOrder(t *testing.T) {
	s := startServer(t, &scriptedServer{})
	out := s.invoke(t, "-c", "2", "-n", "4", "--csv").succeed(t)
	var titles []string
	for _, line := range strings.Split(strings.TrimSpace(out.stdout), "\n")[1:] {
		titles = append(titles, strings.Split(line, `"`)[1])
	}
	want := []string{"PING_INLINE", "PING_MBULK", "SET", "GET", "INCR", "LPUSH", "RPUSH", "LPOP", "RPOP",
		"SADD", "HSET", "SPOP", "ZADD", "ZPOPMIN", "LPUSH (needed to benchmark LRANGE)",
		"LRANGE_100 (first 100 elements)", "LRANGE_300 (first 300 elements)",
		"LRANGE_500 (first 500 elements)", "LRANGE_600 (first 600 elements)",
		"MSET (10 keys)", "MGET (10 keys)", "XADD", "FUNCTION LOAD", "FCALL"}
	if diff := cmp.Diff(want, titles); diff != "" {
		t.Errorf("tests (-want +got):\n%s", diff)
	}
}

func TestCustomCommands(t *testing.T) {
	tests := []struct {
		name  string
		args  []string
		stdin string
		want  []string
	}{
		{"arguments end the options", []string{"-n", "2", "INCRBYFLOAT", "k", "10.0"}, "",
			[]string{"INCRBYFLOAT k 10.0", "INCRBYFLOAT k 10.0"}},
		{"sequence with repetition", []string{"-n", "8", "--", "incr", "foo", ";", "3", "incr", "bar"}, "",
			[]string{"incr foo", "incr bar", "incr bar", "incr bar", "incr foo", "incr bar", "incr bar", "incr bar"}},
		{"payload", []string{"-n", "1", "-d", "7", "--", "set", "k", "value:__data__-__data__"}, "",
			[]string{"set k value:VXKeHog-KgJ=[5V"}},
		{"argument from standard input", []string{"-x", "-n", "1", "set", "key"}, "arg",
			[]string{"set key arg"}},
		{"pipeline of sequences", []string{"-n", "4", "-P", "2", "--", "set", "a", "1", ";", "get", "a"}, "",
			[]string{"set a 1", "get a", "set a 1", "get a"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := startServer(t, &scriptedServer{})
			args := append([]string{"-u", "valkey://" + s.addr, "-c", "1", "-q"}, test.args...)
			invokeWith(t, test.stdin, args...).succeed(t)
			if diff := cmp.Diff(test.want, s.received()); diff != "" {
				t.Errorf("commands (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSequentialKeys(t *testing.T) {
	tests := []struct {
		name string
		args []string
		// want is the number of different first keys and of keys that equal
		// their value.
		keys, equal int
	}{
		{"keyspace covered once", []string{"-r", "50", "-n", "50", "-t", "set"}, 50, 0},
		{"wraps around", []string{"-r", "20", "-n", "50", "-t", "set"}, 20, 0},
		// One thread: the numbers of a command are then neighbours, and every second
		// one is a key, in both rounds.
		{"each occurrence its own", []string{"--threads", "1", "-r", "100", "-n", "100", "--", "set", "rain__rand_int__", "rain__rand_int__"}, 50, 0},
		{"one number per sequence", []string{"-r", "100", "-n", "100", "-P", "5", "--", "set", "rain__rand_1st__", "rain__rand_1st__"}, 100, 100},
		{"independent counters", []string{"-r", "50", "-n", "100", "--", "set", "j__rand_int__", "r", ";", "set", "k__rand_1st__", "r"}, 100, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := startServer(t, &scriptedServer{})
			s.invoke(t, append([]string{"-q", "--threads", "3", "--sequential"}, test.args...)...).succeed(t)
			keys, equal := map[string]bool{}, 0
			for _, command := range s.received() {
				fields := strings.Fields(command)
				keys[fields[1]] = true
				if fields[1] == fields[2] {
					equal++
				}
			}
			if len(keys) != test.keys || equal != test.equal {
				t.Errorf("%d keys and %d equal to their values, want %d and %d", len(keys), equal, test.keys, test.equal)
			}
		})
	}
}

func TestRandomKeysStayInRange(t *testing.T) {
	s := startServer(t, &scriptedServer{})
	s.invoke(t, "-q", "-r", "50", "-n", "1000", "-P", "4", "-t", "zadd").succeed(t)
	scores, elements := map[string]bool{}, map[string]bool{}
	for _, command := range s.received() {
		var score, element int
		var rest string
		fields := strings.Fields(command)
		n, _ := fmt.Sscanf(command, "ZADD myzset %d element:%d%s", &score, &element, &rest)
		if n != 2 || score >= 50 || element >= 50 {
			t.Fatalf("command %q", command)
		}
		if len(fields[2]) != placeholderBytes || len(fields[3]) != len("element:")+placeholderBytes {
			t.Fatalf("number of the wrong width in %q", command)
		}
		scores[fields[2]], elements[fields[3]] = true, true
	}
	// The chance that 1000 draws miss one of 50 numbers is 10^-7.
	if len(scores) != 50 || len(elements) != 50 {
		t.Errorf("%d scores and %d elements, want 50 of each", len(scores), len(elements))
	}
}

func TestSeedRepeats(t *testing.T) {
	keys := func(seed string) []string {
		s := startServer(t, &scriptedServer{})
		s.invoke(t, "-q", "-c", "1", "-r", "1000000", "-n", "20", "--seed", seed, "-t", "get").succeed(t)
		return s.received()
	}
	first := keys("7")
	if diff := cmp.Diff(first, keys("7")); diff != "" {
		t.Errorf("same seed, other keys:\n%s", diff)
	}
	if cmp.Equal(first, keys("8")) {
		t.Error("other seed, same keys")
	}
}

func TestErrors(t *testing.T) {
	refuse := func(string) string { return "-ERR no such thing\r\n" }
	closing := func(string) string { return "" }
	tests := []struct {
		name   string
		server *scriptedServer
		args   []string
		want   string
	}{
		{"error reply", &scriptedServer{answer: refuse}, []string{"-t", "set"}, "Error from server: ERR no such thing\n"},
		{"blob error", &scriptedServer{answer: func(string) string { return "!7\r\nERR bad\r\n" }}, []string{"-t", "set"}, "Error from server: ERR bad\n"},
		{"authentication", &scriptedServer{answer: func(string) string { return "-WRONGPASS no\r\n" }}, []string{"-a", "x", "-t", "set"}, "WRONGPASS no\n"},
		{"lost connection", &scriptedServer{answer: closing}, []string{"-t", "set"}, "Error: Server closed the connection\n"},
		{"not RESP", &scriptedServer{answer: func(string) string { return "HTTP/1.1\r\n" }}, []string{"-t", "set"}, "protocol error: got 'H' as reply type byte\n"},
		{"too many replies", &scriptedServer{answer: func(string) string { return "+OK\r\n+OK\r\n" }}, []string{"-t", "set"}, "protocol error: more replies than requests\n"},
		{"fuzzing", &scriptedServer{}, []string{"--fuzz"}, fuzzUnavailable + "\n"},
		{"bounds", &scriptedServer{}, []string{"-n", "5", "--duration", "1"}, exclusiveBounds + "\n"},
		{"no requests", &scriptedServer{}, []string{"-n", "0", "-t", "set"}, "neither a number of requests nor a duration is given\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := startServer(t, test.server)
			out := s.invoke(t, append([]string{"-c", "2", "-n", "10"}, test.args...)...)
			if out.status != 1 || !strings.HasSuffix(out.stderr, test.want) {
				t.Errorf("status %d, stderr %q, want it to end in %q", out.status, out.stderr, test.want)
			}
		})
	}
}

func TestConnectionRefused(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().String()
	listener.Close()
	out := invokeWith(t, "", "-u", "valkey://"+addr, "-t", "set")
	if want := "Could not connect to server at " + addr + ": Connection refused\n"; out.stderr != want || out.status != 1 {
		t.Errorf("status %d, stderr %q, want %q", out.status, out.stderr, want)
	}
}

func TestIdleConnectionsReportRefusal(t *testing.T) {
	s := startServer(t, &scriptedServer{banner: "-ERR max number of clients reached\r\n"})
	out := s.invoke(t, "-c", "3", "-I")
	if out.status != 1 || !strings.Contains(out.stderr, "ERR") {
		t.Errorf("status %d, stderr %q", out.status, out.stderr)
	}
}

func TestUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	s := serveOn(t, &scriptedServer{}, listener)
	invokeWith(t, "", "-s", path, "-q", "-c", "3", "-n", "30", "-t", "set").succeed(t)
	if got := len(s.received()); got != 30 {
		t.Errorf("%d requests, want 30", got)
	}
}

func TestReportForms(t *testing.T) {
	s := startServer(t, &scriptedServer{})
	full := s.invoke(t, "-c", "2", "-n", "10", "-d", "5", "-t", "set").succeed(t).stdout
	for _, want := range []string{
		"====== SET ======\n  10 requests completed in ", " seconds\n  2 parallel clients\n  5 bytes payload\n  keep alive: 1\n",
		"  host configuration \"save\": 3600 1 \n  host configuration \"appendonly\": no\n  multi-thread: no\n\n",
		"Latency by percentile distribution:\n0.000% <= ", "(cumulative count 10)\n\nSummary:\n  throughput summary: ",
		" requests per second\n  latency summary (msec):\n          avg       min       p50       p95       p99       max\n",
	} {
		if !strings.Contains(full, want) {
			t.Errorf("report lacks %q:\n%s", want, full)
		}
	}
	csv := s.invoke(t, "-n", "10", "-t", "set,get", "--csv").succeed(t).stdout
	lines := strings.Split(csv, "\n")
	if len(lines) != 4 || lines[0] != csvHeader || !strings.HasPrefix(lines[1], `"SET","`) || !strings.HasPrefix(lines[2], `"GET","`) {
		t.Errorf("CSV output %q", csv)
	}
	if strings.Contains(csv, "\r") {
		t.Errorf("progress in CSV output %q", csv)
	}
	custom := s.invoke(t, "-n", "10", "incr", "foo").succeed(t).stdout
	if !strings.Contains(custom, "====== incr foo ======\n") || !strings.Contains(custom, "  23 bytes payload\n") {
		t.Errorf("report of a command:\n%s", custom)
	}
}

func TestHelpAndVersion(t *testing.T) {
	if out := invokeWith(t, "", "--version").succeed(t); out.stdout != "valkey-benchmark "+version.Valkey+"\n" {
		t.Errorf("version %q", out.stdout)
	}
	if out := invokeWith(t, "", "--help").succeed(t); out.stdout != usage {
		t.Errorf("help %q", out.stdout)
	}
	out := invokeWith(t, "", "--bogus")
	if want := "Invalid option \"--bogus\" or option argument missing\n\nUsage: "; out.status != 1 || !strings.HasPrefix(out.stdout, want) {
		t.Errorf("status %d, output %q", out.status, out.stdout)
	}
}

// TestHelpNamesEveryOption keeps the text and the parser together.
func TestHelpNamesEveryOption(t *testing.T) {
	silent := map[string]bool{"-v": true, "-e": true, "--fuzz": true, "--fuzz-mode": true, "--fuzz-loglevel": true}
	check := func(name string) {
		if !silent[name] && !strings.Contains(usage, "\n "+name+" ") {
			t.Errorf("help lacks %s", name)
		}
	}
	for name := range flagOptions {
		check(name)
	}
	for name := range valueOptions {
		check(name)
	}
}

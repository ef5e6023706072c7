package loadgen

import (
	"fmt"
	"strconv"
	"strings"
)

// test is one measurement of the default suite.
type test struct {
	// title stands in reports; names are what selects it with -t.
	title string
	names []string
	// build returns what to send.
	build func(*suite) Sequence
	// library, when set, is a function library that must be loaded first.
	library func(*suite) string
	// needs is a command that a server without scripts does not have; without
	// it the whole suite leaves the test out. Empty: any server can be measured.
	needs string
}

// suite holds what the tests' commands depend on.
type suite struct {
	data     string // the payload
	tag      string // what routes a key in a cluster: ":{tag}", else empty
	random   bool   // placeholders are replaced
	numbered int    // functions in the library of FUNCTION LOAD
	keys     int    // keys of FCALL
}

const lrangeFill = "LPUSH (needed to benchmark LRANGE)"

// suiteTests are the default tests in the order they run.
var suiteTests = []test{
	{"PING_INLINE", []string{"ping_inline", "ping"}, func(s *suite) Sequence { return Inline("PING") }, nil, ""},
	{"PING_MBULK", []string{"ping_mbulk", "ping"}, func(s *suite) Sequence { return Command("PING") }, nil, ""},
	{"SET", []string{"set"}, func(s *suite) Sequence {
		return Command("SET", s.key(), s.data)
	}, nil, ""},
	{"GET", []string{"get"}, func(s *suite) Sequence {
		return Command("GET", s.key())
	}, nil, ""},
	{"INCR", []string{"incr"}, func(s *suite) Sequence {
		return Command("INCR", "counter"+s.tag+":__rand_int__")
	}, nil, ""},
	{"LPUSH", []string{"lpush"}, func(s *suite) Sequence {
		return Command("LPUSH", "mylist"+s.tag, s.data)
	}, nil, ""},
	{"RPUSH", []string{"rpush"}, func(s *suite) Sequence {
		return Command("RPUSH", "mylist"+s.tag, s.data)
	}, nil, ""},
	{"LPOP", []string{"lpop"}, func(s *suite) Sequence {
		return Command("LPOP", "mylist"+s.tag)
	}, nil, ""},
	{"RPOP", []string{"rpop"}, func(s *suite) Sequence {
		return Command("RPOP", "mylist"+s.tag)
	}, nil, ""},
	{"SADD", []string{"sadd"}, func(s *suite) Sequence {
		return Command("SADD", "myset"+s.tag, "element:__rand_int__")
	}, nil, ""},
	{"HSET", []string{"hset"}, func(s *suite) Sequence {
		return Command("HSET", "myhash"+s.tag, "element:__rand_int__", s.data)
	}, nil, ""},
	{"SPOP", []string{"spop"}, func(s *suite) Sequence {
		return Command("SPOP", "myset"+s.tag)
	}, nil, ""},
	{"ZADD", []string{"zadd"}, func(s *suite) Sequence {
		score := "0"
		if s.random {
			score = "__rand_int__"
		}
		return Command("ZADD", "myzset"+s.tag, score, "element:__rand_1st__")
	}, nil, ""},
	{"ZPOPMIN", []string{"zpopmin"}, func(s *suite) Sequence {
		return Command("ZPOPMIN", "myzset"+s.tag)
	}, nil, ""},
	{lrangeFill, []string{"lrange", "lrange_100", "lrange_300", "lrange_500", "lrange_600"}, func(s *suite) Sequence {
		return Command("LPUSH", "mylist"+s.tag, s.data)
	}, nil, ""},
	lrange(100), lrange(300), lrange(500), lrange(600),
	{"MSET (10 keys)", []string{"mset"}, func(s *suite) Sequence {
		args := []string{"MSET"}
		for range 10 {
			args = append(args, s.key(), s.data)
		}
		return Command(args...)
	}, nil, ""},
	{"MGET (10 keys)", []string{"mget"}, func(s *suite) Sequence {
		args := []string{"MGET"}
		for range 10 {
			args = append(args, s.key())
		}
		return Command(args...)
	}, nil, ""},
	{"XADD", []string{"xadd"}, func(s *suite) Sequence {
		return Command("XADD", "mystream"+s.tag, "*", "myfield", s.data)
	}, nil, ""},
	{"FUNCTION LOAD", []string{"function_load"}, func(s *suite) Sequence {
		return Command("function", "load", "replace", functionLibrary(s.numbered, false))
	}, nil, "function"},
	{"FCALL", []string{"fcall"}, func(s *suite) Sequence {
		args := []string{"fcall", "foo1", strconv.Itoa(s.keys)}
		for i := range s.keys {
			args = append(args, "key"+strconv.Itoa(i+1))
		}
		return Command(args...)
	}, func(s *suite) string { return functionLibrary(1, s.keys > 0) }, "fcall"},
}

func lrange(elements int) test {
	return test{
		title: fmt.Sprintf("LRANGE_%d (first %d elements)", elements, elements),
		names: []string{"lrange", fmt.Sprintf("lrange_%d", elements)},
		build: func(s *suite) Sequence {
			return Command("LRANGE", "mylist"+s.tag, "0", strconv.Itoa(elements-1))
		},
	}
}

func (s *suite) key() string { return "key" + s.tag + ":__rand_int__" }

// selectTests returns the tests that a comma separated list names, or all of
// them for an empty list.
func selectTests(list string) []test {
	if list == "" {
		return suiteTests
	}
	chosen := map[string]bool{}
	for name := range strings.SplitSeq(strings.ToLower(list), ",") {
		chosen[name] = true
	}
	var tests []test
	for _, t := range suiteTests {
		for _, name := range t.names {
			if chosen[name] {
				tests = append(tests, t)
				break
			}
		}
	}
	return tests
}

// functionLibrary is a library of so many trivial functions, foo1 the last.
func functionLibrary(functions int, withKeys bool) string {
	head, result := "()", "0"
	if withKeys {
		head, result = "(keys, args)", "keys[0]"
	}
	var b strings.Builder
	b.WriteString("#!lua name=benchlib\n")
	for i := functions; i > 0; i-- {
		fmt.Fprintf(&b, "local function foo%d%s\nreturn %s\nend\n", i, head, result)
		fmt.Fprintf(&b, "server.register_function('foo%d', foo%d)\n", i, i)
	}
	return b.String()
}

// payloads makes data that is the same in every process, so that two servers
// are measured with the same bytes.
type payloads struct{ state uint32 }

func newPayloads() *payloads { return &payloads{state: 1234} }

func (p *payloads) next(size int) string {
	data := make([]byte, size)
	for i := range data {
		p.state = p.state*1103515245 + 12345
		data[i] = '0' + byte(p.state>>16&63)
	}
	return string(data)
}

// customSequence reads commands as given on the command line:
//
//	[N] command args [";" [N] command args [...]]
//
// where N repeats a command and __data__ in an argument stands for a payload.
func customSequence(args []string, data *payloads, dataBytes int) Sequence {
	var sequence Sequence
	var command []string
	times := 1
	flush := func() {
		if len(command) > 0 {
			sequence = sequence.Append(Command(command...), times)
		}
		command, times = nil, 1
	}
	prefixed := false
	for _, arg := range args {
		switch {
		case arg == ";":
			flush()
			prefixed = false
		case len(command) == 0 && !prefixed && arg != "" && arg[0] >= '1' && arg[0] <= '9':
			times = leadingInt(arg)
			prefixed = true
		default:
			parts := strings.Split(arg, "__data__")
			for i := 1; i < len(parts); i++ {
				parts[i] = data.next(dataBytes) + parts[i]
			}
			command = append(command, strings.Join(parts, ""))
		}
	}
	flush()
	return sequence
}

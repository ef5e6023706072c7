package cli

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/kvasirdb/kvasir/internal/client"
)

// mode is what one invocation does. Each has a file of its own.
type mode uint8

const (
	modeCommand mode = iota // the command on the command line, or interactive without one
	modeUsage
	modeVersion
	modeLatency
	modeLatencyDist
	modeIntrinsicLatency
	modeStat
	modeScan
	modePipe
	modeBigKeys
	modeHotKeys
	modeLRUTest
	modeEval
	modeSnapshot
	modeReplica
	modeTestHint
	modeTestHintFile
	modeUnavailable
)

// options is the parsed command line.
type options struct {
	mode mode
	// unavailable is the option that asked for modeUnavailable.
	unavailable string

	host           string
	port           int
	socket         string // a unix socket's path; it wins over host and port
	user           string
	password       string
	hasPassword    bool
	askPassword    bool
	noAuthWarning  bool
	db             int
	connectTimeout time.Duration
	preferIPv4     bool
	preferIPv6     bool
	mptcp          bool
	tls            tlsOptions

	resp2 bool
	resp3 resp3Choice

	format      replyFormat
	formatGiven bool
	showPushes  *bool // nil: shown on a terminal

	repeat       int64 // negative: for ever
	interval     time.Duration
	lastArgStdin bool
	tagArgStdin  bool
	tag          string
	quotedInput  bool
	errorExit    bool
	cluster      bool
	verbose      bool

	latencyHistory   bool
	monochrome       bool
	intrinsicSeconds int
	pattern          string
	hasPattern       bool
	scanCount        int
	pipeTimeout      time.Duration
	memory           bool // with modeBigKeys: by memory instead of members
	memorySamples    int
	hotKeysCount     int
	script           string // the file of modeEval
	snapshot         string // the file of modeSnapshot, "-" for standard output
	functionsOnly    bool
	lruKeys          int64
	hint             string
}

type resp3Choice uint8

const (
	resp3No      resp3Choice = iota
	resp3Wished              // by --json: better, not needed
	resp3Decided             // by -3
)

const (
	defaultHost        = "127.0.0.1"
	defaultPort        = 6379
	defaultScanCount   = 10
	defaultPipeTimeout = 30 * time.Second
	defaultHotKeys     = 16
)

func defaultOptions() options {
	return options{
		host:         defaultHost,
		port:         defaultPort,
		format:       replyFormat{memberDelim: "\n", replyDelim: "\n"},
		repeat:       1,
		scanCount:    defaultScanCount,
		pipeTimeout:  defaultPipeTimeout,
		hotKeysCount: defaultHotKeys,
	}
}

// option is one name on the command line and what it does.
type option struct {
	names string // separated by spaces
	value func(o *options, text string) error
	flag  func(o *options)
}

// optionTable lists every option once. Those with a value function take the
// next word.
func optionTable() []option {
	unavailable := func(name string) option {
		return option{names: name, flag: func(o *options) { o.mode, o.unavailable = modeUnavailable, name }}
	}
	unavailableValue := func(name string) option {
		return option{names: name, value: func(o *options, _ string) error {
			o.mode, o.unavailable = modeUnavailable, name
			return nil
		}}
	}
	text := func(names string, field func(*options) *string) option {
		return option{names: names, value: func(o *options, v string) error { *field(o) = v; return nil }}
	}
	enter := func(names string, m mode) option {
		return option{names: names, flag: func(o *options) { o.mode = m }}
	}
	output := func(names string, m outputMode) option {
		return option{names: names, flag: func(o *options) {
			o.format.mode, o.formatGiven = m, true
			if (m == outputJSON || m == outputQuotedJSON) && o.resp3 == resp3No {
				o.resp3 = resp3Wished
			}
		}}
	}
	return []option{
		text("-h", func(o *options) *string { return &o.host }),
		{names: "-p", value: setPort},
		{names: "-t", value: setTimeout},
		text("-s", func(o *options) *string { return &o.socket }),
		{names: "-a --pass", value: func(o *options, v string) error {
			o.password, o.hasPassword = v, true
			return nil
		}},
		text("--user", func(o *options) *string { return &o.user }),
		{names: "--askpass", flag: func(o *options) { o.askPassword = true }},
		{names: "--no-auth-warning", flag: func(o *options) { o.noAuthWarning = true }},
		{names: "-u", value: setURI},
		{names: "-n", value: func(o *options, v string) error { o.db = leadingInt(v); return nil }},
		{names: "-4", flag: func(o *options) { o.preferIPv4 = true }},
		{names: "-6", flag: func(o *options) { o.preferIPv6 = true }},
		{names: "--mptcp", flag: func(o *options) { o.mptcp = true }},

		{names: "--tls", flag: func(o *options) { o.tls.enabled = true }},
		text("--sni", func(o *options) *string { return &o.tls.serverName }),
		text("--cacert", func(o *options) *string { return &o.tls.caFile }),
		text("--cacertdir", func(o *options) *string { return &o.tls.caDir }),
		text("--cert", func(o *options) *string { return &o.tls.certFile }),
		text("--key", func(o *options) *string { return &o.tls.keyFile }),
		{names: "--insecure", flag: func(o *options) { o.tls.insecure = true }},
		text("--tls-ciphers", func(o *options) *string { return &o.tls.ciphers }),
		text("--tls-ciphersuites", func(o *options) *string { return &o.tls.ciphers }),

		{names: "-2", flag: func(o *options) { o.resp2 = true }},
		{names: "-3", flag: func(o *options) { o.resp3 = resp3Decided }},
		output("--raw", outputRaw),
		output("--no-raw", outputStandard),
		output("--csv", outputCSV),
		output("--json", outputJSON),
		output("--quoted-json", outputQuotedJSON),
		text("-d", func(o *options) *string { return &o.format.memberDelim }),
		text("-D", func(o *options) *string { return &o.format.replyDelim }),
		{names: "--show-pushes", value: setShowPushes},

		{names: "-r", value: func(o *options, v string) error { o.repeat = int64(leadingInt(v)); return nil }},
		{names: "-i", value: setInterval},
		{names: "-x", flag: func(o *options) { o.lastArgStdin = true }},
		{names: "-X", value: func(o *options, v string) error { o.tagArgStdin, o.tag = true, v; return nil }},
		{names: "--quoted-input", flag: func(o *options) { o.quotedInput = true }},
		{names: "-e", flag: func(o *options) { o.errorExit = true }},
		{names: "-c", flag: func(o *options) { o.cluster = true }},
		{names: "--verbose", flag: func(o *options) { o.verbose = true }},
		enter("--help", modeUsage),
		enter("-v --version", modeVersion),

		enter("--latency", modeLatency),
		{names: "--latency-history", flag: func(o *options) { o.mode, o.latencyHistory = modeLatency, true }},
		enter("--latency-dist", modeLatencyDist),
		{names: "--mono", flag: func(o *options) { o.monochrome = true }},
		{names: "--intrinsic-latency", value: func(o *options, v string) error {
			o.mode, o.intrinsicSeconds = modeIntrinsicLatency, leadingInt(v)
			return nil
		}},
		enter("--stat", modeStat),
		enter("--scan", modeScan),
		{names: "--pattern", value: func(o *options, v string) error { o.pattern, o.hasPattern = v, true; return nil }},
		{names: "--quoted-pattern", value: setQuotedPattern},
		{names: "--count", value: func(o *options, v string) error { o.scanCount = leadingInt(v); return nil }},
		enter("--pipe", modePipe),
		{names: "--pipe-timeout", value: func(o *options, v string) error {
			o.pipeTimeout = time.Duration(leadingInt(v)) * time.Second
			return nil
		}},
		{names: "--bigkeys", flag: func(o *options) { o.mode, o.memory = modeBigKeys, false }},
		{names: "--memkeys", flag: func(o *options) { o.mode, o.memory = modeBigKeys, true }},
		{names: "--memkeys-samples", value: func(o *options, v string) error {
			o.mode, o.memory, o.memorySamples = modeBigKeys, true, leadingInt(v)
			return nil
		}},
		enter("--hotkeys", modeHotKeys),
		{names: "--hotkeys-count", value: func(o *options, v string) error {
			o.mode, o.hotKeysCount = modeHotKeys, leadingInt(v)
			return nil
		}},
		{names: "--eval", value: func(o *options, v string) error { o.mode, o.script = modeEval, v; return nil }},
		{names: "--lru-test", value: func(o *options, v string) error {
			o.mode, o.lruKeys = modeLRUTest, int64(leadingInt(v))
			return nil
		}},
		{names: "--rdb", value: func(o *options, v string) error { o.mode, o.snapshot = modeSnapshot, v; return nil }},
		{names: "--functions-rdb", value: func(o *options, v string) error {
			o.mode, o.snapshot, o.functionsOnly = modeSnapshot, v, true
			return nil
		}},
		enter("--replica --slave", modeReplica),
		{names: "--test_hint", value: func(o *options, v string) error { o.mode, o.hint = modeTestHint, v; return nil }},
		{names: "--test_hint_file", value: func(o *options, v string) error {
			o.mode, o.hint = modeTestHintFile, v
			return nil
		}},

		unavailable("--ldb"),
		unavailable("--ldb-sync-mode"),
		unavailableValue("--cluster"),
	}
}

// parseOptions reads the options ahead of the command and returns the command.
// The name is the program's, for messages.
func parseOptions(args []string) (options, []string, error) {
	o := defaultOptions()
	table := make(map[string]option)
	for _, entry := range optionTable() {
		for _, name := range strings.Fields(entry.names) {
			table[name] = entry
		}
	}
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		name := args[0]
		entry, known := table[name]
		switch {
		case name == "-h" && len(args) == 1:
			// The host's option alone is a cry for help.
			o.mode = modeUsage
			return o, nil, nil
		case known && entry.flag != nil:
			entry.flag(&o)
			args = args[1:]
		case known && len(args) > 1:
			if err := entry.value(&o, args[1]); err != nil {
				return options{}, nil, err
			}
			args = args[2:]
		default:
			return options{}, nil, fmt.Errorf("Unrecognized option or bad number of args for: '%s'", name)
		}
		switch o.mode {
		case modeUsage, modeVersion, modeUnavailable:
			// What follows belongs to a mode that will not run.
			return o, nil, nil
		}
	}
	return o, args, o.check()
}

// check refuses options that contradict each other.
func (o *options) check() error {
	for _, pair := range []struct {
		both bool
		what string
	}{
		{o.socket != "" && o.cluster, "Options -c and -s are mutually exclusive."},
		{o.resp2 && o.resp3 == resp3Decided, "Options -2 and -3 are mutually exclusive."},
		{o.lastArgStdin && o.tagArgStdin, "Options -x and -X are mutually exclusive."},
		{o.preferIPv4 && o.preferIPv6, "Options -4 and -6 are mutually exclusive."},
		{o.mptcp && o.socket != "", "Options --mptcp is only supported by TCP."},
	} {
		if pair.both {
			return errors.New(pair.what)
		}
	}
	return nil
}

func setPort(o *options, v string) error {
	o.port = leadingInt(v)
	if o.port == 0 && v != "0" || o.port < 0 || o.port > math.MaxUint16 {
		return errors.New("Invalid server port.")
	}
	return nil
}

func setTimeout(o *options, v string) error {
	seconds, err := strconv.ParseFloat(v, 64)
	if err != nil || !(seconds >= 0 && seconds <= math.MaxInt32) {
		return errors.New("Invalid connection timeout for -t.")
	}
	o.connectTimeout = time.Duration(seconds * float64(time.Second))
	return nil
}

func setInterval(o *options, v string) error {
	seconds, err := strconv.ParseFloat(v, 64)
	if err != nil || !(seconds >= 0 && seconds <= math.MaxInt32) {
		return errors.New("Invalid interval for -i.")
	}
	o.interval = time.Duration(seconds * float64(time.Second))
	return nil
}

func setURI(o *options, v string) error {
	u, err := client.ParseURI(v)
	if err != nil {
		return err
	}
	if u.TLS {
		o.tls.enabled = true
	}
	if u.Host != "" {
		o.host = u.Host
	}
	if u.Port != 0 {
		o.port = u.Port
	}
	if u.Socket != "" {
		o.socket = u.Socket
	}
	if u.User != "" {
		o.user = u.User
	}
	if u.Password != "" {
		o.password, o.hasPassword = u.Password, true
	}
	o.db = u.DB
	return nil
}

func setShowPushes(o *options, v string) error {
	show := false
	switch {
	case hasPrefixFold(v, "y"):
		show = true
	case hasPrefixFold(v, "n"):
	default:
		return fmt.Errorf("Unknown --show-pushes value '%s' (valid: '[y]es', '[n]o')", v)
	}
	o.showPushes = &show
	return nil
}

func setQuotedPattern(o *options, v string) error {
	pattern, err := unquoteOne(v)
	if err != nil {
		return errors.New("Invalid quoted string specified for --quoted-pattern.")
	}
	o.pattern, o.hasPattern = pattern, true
	return nil
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// leadingInt reads the number at the start of a text and takes 0 for none:
// scripts rely on options being this lenient.
func leadingInt(s string) int {
	s = strings.TrimLeft(s, " \t")
	end := 0
	for end < len(s) && (s[end] >= '0' && s[end] <= '9' || end == 0 && (s[end] == '-' || s[end] == '+')) {
		end++
	}
	n, err := strconv.Atoi(s[:end])
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0
	}
	return n
}

package loadgen

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"strconv"
	"time"

	"github.com/kvasirdb/kvasir/internal/client"
)

// options is the command line.
type options struct {
	host   string
	port   int
	socket string
	tls    tlsOptions

	user       string
	password   string
	db         int
	resp3      bool
	tracking   bool
	clusterOn  bool
	from       ReadFrom
	mptcp      bool
	clients    int
	threads    int
	requests   int // negative: not given
	duration   int // seconds; negative: not given
	warmup     int // seconds
	dataBytes  int
	reconnect  bool
	pipeline   int
	keyspace   int64 // 0: placeholders stay
	sequential bool
	rps        int
	precision  int
	seed       uint64

	quiet     bool
	csv       bool
	forever   bool
	idle      bool
	stdinArg  bool
	tests     string
	testsSet  bool
	functions int
	fcallKeys int

	command []string
}

// Errors of parseOptions that are not about an option.
var (
	errHelp    = errors.New("help asked for")
	errVersion = errors.New("version asked for")
)

// invalidOption is an unknown option, or one without its argument.
type invalidOption string

func (o invalidOption) Error() string {
	return fmt.Sprintf("Invalid option \"%s\" or option argument missing", string(o))
}

const (
	dataBytesMax     = 1 << 30
	threadsMax       = 500
	cliPrecisionMax  = 4
	defaultRequests  = 100000
	fuzzUnavailable  = "The fuzzing modes of the benchmark are not available in this version."
	exclusiveBounds  = "Options -n and --duration are mutually exclusive."
	tlsSuitesIgnored = "WARNING: TLSv1.3 ciphersuites cannot be chosen; all of them are offered."
)

// parseOptions reads a command line. Warnings go to stderr.
func parseOptions(args []string, seed uint64, stderr io.Writer) (*options, error) {
	o := &options{
		host: "127.0.0.1", port: 6379,
		clients: 50, requests: -1, duration: -1,
		dataBytes: 3, pipeline: 1, precision: defaultPrecision, seed: seed,
		functions: 10, fcallKeys: 1,
	}
	for i := 0; i < len(args); i++ {
		name := args[i]
		if name == "--" {
			o.command = args[i+1:]
			return o, nil
		}
		if len(name) == 0 || name[0] != '-' {
			o.command = args[i:]
			return o, nil
		}
		if set, ok := flagOptions[name]; ok {
			if err := set(o, stderr); err != nil {
				return nil, err
			}
			continue
		}
		set, ok := valueOptions[name]
		if !ok || i+1 == len(args) {
			return nil, invalidOption(name)
		}
		i++
		if err := set(o, args[i], stderr); err != nil {
			if err == errInvalidValue {
				err = invalidOption(args[i])
			}
			return nil, err
		}
	}
	return o, nil
}

var errInvalidValue = errors.New("invalid option value")

// flagOptions take no argument.
var flagOptions = map[string]func(o *options, stderr io.Writer) error{
	"--help":            func(o *options, _ io.Writer) error { return errHelp },
	"-v":                func(o *options, _ io.Writer) error { return errVersion },
	"--version":         func(o *options, _ io.Writer) error { return errVersion },
	"-x":                func(o *options, _ io.Writer) error { o.stdinArg = true; return nil },
	"-3":                func(o *options, _ io.Writer) error { o.resp3 = true; return nil },
	"--sequential":      func(o *options, _ io.Writer) error { o.sequential = true; return nil },
	"-q":                func(o *options, _ io.Writer) error { o.quiet = true; return nil },
	"--csv":             func(o *options, _ io.Writer) error { o.csv = true; return nil },
	"-l":                func(o *options, _ io.Writer) error { o.forever = true; return nil },
	"-I":                func(o *options, _ io.Writer) error { o.idle = true; return nil },
	"--cluster":         func(o *options, _ io.Writer) error { o.clusterOn = true; return nil },
	"--enable-tracking": func(o *options, _ io.Writer) error { o.tracking = true; return nil },
	"--mptcp":           func(o *options, _ io.Writer) error { o.mptcp = true; return nil },
	"--tls":             func(o *options, _ io.Writer) error { o.tls.on = true; return nil },
	"--insecure":        func(o *options, _ io.Writer) error { o.tls.insecure = true; return nil },
	"--fuzz":            func(o *options, _ io.Writer) error { return errors.New(fuzzUnavailable) },
	"-e": func(o *options, stderr io.Writer) error {
		fmt.Fprintln(stderr, "WARNING: -e option has no effect. "+
			"We now immediately exit on error to avoid false results.")
		return nil
	},
}

// valueOptions take one argument.
var valueOptions = map[string]func(o *options, value string, stderr io.Writer) error{
	"-h":     setString(func(o *options) *string { return &o.host }),
	"-s":     setString(func(o *options) *string { return &o.socket }),
	"-a":     setString(func(o *options) *string { return &o.password }),
	"--user": setString(func(o *options) *string { return &o.user }),
	"-p": func(o *options, value string, _ io.Writer) error {
		o.port = leadingInt(value)
		return o.checkPort()
	},
	"-u":      (*options).setURI,
	"--dbnum": setInt(func(o *options) *int { return &o.db }),

	"-c":        setInt(func(o *options) *int { return &o.clients }),
	"--warmup":  setInt(func(o *options) *int { return &o.warmup }),
	"--rps":     setInt(func(o *options) *int { return &o.rps }),
	"--threads": (*options).setThreads,
	"-n": func(o *options, value string, _ io.Writer) error {
		if o.duration > 0 {
			return errors.New(exclusiveBounds)
		}
		o.requests = leadingInt(value)
		return nil
	},
	"--duration": func(o *options, value string, _ io.Writer) error {
		if o.requests > 0 {
			return errors.New(exclusiveBounds)
		}
		o.duration = leadingInt(value)
		return nil
	},
	"-k": func(o *options, value string, _ io.Writer) error {
		o.reconnect = leadingInt(value) == 0
		return nil
	},
	"-d": func(o *options, value string, _ io.Writer) error {
		o.dataBytes = min(max(leadingInt(value), 1), dataBytesMax)
		return nil
	},
	"-P": func(o *options, value string, _ io.Writer) error {
		o.pipeline = max(leadingInt(value), 1)
		return nil
	},
	"-r": func(o *options, value string, _ io.Writer) error {
		if len(value) > 0 && value[0] == '-' && (len(value) == 1 || value[1] < '0' || value[1] > '9') {
			return errInvalidValue
		}
		// A keyspace of nothing still replaces the placeholders: by 0.
		o.keyspace = int64(max(leadingInt(value), 1))
		return nil
	},
	"--seed": func(o *options, value string, _ io.Writer) error {
		o.seed = uint64(leadingInt(value))
		return nil
	},
	"--precision": func(o *options, value string, _ io.Writer) error {
		o.precision = leadingInt(value)
		if o.precision < 0 {
			o.precision = defaultPrecision
		}
		// A histogram has at least one significant digit.
		o.precision = min(max(o.precision, 1), cliPrecisionMax)
		return nil
	},
	"-t": func(o *options, value string, _ io.Writer) error {
		o.tests, o.testsSet = value, true
		return nil
	},
	"--rfr": func(o *options, value string, _ io.Writer) error {
		switch value {
		case "no":
			o.from = PrimaryOnly
		case "yes":
			o.from = ReplicaOnly
		case "all":
			o.from = AllNodes
		default:
			return errInvalidValue
		}
		return nil
	},
	"--num-functions":     setInt(func(o *options) *int { return &o.functions }),
	"--num-keys-in-fcall": setInt(func(o *options) *int { return &o.fcallKeys }),

	"--sni":         setString(func(o *options) *string { return &o.tls.serverName }),
	"--cacert":      setString(func(o *options) *string { return &o.tls.caFile }),
	"--cacertdir":   setString(func(o *options) *string { return &o.tls.caDir }),
	"--cert":        setString(func(o *options) *string { return &o.tls.certFile }),
	"--key":         setString(func(o *options) *string { return &o.tls.keyFile }),
	"--tls-ciphers": setString(func(o *options) *string { return &o.tls.ciphers }),
	"--tls-ciphersuites": func(o *options, value string, stderr io.Writer) error {
		fmt.Fprintln(stderr, tlsSuitesIgnored)
		return nil
	},
	"--fuzz-mode":     func(o *options, _ string, _ io.Writer) error { return errors.New(fuzzUnavailable) },
	"--fuzz-loglevel": func(o *options, _ string, _ io.Writer) error { return errors.New(fuzzUnavailable) },
}

func setString(field func(*options) *string) func(*options, string, io.Writer) error {
	return func(o *options, value string, _ io.Writer) error {
		*field(o) = value
		return nil
	}
}

func setInt(field func(*options) *int) func(*options, string, io.Writer) error {
	return func(o *options, value string, _ io.Writer) error {
		*field(o) = max(leadingInt(value), 0)
		return nil
	}
}

func (o *options) setThreads(value string, stderr io.Writer) error {
	o.threads = max(leadingInt(value), 0)
	if o.threads > threadsMax {
		fmt.Fprintf(stderr, "WARNING: Too many threads, limiting threads to %d.\n", threadsMax)
		o.threads = threadsMax
	}
	return nil
}

// setURI lays what a URI says over the options.
func (o *options) setURI(value string, _ io.Writer) error {
	uri, err := client.ParseURI(value)
	if err != nil {
		return err
	}
	o.tls.on = o.tls.on || uri.TLS
	if uri.Host != "" {
		o.host = uri.Host
	}
	if uri.Port != 0 {
		o.port = uri.Port
	}
	if uri.Socket != "" {
		o.socket = uri.Socket
	}
	if uri.User != "" {
		o.user = uri.User
	}
	if uri.Password != "" {
		o.password = uri.Password
	}
	o.db = uri.DB
	return o.checkPort()
}

func (o *options) checkPort() error {
	if o.port < 0 || o.port > math.MaxUint16 {
		return errors.New("Invalid server port.") //nolint:staticcheck // Valkey's text
	}
	return nil
}

// endpoint returns where the server is.
func (o *options) endpoint() (network, addr string) {
	if o.socket != "" {
		return "unix", o.socket
	}
	return "tcp", net.JoinHostPort(o.host, strconv.Itoa(o.port))
}

// config returns the part of a run's configuration that all tests share.
func (o *options) config() Config {
	network, addr := o.endpoint()
	c := Config{
		Network: network, Addr: addr, MultipathTCP: o.mptcp,
		User: o.user, Password: o.password, DB: o.db, Resp3: o.resp3, Tracking: o.tracking,
		Clients: o.clients, Threads: o.threads, Pipeline: o.pipeline,
		Keyspace: o.keyspace, Seed: o.seed,
		Warmup:            time.Duration(o.warmup) * time.Second,
		RequestsPerSecond: o.rps, Reconnect: o.reconnect, Idle: o.idle, Precision: o.precision,
	}
	if o.sequential {
		c.Counters = new(Counters)
	}
	switch {
	case o.duration > 0:
		c.Duration = time.Duration(o.duration) * time.Second
	case o.requests >= 0:
		c.Requests = int64(o.requests)
	default:
		c.Requests = defaultRequests
	}
	return c
}

// leadingInt reads numbers as C's atoi does: what follows the digits does not
// count, and text without digits is 0.
func leadingInt(text string) int {
	end := 0
	if end < len(text) && (text[end] == '-' || text[end] == '+') {
		end++
	}
	for end < len(text) && text[end] >= '0' && text[end] <= '9' {
		end++
	}
	n, err := strconv.ParseInt(text[:end], 10, 32)
	if errors.Is(err, strconv.ErrRange) {
		// ParseInt answers with the nearest number there is.
		return int(n)
	}
	if err != nil {
		return 0
	}
	return int(n)
}

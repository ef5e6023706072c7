package loadgen

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/kvasirdb/kvasir/internal/client"
	"github.com/kvasirdb/kvasir/internal/version"
)

// Main is the benchmark command. It returns the exit status.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return runCommand(context.Background(), args, stdin, stdout, stderr)
}

// runCommand is Main, ended by ctx.
func runCommand(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	o, err := parseOptions(args, uint64(time.Now().UnixNano()), stderr)
	var invalid invalidOption
	switch {
	case errors.Is(err, errHelp):
		io.WriteString(stdout, usage)
		return 0
	case errors.Is(err, errVersion):
		fmt.Fprintf(stdout, "valkey-benchmark %s\n", version.Valkey)
		return 0
	case errors.As(err, &invalid):
		fmt.Fprintf(stdout, "%s\n\n%s", invalid, usage)
		return 1
	}
	if err == nil {
		b := &bench{options: o, stdin: stdin, stdout: stdout, stderr: stderr}
		err = b.run(ctx)
	}
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}

// bench is one invocation of the command.
type bench struct {
	options        *options
	stdin          io.Reader
	stdout, stderr io.Writer

	config  Config
	control client.Options // for everything that is not measured
	printer printer
}

func (b *bench) run(ctx context.Context) error {
	o := b.options
	if o.mptcp && o.socket != "" {
		return errors.New("Options --mptcp is only supported by TCP") //nolint:staticcheck // Valkey's text
	}
	if err := b.configure(ctx); err != nil {
		return err
	}
	if o.reconnect {
		b.warn("WARNING: Keepalive disabled. You probably need " +
			"'echo 1 > /proc/sys/net/ipv4/tcp_tw_reuse' for Linux and " +
			"'sudo sysctl -w net.inet.tcp.msl=1000' for Mac OS X in order " +
			"to use a lot of clients/requests")
	}
	if len(o.command) > 0 && o.testsSet {
		b.warn("WARNING: Option -t is ignored.")
	}
	if o.idle {
		fmt.Fprintf(b.stdout, "Creating %d idle connections and waiting forever (Ctrl+C when done)\n", o.clients)
		return b.measure(ctx, "", Sequence{}, 0)
	}
	if o.csv {
		fmt.Fprintln(b.stdout, csvHeader)
	}
	if len(o.command) > 0 {
		return b.runCommands(ctx)
	}
	return b.runSuite(ctx)
}

// configure finds out about the server and fills in what the runs share.
func (b *bench) configure(ctx context.Context) error {
	o := b.options
	secure, err := o.tls.config()
	if err != nil {
		return err
	}
	b.config = o.config()
	b.config.TLS = secure
	b.control = client.Options{
		Network: b.config.Network, Addr: b.config.Addr, TLS: secure,
		User: o.user, Password: o.password, DialTimeout: connectTimeout,
	}
	b.printer = printer{out: b.stdout, options: o}
	if o.clusterOn {
		return b.discover(ctx)
	}
	settings, err := b.fetchSettings(ctx, b.config.Addr)
	if err != nil {
		return err
	}
	if settings == nil {
		b.warn("WARNING: Could not fetch server CONFIG")
	}
	b.printer.settings = []*serverSettings{settings}
	return nil
}

func (b *bench) discover(ctx context.Context) error {
	o := b.options
	cluster, err := DiscoverCluster(ctx, b.control, o.from, b.warn)
	if err != nil {
		return fmt.Errorf("Failed to fetch cluster configuration from %s: %w", b.config.Addr, b.explain(b.config.Addr, err)) //nolint:staticcheck // Valkey's text
	}
	fmt.Fprintf(b.stdout, "Cluster has %d %s nodes:\n\n", len(cluster.nodes), o.from.roles())
	for i, node := range cluster.nodes {
		role := "Primary"
		if node.replica {
			role = "Replica"
		}
		fmt.Fprintf(b.stdout, "Node %d(%s): %s %s\n", i, role, node.id, node.addr)
		settings, err := b.fetchSettings(ctx, node.addr)
		if err != nil {
			return err
		}
		if settings == nil {
			b.warn("WARNING: Could not fetch node CONFIG " + node.addr)
		}
		b.printer.settings = append(b.printer.settings, settings)
	}
	fmt.Fprintln(b.stdout)
	if o.threads == 0 {
		o.threads = len(cluster.nodes)
		b.config.Threads = o.threads
	}
	b.config.Cluster = cluster
	b.printer.cluster = cluster
	return nil
}

// fetchSettings asks a server for the settings that reports show. It returns
// nil where the server does not tell, and an error where it cannot be talked to.
func (b *bench) fetchSettings(ctx context.Context, addr string) (*serverSettings, error) {
	options := b.control
	options.Addr = addr
	conn, err := client.Dial(ctx, options)
	if err != nil {
		return nil, b.explain(addr, err)
	}
	defer conn.Close()
	var settings serverSettings
	for name, field := range map[string]*string{"save": &settings.save, "appendonly": &settings.appendonly} {
		reply, err := conn.Do(ctx, "CONFIG", "GET", name)
		if err != nil {
			return nil, err
		}
		if reply.Kind == client.Error && strings.HasPrefix(reply.Str, "NOAUTH") {
			return nil, b.explain(addr, reply.Err())
		}
		value, found := reply.Lookup(name)
		if !found {
			return nil, nil
		}
		*field = value.Text()
	}
	return &settings, nil
}

// explain words a failure to talk to a server.
func (b *bench) explain(addr string, err error) error {
	var refusal client.ServerError
	if errors.As(err, &refusal) {
		return fmt.Errorf("Node %s replied with error:\n%s", addr, string(refusal)) //nolint:staticcheck // Valkey's text
	}
	return &ConnectError{Addr: addr, Err: err}
}

// runCommands measures the commands given on the command line.
func (b *bench) runCommands(ctx context.Context) error {
	o := b.options
	title := strings.Join(o.command, " ")
	args := o.command
	if o.stdinArg {
		last, err := io.ReadAll(b.stdin)
		if err != nil {
			return fmt.Errorf("Error reading from standard input: %w", err) //nolint:staticcheck // a message for users
		}
		args = append(args[:len(args):len(args)], string(last))
	}
	sequence := customSequence(args, newPayloads(), o.dataBytes)
	for {
		if err := b.measure(ctx, title, sequence, sequence.Bytes()); err != nil || !o.forever {
			return err
		}
	}
}

// runSuite measures the tests chosen.
func (b *bench) runSuite(ctx context.Context) error {
	o := b.options
	s := &suite{random: o.keyspace > 0, numbered: o.functions, keys: o.fcallKeys}
	if o.clusterOn {
		s.tag = ":" + slotTag
	}
	data := newPayloads()
	for {
		s.data = data.next(o.dataBytes)
		for _, t := range selectTests(o.tests) {
			if t.needs != "" && !o.testsSet {
				if has, err := b.serverHas(ctx, t.needs); err != nil {
					return err
				} else if !has {
					b.warn(fmt.Sprintf("%s is left out: the server does not have the command %s", t.title, t.needs))
					continue
				}
			}
			if t.library != nil {
				if err := b.loadLibrary(ctx, t.library(s)); err != nil {
					return err
				}
			}
			if err := b.measure(ctx, t.title, t.build(s), o.dataBytes); err != nil {
				return err
			}
		}
		if !o.csv {
			fmt.Fprintln(b.stdout)
		}
		if !o.forever {
			return nil
		}
	}
}

// serverHas reports whether the server has a command. One that does not say
// counts as having it.
func (b *bench) serverHas(ctx context.Context, command string) (bool, error) {
	conn, err := client.Dial(ctx, b.control)
	if err != nil {
		return false, b.explain(b.control.Addr, err)
	}
	defer conn.Close()
	reply, err := conn.Do(ctx, "COMMAND", "INFO", command)
	if err != nil {
		return false, err
	}
	return len(reply.Elems) != 1 || !reply.Elems[0].IsNull(), nil
}

func (b *bench) loadLibrary(ctx context.Context, code string) error {
	conn, err := client.Dial(ctx, b.control)
	if err != nil {
		return b.explain(b.control.Addr, err)
	}
	defer conn.Close()
	reply, err := conn.Do(ctx, "FUNCTION", "LOAD", "REPLACE", code)
	if err != nil {
		return err
	}
	if reply.Kind == client.Error {
		return &ServerError{Text: reply.Str}
	}
	return nil
}

// measure runs one measurement and reports it.
func (b *bench) measure(ctx context.Context, title string, sequence Sequence, payloadBytes int) error {
	config := b.config
	config.Sequence = sequence
	b.printer.title, b.printer.payloadBytes = title, payloadBytes
	result, err := Run(ctx, config, b.printer.progress)
	if err != nil {
		return err
	}
	b.printer.result(result)
	return nil
}

func (b *bench) warn(text string) { fmt.Fprintln(b.stderr, text) }

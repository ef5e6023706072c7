// Package cli is the command line client, `kvasir cli`: what valkey-cli is to
// Valkey, with the same options, output and exit status.
//
// One invocation has one mode, chosen by the options. A command runs once or
// interactively (interactive.go); the other modes watch or sample a server, or
// feed it (stat, latency, scan, pipe, bigkeys, hotkeys), each in the file of
// its name.
//
// Vocabulary:
//
//	app       one invocation: its streams, options and mode
//	session   the conversation with a server, across reconnections
//	link      one connection and the goroutine that reads it
//	console   standard output, also while the terminal is raw
//	help      the server's own documentation of its commands (COMMAND DOCS),
//	          which serves `help`, completion and hints
//
// Messages that scripts and people know from valkey-cli are kept word for word.
package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/kvasirdb/kvasir/internal/client"
	"github.com/kvasirdb/kvasir/internal/version"
	"golang.org/x/term"
)

// exitInterrupted is what a shell reports for a program that Ctrl-C killed.
const exitInterrupted = 130

// Version is what --version and help print.
const Version = version.Valkey

// app is one invocation.
type app struct {
	opts    options
	format  replyFormat
	env     environment
	stdin   io.Reader
	input   *input // stdin, once something waits for it beside other events
	console *console
	errOut  io.Writer
	session *session
	help    *help
	// builtinDocs is Program.Docs.
	builtinDocs func() client.Value

	stdoutTTY   bool
	showPushes  bool
	interactive bool
	// interrupts delivers Ctrl-C where the mode handles it; nil otherwise, and
	// then Ctrl-C ends the process.
	interrupts chan os.Signal
	now        func() time.Time
	random     func() uint64
}

// Main runs the client and returns its exit status. args is the command line
// without the program's name, variables the environment as os.Environ returns
// it. A terminal is recognized where stdin or stdout is an *os.File. Reading
// stdin may go on in the background after Main has returned.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer, variables []string) int {
	return Program{}.Main(args, stdin, stdout, stderr, variables)
}

// Program is the client with what it can be given from outside.
type Program struct {
	// Docs, if set, returns a COMMAND DOCS reply for where the server gives none:
	// it is down, too old, or does not let this user ask.
	Docs func() client.Value
}

// Main is the function Main for this program.
func (p Program) Main(args []string, stdin io.Reader, stdout, stderr io.Writer, variables []string) int {
	a := newApp(stdin, stdout, stderr, variables)
	a.builtinDocs = p.Docs
	return a.main(args)
}

func newApp(stdin io.Reader, stdout, stderr io.Writer, variables []string) *app {
	a := &app{
		env:     newEnvironment(variables),
		stdin:   stdin,
		console: &console{w: bufio.NewWriter(stdout)},
		errOut:  stderr,
		now:     time.Now,
		random:  rand.Uint64,
	}
	_, a.stdoutTTY = terminal(stdout)
	if _, pretend := a.env["FAKETTY"]; pretend {
		a.stdoutTTY = true
	}
	return a
}

func (a *app) main(args []string) int {
	defer a.console.flush()
	opts, command, err := parseOptions(args)
	if err != nil {
		return a.status(err)
	}
	a.opts = opts
	return a.status(a.run(command))
}

// status turns a mode's error into an exit status.
func (a *app) status(err error) int {
	var exit exitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return int(exit)
	case errors.Is(err, errReported):
		return 1
	case errors.Is(err, errInterrupted):
		return exitInterrupted
	}
	a.console.flush()
	fmt.Fprintln(a.errOut, err)
	return 1
}

// run prepares what all modes share and runs the one that was asked for.
func (a *app) run(command []string) error {
	switch a.opts.mode {
	case modeUsage:
		a.print([]byte(usageText()))
		return nil
	case modeVersion:
		a.printf("valkey-cli %s\n", Version)
		return nil
	case modeUnavailable:
		return fmt.Errorf("Option %s is not available in this version.", a.opts.unavailable)
	case modeIntrinsicLatency:
		return a.intrinsicLatency()
	}
	a.chooseFormat()
	if err := a.choosePassword(); err != nil {
		return err
	}
	config, err := a.opts.tls.config()
	if err != nil {
		return fmt.Errorf("Could not negotiate a TLS connection: %w", err)
	}
	a.session = newSession(a, &a.opts, config)
	defer a.session.disconnect()
	a.help = newHelp(a)

	switch a.opts.mode {
	case modeTestHint:
		return a.testHint(a.opts.hint)
	case modeTestHintFile:
		return a.testHintFile(a.opts.hint)
	case modeEval:
		return a.eval(command)
	case modeCommand:
		if len(command) == 0 {
			return a.runInteractive()
		}
		return a.runCommand(command)
	}
	if err := a.session.connect(false); err != nil {
		return errReported
	}
	switch a.opts.mode {
	case modeLatency:
		return a.latency()
	case modeLatencyDist:
		return a.latencyDist()
	case modeStat:
		return a.stat()
	case modeScan:
		return a.scan()
	case modePipe:
		return a.pipe()
	case modeBigKeys:
		return a.bigKeys()
	case modeHotKeys:
		return a.hotKeys()
	case modeLRUTest:
		return a.lruTest()
	case modeSnapshot:
		return a.snapshot()
	case modeReplica:
		return a.replica()
	}
	return fmt.Errorf("mode %d has no function", a.opts.mode)
}

// errReported ends the program after the message has been printed.
var errReported = errors.New("failed")

func (a *app) chooseFormat() {
	a.format = a.opts.format
	if !a.opts.formatGiven && !a.stdoutTTY {
		a.format.mode = outputRaw
	}
	a.showPushes = a.stdoutTTY
	if a.opts.showPushes != nil {
		a.showPushes = *a.opts.showPushes
	}
}

// choosePassword takes the password from the command line, the environment or
// the keyboard.
func (a *app) choosePassword() error {
	if a.opts.hasPassword && !a.opts.noAuthWarning {
		fmt.Fprintln(a.errOut, "Warning: Using a password with '-a' or '-u' option on the command"+
			" line interface may not be safe.")
	}
	if password, ok := a.env.either("AUTH"); ok && !a.opts.hasPassword {
		a.opts.password, a.opts.hasPassword = password, true
	}
	if !a.opts.askPassword {
		return nil
	}
	password, err := a.readPassword("Please input password: ")
	if err != nil {
		return err
	}
	a.opts.password, a.opts.hasPassword = password, true
	return nil
}

func (a *app) readPassword(prompt string) (string, error) {
	fd, isTerminal := terminal(a.stdin)
	if !isTerminal {
		line, err := readLineFrom(a.stdin)
		return line, err
	}
	fmt.Fprint(a.errOut, prompt)
	password, err := term.ReadPassword(fd)
	fmt.Fprintln(a.errOut)
	return string(password), err
}

// readLineFrom reads one line byte by byte: what follows is for the command.
func readLineFrom(r io.Reader) (string, error) {
	var line []byte
	one := make([]byte, 1)
	for len(line) < lineBytesMax {
		n, err := r.Read(one)
		if n > 0 && one[0] == '\n' {
			break
		}
		line = append(line, one[:n]...)
		if err == io.EOF {
			break
		}
		if err != nil {
			return "", err
		}
	}
	return strings.TrimSuffix(string(line), "\r"), nil
}

// runCommand runs the command given as arguments.
func (a *app) runCommand(args []string) error {
	args, err := a.commandArgs(args)
	if err != nil {
		return err
	}
	return a.runArgs(args)
}

// runArgs runs a command, and prints messages for as long as it has subscribed
// to any.
func (a *app) runArgs(args []string) error {
	// A failure to connect is reported when the command tries again.
	_ = a.session.connect(true)
	if err := a.session.execute(args, a.opts.repeat); err != nil {
		if _, exit := err.(exitError); exit {
			return err
		}
		return errReported
	}
	for a.session.subscribed {
		v, err := a.session.receive()
		if err != nil {
			return a.session.lost(err)
		}
		if a.session.isSubscriptionMessage(v) {
			a.session.countSubscriptions(v)
		}
		a.print(a.format.reply(v, false))
	}
	return nil
}

// commandArgs applies --quoted-input, -x and -X to the arguments.
func (a *app) commandArgs(args []string) ([]string, error) {
	args = append([]string(nil), args...)
	if a.opts.quotedInput {
		for i, arg := range args {
			text, err := unquoteOne(arg)
			if err != nil {
				a.printf("Invalid quoted string\n")
				return nil, errReported
			}
			args[i] = text
		}
	}
	place := len(args)
	switch {
	case a.opts.lastArgStdin:
		args = append(args, "")
	case a.opts.tagArgStdin:
		for place = 0; place < len(args) && args[place] != a.opts.tag; place++ {
		}
		if place == len(args) {
			return nil, errors.New("Using -X option but stdin tag not match.")
		}
	default:
		return args, nil
	}
	data, err := io.ReadAll(a.stdin)
	if err != nil {
		return nil, fmt.Errorf("Reading from standard input: %w", err)
	}
	args[place] = string(data)
	return args, nil
}

// handleInterrupts makes Ctrl-C an event of this mode until release is called.
func (a *app) handleInterrupts() (release func()) {
	if a.interrupts == nil {
		a.interrupts = make(chan os.Signal, 1)
	}
	signal.Notify(a.interrupts, os.Interrupt)
	return func() { signal.Stop(a.interrupts) }
}

// interrupted tells, without waiting, whether Ctrl-C was pressed.
func (a *app) interrupted() bool {
	select {
	case <-a.interrupts:
		return true
	default:
		return false
	}
}

// pause waits, and is ended by Ctrl-C where the mode handles it.
func (a *app) pause(d time.Duration) error {
	a.console.flush()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-a.interrupts:
		return errInterrupted
	}
}

// print writes to standard output at once.
func (a *app) print(p []byte) {
	a.console.Write(p)
	a.console.flush()
}

func (a *app) printf(format string, args ...any) {
	fmt.Fprintf(a.console, format, args...)
	a.console.flush()
}

// console is standard output. While the terminal is raw it returns the
// carriage itself.
type console struct {
	w   *bufio.Writer
	raw bool
}

// Write never fails: an output that went away shows when the program next
// flushes, and there is nowhere to report it.
func (c *console) Write(p []byte) (int, error) {
	if !c.raw {
		c.w.Write(p)
		return len(p), nil
	}
	for i, b := range p {
		if b == '\n' && (i == 0 || p[i-1] != '\r') {
			c.w.WriteByte('\r')
		}
		c.w.WriteByte(b)
	}
	return len(p), nil
}

func (c *console) flush() { c.w.Flush() }

// terminal returns the descriptor of a stream that is a terminal.
func terminal(stream any) (fd int, ok bool) {
	f, isFile := stream.(*os.File)
	if !isFile {
		return 0, false
	}
	fd = int(f.Fd())
	return fd, term.IsTerminal(fd)
}

package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/kvasirdb/kvasir/internal/client"
)

// slowCommand is from where on a command's duration is shown.
const slowCommand = 500 * time.Millisecond

// repl is the interactive mode. It also serves lines from a pipe, without
// prompt, history and preferences.
type repl struct {
	app     *app
	session *session
	history *history
	editor  *editor
	hints   bool
}

// runInteractive reads lines and runs them until the input ends.
func (a *app) runInteractive() error {
	a.interactive = true
	release := a.handleInterrupts()
	defer release()
	a.input = newInput(a.stdin)
	r := &repl{app: a, session: a.session, history: loadHistory(""), hints: true}
	connected := a.session.connect(false)
	if fd, ok := terminal(a.stdin); ok {
		a.help.load()
		r.history = loadHistory(a.env.dotfile("HISTFILE", ".valkeycli_history"))
		r.loadPreferences()
		r.editor = newEditor(a, fd, r)
		a.session.announce = func() { a.printf("Connected to %s.\n", a.session.address()) }
		r.greet(connected)
	}
	for {
		line, err := r.readLine()
		switch {
		case errors.Is(err, errInterrupted) && r.editor == nil:
			return exitError(1)
		case err != nil:
			// Leaving is Ctrl-C, Ctrl-D or the end of the input. In subscribed
			// mode it leaves that mode.
			if a.session.subscribed && err != io.EOF && a.session.connect(false) == nil {
				continue
			}
			return nil
		}
		leave, err := r.runLine(line)
		if err != nil || leave {
			return err
		}
		if a.session.subscribed {
			if err := r.showMessages(); err != nil {
				return err
			}
		}
	}
}

// greet says where one has come, and how to go on.
func (r *repl) greet(connected error) {
	if connected == nil {
		r.app.printf("Connected to %s%s.\n", r.session.address(), r.serverVersion())
	}
	r.app.printf("Type \"help\" for help, Tab to complete, Ctrl-D to leave.\n")
}

func (r *repl) serverVersion() string {
	v, err := r.session.ask("INFO", "server")
	if err != nil {
		return ""
	}
	for _, field := range [...]string{"valkey_version", "redis_version"} {
		if version, ok := infoField(v.Str, field); ok {
			return " (version " + version + ")"
		}
	}
	return ""
}

func (r *repl) readLine() (string, error) {
	if r.editor == nil {
		return r.app.readPlainLine()
	}
	return r.editor.readLine(r.prompt(), r.history)
}

// prompt shows the node, the database, an open transaction and subscriptions.
func (r *repl) prompt() string {
	s := r.session
	if s.link == nil {
		return "not connected> "
	}
	prompt := s.address()
	if s.opts.socket != "" {
		prompt = "valkey " + prompt
	}
	if s.db != 0 {
		prompt += "[" + strconv.Itoa(s.db) + "]"
	}
	if s.multi {
		prompt += "(TX)"
	}
	if s.subscribed {
		prompt += "(subscribed mode)"
	}
	return prompt + "> "
}

// runLine runs one line. leave tells that the user wants to go.
func (r *repl) runLine(line string) (leave bool, err error) {
	args, err := splitArgs(line)
	if err != nil {
		r.app.printf("Invalid argument(s)\n")
		r.history.add(line, false)
		return false, nil
	}
	if len(args) == 0 {
		return false, nil
	}
	repeat := int64(1)
	command := args
	if n, ok := repeatCount(args); ok {
		if n <= 0 {
			r.app.printf("Invalid valkey-cli repeat command option value.\n")
			return false, nil
		}
		repeat, command = n, args[1:]
	}
	r.history.add(line, bearsSecret(command))

	switch word := strings.ToLower(command[0]); {
	case word == "quit" || word == "exit":
		return true, nil
	case strings.HasPrefix(word, ":"):
		r.setPreference(args, "")
	case word == "restart":
		r.app.printf("Use 'restart' only in Lua debugging mode.\n")
	case word == "connect" && len(args) == 3:
		r.session.host, r.session.port = args[1], leadingInt(args[2])
		// A failure is on the screen already, and in the prompt.
		_ = r.session.connect(false)
	case word == "clear" && len(args) == 1:
		r.app.print([]byte("\x1b[H\x1b[2J"))
	default:
		return false, r.runCommand(command, repeat)
	}
	return false, nil
}

// repeatCount reads the number that may stand before a command. A number beyond
// all bounds counts as given, and is refused like a negative one.
func repeatCount(args []string) (n int64, ok bool) {
	if len(args) < 2 {
		return 0, false
	}
	n, err := strconv.ParseInt(args[0], 10, 64)
	if errors.Is(err, strconv.ErrRange) {
		return -1, true
	}
	return n, err == nil
}

// runCommand runs a command and shows how long it took if one had to wait. Only
// what ends the program is returned.
func (r *repl) runCommand(args []string, repeat int64) error {
	start := r.app.now()
	err := r.session.execute(args, repeat)
	elapsed := r.app.now().Sub(start)
	if elapsed >= slowCommand && r.app.format.mode == outputStandard {
		r.app.printf("(%.2fs)\n", elapsed.Seconds())
	}
	var exit exitError
	if errors.As(err, &exit) {
		return exit
	}
	return nil
}

// showMessages prints messages of subscriptions until a key is pressed, which
// is left for the next line, or Ctrl-C.
func (r *repl) showMessages() error {
	s, a := r.session, r.app
	release := r.pressAnyKey()
	defer release()
	notice := a.format.mode != outputRaw && a.stdoutTTY
	for s.subscribed {
		if notice {
			a.print([]byte(r.notice()))
		}
		event, v, err := r.awaitMessage()
		if notice {
			a.printf("\x1b[K")
		}
		switch {
		case err != nil:
			return s.lost(err)
		case event == eventKey:
			return nil
		case event == eventInterrupt:
			a.input.pending = nil
			a.printf("Closing current connection. Ready to reconnect to Valkey server... \n")
			if s.connect(false) != nil {
				return exitError(1)
			}
			return nil
		}
		a.print(a.format.reply(v, false))
		if s.isSubscriptionMessage(v) {
			s.countSubscriptions(v)
		}
	}
	return nil
}

type subscriptionEvent uint8

const (
	eventMessage subscriptionEvent = iota
	eventKey
	eventInterrupt
)

// awaitMessage waits for a message or for the user. Of what is there already,
// messages come first.
func (r *repl) awaitMessage() (subscriptionEvent, client.Value, error) {
	in, replies := r.app.input, r.session.link.next()
	if len(in.pending) > 0 {
		select {
		case got := <-replies:
			return eventMessage, got.value, got.err
		default:
			return keyEvent(in.pending[0]), client.Value{}, nil
		}
	}
	select {
	case got := <-replies:
		return eventMessage, got.value, got.err
	case chunk, open := <-in.chunks:
		if !open {
			return eventKey, client.Value{}, nil // the next line is the end
		}
		in.accept(chunk)
		return keyEvent(chunk[0]), client.Value{}, nil
	case <-r.app.interrupts:
		return eventInterrupt, client.Value{}, nil
	}
}

func keyEvent(c byte) subscriptionEvent {
	if c == keyCtrlC {
		return eventInterrupt
	}
	return eventKey
}

func (r *repl) notice() string {
	const text = "Reading messages... (press Ctrl-C to quit or any key to type command)\r"
	if !strings.Contains(r.app.env["TERM"], "xterm") {
		return text
	}
	return "\x1b[1;90m" + text + "\x1b[0m"
}

// pressAnyKey makes keys arrive one by one, and unseen.
func (r *repl) pressAnyKey() (release func()) {
	if r.editor == nil {
		return func() {}
	}
	restore, err := r.editor.makeRaw()
	if err != nil {
		return func() {} // then a key needs Enter behind it
	}
	return restore
}

// loadPreferences runs the lines of the preference file.
func (r *repl) loadPreferences() {
	path := r.app.env.dotfile("RCFILE", ".valkeyclirc")
	if path == "" {
		return
	}
	lines, err := readLines(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		fmt.Fprintf(r.app.errOut, ".valkeyclirc: %v\n", err)
	}
	for _, line := range lines {
		if args, err := splitArgs(line); err == nil && len(args) > 0 {
			r.setPreference(args, ".valkeyclirc: ")
		}
	}
}

// setPreference runs a ":" command. origin goes before complaints.
func (r *repl) setPreference(args []string, origin string) {
	word, name := strings.ToLower(args[0]), ""
	if len(args) >= 2 {
		name = args[1]
	}
	switch {
	case word == ":set" && strings.EqualFold(name, "hints"):
		r.hints = true
	case word == ":set" && strings.EqualFold(name, "nohints"):
		r.hints = false
	case word == ":set" && name != "":
		r.app.printf("%sunknown valkey-cli preference '%s'\n", origin, name)
	case word == ":get" && strings.EqualFold(name, "pubsub"):
		subscribed := 0
		if r.session.subscribed {
			subscribed = 1
		}
		r.app.printf("%d\n", subscribed)
	case word == ":get" && name != "":
		r.app.printf("%sunknown valkey-cli get option '%s'\n", origin, name)
	default:
		r.app.printf("%sunknown valkey-cli internal command '%s'\n", origin, args[0])
	}
}

// hint and complete serve the editor.

func (r *repl) hint(line string) string {
	if !r.hints {
		return ""
	}
	hint, _ := r.app.help.hint(line)
	if hint == "" {
		return ""
	}
	if !isSpace(line[len(line)-1]) {
		hint = " " + hint
	}
	return hint
}

func (r *repl) complete(line string) []string { return r.app.help.complete(line) }

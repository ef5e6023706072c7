package cli

import (
	"fmt"
	"strings"
)

// usageText is what --help prints.
func usageText() string {
	var b strings.Builder
	fmt.Fprintf(&b, "valkey-cli %s\n\nUsage: valkey-cli [OPTIONS] [cmd [arg [arg ...]]]\n", Version)
	for _, section := range usageSections() {
		fmt.Fprintf(&b, "\n%s:\n", section.title)
		for _, line := range section.options {
			fmt.Fprintf(&b, "  %-24s %s\n", line[0], strings.ReplaceAll(line[1], "\n", "\n"+strings.Repeat(" ", 27)))
		}
	}
	b.WriteString(`
Examples:
  valkey-cli -u valkey://default:PASSWORD@localhost:6379/0
  valkey-cli -r 100 -i 1 info | grep used_memory_human:
  valkey-cli -x set notes < notes.txt
  valkey-cli --quoted-input set '"zero-\x00-byte"' value
  valkey-cli --scan --pattern 'user:*' --count 100

Without a command the session is interactive: type "help" there.
`)
	return b.String()
}

type usageSection struct {
	title   string
	options [][2]string
}

func usageSections() []usageSection {
	return []usageSection{
		{"Server", [][2]string{
			{"-h <hostname>", "Host (default: " + defaultHost + ")."},
			{"-p <port>", fmt.Sprintf("Port (default: %d).", defaultPort)},
			{"-s <socket>", "Unix socket, instead of host and port."},
			{"-u <uri>", "All in one: valkey://user:password@host:port/db,\nor valkeys:// for TLS."},
			{"-t <seconds>", "Give up connecting after this time, fractions allowed\n(default: 0, wait as long as the system does)."},
			{"-4, -6", "Prefer IPv4 or IPv6 addresses of the host."},
			{"-n <db>", "Database number."},
			{"-2, -3", "Speak RESP2 or RESP3."},
			{"-c", "Follow the redirections of cluster nodes."},
		}},
		{"Authentication", [][2]string{
			{"-a, --pass <password>", "Password. Safer is the variable VALKEYCLI_AUTH,\nwhich this option overrides."},
			{"--user <name>", "User the password belongs to."},
			{"--askpass", "Ask for the password at the keyboard."},
			{"--no-auth-warning", "Do not warn about a password on the command line."},
		}},
		{"TLS", [][2]string{
			{"--tls", "Encrypt the connection."},
			{"--sni <host>", "Name of the server to ask for and to check."},
			{"--cacert <file>", "Certificates of trusted authorities."},
			{"--cacertdir <dir>", "The same as a directory of files. Without either,\nthe system's authorities are trusted."},
			{"--insecure", "Do not verify the server's certificate."},
			{"--cert <file>", "Client certificate."},
			{"--key <file>", "Private key of the client certificate."},
			{"--tls-ciphers <list>", "Cipher suites up to TLS 1.2, separated by colons."},
			{"--tls-ciphersuites <list>", "Cipher suites of TLS 1.3, separated by colons."},
		}},
		{"Command", [][2]string{
			{"-r <count>", "Run the command that many times, for ever if negative."},
			{"-i <seconds>", "Wait between runs, fractions allowed. Also the pause\nof --scan and --stat, and of --bigkeys, --memkeys and\n--hotkeys after every 100 batches."},
			{"-x", "Take the last argument from standard input."},
			{"-X <tag>", "Take the argument that equals tag from standard input."},
			{"--quoted-input", "Arguments are quoted strings with escapes."},
			{"--eval <file>", "Run the Lua script of a file. Keys follow, then\na comma between spaces, then other arguments."},
			{"-e", "An error reply makes the exit status 1."},
		}},
		{"Output", [][2]string{
			{"--raw", "Bytes only (default when output is not a terminal)."},
			{"--no-raw", "For people, also when output is not a terminal."},
			{"-d <delimiter>", "Between the elements of a raw reply (default: \\n)."},
			{"-D <delimiter>", "Behind each raw reply (default: \\n)."},
			{"--csv", "Comma-separated values."},
			{"--json", "JSON, speaking RESP3 unless -2 is given."},
			{"--quoted-json", "JSON in ASCII, whatever bytes the reply has."},
			{"--show-pushes <yes|no>", "Show RESP3 push messages (default on a terminal)."},
			{"--verbose", "Say more."},
		}},
		{"Watching", [][2]string{
			{"--stat", "A line of figures per second."},
			{"--latency", "Round trips, continuously on a terminal; otherwise one\nresult after a second (or -i)."},
			{"--latency-history", "The same with a new line every 15 seconds (or -i)."},
			{"--latency-dist", "Round trips as a colored spectrum, a line per second\n(or -i), for terminals of 256 colors."},
			{"--mono", "The spectrum in shades of grey."},
			{"--lru-test <keys>", "Use the server as a cache of that many keys, a fifth of\nwhich get most accesses, and print its hit rate."},
			{"--intrinsic-latency <sec>", "Measure this machine, without a server."},
		}},
		{"Keys", [][2]string{
			{"--scan", "List the keys."},
			{"--pattern <pattern>", "Only keys that match, with --scan, --bigkeys,\n--memkeys and --hotkeys."},
			{"--quoted-pattern <text>", "The pattern as a quoted string with escapes."},
			{"--count <n>", fmt.Sprintf("Keys to ask for at a time (default: %d).", defaultScanCount)},
			{"--bigkeys", "Find the keys with the most elements."},
			{"--memkeys", "Find the keys that take the most memory."},
			{"--memkeys-samples <n>", "The same, estimated from n elements of each key."},
			{"--hotkeys", "Find the most used keys (needs an LFU policy)."},
			{"--hotkeys-count <n>", fmt.Sprintf("How many of them (default: %d).", defaultHotKeys)},
		}},
		{"Replication", [][2]string{
			{"--rdb <file>", "Save the server's data as an RDB file; - is standard\noutput."},
			{"--functions-rdb <file>", "The same with the functions only."},
			{"--replica", "Act as a replica and print the commands that come."},
		}},
		{"Mass insertion", [][2]string{
			{"--pipe", "Send standard input, in protocol form, to the server."},
			{"--pipe-timeout <seconds>", fmt.Sprintf("Give up when no reply comes for that long after the\nend of the input (default: %d, 0: never).", int(defaultPipeTimeout.Seconds()))},
		}},
		{"General", [][2]string{
			{"--help", "Print this text."},
			{"--version", "Print the version."},
		}},
	}
}

// generalHelp is the answer to `help` alone.
func generalHelp() string {
	return "valkey-cli " + Version + "\n" + `Type
      "help <command>" to read about a command
      "help @<group>" to list the commands of a group
      "help <tab>" to step through commands and groups
      "quit" to leave

Preferences, here or in ~/.valkeyclirc:
      ":set hints" shows the syntax while you type
      ":set nohints" does not
`
}

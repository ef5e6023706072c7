package cli

import (
	"strings"
	"testing"
	"time"
)

func TestParseOptions(t *testing.T) {
	o, command, err := parseOptions(strings.Fields(
		"-h h -p 7000 -t 0.5 -n 3 -a pw --user u -r -1 -i 0.25 -3 --json -c -e -d , -D ; --show-pushes yes get -x"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Join(command, " ") != "get -x" {
		t.Errorf("command %q", command)
	}
	if o.host != "h" || o.port != 7000 || o.connectTimeout != 500*time.Millisecond || o.db != 3 ||
		o.password != "pw" || !o.hasPassword || o.user != "u" || o.repeat != -1 ||
		o.interval != 250*time.Millisecond || o.resp3 != resp3Decided || o.format.mode != outputJSON ||
		!o.cluster || !o.errorExit || o.format.memberDelim != "," || o.format.replyDelim != ";" ||
		o.showPushes == nil || !*o.showPushes {
		t.Errorf("options %+v", o)
	}
}

func TestParseURIOption(t *testing.T) {
	o, _, err := parseOptions([]string{"-h", "before", "-u", "valkeys://u:p@:7001/2"})
	if err != nil {
		t.Fatal(err)
	}
	if o.host != "before" || o.port != 7001 || o.user != "u" || o.password != "p" || o.db != 2 || !o.tls.enabled {
		t.Errorf("options %+v", o)
	}
}

func TestOptionErrors(t *testing.T) {
	for args, want := range map[string]string{
		"--nosuch ping":              "Unrecognized option or bad number of args for: '--nosuch'",
		"-X":                         "Unrecognized option or bad number of args for: '-X'",
		"-p 70000":                   "Invalid server port.",
		"-p abc":                     "Invalid server port.",
		"-t nan":                     "Invalid connection timeout for -t.",
		"-t -1":                      "Invalid connection timeout for -t.",
		"-u http://h":                "Invalid URI scheme",
		"-x -X tag":                  "Options -x and -X are mutually exclusive.",
		"-2 -3":                      "Options -2 and -3 are mutually exclusive.",
		"-4 -6":                      "Options -4 and -6 are mutually exclusive.",
		"-c -s /s":                   "Options -c and -s are mutually exclusive.",
		"--mptcp -s /s":              "Options --mptcp is only supported by TCP.",
		"--quoted-pattern \" --scan": "Invalid quoted string specified for --quoted-pattern.",
		"--show-pushes maybe":        "Unknown --show-pushes value 'maybe' (valid: '[y]es', '[n]o')",
	} {
		expect(t, runMain("", nil, strings.Fields(args)...), outcome{1, "", want + "\n"})
	}
}

func TestUnavailableModes(t *testing.T) {
	for args, name := range map[string]string{
		"--cluster info 127.0.0.1:1": "--cluster",
		"--ldb":                      "--ldb",
	} {
		expect(t, runMain("", nil, strings.Fields(args)...),
			outcome{1, "", "Option " + name + " is not available in this version.\n"})
	}
}

func TestUsageNamesEveryOption(t *testing.T) {
	usage := runMain("", nil, "--help")
	if usage.status != 0 || usage.stderr != "" {
		t.Errorf("status %d, stderr %q", usage.status, usage.stderr)
	}
	if last := runMain("", nil, "-h"); last != usage {
		t.Error("-h alone does not print the usage")
	}
	o := defaultOptions()
	for _, entry := range optionTable() {
		if entry.flag != nil {
			if entry.flag(&o); o.mode == modeUnavailable {
				o = defaultOptions()
				continue
			}
		}
		if entry.value != nil {
			probe := defaultOptions()
			if entry.value(&probe, "1") == nil && probe.mode == modeUnavailable {
				continue
			}
		}
		for _, name := range strings.Fields(entry.names) {
			switch name {
			case "-v", "--mptcp", "--slave", "--test_hint", "--test_hint_file":
				continue // aliases, and what only tests use
			}
			if !strings.Contains(usage.stdout, "  "+name) && !strings.Contains(usage.stdout, ", "+name) {
				t.Errorf("usage lacks %s", name)
			}
		}
	}
}

func TestVersion(t *testing.T) {
	for _, name := range []string{"-v", "--version"} {
		expect(t, runMain("", nil, name), outcome{0, "valkey-cli " + Version + "\n", ""})
	}
}

func TestLeadingInt(t *testing.T) {
	for text, want := range map[string]int{"12": 12, "-3x": -3, " +4": 4, "x": 0, "": 0, "1e3": 1} {
		if got := leadingInt(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

func TestDotfile(t *testing.T) {
	for _, test := range []struct {
		variables []string
		want      string
	}{
		{[]string{"HOME=/h"}, "/h/.x"},
		{[]string{"HOME=/h", "VALKEYCLI_HISTFILE=/v", "REDISCLI_HISTFILE=/r"}, "/v"},
		{[]string{"HOME=/h", "REDISCLI_HISTFILE=/r"}, "/r"},
		{[]string{"HOME=/h", "VALKEYCLI_HISTFILE=/dev/null"}, ""},
		{nil, ""},
	} {
		if got := newEnvironment(test.variables).dotfile("HISTFILE", ".x"); got != test.want {
			t.Errorf("%v: %q, want %q", test.variables, got, test.want)
		}
	}
}

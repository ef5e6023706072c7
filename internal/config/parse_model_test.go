package config

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The plain model of the file's syntax: what SplitArgs and Load say in loops and
// states, regular expressions say here.
var (
	modelDouble = `"(?:[^"\\]|\\.)*"`
	modelSingle = `'(?:[^']*\\')*(?:[^']*[^'\\])?'`
	modelPiece  = regexp.MustCompile(`(?s)` + modelDouble + `|` + modelSingle + `|[^ \n\r\t"']+`)
	modelWord   = regexp.MustCompile(`(?s)^(?:` + modelDouble + `|` + modelSingle + `|[^ \n\r\t"'])+`)
	modelCount  = regexp.MustCompile(`^[1-9][0-9]{0,9}$`)
	modelEscape = regexp.MustCompile(`(?s)\\x[0-9a-fA-F]{2}|\\.`)
)

// modelSplit is SplitArgs.
func modelSplit(line string) (words []string, ok bool) {
	line, _, _ = strings.Cut(line, "\x00")
	words = []string{}
	for {
		if line = strings.TrimLeft(line, " \t\n\v\f\r"); line == "" {
			return words, true
		}
		word := modelWord.FindString(line)
		if line = line[len(word):]; word == "" || line != "" && !strings.ContainsAny(line[:1], " \t\n\r") {
			return nil, false
		}
		value := ""
		for _, piece := range modelPiece.FindAllString(word, -1) {
			switch inside := piece[1:max(len(piece)-1, 1)]; piece[0] {
			case '"':
				value += modelEscape.ReplaceAllStringFunc(inside, modelUnescape)
			case '\'':
				value += strings.ReplaceAll(inside, `\'`, `'`)
			default:
				value += piece
			}
		}
		words = append(words, value)
	}
}

func modelUnescape(escape string) string {
	if len(escape) == 4 && escape[1] == 'x' {
		const digits = "0123456789abcdef"
		lower := strings.ToLower(escape)
		return string([]byte{byte(strings.IndexByte(digits, lower[2])<<4 | strings.IndexByte(digits, lower[3]))})
	}
	if at := strings.IndexByte("nrtba", escape[1]); at >= 0 {
		return "\n\r\t\b\a"[at : at+1]
	}
	return escape[1:]
}

// parsed is what a file says: its directives, three parameters, and the line
// that is wrong.
type parsed struct {
	Directives []Directive
	PIDFile    string
	AppendOnly string
	Databases  string
	WrongLine  int
}

// modelParse is Load. It reports false where a line is about something that the
// model does not know.
func modelParse(text string, isParameter func(name string) bool) (p parsed, ok bool) {
	p = parsed{AppendOnly: "no", Databases: "16"}
	for i, line := range strings.Split(text, "\n") {
		line = strings.Trim(line, " \t\r\n")
		if strings.HasPrefix(line, "#") {
			continue
		}
		words, closed := modelSplit(line)
		if !closed {
			p.WrongLine = i + 1
			return p, true
		}
		if len(words) == 0 {
			continue
		}
		name, args := strings.ToLower(words[0]), words[1:]
		good := len(args) == 1
		switch {
		case name == "pidfile":
			if good {
				p.PIDFile = args[0]
			}
		case name == "appendonly":
			if good = good && (strings.EqualFold(args[0], "yes") || strings.EqualFold(args[0], "no")); good {
				p.AppendOnly = strings.ToLower(args[0])
			}
		case name == "databases":
			if good = good && modelCount.MatchString(args[0]) && (len(args[0]) < 10 || args[0] <= "2147483647"); good {
				p.Databases = args[0]
			}
		case name == "include", name == "sentinel", isParameter(name), isDeprecated(name):
			return p, false
		case name == "rename-command":
			if good = len(args) == 2; good {
				p.Directives = append(p.Directives, Directive{name, args, i + 1, line})
			}
		case name == "user", name == "loadmodule":
			if good = len(args) > 0; good {
				p.Directives = append(p.Directives, Directive{name, args, i + 1, line})
			}
		case strings.Contains(name, "."):
			if good = len(args) > 0; good {
				p.Directives = append(p.Directives, Directive{name, []string{strings.Join(args, " ")}, i + 1, line})
			}
		default:
			good = false
		}
		if !good {
			p.WrongLine = i + 1
			return p, true
		}
	}
	return p, true
}

// FuzzParse compares the parser of files with the plain model.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "\n\n# c\r\n  user  x on\n", "pidfile \"a\\x41\\n b\"c'd\\'e'\nAPPENDONLY Yes\ndatabases 4",
		"rename-command a \"\"\nrename-command b", "mod.opt a \"b c\" 'd'\nmod.opt", "user 'x\\'", "user \"x", "user a\"b\" c'd'",
		"loadmodule \v/x.so\fy\x00 hidden\n\"user\" \\\"", "databases 0", "databases 2147483647\ndatabases 2147483648", "pidfile ''\npidfile a b",
		"user \"\\\\\" '\\\\\\'' \\x41 \"\\x4\" \"\\xzz\"", "\vuser a\n'#' b", "user \xff\"\xfe\\\xfd\"",
	} {
		f.Add(seed)
	}
	known := newStore("/")
	f.Fuzz(func(t *testing.T, text string) {
		for line := range strings.Lines(text) {
			want, closed := modelSplit(line)
			if got, ok := SplitArgs(line); ok != closed || !slices.Equal(got, want) {
				t.Fatalf("SplitArgs(%q) = %q, %v; the model says %q, %v", line, got, ok, want, closed)
			}
		}
		want, ok := modelParse(text, func(name string) bool { return known.Lookup(name) != nil })
		if !ok {
			return
		}
		var got parsed
		s := New(Environment{Dir: "/"})
		err := s.Load(Sources{
			CommandLine: CommandLine{File: "/f"},
			Files:       &memFiles{files: map[string]string{"/f": text}},
			Directive:   func(d Directive) error { got.Directives = append(got.Directives, d); return nil },
		})
		var wrong *LineError
		if errors.As(err, &wrong) {
			got.WrongLine = wrong.Line
		} else if err != nil {
			t.Fatal(err)
		}
		for _, pair := range s.Get([]string{"pidfile", "appendonly", "databases"}) {
			switch pair.Name {
			case "pidfile":
				got.PIDFile = pair.Value
			case "appendonly":
				got.AppendOnly = pair.Value
			case "databases":
				got.Databases = pair.Value
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%q (-model +parser):\n%s", text, diff)
		}
	})
}

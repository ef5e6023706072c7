package config

import "strings"

// CommandLine is what a server's arguments say about its configuration.
type CommandLine struct {
	// File is the configuration file as given, "" for none.
	File string
	// Stdin is true when an argument "-" asks to read standard input too.
	Stdin bool
	// Options are the "--name value" arguments in file syntax, one per line.
	Options string
}

// ParseCommandLine reads the arguments after the program's name; the caller
// has dealt with --help, --version and the like. The first argument is the
// file unless it starts with "-". Valkey's conventions hold:
//
//   - "--port 6379" as one argument states name and value;
//   - "--name" takes at least one value even if that starts with "--";
//   - "--save" directly before another option, or last, has the value "";
//   - "--sentinel" needs no value;
//   - "-" counts only as the first or the last argument.
func ParseCommandLine(args []string) CommandLine {
	var c CommandLine
	first := 0
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		c.File = args[0]
		first = 1
	}
	var options strings.Builder
	complete := true // the last option has its value
	for i := first; i < len(args); i++ {
		arg := args[i]
		last := i == len(args)-1
		switch {
		case arg == "-" && (i == 0 || last):
			c.Stdin = true
		case complete && strings.HasPrefix(arg, "--"):
			if options.Len() > 0 {
				options.WriteByte('\n')
			}
			options.WriteString(arg[2:] + " ")
			words, _ := SplitArgs(arg)
			complete = len(words) != 1
			if complete {
				continue
			}
			optionNext := !last && strings.HasPrefix(args[i+1], "--")
			switch {
			case strings.EqualFold(arg, "--save") && (last || optionNext):
				options.WriteString(`""`)
				complete = optionNext
			case strings.EqualFold(arg, "--sentinel") && optionNext:
				complete = true
			}
		default:
			options.WriteString(Quote(arg) + " ")
			complete = true
		}
	}
	c.Options = options.String()
	return c
}

package cli

import (
	"fmt"
	"os"
	"strconv"
)

// eval runs the script of a file by EVAL. A comma of its own separates the keys
// from the other arguments.
func (a *app) eval(args []string) error {
	script, err := os.ReadFile(a.opts.script)
	if err != nil {
		return fmt.Errorf("Can't open file '%s': %s", a.opts.script, reason(err))
	}
	keys, rest := args, []string(nil)
	for i, arg := range args {
		if arg == "," {
			keys, rest = args[:i], args[i+1:]
			break
		}
	}
	command := []string{"EVAL", string(script), strconv.Itoa(len(keys))}
	command = append(command, keys...)
	return a.runArgs(append(command, rest...))
}

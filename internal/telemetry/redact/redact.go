// Package redact knows which arguments of commands are secrets: what MONITOR
// and the command log show of them is Placeholder.
package redact

import (
	"strings"

	"github.com/kvasirdb/kvasir/internal/command"
)

// Placeholder stands for a secret.
const Placeholder = "(redacted)"

// Rules find secrets.
type Rules struct {
	// Parameters returns the indexes of secret values among the names and
	// values of a CONFIG SET.
	Parameters func(pairs []string) []int
}

// Secrets returns the positions of the secret arguments of a command, nil if
// it has none.
func (r *Rules) Secrets(cmd *command.Cmd, argv [][]byte) []int {
	switch cmd.Name {
	case "auth":
		if len(argv) <= 3 {
			return from(1, argv)
		}
	case "acl|setuser", "acl|getuser", "acl|deluser":
		return from(2, argv)
	case "config|set":
		return r.parameters(argv)
	case "hello":
		return words(argv, 2, map[string]int{"auth": 2, "setname": 1}, "auth")
	case "migrate":
		return words(argv, 6, map[string]int{"auth": 1, "auth2": 2}, "auth", "auth2")
	}
	return nil
}

// from returns all positions from the given one on.
func from(first int, argv [][]byte) (at []int) {
	for i := first; i < len(argv); i++ {
		at = append(at, i)
	}
	return at
}

func (r *Rules) parameters(argv [][]byte) (at []int) {
	const first = 2
	pairs := make([]string, len(argv)-first)
	for i := range pairs {
		pairs[i] = string(argv[first+i])
	}
	for _, i := range r.Parameters(pairs) {
		at = append(at, first+i)
	}
	return at
}

// words walks over the options from the given position on. operands says how
// many words follow an option; those of the secret options are secrets. An
// option without all its operands is no option.
func words(argv [][]byte, first int, operands map[string]int, secret ...string) (at []int) {
	for i := first; i < len(argv); i++ {
		option := strings.ToLower(string(argv[i]))
		n := operands[option]
		if n == 0 || i+n >= len(argv) {
			continue
		}
		for _, s := range secret {
			if s == option {
				for j := 1; j <= n; j++ {
					at = append(at, i+j)
				}
			}
		}
		i += n
	}
	return at
}

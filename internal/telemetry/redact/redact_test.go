package redact_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/telemetry/redact"
)

func TestSecrets(t *testing.T) {
	rules := redact.Rules{Parameters: func(pairs []string) (at []int) {
		for i := 0; i+1 < len(pairs); i += 2 {
			if pairs[i] == "requirepass" {
				at = append(at, i+1)
			}
		}
		return at
	}}
	for _, c := range []struct{ name, line, want string }{
		{"auth", "AUTH pw", "[1]"},
		{"auth", "AUTH user pw", "[1 2]"},
		{"auth", "AUTH too many words", "[]"},
		{"acl|setuser", "ACL SETUSER joe on >pw", "[2 3 4]"},
		{"acl|whoami", "ACL WHOAMI", "[]"},
		{"config|set", "CONFIG SET port 1 requirepass pw", "[5]"},
		{"config|set", "CONFIG SET requirepass", "[]"},
		{"hello", "HELLO 3 AUTH user pw SETNAME x", "[3 4]"},
		{"hello", "HELLO 3 setname auth auth user pw", "[5 6]"},
		{"hello", "HELLO 3 AUTH user", "[]"},
		{"migrate", "MIGRATE h 1 key 0 10 AUTH pw KEYS a", "[7]"},
		{"migrate", "MIGRATE h 1 key 0 10 COPY AUTH2 user pw", "[8 9]"},
		{"migrate", "MIGRATE h 1 auth 0 10", "[]"},
		{"set", "SET auth pw", "[]"},
	} {
		var argv [][]byte
		for _, word := range strings.Fields(c.line) {
			argv = append(argv, []byte(word))
		}
		if got := fmt.Sprint(rules.Secrets(&command.Cmd{Name: c.name}, argv)); got != c.want {
			t.Errorf("%s: %s, want %s", c.line, got, c.want)
		}
	}
}

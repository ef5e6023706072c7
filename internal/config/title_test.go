package config

import (
	"context"
	"testing"
)

func TestProcessTitle(t *testing.T) {
	s := newStore("/")
	for _, step := range []struct{ name, value, want string }{
		{"port", "7000", "kvasir *:7000"},
		{"bind", "127.0.0.1 ::1", "kvasir 127.0.0.1:7000"},
		{"proc-title-template", "  {{{title}} of {port}/{tls-port}{unixsocket}{config-file}{server-mode} ", "{kvasir} of 7000/0"},
		{"proc-title-template", "{listen-addr}", "127.0.0.1:7000"},
		{"bind", "", "*:7000"},
		{"port", "0", "unixsocket:"},
	} {
		if err := s.Set(context.Background(), []string{step.name, step.value}, local); err != nil {
			t.Fatalf("%s %q: %v", step.name, step.value, err)
		}
		if have := s.ProcessTitle("kvasir"); have != step.want {
			t.Errorf("after %s %q: %q, want %q", step.name, step.value, have, step.want)
		}
	}
}

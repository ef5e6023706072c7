package about_test

import (
	"strings"
	"testing"
	"time"

	"github.com/kvasirdb/kvasir/internal/commands/cmdtest"
	"github.com/kvasirdb/kvasir/internal/platform/clock"
	"github.com/kvasirdb/kvasir/internal/telemetry/about"
)

func newServer(t *testing.T) *cmdtest.Server {
	n := 0.0
	return cmdtest.New(t, about.Commands(about.Deps{
		Clock:   clock.NewManual(time.Unix(1700000000, 42_999)),
		Version: func() string { return "Valkey ver. 1.2.3" },
		Random:  func() float64 { n += 0.09; return n },
	}))
}

func TestTime(t *testing.T) {
	newServer(t).Want("TIME", `["1700000000" "42"]`)
}

func TestLolwut(t *testing.T) {
	s := newServer(t)
	for request, size := range map[string][2]int{
		"LOLWUT":               {66, 24},
		"LOLWUT VERSION 5 9":   {9, 24},
		"LOLWUT version 6 3 4": {3, 4},
		"LOLWUT 0 -5":          {1, 1},
		"LOLWUT 1000 1000":     {160, 80},
	} {
		s.Send(cmdtest.Words(t, request)...)
		lines := strings.Split(string(s.Out.Bytes()), "\n")[1:] // behind the length
		s.Out.Discard()
		if len(lines[0]) != size[0] || len(lines) != size[1]+4 || lines[size[1]+1] != "Valkey ver. 1.2.3" {
			t.Errorf("%s: %d lines, the first of %d: %q", request, len(lines), len(lines[0]), lines[size[1]:])
		}
	}
	s.Script(`
		LOLWUT VERSION x -> ERR value is not an integer or out of range
		LOLWUT 1 x -> ERR value is not an integer or out of range
	`)
}

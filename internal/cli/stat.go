package cli

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/kvasirdb/kvasir/internal/client"
)

const (
	statDefaultInterval = time.Second
	statHeaderEvery     = 20
	statHeader          = "------- data ------ --------------------- load -------------------- - child -\n" +
		"keys       mem      clients blocked requests            connections          \n"
)

// stat prints a line of figures from INFO per interval until Ctrl-C.
func (a *app) stat() error {
	defer a.handleInterrupts()()
	interval := statDefaultInterval
	if a.opts.interval > 0 {
		interval = a.opts.interval
	}
	previous := int64(-1)
	for lines := 0; ; lines++ {
		v, err := a.session.insist("INFO")
		if err != nil {
			return err
		}
		if v.Kind == client.Error {
			return fmt.Errorf("ERROR: %s", v.Str)
		}
		if lines%statHeaderEvery == 0 {
			a.printf("%s", statHeader)
		}
		requests := infoNumber(v.Str, "total_commands_processed")
		a.printf("%s", statLine(v.Str, requests, previous))
		previous = requests
		if err := a.pause(interval); err != nil {
			return err
		}
	}
}

// statLine sums an INFO reply up. previous is the number of requests in the
// line above, negative in the first.
func statLine(info string, requests, previous int64) string {
	grown := int64(0)
	if previous >= 0 {
		grown = requests - previous
	}
	return fmt.Sprintf("%-11d%-8s %-8d%-8d%-19s %-12d%s\n",
		infoKeys(info),
		humanBytes(infoNumber(info, "used_memory")),
		infoNumber(info, "connected_clients"),
		infoNumber(info, "blocked_clients"),
		fmt.Sprintf("%d (+%d)", requests, grown),
		infoNumber(info, "total_connections_received"),
		statActivity(info))
}

// statActivity names what the server does beside serving.
func statActivity(info string) string {
	saving := infoNumber(info, "rdb_bgsave_in_progress") > 0
	rewriting := infoNumber(info, "aof_rewrite_in_progress") > 0
	switch {
	case infoNumber(info, "loading") > 0:
		return "LOAD"
	case saving && rewriting:
		return "SAVE+AOF"
	case saving:
		return "SAVE"
	case rewriting:
		return "AOF"
	}
	return ""
}

// infoField returns the value of a line "field:value" of INFO.
func infoField(info, field string) (value string, found bool) {
	for line := range strings.Lines(info) {
		if value, found := strings.CutPrefix(line, field+":"); found {
			return strings.TrimRight(value, "\r\n"), true
		}
	}
	return "", false
}

// infoNumber returns a field's number, 0 where the server has no such field.
func infoNumber(info, field string) int64 {
	value, _ := infoField(info, field)
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// infoKeys adds the keys of all databases up: "db0:keys=12,expires=0".
func infoKeys(info string) int64 {
	total := int64(0)
	for line := range strings.Lines(info) {
		name, value, _ := strings.Cut(line, ":keys=")
		number, isDB := strings.CutPrefix(name, "db")
		if _, err := strconv.ParseUint(number, 10, 32); !isDB || err != nil {
			continue
		}
		count, _, _ := strings.Cut(value, ",")
		if n, err := strconv.ParseInt(count, 10, 64); err == nil {
			total += n
		}
	}
	return total
}

// humanBytes writes a size with a binary unit: 512B, 1.50K, 2.00G.
func humanBytes(n int64) string {
	size := math.Abs(float64(n))
	if size < 1024 {
		return fmt.Sprintf("%dB", n)
	}
	unit := 0
	for size >= 1024 && unit < len("KMGTPE") {
		size /= 1024
		unit++
	}
	return fmt.Sprintf("%.2f%c", math.Copysign(size, float64(n)), "KMGTPE"[unit-1])
}

package cli

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/kvasirdb/kvasir/internal/client"
)

// keyScan walks the keys of the database with SCAN.
type keyScan struct {
	session *session
	cursor  string
	started bool
}

func (a *app) newScan() *keyScan { return &keyScan{session: a.session, cursor: "0"} }

// next returns the next batch of keys, which may be empty. done tells that the
// scan is complete.
func (s *keyScan) next() (keys []string, done bool, err error) {
	if s.started && s.cursor == "0" {
		return nil, true, nil
	}
	s.started = true
	args := []string{"SCAN", s.cursor}
	if o := s.session.opts; o.hasPattern {
		args = append(args, "MATCH", o.pattern)
	}
	args = append(args, "COUNT", strconv.Itoa(s.session.opts.scanCount))
	v, err := s.session.setUp(args...)
	switch {
	case err != nil:
		return nil, false, errReported
	case v.Kind == client.Error:
		return nil, false, fmt.Errorf("SCAN error: %s", v.Str)
	case v.Kind != client.Array:
		return nil, false, errors.New("Non ARRAY response from SCAN!")
	case len(v.Elems) != 2:
		return nil, false, errors.New("Invalid element count from SCAN!")
	}
	s.cursor = v.Elems[0].Text()
	return v.Elems[1].Strings(), false, nil
}

// scan prints the keys of the database, one a line. Ctrl-C ends it.
func (a *app) scan() error {
	defer a.handleInterrupts()()
	for scan := a.newScan(); ; {
		keys, done, err := scan.next()
		if err != nil || done {
			return err
		}
		for _, key := range keys {
			if a.format.mode == outputStandard {
				key = quoted(key)
			}
			fmt.Fprintf(a.console, "%s\n", key)
		}
		a.console.flush()
		if a.interrupted() {
			return nil
		}
		if a.opts.interval > 0 && a.pause(a.opts.interval) != nil {
			return nil
		}
	}
}

package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/kvasirdb/kvasir/internal/config"
)

// oomScoreFile is where Linux keeps how readily it ends this process when memory
// is short.
const oomScoreFile = "/proc/self/oom_score_adj"

// oomScoreMax bounds what the kernel takes, in both directions.
const oomScoreMax = 1000

// oomScore follows oom-score-adj and oom-score-adj-values. Exclusive mode.
type oomScore struct {
	path     string
	adjusted bool // the present score is ours; else it is left alone
	base     int  // what the score was before
}

// connectOOMScore sets the score now, where failing is no reason not to start, and
// whenever the configuration changes.
func (n *Node) connectOOMScore() {
	p := &n.Config.Params
	score := &oomScore{path: oomScoreFile}
	apply := func() error {
		if err := score.follow(p.OOMScoreAdj.Load(), p.OOMScoreAdjValues.Load()); err != nil {
			n.Log.Warningf("%v", err)
			return errors.New("Failed to set current oom_score_adj. Check server logs.")
		}
		return nil
	}
	apply()
	n.Config.OnApply(func(context.Context) error { return apply() }, p.OOMScoreAdj, p.OOMScoreAdjValues)
}

// follow sets the score of a primary; there are no replicas yet, and snapshots
// need no process of their own, for which the other two values are.
func (s *oomScore) follow(mode config.OOMScoreMode, values config.OOMScores) error {
	value := s.base
	switch {
	case mode == config.OOMScoreNo && !s.adjusted:
		return nil
	case mode != config.OOMScoreNo:
		if !s.adjusted {
			text, err := os.ReadFile(s.path)
			if err == nil {
				s.base, err = strconv.Atoi(strings.TrimSpace(string(text)))
			}
			if err != nil {
				return fmt.Errorf("Unable to read oom_score_adj: %s", systemText(err))
			}
			s.adjusted = true
		}
		value = values[0]
		if mode == config.OOMScoreRelative {
			value += s.base
		}
		value = min(max(value, -oomScoreMax), oomScoreMax)
	default:
		s.adjusted = false
	}
	if err := os.WriteFile(s.path, fmt.Appendf(nil, "%d\n", value), 0); err != nil {
		return fmt.Errorf("Unable to write oom_score_adj: %s", systemText(err))
	}
	return nil
}

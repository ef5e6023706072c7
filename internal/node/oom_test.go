package node

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kvasirdb/kvasir/internal/config"
)

// TestOOMScore follows a sequence of settings from a score that somebody else has
// set, and returns to it.
func TestOOMScore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "oom_score_adj")
	if err := os.WriteFile(path, []byte("22\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := &oomScore{path: path}
	for _, c := range []struct {
		mode   config.OOMScoreMode
		values config.OOMScores
		want   string
	}{
		{config.OOMScoreNo, config.OOMScores{7, 8, 9}, "22"},
		{config.OOMScoreRelative, config.OOMScores{7, 8, 9}, "29"},
		{config.OOMScoreRelative, config.OOMScores{990, 8, 9}, "1000"},
		{config.OOMScoreAbsolute, config.OOMScores{7, 8, 9}, "7"},
		{config.OOMScoreAbsolute, config.OOMScores{-1500, 8, 9}, "-1000"},
		{config.OOMScoreNo, config.OOMScores{7, 8, 9}, "22"},
		{config.OOMScoreRelative, config.OOMScores{-2, 8, 9}, "20"},
	} {
		if err := s.follow(c.mode, c.values); err != nil {
			t.Fatal(err)
		}
		got, _ := os.ReadFile(path)
		if strings.TrimSpace(string(got)) != c.want {
			t.Errorf("mode %d, values %v: %s instead of %s", c.mode, c.values, got, c.want)
		}
	}
	gone := &oomScore{path: filepath.Join(t.TempDir(), "none")}
	err := gone.follow(config.OOMScoreRelative, config.OOMScores{})
	if err == nil || err.Error() != "Unable to read oom_score_adj: No such file or directory" {
		t.Errorf("without the file: %v", err)
	}
	if err := gone.follow(config.OOMScoreNo, config.OOMScores{}); err != nil {
		t.Errorf("going back from nothing: %v", err)
	}
}

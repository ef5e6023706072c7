package main

import (
	"strings"
	"testing"
	"time"
)

func TestPage(t *testing.T) {
	text := string(Page(&Figures{
		Machine: "a machine", Command: "make bench", Servers: []string{"kvasir", "redis 7.0.15"}, Rounds: 3,
		Throughput: []Throughput{
			{"GET", 1, "kvasir", 100_000, 5}, {"GET", 1, "redis 7.0.15", 90_000, 6.25},
			{"GET", 16, "kvasir", 900_000, 0.5}, {"GET", 16, "redis 7.0.15", 700_000, 1},
		},
		Memory: []Memory{{"kvasir", 1000, true, 53.44, 3 << 20}},
	}))
	for _, want := range []string{
		"| test | pipeline | kvasir | redis 7.0.15 |\n|---|---:|---:|---:|\n",
		"| GET | 1 | 100 (5.00) | 90 (6.25) |\n",
		"| GET | 16 | 900 (0.50) | 700 (1.00) |\n",
		"| kvasir | 1000 | each | 53.4 | 3.0 |\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	if strings.Contains(text, "## Growing") {
		t.Error("a table without figures is there")
	}
}

func TestMedianAndQuantiles(t *testing.T) {
	if m := median([]float64{9, 1, 5}); m != 5 {
		t.Errorf("the median is %v", m)
	}
	latencies := []time.Duration{time.Microsecond, 2 * time.Microsecond, 3 * time.Microsecond}
	if at(latencies, 0.5) != 2 || at(latencies, 1) != 3 || at(nil, 1) != 0 {
		t.Error("wrong quantiles")
	}
}

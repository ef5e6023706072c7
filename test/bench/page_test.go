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
		"| test | pipeline | kvasir | redis 7.0.15 | CPU to redis 7.0.15 | rate to redis 7.0.15 |\n|---|---:|---:|---:|---:|---:|\n",
		"| GET | 1 | 100 (5.00) | 90 (6.25) | 0.80 | 1.11 |\n",
		"| GET | 16 | 900 (0.50) | 700 (1.00) | 0.50 | 1.29 |\n",
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

func TestCollectionsPage(t *testing.T) {
	text := string(Page(&Figures{
		Servers: []string{"kvasir", "valkey 9.1.0"},
		Collections: &Collections{
			Requests: []Throughput{{"SADD", 16, "kvasir", 900_000, 0.8}, {"SADD", 16, "valkey 9.1.0", 800_000, 1}},
			Small:    []Resident{{"list of 5", 1000, "kvasir", 95}, {"list of 5", 1000, "valkey 9.1.0", 100}},
			Calls:    []Call{{"ZRANK", "kvasir", 1}},
			Stalls:   []Stall{{"set", "UNLINK", 5_000_000, "kvasir", 50, 3000, 700}},
		},
	}))
	for _, want := range []string{
		"| request | pipeline | kvasir | valkey 9.1.0 | ratio | goal | |\n|---|---:|---:|---:|---:|---:|---|\n",
		"| SADD | 16 | 0.8 (900) | 1 (800) | 0.80 | 0.85 | met |\n",
		"| list of 5 | 1000 | 95 | 100 | 0.95 | 0.90 | **missed** |\n",
		"| ZRANK | 1 | | | | |\n",
		"| set | UNLINK | kvasir | 50 | 3000 | 700 | 2000 | met |\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
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

package main

// Figures are everything that was measured.
type Figures struct {
	Machine    string
	Command    string // that measured them
	Servers    []string
	Rounds     int
	Keyspace   int64
	Throughput []Throughput
	Loops      []Throughput // with two threads, server and load on all cores
	Memory     []Memory
	Growth     []Growth
	Idle       []Idle
	Exclusive  []Exclusive
	// Collections are the figures of the data types.
	Collections *Collections
	// Durability is what keeping data costs.
	Durability *Durability
}

// Throughput is the medians of one test at one depth of the pipeline.
type Throughput struct {
	Test              string
	Pipeline          int
	Server            string
	RequestsPerSecond float64
	CPUMicros         float64 // of the server, per request
}

// Memory is what keys cost.
type Memory struct {
	Server      string
	Keys        int64
	Expiring    bool
	BytesPerKey float64 // of resident memory
	GoHeapBytes int64   // as INFO says; 0 where the server has none
}

// Growth is what another client notices of a keyspace that grows.
type Growth struct {
	Server                   string
	PerSecond                int
	Keys                     int64
	P50Micros                int64
	P999Micros               int64
	MaxMicros                int64
	OwnP999Micros, OwnMicros int64 // without what threads waited for a processor
}

// Idle is what connections that do nothing cost.
type Idle struct {
	Server      string
	Connections int
	BytesEach   float64 // of resident memory
	CPUPercent  float64 // of a core, while they idle
}

// Exclusive is how long a command takes that has to stop four busy loops, and one
// that stops nobody, and how many commands other clients had executed meanwhile.
type Exclusive struct {
	Server                   string
	Loops                    int
	Plain, Exclusive         Latency
	PlainRate, ExclusiveRate float64 // per second
}

// Latency is how long requests took, in microseconds.
type Latency struct{ P50Micros, P99Micros, MaxMicros int64 }

package main

import (
	"bytes"
	"io"
	"time"

	"github.com/kvasirdb/kvasir/internal/client"
	"github.com/kvasirdb/kvasir/internal/node"
	"github.com/kvasirdb/kvasir/internal/platform/clock"
	"github.com/kvasirdb/kvasir/internal/platform/serverlog"
)

// commandDocs is what this program's own server would say about its commands.
// The command line client shows it where it cannot ask a server. The server that
// is made for it never runs, and goes with the process.
func commandDocs() client.Value {
	log := serverlog.New(io.Discard, time.Now)
	cfg, err := loadConfig(nil, log)
	if err != nil {
		return client.Value{}
	}
	n, err := node.New(node.Options{Config: cfg, Log: log, Clock: clock.NewSystem()})
	if err != nil {
		return client.Value{}
	}
	docs, err := client.NewReader(bytes.NewReader(n.CommandDocs()), client.DefaultLimits).Read()
	if err != nil {
		return client.Value{}
	}
	return docs
}

// Command kvasir is the server and its tools in one binary.
package main

import (
	"fmt"
	"os"

	"github.com/kvasirdb/kvasir/internal/config"
	"github.com/kvasirdb/kvasir/internal/node"
	"github.com/kvasirdb/kvasir/internal/platform/glob"
)

func main() {
	cfg := config.New(config.Environment{Dir: "/", Match: glob.Match})
	if err := cfg.Load(config.Sources{CommandLine: config.ParseCommandLine(os.Args[2:])}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	n, err := node.New(cfg)
	if err == nil {
		err = n.Run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

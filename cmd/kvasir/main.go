// Command kvasir is the server and its tools in one binary. What it is follows
// from its first argument, or from the name it is called by: valkey-server,
// redis-cli and the like.
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/kvasirdb/kvasir/internal/cli"
	"github.com/kvasirdb/kvasir/internal/config"
	"github.com/kvasirdb/kvasir/internal/loadgen"
	"github.com/kvasirdb/kvasir/internal/node"
	"github.com/kvasirdb/kvasir/internal/persistence/aof"
	"github.com/kvasirdb/kvasir/internal/persistence/aof/checkaof"
	"github.com/kvasirdb/kvasir/internal/persistence/rdb/checkrdb"
	"github.com/kvasirdb/kvasir/internal/platform/vfs"
)

const usage = `Kvasir, a server for Valkey and Redis clients

Usage:
  kvasir server [/path/to/valkey.conf] [--option value ...] [-]
  kvasir cli [options] [command [argument ...]]
  kvasir benchmark [options] [command [argument ...]]
  kvasir check-rdb <rdb-file-name> [--stats] [--format table|info|csv] [--output <file>]
  kvasir check-aof [--fix | --truncate-to-timestamp <seconds>] <file.manifest | file.aof>

Every tool explains itself with --help. Linked or copied to the name
valkey-server, valkey-cli, valkey-benchmark, valkey-check-rdb or
valkey-check-aof (or redis-...), the binary is that tool.
`

// tools are the programs in this binary.
var tools = map[string]func(args []string) int{
	"server":    runServer,
	"cli":       runCLI,
	"benchmark": runBenchmark,
	"check-rdb": runCheckRDB,
	"check-aof": runCheckAOF,
}

func main() { os.Exit(run(os.Args)) }

func run(args []string) int {
	if tool, ok := tools[toolName(args[0])]; ok {
		return tool(args[1:])
	}
	if toolName(args[0]) == "sentinel" {
		io.WriteString(os.Stderr, "kvasir: there is no sentinel yet\n")
		return 1
	}
	if len(args) < 2 {
		io.WriteString(os.Stderr, usage)
		return 1
	}
	if tool, ok := tools[args[1]]; ok {
		return tool(args[2:])
	}
	switch args[1] {
	case "-h", "--help", "help":
		io.WriteString(os.Stdout, usage)
		return 0
	case "-v", "--version", "version":
		fmt.Println(versionLine())
		return 0
	}
	if strings.HasPrefix(args[1], "-") {
		fmt.Fprintf(os.Stderr, "kvasir: name a tool before its options, as in: kvasir server %s\n\n%s", strings.Join(args[1:], " "), usage)
		return 1
	}
	fmt.Fprintf(os.Stderr, "kvasir: unknown tool %q\n\n%s", args[1], usage)
	return 1
}

// toolName returns the tool that a program name stands for, as in valkey-cli,
// or "".
func toolName(program string) string {
	base := strings.TrimSuffix(filepath.Base(program), ".exe")
	for _, prefix := range []string{"valkey-", "redis-", "kvasir-"} {
		if name, ok := strings.CutPrefix(base, prefix); ok {
			return name
		}
	}
	return ""
}

func runCLI(args []string) int {
	return cli.Program{Docs: commandDocs}.Main(args, os.Stdin, os.Stdout, os.Stderr, os.Environ())
}

func runCheckRDB(args []string) int {
	return checkrdb.Main(args, os.Stdout, os.Stderr, node.ValkeyVersion, time.Now())
}

func runCheckAOF(args []string) int {
	return checkaof.Main(args, checkaof.Environment{
		FS:      vfs.OS{},
		In:      os.Stdin,
		Out:     os.Stdout,
		Program: "valkey-check-aof",
		Version: node.ValkeyVersion,
		Words:   aof.Words{Split: config.SplitArgs, Quote: config.Quote},
		Now:     time.Now(),
	})
}

func runBenchmark(args []string) int {
	return loadgen.Main(args, os.Stdin, os.Stdout, os.Stderr)
}

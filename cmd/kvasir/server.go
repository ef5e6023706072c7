package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/kvasirdb/kvasir/internal/config"
	"github.com/kvasirdb/kvasir/internal/node"
	"github.com/kvasirdb/kvasir/internal/platform/clock"
	"github.com/kvasirdb/kvasir/internal/platform/glob"
	"github.com/kvasirdb/kvasir/internal/platform/proctitle"
	"github.com/kvasirdb/kvasir/internal/platform/serverlog"
)

const serverUsage = `Usage: kvasir server [/path/to/valkey.conf] [--option value ...] [-]
       kvasir server -            (reads the configuration from standard input)
       kvasir server -v, --version
       kvasir server -h, --help

Examples:
       kvasir server              (runs with the built-in defaults)
       echo 'maxmemory 128mb' | kvasir server -
       kvasir server /etc/valkey/6379.conf
       kvasir server --port 7777
       kvasir server /etc/valkey.conf --loglevel verbose -
`

// runServer is kvasir server: it reads the configuration, goes to the
// background if asked, and serves until it is shut down.
func runServer(args []string) int {
	if len(args) == 1 {
		switch args[0] {
		case "-v", "--version":
			fmt.Println(versionLine())
			return 0
		case "-h", "--help":
			fmt.Print(serverUsage)
			return 0
		}
	}
	title := proctitle.Claim() // args are a part of os.Args
	log := serverlog.New(os.Stdout, time.Now)
	cfg, err := loadConfig(args, log)
	if err != nil {
		var line *config.LineError
		if errors.As(err, &line) {
			fmt.Fprint(os.Stderr, line.Report(node.ValkeyVersion))
		} else {
			log.Warningf("%v", err)
		}
		return 1
	}
	p := &cfg.Params
	supervisor := supervise(p.Supervised.Load(), log)
	if p.Daemonize.Load() && supervisor == nil {
		parent, err := daemonize()
		if err != nil {
			log.Warningf("Cannot go to the background: %v", err)
			return 1
		}
		if parent {
			return 0
		}
	}
	log.Noticef("oO0OoO0OoO0Oo Kvasir is starting oO0OoO0OoO0Oo")
	log.Noticef("Kvasir version=%s, valkey=%s, bits=64, commit=%s, modified=%d, pid=%d, just started",
		node.Version, node.ValkeyVersion, commit(), modified(), os.Getpid())
	if len(args) == 0 {
		log.Warningf("Warning: No config file specified, using the default config. In order to specify a config file use %s /path/to/valkey.conf", serverCommand())
	} else {
		log.Noticef("Configuration loaded")
	}
	go reportCrashes(log, p.CrashLogEnabled.Load, catchCrashes(log, p.CrashLogEnabled.Load(), p.LogFile.Load()))
	executable, _ := os.Executable()
	n, err := node.New(node.Options{Config: cfg, Log: log, Clock: clock.NewSystem(), Executable: executable, Files: config.OSFiles{},
		Program: serverCommand(), ShowTitle: title.Set, Supervisor: supervisor.name()})
	if err == nil {
		err = n.Start()
	}
	if err != nil {
		log.Warningf("%v", err)
		return 1
	}
	supervisor.ready()
	go handleSignals(n, log, catchSignals())
	code := n.Run()
	supervisor.stopping()
	n.Goodbye()
	return code
}

// withoutEffect are the lines of a file that this server accepts, but cannot
// follow yet.
var withoutEffect = map[string]string{
	"user":       "There are no ACL users yet; requirepass sets a password for everybody.",
	"loadmodule": "There are no modules yet.",
}

// serverCommand is how this program was started as a server.
func serverCommand() string {
	if toolName(os.Args[0]) == "server" {
		return os.Args[0]
	}
	return os.Args[0] + " server"
}

// loadConfig reads the configuration that the arguments describe.
func loadConfig(args []string, log *serverlog.Log) (*config.Store, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	files := config.OSFiles{}
	cfg := config.New(config.Environment{
		Dir:       dir,
		ChangeDir: files.ChangeDir,
		Match:     glob.Match,
		Warn:      func(text string) { log.Warningf("%s", text) },
	})
	err = cfg.Load(config.Sources{
		CommandLine: config.ParseCommandLine(args),
		Files:       files,
		Stdin:       os.Stdin,
		OpenLog:     files.OpenLog,
		Directive: func(d config.Directive) error {
			if what, ok := withoutEffect[d.Name]; ok {
				log.Warningf("WARNING: %s on line %d has no effect. %s", d.Name, d.Line, what)
			}
			return nil
		},
	})
	if err == nil {
		log.SetFile(cfg.Params.LogFile.Load())
		log.SetLevel(serverlog.Level(cfg.Params.LogLevel.Load()))
		log.SetFormat(serverlog.Format(cfg.Params.LogFormat.Load()), serverlog.Timestamp(cfg.Params.LogTimestampFormat.Load()))
	}
	return cfg, err
}

// catchSignals returns where SIGTERM and SIGINT go from now on, which end the
// process otherwise. SIGHUP is ignored, as a server without a terminal has to.
func catchSignals() <-chan os.Signal {
	signal.Ignore(syscall.SIGHUP)
	ch := make(chan os.Signal, 4)
	signal.Notify(ch, syscall.SIGTERM, syscall.SIGINT)
	return ch
}

// handleSignals shuts the server down on SIGTERM and SIGINT. A second SIGINT
// ends the process at once.
func handleSignals(n *node.Node, log *serverlog.Log, signals <-chan os.Signal) {
	for s := range signals {
		interrupt := s == syscall.SIGINT
		text := "Received SIGTERM scheduling shutdown..."
		switch {
		case interrupt && n.ShutdownRequested():
			log.Raw(signalLine("You insist... exiting now."))
			n.RemoveTemporary()
			os.Exit(1)
		case n.Saver.IsLoading():
			text = "Received shutdown signal during loading, scheduling shutdown."
		case interrupt:
			text = "Received SIGINT scheduling shutdown..."
		}
		log.Raw(signalLine(text))
		n.RequestShutdown(interrupt)
	}
}

// signalLine is a log line as a signal handler writes it.
func signalLine(text string) string {
	return fmt.Sprintf("%d:signal-handler (%d) %s\n", os.Getpid(), time.Now().Unix(), text)
}

// versionLine is the answer to --version, in the shape that scripts parse.
func versionLine() string {
	return fmt.Sprintf("Kvasir server v=%s valkey=%s redis=%s sha=%s:%d malloc=offheap bits=64 build=%s",
		node.Version, node.ValkeyVersion, node.RedisVersion, commit(), modified(), goVersion())
}

func goVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.GoVersion
	}
	return "unknown"
}

// commit returns the first eight digits of the commit that was built.
func commit() string {
	if v := setting("vcs.revision"); len(v) >= 8 {
		return v[:8]
	}
	return "00000000"
}

// modified returns 1 when the build had uncommitted changes.
func modified() int {
	if setting("vcs.modified") == "true" {
		return 1
	}
	return 0
}

func setting(key string) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == key {
				return s.Value
			}
		}
	}
	return ""
}

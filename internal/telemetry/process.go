package telemetry

import (
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/kvasirdb/kvasir/internal/telemetry/info"
)

func (c *Core) writeServer(f *info.Fields) {
	p := &c.Config.Params
	now := c.Clock.Now()
	uptime := int64(now.Sub(c.started).Seconds())
	f.Text("redis_version", c.Versions.Redis)
	f.Text("server_name", c.Versions.ServerName)
	f.Text("valkey_version", c.Versions.Valkey)
	f.Text("valkey_release_stage", "ga")
	f.Text("kvasir_version", c.Versions.Kvasir)
	f.Text("redis_git_sha1", "00000000")
	f.Int("redis_git_dirty", 0)
	f.Text("redis_build_id", "0")
	if p.ExtendedRedisCompatibility.Load() {
		f.Text("redis_mode", c.mode())
	} else {
		f.Text("server_mode", c.mode())
	}
	f.Text("os", systemName())
	f.Int("arch_bits", 32<<(^uint(0)>>63))
	f.Text("monotonic_clock", c.clockName())
	f.Text("multiplexing_api", pollerName())
	f.Text("gcc_version", "0.0.0") // as Valkey says when another compiler built it
	f.Text("go_version", strings.TrimPrefix(runtime.Version(), "go"))
	f.Int("process_id", int64(os.Getpid()))
	f.Text("process_supervised", "no")
	f.Text("run_id", c.runID)
	f.Int("tcp_port", int64(c.Port()))
	f.Int("server_time_usec", now.UnixMicro())
	f.Int("uptime_in_seconds", uptime)
	f.Int("uptime_in_days", uptime/(24*60*60))
	f.Int("hz", p.Hz.Load())
	f.Int("configured_hz", p.Hz.Load())
	f.Int("clients_hz", p.Hz.Load())
	f.Int("lru_clock", now.Unix()&(1<<24-1))
	f.Text("executable", c.Executable)
	f.Text("config_file", c.Config.ConfigFile())
	f.Bool("io_threads_active", len(c.Server.Loops()) > 1)
	f.Text("availability_zone", p.AvailabilityZone.Load())
	c.writeListeners(f)
}

func (c *Core) mode() string {
	if c.Config.Params.ClusterEnabled.Load() {
		return "cluster"
	}
	return "standalone"
}

// writeListeners lists what is listened on: "name=tcp,bind=*,port=6379".
func (c *Core) writeListeners(f *info.Fields) {
	p := &c.Config.Params
	n := 0
	add := func(kind, rest string) {
		f.Text(fmt.Sprintf("listener%d", n), "name="+kind+rest)
		n++
	}
	if port := c.Port(); port != 0 {
		var binds strings.Builder
		for _, addr := range p.Bind.Load() {
			binds.WriteString(",bind=" + addr)
		}
		add("tcp", fmt.Sprintf("%s,port=%d", binds.String(), port))
	}
	if path := p.UnixSocket.Load(); path != "" {
		add("unix", ",bind="+path)
	}
}

// clockName describes what times commands, and how fast it ticks.
func (c *Core) clockName() string {
	name := map[string]string{"amd64": "X86 TSC", "arm64": "ARM CNTVCT"}[runtime.GOARCH]
	if name == "" {
		return "POSIX clock_gettime"
	}
	const ticks = 1 << 30
	perMicro := ticks * 1e3 / float64(max(c.Engine.Ticks().Nanos(ticks), 1))
	return fmt.Sprintf("%s @ %.0f ticks/us", name, perMicro)
}

// pollerName is the system's interface that package poll uses.
func pollerName() string {
	switch runtime.GOOS {
	case "linux":
		return "epoll"
	case "darwin", "dragonfly", "freebsd", "netbsd", "openbsd":
		return "kqueue"
	}
	return "netpoll"
}

func (c *Core) writeCPU(f *info.Fields) {
	u := processorTime()
	seconds := func(name string, micros int64) {
		f.Textf(name, "%d.%06d", micros/1e6, micros%1e6)
	}
	seconds("used_cpu_sys", u.system)
	seconds("used_cpu_user", u.user)
	seconds("used_cpu_sys_children", u.childrenSystem)
	seconds("used_cpu_user_children", u.childrenUser)
	if u.ofThread {
		seconds("used_cpu_sys_main_thread", u.threadSystem)
		seconds("used_cpu_user_main_thread", u.threadUser)
	}
	for i, l := range c.Server.Loops() {
		stats := l.LoopStats()
		name := "used_active_time_main_thread"
		if i > 0 {
			name = fmt.Sprintf("used_active_time_io_thread_%d", i)
		}
		seconds(name, c.Engine.Ticks().Nanos(stats.TurnTicks)/1e3)
	}
}

// processorUse is processor time in microseconds.
type processorUse struct {
	system, user                 int64
	childrenSystem, childrenUser int64
	threadSystem, threadUser     int64 // of the calling thread
	ofThread                     bool  // the system tells it
}

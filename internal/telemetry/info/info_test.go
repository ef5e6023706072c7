package info_test

import (
	"strings"
	"testing"

	"github.com/kvasirdb/kvasir/internal/telemetry/info"
)

func newRegistry() *info.Registry {
	r := new(info.Registry)
	r.Add(info.Section{Name: "server", Title: "Server", Shown: info.ShownByDefault, Write: func(f *info.Fields) {
		f.Text("version", "1")
		f.Int("hits", 0)
	}})
	r.Add(info.Section{Name: "module_list", Alias: "modules", Title: "Modules", Shown: info.ShownByDefault, Write: func(*info.Fields) {}})
	r.Add(info.Section{Name: "stats", Title: "Stats", Write: func(f *info.Fields) { f.Fixed("speed", 2, 2) }})
	r.Add(info.Section{Name: "debug", Title: "Debug", Shown: info.ShownByName, Write: func(f *info.Fields) { f.Bool("on", true) }})
	return r
}

const (
	serverText  = "# Server\r\nversion:1\r\nhits:0\r\n"
	modulesText = "# Modules\r\n"
	statsText   = "# Stats\r\nspeed:2.00\r\n"
	debugText   = "# Debug\r\non:1\r\n"
)

func TestSectionsOfArguments(t *testing.T) {
	r := newRegistry()
	for _, c := range []struct {
		args []string
		want []string
	}{
		{nil, []string{serverText, modulesText}},
		{[]string{"default"}, []string{serverText, modulesText}},
		{[]string{"ALL"}, []string{serverText, modulesText, statsText}},
		{[]string{"everything"}, []string{serverText, modulesText, statsText}},
		{[]string{"stats", "Server"}, []string{serverText, statsText}},
		{[]string{"stats", "default", "stats"}, []string{serverText, modulesText, statsText}},
		{[]string{"modules"}, []string{modulesText}},
		{[]string{"all", "debug"}, []string{serverText, modulesText, statsText, debugText}},
		{[]string{"nonsense"}, nil},
		{[]string{""}, nil},
	} {
		if got := string(r.Render(c.args)); got != strings.Join(c.want, "\r\n") {
			t.Errorf("%q: %q", c.args, got)
		}
	}
}

func TestSubsystemsReplace(t *testing.T) {
	r := newRegistry()
	r.ProvideInt("hits", func() int64 { return 7 })
	r.ProvideText("speed", func() string { return "fast" })
	r.ProvideText("sped", func() string { return "" })
	r.ProvideText("speed_max", func() string { return "" })
	r.Add(info.Section{Name: "debug", Title: "Debug", Write: func(f *info.Fields) { f.Human("size", 1536) }})
	const want = "# Server\r\nversion:1\r\nhits:7\r\n\r\n# Modules\r\n\r\n# Stats\r\nspeed:fast\r\n\r\n# Debug\r\nsize:1.50K\r\n"
	if got := string(r.Render([]string{"all"})); got != want {
		t.Errorf("%q", got)
	}
	if got := strings.Join(r.Unused(), " "); got != "sped speed_max" {
		t.Errorf("unused: %s", got)
	}
}

func TestHumanBytes(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0B", 1023: "1023B", 1024: "1.00K", 972032: "949.25K", 1 << 20: "1.00M",
		25276026880: "23.54G", 1 << 40: "1.00T", 1 << 50: "1.00P", 1 << 60: "1024.00P",
	} {
		if got := info.HumanBytes(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}

func TestSafeName(t *testing.T) {
	for name, want := range map[string]string{"client|list": "client|list", "a#b:c\r\nd": "a_b_c__d", "": ""} {
		if got := info.SafeName(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

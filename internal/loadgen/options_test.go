package loadgen

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestOptions(t *testing.T) {
	tests := []struct {
		args string
		ok   func(o *options, c Config) bool
	}{
		{"", func(o *options, c Config) bool {
			return c.Network == "tcp" && c.Addr == "127.0.0.1:6379" && c.Clients == 50 && c.Threads == 0 &&
				c.Requests == 100000 && c.Pipeline == 1 && o.dataBytes == 3 && c.Precision == 3 && c.Keyspace == 0
		}},
		{"-h ::1 -p 1", func(o *options, c Config) bool { return c.Addr == "[::1]:1" }},
		{"-s /s", func(o *options, c Config) bool { return c.Network == "unix" && c.Addr == "/s" }},
		{"-u valkeys://u:p%20w@h:7/5", func(o *options, c Config) bool {
			return o.tls.on && c.User == "u" && c.Password == "p w" && c.Addr == "h:7" && c.DB == 5
		}},
		{"--user u -a p --dbnum 2 -3 --enable-tracking", func(o *options, c Config) bool {
			return c.User == "u" && c.Password == "p" && c.DB == 2 && c.Resp3 && c.Tracking
		}},
		{"-n 12x -c 0 -P 0 -d 0", func(o *options, c Config) bool {
			return c.Requests == 12 && c.Clients == 0 && c.Pipeline == 1 && o.dataBytes == 1
		}},
		{"--duration 3 --warmup 2 --rps 7", func(o *options, c Config) bool {
			return c.Duration == 3*time.Second && c.Requests == 0 && c.Warmup == 2*time.Second && c.RequestsPerSecond == 7
		}},
		{"-r 0", func(o *options, c Config) bool { return c.Keyspace == 1 }},
		{"-r -5", func(o *options, c Config) bool { return c.Keyspace == 1 }},
		{"-r 100 --sequential", func(o *options, c Config) bool { return c.Keyspace == 100 && c.Counters != nil }},
		{"-k 0", func(o *options, c Config) bool { return c.Reconnect }},
		{"-k 1", func(o *options, c Config) bool { return !c.Reconnect }},
		{"--threads 9999", func(o *options, c Config) bool { return c.Threads == threadsMax }},
		{"--precision 9", func(o *options, c Config) bool { return c.Precision == cliPrecisionMax }},
		{"--rfr all --cluster", func(o *options, c Config) bool { return o.from == AllNodes && o.clusterOn }},
		{"-q -- -x y", func(o *options, c Config) bool { return strings.Join(o.command, " ") == "-x y" && !o.stdinArg }},
		{"-q get k -n", func(o *options, c Config) bool { return strings.Join(o.command, " ") == "get k -n" }},
	}
	for _, test := range tests {
		o, err := parseOptions(strings.Fields(test.args), 1, io.Discard)
		if err != nil {
			t.Errorf("%s: %v", test.args, err)
			continue
		}
		if !test.ok(o, o.config()) {
			t.Errorf("%s: options %+v, config %+v", test.args, *o, o.config())
		}
	}
}

func TestInvalidOptions(t *testing.T) {
	for args, want := range map[string]string{
		"-n":                `Invalid option "-n" or option argument missing`,
		"--what":            `Invalid option "--what" or option argument missing`,
		"-r -x":             `Invalid option "-x" or option argument missing`,
		"--rfr some":        `Invalid option "some" or option argument missing`,
		"-p 65536":          "Invalid server port.",
		"-u http://h":       "Invalid URI scheme",
		"--rdma":            `Invalid option "--rdma" or option argument missing`,
		"-n 1 -n":           `Invalid option "-n" or option argument missing`,
		"--duration 1 -n 1": exclusiveBounds,
	} {
		_, err := parseOptions(strings.Fields(args), 1, io.Discard)
		if err == nil || err.Error() != want {
			t.Errorf("%s: error %v, want %s", args, err, want)
		}
	}
}

func TestCipherLists(t *testing.T) {
	all := len(tls.CipherSuites())
	secure := 0
	for _, suite := range tls.CipherSuites() {
		if suite.ID == tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 {
			secure++
		}
	}
	for list, want := range map[string]int{
		"DEFAULT":                                  all,
		"DEFAULT:-AES128-SHA256":                   all,
		"DEFAULT:!ECDHE-RSA-AES128-GCM-SHA256":     all - secure,
		"AES128-SHA:AES128-SHA,AES256-SHA UNKNOWN": 2,
	} {
		suites, err := cipherSuites(list)
		if err != nil || len(suites) != want {
			t.Errorf("%s: %d suites, error %v, want %d", list, len(suites), err, want)
		}
	}
	if _, err := cipherSuites("UNKNOWN"); err == nil {
		t.Error("a list of nothing known is accepted")
	}
}

// TestTLSOptions goes through the files that the command line can name, against
// a server that wants to see a client certificate.
func TestTLSOptions(t *testing.T) {
	certificate, pool := selfSigned(t)
	dir, authorities := t.TempDir(), t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert"), filepath.Join(dir, "key")
	key, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	writePEM(t, certFile, "CERTIFICATE", certificate.Certificate[0])
	writePEM(t, filepath.Join(authorities, "ca"), "CERTIFICATE", certificate.Certificate[0])
	writePEM(t, keyFile, "PRIVATE KEY", key)
	s := startTLSServer(t, &scriptedServer{}, &tls.Config{
		Certificates: []tls.Certificate{certificate},
		ClientAuth:   tls.RequireAnyClientCert,
		ClientCAs:    pool,
	})
	pair := []string{"--tls", "--cert", certFile, "--key", keyFile}
	for _, c := range []struct {
		args []string
		ok   bool
	}{
		{append(pair, "--cacert", certFile), true},
		{append(pair, "--cacertdir", authorities), true},
		{append(pair, "--insecure"), true},
		{append(pair, "--insecure", "--tls-ciphers", "DEFAULT:-AES128-SHA256", "--tls-ciphersuites", "TLS_AES_128_GCM_SHA256"), true},
		{append(pair, "--cacert", certFile, "--sni", "elsewhere"), false},
		{append(pair, "--cacert", keyFile), false},
		{append(pair, "--cacertdir", certFile), false},
		{pair, false},
		{[]string{"--tls", "--cert", certFile}, false},
		{[]string{"--tls", "--cert", certFile, "--key", certFile}, false},
		{append(pair, "--insecure", "--tls-ciphers", "NONE"), false},
	} {
		out := s.invoke(t, append([]string{"-q", "-c", "2", "-n", "4", "-t", "set"}, c.args...)...)
		if (out.status == 0) != c.ok {
			t.Errorf("%v: status %d, stderr %q", c.args, out.status, out.stderr)
		}
	}
	if got := len(s.received()); got != 16 {
		t.Errorf("%d requests over TLS, want 16", got)
	}
}

func writePEM(t *testing.T, file, kind string, der []byte) {
	t.Helper()
	text := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

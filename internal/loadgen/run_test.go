package loadgen

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"
)

// bothLoops runs a test on the loop of this system and on the portable one.
func bothLoops(t *testing.T, test func(t *testing.T, portable bool)) {
	t.Run("native", func(t *testing.T) { test(t, false) })
	t.Run("portable", func(t *testing.T) { test(t, true) })
}

func TestRunCountsEveryRequest(t *testing.T) {
	bothLoops(t, func(t *testing.T, portable bool) {
		for _, c := range []struct{ clients, threads, pipeline, requests, want int }{
			{1, 1, 1, 1, 1},
			{50, 1, 1, 1000, 1000},
			{10, 1, 5, 10010, 10010},
			{7, 3, 4, 100, 100},
			{50, 4, 16, 100, 112}, // whole batches
			{5, 10, 1, 10, 10},    // more threads than connections
		} {
			s := startServer(t, &scriptedServer{})
			result, err := Run(t.Context(), Config{
				Addr: s.addr, Clients: c.clients, Threads: c.threads, Pipeline: c.pipeline,
				Requests: int64(c.requests), Sequence: Command("PING"), portable: portable,
			}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := len(s.received()); got != c.want || result.Requests != int64(c.want) {
				t.Errorf("%+v: server counts %d requests, result %d", c, got, result.Requests)
			}
			if result.Latencies.TotalCount() != int64(c.want) {
				t.Errorf("%+v: %d latencies", c, result.Latencies.TotalCount())
			}
		}
	})
}

func TestRunGreetsEveryConnection(t *testing.T) {
	bothLoops(t, func(t *testing.T, portable bool) {
		s := startServer(t, &scriptedServer{})
		_, err := Run(t.Context(), Config{
			Addr: s.addr, Clients: 1, Requests: 1, Sequence: Command("PING"), portable: portable,
			User: "u", Password: "p", DB: 3, Resp3: true, Tracking: true,
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		want := "AUTH u p,CLIENT TRACKING on,SELECT 3,HELLO 3,PING"
		if got := strings.Join(s.received(), ","); got != want {
			t.Errorf("commands %s, want %s", got, want)
		}
	})
}

func TestRunReconnects(t *testing.T) {
	bothLoops(t, func(t *testing.T, portable bool) {
		s := startServer(t, &scriptedServer{})
		result, err := Run(t.Context(), Config{
			Addr: s.addr, Clients: 3, Requests: 30, Sequence: Command("PING"), Password: "p",
			Reconnect: true, portable: portable,
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if result.Requests != 30 || s.connectionCount() != 30 {
			t.Errorf("%d requests over %d connections, want 30 over 30", result.Requests, s.connectionCount())
		}
		if got := strings.Count(strings.Join(s.received(), ","), "AUTH"); got != 30 {
			t.Errorf("%d connections authenticated, want 30", got)
		}
	})
}

// TestRunReadsFragments has replies of many shapes arrive byte by byte, with
// pushes between them that answer nothing.
func TestRunReadsFragments(t *testing.T) {
	replies := []string{
		"+OK\r\n", ":1\r\n", "$5\r\nhe\r\no\r\n", "$-1\r\n", "*-1\r\n", "_\r\n", "*0\r\n",
		"*3\r\n*2\r\n:1\r\n:2\r\n$0\r\n\r\n-ERR inside\r\n", "%1\r\n+k\r\n~2\r\n#t\r\n,1.5\r\n",
		">2\r\n+invalidate\r\n*1\r\n+k\r\n=7\r\ntxt:abc\r\n", "|1\r\n+ttl\r\n:9\r\n(123456789012345678901\r\n",
	}
	bothLoops(t, func(t *testing.T, portable bool) {
		next := 0
		s := startServer(t, &scriptedServer{trickle: true, answer: func(string) string {
			next++
			return replies[next%len(replies)]
		}})
		result, err := Run(t.Context(), Config{
			Addr: s.addr, Requests: 44, Pipeline: 4, Sequence: Command("X"), portable: portable,
		}, nil)
		if err != nil || result.Requests != 44 {
			t.Errorf("%d requests, error %v", result.Requests, err)
		}
	})
}

// TestRunSendsMoreThanSocketsTake has a batch that no socket buffer holds.
func TestRunSendsMoreThanSocketsTake(t *testing.T) {
	bothLoops(t, func(t *testing.T, portable bool) {
		s := startServer(t, &scriptedServer{})
		value := strings.Repeat("x", 1<<20)
		result, err := Run(t.Context(), Config{
			Addr: s.addr, Clients: 1, Requests: 16, Pipeline: 8, Sequence: Command("SET", "k", value), portable: portable,
		}, nil)
		if err != nil || result.Requests != 16 {
			t.Fatalf("%d requests, error %v", result.Requests, err)
		}
		for _, command := range s.received() {
			if command != "SET k "+value {
				t.Fatalf("a command of %d bytes arrived damaged", len(command))
			}
		}
	})
}

func TestRunEndsWithItsContext(t *testing.T) {
	bothLoops(t, func(t *testing.T, portable bool) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		s := startServer(t, &scriptedServer{answer: func(string) string {
			cancel()
			return "+OK\r\n"
		}})
		_, err := Run(ctx, Config{
			Addr: s.addr, Clients: 2, Duration: time.Hour, Sequence: Command("PING"), portable: portable,
		}, nil)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want the context's", err)
		}
	})
}

// TestRunReportsRefusal has the server say why before it hangs up.
func TestRunReportsRefusal(t *testing.T) {
	bothLoops(t, func(t *testing.T, portable bool) {
		s := startServer(t, &scriptedServer{banner: "-ERR max number of clients reached\r\n"})
		_, err := Run(t.Context(), Config{
			Addr: s.addr, Clients: 5, Requests: 100, Sequence: Command("PING"), portable: portable,
		}, nil)
		var refusal *ServerError
		if !errors.As(err, &refusal) || refusal.Text != "ERR max number of clients reached" {
			t.Errorf("error %v, want the server's", err)
		}
	})
}

// TestRunDuration needs no time of its own: what it checks is that warm-up and
// measurement both end, and that only the latter is counted.
func TestRunDuration(t *testing.T) {
	bothLoops(t, func(t *testing.T, portable bool) {
		s := startServer(t, &scriptedServer{})
		result, err := Run(t.Context(), Config{
			Addr: s.addr, Clients: 2, Warmup: 20 * time.Millisecond, Duration: 30 * time.Millisecond,
			Sequence: Command("PING"), portable: portable,
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if result.Elapsed != 30*time.Millisecond {
			t.Errorf("elapsed %v", result.Elapsed)
		}
		if sent := int64(len(s.received())); result.Requests >= sent {
			t.Errorf("%d requests counted of %d sent: the warm-up was counted", result.Requests, sent)
		}
	})
}

func TestRunLimitsRate(t *testing.T) {
	bothLoops(t, func(t *testing.T, portable bool) {
		s := startServer(t, &scriptedServer{})
		result, err := Run(t.Context(), Config{
			Addr: s.addr, Clients: 5, Requests: 100, RequestsPerSecond: 5000, Sequence: Command("PING"), portable: portable,
		}, nil)
		if err != nil || result.Requests != 100 {
			t.Errorf("%d requests, error %v", result.Requests, err)
		}
	})
}

func TestRunOverTLS(t *testing.T) {
	certificate, pool := selfSigned(t)
	s := startTLSServer(t, &scriptedServer{}, &tls.Config{Certificates: []tls.Certificate{certificate}})
	config := Config{Addr: s.addr, Clients: 4, Requests: 40, Sequence: Command("PING"), TLS: &tls.Config{RootCAs: pool}}
	result, err := Run(t.Context(), config, nil)
	if err != nil || result.Requests != 40 {
		t.Errorf("%d requests, error %v", result.Requests, err)
	}
	config.TLS = &tls.Config{}
	var connect *ConnectError
	if _, err := Run(t.Context(), config, nil); !errors.As(err, &connect) {
		t.Errorf("unknown authority: error %v, want a ConnectError", err)
	}
}

func selfSigned(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Unix(0, 0),
		NotAfter:     time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:         true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func TestConfigIsChecked(t *testing.T) {
	good := Config{Addr: "127.0.0.1:1", Requests: 1, Sequence: Command("PING")}
	for name, spoil := range map[string]func(*Config){
		"no command":         func(c *Config) { c.Sequence = Sequence{} },
		"no bound":           func(c *Config) { c.Requests = 0 },
		"two bounds":         func(c *Config) { c.Duration = 1 },
		"negative keyspace":  func(c *Config) { c.Keyspace = -1 },
		"keyspace too great": func(c *Config) { c.Keyspace = keyspaceMax + 1 },
		"precision":          func(c *Config) { c.Precision = 6 },
		"negative rate":      func(c *Config) { c.RequestsPerSecond = -1 },
	} {
		bad := good
		spoil(&bad)
		if _, err := bad.withDefaults(); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	if _, err := good.withDefaults(); err != nil {
		t.Error(err)
	}
}

package cli

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// authority is a certificate authority that lives for one test.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string
}

func newAuthority(t *testing.T) *authority {
	a := &authority{t: t, dir: t.TempDir()}
	a.file, _ = a.issue("ca", &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	return a
}

// issue writes a certificate and its key and returns their files. The first one
// signs itself.
func (a *authority) issue(name string, template *x509.Certificate) (certFile, keyFile string) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(int64(len(name)))
	template.Subject = pkix.Name{CommonName: name}
	template.NotBefore = time.Now().Add(-time.Hour)
	template.NotAfter = time.Now().Add(time.Hour)
	if a.cert == nil {
		a.cert, a.key = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	if a.cert == template {
		if a.cert, err = x509.ParseCertificate(der); err != nil {
			a.t.Fatal(err)
		}
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	return a.write(name+".crt", "CERTIFICATE", der), a.write(name+".key", "EC PRIVATE KEY", keyDER)
}

func (a *authority) write(name, kind string, der []byte) string {
	path := filepath.Join(a.dir, name)
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		a.t.Fatal(err)
	}
	return path
}

// serveTLS answers one PING per connection, for as long as the test runs.
func serveTLS(t *testing.T, config *tls.Config) (port string) {
	l, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			buf := make([]byte, 64)
			if _, err := nc.Read(buf); err == nil {
				nc.Write([]byte("+PONG\r\n"))
			}
			nc.Close()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port
}

func TestTLS(t *testing.T) {
	ca, stranger := newAuthority(t), newAuthority(t)
	certFile, keyFile := ca.issue("server", &x509.Certificate{DNSNames: []string{"kvasir.test"}})
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(ca.cert)
	port := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{pair}})
	// TLS 1.2, because 1.3 tells the client of a refusal only with the reply.
	strict := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{pair}, MaxVersion: tls.VersionTLS12,
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: roots})
	clientCert, clientKey := ca.issue("client", &x509.Certificate{})

	for _, test := range []struct {
		options string
		want    string // of stderr; none where it must work
	}{
		{"-p " + port + " --tls --cacert " + ca.file, ""},
		{"-p " + port + " --tls --cacertdir " + onlyFile(t, ca.file), ""},
		{"-p " + port + " --tls --insecure", ""},
		{"-u valkeys://127.0.0.1:" + port + " --cacert " + ca.file, ""},
		{"-p " + port + " --tls --sni kvasir.test --cacert " + ca.file, ""},
		{"-p " + port + " --tls --sni other.test --cacert " + ca.file, "not other.test"},
		{"-p " + port + " --tls --cacert " + stranger.file, "certificate signed by unknown authority"},
		{"-p " + port + " --tls", "certificate signed by unknown authority"},
		{"-p " + strict + " --tls --cacert " + ca.file + " --cert " + clientCert + " --key " + clientKey, ""},
		{"-p " + strict + " --tls --cacert " + ca.file, "TLS handshake: remote error"},
		{"-p 1 --tls --cacert " + keyFile, "Could not negotiate a TLS connection: Invalid CA Certificate File/Directory"},
		{"-p 1 --tls --cert " + keyFile, "Could not negotiate a TLS connection: Invalid client certificate"},
		{"-p 1 --tls --tls-ciphers NONE", "Error while configuring ciphers"},
		{"-p " + port + " --tls --tls-ciphersuites TLS_AES_128_GCM_SHA256 --cacert " + ca.file, ""},
	} {
		got := runMain("", nil, append(strings.Fields(test.options), "ping")...)
		if test.want == "" {
			expect(t, got, outcome{0, "PONG\n", ""})
		} else if got.status != 1 || !strings.Contains(got.stderr, test.want) {
			t.Errorf("%s: %+v, want %q", test.options, got, test.want)
		}
	}
}

// onlyFile returns a directory with a copy of the file.
func onlyFile(t *testing.T, file string) string {
	dir := t.TempDir()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "ca.pem"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestOpenSSLNames(t *testing.T) {
	for iana, want := range map[string]string{
		"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256":       "ECDHE-RSA-AES128-GCM-SHA256",
		"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA":        "ECDHE-ECDSA-AES256-SHA",
		"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
		"TLS_RSA_WITH_AES_128_GCM_SHA256":             "AES128-GCM-SHA256",
		"TLS_AES_128_GCM_SHA256":                      "TLS_AES_128_GCM_SHA256",
	} {
		if got := opensslName(iana); got != want {
			t.Errorf("%s: %s, want %s", iana, got, want)
		}
	}
	if _, err := cipherSuites("ECDHE-RSA-AES128-GCM-SHA256:TLS_AES_128_GCM_SHA256"); err != nil {
		t.Error(err)
	}
}

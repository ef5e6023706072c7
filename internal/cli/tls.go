package cli

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// tlsOptions is what the command line says about encryption.
type tlsOptions struct {
	enabled    bool
	serverName string
	caFile     string
	caDir      string
	certFile   string
	keyFile    string
	insecure   bool
	ciphers    string
}

// config returns the TLS configuration, or nil where none is asked for.
func (o tlsOptions) config() (*tls.Config, error) {
	if !o.enabled {
		return nil, nil
	}
	config := &tls.Config{ServerName: o.serverName, InsecureSkipVerify: o.insecure}
	if o.caFile != "" || o.caDir != "" {
		roots, err := loadRoots(o.caFile, o.caDir)
		if err != nil {
			return nil, err
		}
		config.RootCAs = roots
	}
	if o.certFile != "" {
		// One file may hold both.
		keyFile := o.keyFile
		if keyFile == "" {
			keyFile = o.certFile
		}
		pair, err := tls.LoadX509KeyPair(o.certFile, keyFile)
		if err != nil {
			return nil, fmt.Errorf("Invalid client certificate: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	if o.ciphers != "" {
		suites, err := cipherSuites(o.ciphers)
		if err != nil {
			return nil, err
		}
		config.CipherSuites = suites
	}
	// A certificate is checked against the name the server was asked for, like
	// the chain. Valkey's client checks the chain alone; certificates made for
	// it often name no host, so only a given name is checked.
	if !o.insecure && o.serverName == "" {
		config.InsecureSkipVerify = true
		config.VerifyConnection = verifyChain(config.RootCAs)
	}
	return config, nil
}

// verifyChain checks that the certificate comes from a trusted authority,
// whatever name it bears.
func verifyChain(roots *x509.CertPool) func(tls.ConnectionState) error {
	return func(state tls.ConnectionState) error {
		if len(state.PeerCertificates) == 0 {
			return errors.New("the server sent no certificate")
		}
		intermediates := x509.NewCertPool()
		for _, cert := range state.PeerCertificates[1:] {
			intermediates.AddCert(cert)
		}
		_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: intermediates})
		return err
	}
}

func loadRoots(file, dir string) (*x509.CertPool, error) {
	files := []string{}
	if file != "" {
		files = append(files, file)
	}
	if dir != "" {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, fmt.Errorf("Invalid CA Certificate File/Directory: %w", err)
		}
		for _, entry := range entries {
			if !entry.IsDir() {
				files = append(files, filepath.Join(dir, entry.Name()))
			}
		}
	}
	roots := x509.NewCertPool()
	found := false
	for _, name := range files {
		pem, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("Invalid CA Certificate File/Directory: %w", err)
		}
		if roots.AppendCertsFromPEM(pem) {
			found = true
		}
	}
	if !found {
		return nil, errors.New("Invalid CA Certificate File/Directory")
	}
	return roots, nil
}

// cipherSuites reads a colon-separated list, in OpenSSL's names or IANA's. TLS
// 1.3 suites are accepted and have no effect: Go chooses among those itself.
func cipherSuites(list string) ([]uint16, error) {
	var ids []uint16
	for _, name := range strings.Split(list, ":") {
		id, ok := cipherSuite(name)
		if !ok {
			return nil, fmt.Errorf("Error while configuring ciphers: unknown suite %q", name)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func cipherSuite(name string) (uint16, bool) {
	for _, suite := range tls.CipherSuites() {
		if strings.EqualFold(suite.Name, name) || strings.EqualFold(opensslName(suite.Name), name) {
			return suite.ID, true
		}
	}
	return 0, false
}

// opensslName turns TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 into
// ECDHE-RSA-AES128-GCM-SHA256. TLS 1.3 suites have the same name in both.
func opensslName(iana string) string {
	exchange, cipher, found := strings.Cut(strings.TrimPrefix(iana, "TLS_"), "_WITH_")
	if !found {
		return iana
	}
	cipher = strings.NewReplacer("AES_128", "AES128", "AES_256", "AES256", "CBC_", "",
		"CHACHA20_POLY1305_SHA256", "CHACHA20_POLY1305").Replace(cipher)
	if exchange != "RSA" {
		cipher = exchange + "_" + cipher
	}
	return strings.ReplaceAll(cipher, "_", "-")
}

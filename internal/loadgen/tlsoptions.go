package loadgen

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// tlsOptions is the part of the command line about TLS.
type tlsOptions struct {
	on         bool
	insecure   bool
	serverName string
	caFile     string
	caDir      string
	certFile   string
	keyFile    string
	ciphers    string
}

// config returns the TLS configuration, nil without TLS.
func (o *tlsOptions) config() (*tls.Config, error) {
	if !o.on {
		return nil, nil
	}
	config := &tls.Config{
		ServerName:         o.serverName,
		InsecureSkipVerify: o.insecure,
		MinVersion:         tls.VersionTLS12,
	}
	if err := o.loadAuthorities(config); err != nil {
		return nil, err
	}
	if (o.certFile == "") != (o.keyFile == "") {
		return nil, errors.New("Options --cert and --key must be specified together") //nolint:staticcheck // a message for users
	}
	if o.certFile != "" {
		pair, err := tls.LoadX509KeyPair(o.certFile, o.keyFile)
		if err != nil {
			return nil, fmt.Errorf("Failed to load the client certificate: %w", err) //nolint:staticcheck // a message for users
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
	return config, nil
}

func (o *tlsOptions) loadAuthorities(config *tls.Config) error {
	var files []string
	if o.caFile != "" {
		files = append(files, o.caFile)
	}
	if o.caDir != "" {
		entries, err := os.ReadDir(o.caDir)
		if err != nil {
			return err
		}
		for _, entry := range entries {
			if !entry.IsDir() {
				files = append(files, filepath.Join(o.caDir, entry.Name()))
			}
		}
	}
	if len(files) == 0 {
		return nil
	}
	config.RootCAs = x509.NewCertPool()
	found := false
	for _, file := range files {
		pem, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		found = config.RootCAs.AppendCertsFromPEM(pem) || found
	}
	if !found {
		return errors.New("Invalid CA certificate: no certificate found") //nolint:staticcheck // a message for users
	}
	return nil
}

// openSSLCiphers are the TLS 1.2 suites that crypto/tls has, by the names that
// OpenSSL's cipher lists use.
var openSSLCiphers = map[string]uint16{
	"AES128-SHA":                    tls.TLS_RSA_WITH_AES_128_CBC_SHA,
	"AES256-SHA":                    tls.TLS_RSA_WITH_AES_256_CBC_SHA,
	"AES128-SHA256":                 tls.TLS_RSA_WITH_AES_128_CBC_SHA256,
	"AES128-GCM-SHA256":             tls.TLS_RSA_WITH_AES_128_GCM_SHA256,
	"AES256-GCM-SHA384":             tls.TLS_RSA_WITH_AES_256_GCM_SHA384,
	"ECDHE-ECDSA-AES128-SHA":        tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
	"ECDHE-ECDSA-AES256-SHA":        tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
	"ECDHE-ECDSA-AES128-SHA256":     tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256,
	"ECDHE-ECDSA-AES128-GCM-SHA256": tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	"ECDHE-ECDSA-AES256-GCM-SHA384": tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	"ECDHE-ECDSA-CHACHA20-POLY1305": tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	"ECDHE-RSA-AES128-SHA":          tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
	"ECDHE-RSA-AES256-SHA":          tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
	"ECDHE-RSA-AES128-SHA256":       tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256,
	"ECDHE-RSA-AES128-GCM-SHA256":   tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	"ECDHE-RSA-AES256-GCM-SHA384":   tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	"ECDHE-RSA-CHACHA20-POLY1305":   tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
}

// cipherSuites reads an OpenSSL cipher list: names separated by colons, where
// DEFAULT, ALL and HIGH stand for everything secure and "-" or "!" before a
// name removes it. As in OpenSSL, unknown names do no harm unless nothing else
// is left.
func cipherSuites(list string) ([]uint16, error) {
	var suites []uint16
	remove := func(id uint16) {
		for i, suite := range suites {
			if suite == id {
				suites = append(suites[:i], suites[i+1:]...)
				return
			}
		}
	}
	separator := func(r rune) bool { return r == ':' || r == ',' || r == ' ' }
	for _, name := range strings.FieldsFunc(list, separator) {
		switch name {
		case "DEFAULT", "ALL", "HIGH":
			for _, suite := range tls.CipherSuites() {
				remove(suite.ID)
				suites = append(suites, suite.ID)
			}
			continue
		}
		removal := strings.HasPrefix(name, "-") || strings.HasPrefix(name, "!")
		id, known := openSSLCiphers[strings.TrimLeft(name, "-!")]
		if !known {
			continue
		}
		remove(id)
		if !removal {
			suites = append(suites, id)
		}
	}
	if len(suites) == 0 {
		return nil, errors.New("Failed to configure ciphers") //nolint:staticcheck // Valkey's text
	}
	return suites, nil
}

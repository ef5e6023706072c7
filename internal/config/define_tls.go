package config

import "math"

// defineTLS defines the parameters of encrypted and remote-memory transports.
func (p *Params) defineTLS(d *definer) {
	// TLS.

	p.TLSPort = d.int(Definition{Name: "tls-port", Feature: TLS, Max: 65535, Default: "0"})
	p.TLSSessionCacheSize = d.int(Definition{Name: "tls-session-cache-size", Feature: TLS, Max: math.MaxInt32, Default: "20480"})
	p.TLSSessionCacheTimeout = d.int(Definition{Name: "tls-session-cache-timeout", Feature: TLS, Max: math.MaxInt32, Default: "300"})
	p.TLSAutoReloadInterval = d.int(Definition{Name: "tls-auto-reload-interval", Feature: TLS, Max: math.MaxInt32, Default: "0"})
	p.TLSCluster = d.bool(Definition{Name: "tls-cluster", Feature: TLS, Default: "no"})
	p.TLSReplication = d.bool(Definition{Name: "tls-replication", Feature: TLS, Default: "no"})
	p.TLSAuthClients = defineEnum(d, Definition{Name: "tls-auth-clients", Feature: TLS, Default: "yes"}, clientAuths())
	p.TLSAuthClientsUser = defineEnum(d, Definition{Name: "tls-auth-clients-user", Feature: TLS, Default: "off"}, certificateUsers())
	p.TLSPreferServerCiphers = d.bool(Definition{Name: "tls-prefer-server-ciphers", Feature: TLS, Default: "no"})
	p.TLSSessionCaching = d.bool(Definition{Name: "tls-session-caching", Feature: TLS, Default: "yes"})
	p.TLSCertFile = d.string(Definition{Name: "tls-cert-file", Flags: Volatile | emptyUnset, Feature: TLS})
	p.TLSKeyFile = d.string(Definition{Name: "tls-key-file", Flags: Volatile | emptyUnset, Feature: TLS})
	p.TLSKeyFilePass = d.string(Definition{Name: "tls-key-file-pass", Flags: Sensitive | emptyUnset, Feature: TLS})
	p.TLSClientCertFile = d.string(Definition{Name: "tls-client-cert-file", Flags: Volatile | emptyUnset, Feature: TLS})
	p.TLSClientKeyFile = d.string(Definition{Name: "tls-client-key-file", Flags: Volatile | emptyUnset, Feature: TLS})
	p.TLSClientKeyFilePass = d.string(Definition{Name: "tls-client-key-file-pass", Flags: Sensitive | emptyUnset, Feature: TLS})
	p.TLSDHParamsFile = d.string(Definition{Name: "tls-dh-params-file", Flags: Volatile | emptyUnset, Feature: TLS})
	p.TLSCACertFile = d.string(Definition{Name: "tls-ca-cert-file", Flags: Volatile | emptyUnset, Feature: TLS})
	p.TLSCACertDir = d.string(Definition{Name: "tls-ca-cert-dir", Flags: Volatile | emptyUnset, Feature: TLS})
	p.TLSProtocols = d.string(Definition{Name: "tls-protocols", Flags: emptyUnset, Feature: TLS})
	p.TLSCiphers = d.string(Definition{Name: "tls-ciphers", Flags: emptyUnset, Feature: TLS})
	p.TLSCipherSuites = d.string(Definition{Name: "tls-ciphersuites", Flags: emptyUnset, Feature: TLS})
	p.MaxNewTLSConnectionsPerCycle = d.int(Definition{Name: "max-new-tls-connections-per-cycle", Feature: TLS, Unsigned: true, Min: 1, Max: 1000, Default: "1"})

	// RDMA.

	p.RDMAPort = d.int(Definition{Name: "rdma-port", Feature: RDMA, Max: 65535, Default: "0"})
	p.RDMARXSize = d.int(Definition{Name: "rdma-rx-size", Flags: Immutable, Feature: RDMA, Min: 64 << 10, Max: 16 << 20, Default: "1048576"})
	p.RDMACompletionVector = d.int(Definition{Name: "rdma-completion-vector", Flags: Immutable, Feature: RDMA, Min: -1, Max: 1024, Default: "-1"})
	p.RDMABind = defineValue(d, Definition{Name: "rdma-bind", Flags: MultiArg, Feature: RDMA}, nil, addressesSyntax(nil))
}

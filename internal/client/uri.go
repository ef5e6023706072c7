package client

import (
	"errors"
	"net"
	"strconv"
	"strings"
)

// URI is a server's address in the form
//
//	valkey://[[user:]password@][host[:port]][/db]
//
// with redis:// for the same, valkeys:// and rediss:// for TLS, and
//
//	unix://[[user:]password@]/path/to/socket[?db=n]
//
// What the text leaves out stays zero, so that a caller can lay it over its own
// defaults.
type URI struct {
	TLS      bool
	Host     string
	Port     int
	Socket   string
	User     string
	Password string
	DB       int
}

// Errors of ParseURI, capitalized because that is how Valkey words them.
var (
	ErrURIScheme     = errors.New("Invalid URI scheme")
	ErrURIIncomplete = errors.New("Incomplete URI encoding")
	ErrURIIllegal    = errors.New("Illegal character in URI encoding")
	ErrURIPort       = errors.New("Invalid port in URI")
	ErrURIDatabase   = errors.New("Invalid database number in URI")
)

// IsURI tells whether the text has one of the schemes that ParseURI takes.
func IsURI(text string) bool {
	_, _, ok := cutScheme(text)
	return ok
}

func cutScheme(text string) (scheme, rest string, ok bool) {
	scheme, rest, _ = strings.Cut(text, "://")
	scheme = strings.ToLower(scheme)
	switch scheme {
	case "valkey", "redis", "valkeys", "rediss", "unix":
		return scheme, rest, true
	}
	return "", "", false
}

// ParseURI reads a server address.
func ParseURI(text string) (URI, error) {
	scheme, rest, ok := cutScheme(text)
	if !ok {
		return URI{}, ErrURIScheme
	}
	u := URI{TLS: scheme == "valkeys" || scheme == "rediss"}
	if userinfo, after, found := strings.Cut(rest, "@"); found {
		rest = after
		user, password, hasUser := strings.Cut(userinfo, ":")
		if !hasUser {
			user, password = "", userinfo
		}
		var err error
		if u.User, err = percentDecode(user); err != nil {
			return URI{}, err
		}
		if u.Password, err = percentDecode(password); err != nil {
			return URI{}, err
		}
	}
	parse := u.parseAuthority
	if scheme == "unix" {
		parse = u.parseSocket
	}
	if err := parse(rest); err != nil {
		return URI{}, err
	}
	return u, nil
}

func (u *URI) parseSocket(rest string) error {
	path, db, _ := strings.Cut(rest, "?db=")
	var err error
	if u.Socket, err = percentDecode(path); err != nil {
		return err
	}
	return u.parseDB(db)
}

func (u *URI) parseAuthority(rest string) error {
	hostport, db, _ := strings.Cut(rest, "/")
	host, port := hostport, ""
	if inner, found := strings.CutPrefix(hostport, "["); found {
		// An IPv6 address is bracketed, for it has colons of its own.
		host, port, _ = strings.Cut(inner, "]")
		port = strings.TrimPrefix(port, ":")
	} else {
		host, port, _ = strings.Cut(hostport, ":")
	}
	u.Host = host
	if port != "" {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return ErrURIPort
		}
		u.Port = int(n)
	}
	return u.parseDB(db)
}

func (u *URI) parseDB(text string) error {
	if text == "" {
		return nil
	}
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return ErrURIDatabase
	}
	u.DB = int(n)
	return nil
}

// Options returns the connection options the address stands for. Where it asks
// for TLS the caller sets the configuration.
func (u URI) Options() Options {
	o := Options{User: u.User, Password: u.Password, DB: u.DB}
	if u.Socket != "" {
		o.Network, o.Addr = "unix", u.Socket
		return o
	}
	host, port := u.Host, u.Port
	if host == "" {
		host = "127.0.0.1"
	}
	if port == 0 {
		port = 6379
	}
	o.Network, o.Addr = "tcp", net.JoinHostPort(host, strconv.Itoa(port))
	return o
}

func percentDecode(text string) (string, error) {
	if !strings.Contains(text, "%") {
		return text, nil
	}
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] != '%' {
			out = append(out, text[i])
			continue
		}
		if len(text)-i < 3 {
			return "", ErrURIIncomplete
		}
		n, err := strconv.ParseUint(text[i+1:i+3], 16, 8)
		if err != nil {
			return "", ErrURIIllegal
		}
		out = append(out, byte(n))
		i += 2
	}
	return string(out), nil
}

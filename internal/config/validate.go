package config

import (
	"errors"
	"net/netip"
	"strings"
)

// validBaseName returns a check that a file or directory name is not empty and
// has no path in it.
func validBaseName(parameter, kind string) func(string) error {
	return func(v string) error {
		switch {
		case v == "":
			return errors.New(parameter + " can't be empty")
		case strings.ContainsAny(v, `/\`):
			return errors.New(parameter + " can't be a path, just a " + kind)
		}
		return nil
	}
}

func validNotEmpty(parameter string) func(string) error {
	return func(v string) error {
		if v == "" {
			return errors.New(parameter + " can't be empty")
		}
		return nil
	}
}

func validIPv4(v string) error {
	if addr, err := netip.ParseAddr(v); v != "" && (err != nil || !addr.Is4()) {
		return errors.New("Invalid IPv4 address")
	}
	return nil
}

func validIPv6(v string) error {
	if addr, err := netip.ParseAddr(v); v != "" && (err != nil || !addr.Is6() || addr.Zone() != "") {
		return errors.New("Invalid IPv6 address")
	}
	return nil
}

// hostnameMax is one more than the longest host name.
const hostnameMax = 256

func validHostname(v string) error {
	if len(v) >= hostnameMax {
		return errors.New("Hostnames must be less than 256 characters")
	}
	for _, c := range []byte(v) {
		if !isAlphanumeric(c) && c != '-' && c != '.' {
			return errors.New("Hostnames may only contain alphanumeric characters, hyphens or dots")
		}
	}
	return nil
}

// validNodeName keeps out the characters that have a meaning in the cluster's
// node file.
func validNodeName(v string) error {
	if strings.ContainsAny(v, "!#$%&()*+;<>?@[]^{|}~") {
		return errors.New("Announced human node name contained invalid character")
	}
	return nil
}

const hashSeedMax = 256

func validHashSeed(v string) error {
	if len(v) > hashSeedMax {
		return errors.New("hash-seed must be less than or equal to 256 characters")
	}
	return nil
}

var errTitle = errors.New("template format is invalid or contains unknown variables")

// validProcessTitle returns a check of a process title template: what it expands
// to must not be blank. value tells what a variable stands for at the moment.
func validProcessTitle(value func(variable string) (string, bool)) func(string) error {
	return func(template string) error {
		title, err := expandTitle(template, value)
		if err == nil && title == "" {
			err = errTitle
		}
		return err
	}
}

// expandTitle puts the values of variables in the place of their names in braces
// ("{{" is a plain brace), and trims spaces.
func expandTitle(template string, value func(variable string) (string, bool)) (string, error) {
	var title strings.Builder
	for rest := template; rest != ""; {
		text, after, found := strings.Cut(rest, "{")
		title.WriteString(text)
		rest = after
		if !found {
			break
		}
		if strings.HasPrefix(rest, "{") {
			title.WriteByte('{')
			rest = rest[1:]
			continue
		}
		name, after, found := strings.Cut(rest, "}")
		expansion, known := value(name)
		if !found || !known {
			return "", errTitle
		}
		title.WriteString(expansion)
		rest = after
	}
	return strings.Trim(title.String(), " "), nil
}

// ProcessTitle returns what the process shows in the place of its command line:
// proc-title-template with its variables replaced, {title} by the given one.
func (s *Store) ProcessTitle(title string) string {
	p := &s.Params
	shown, err := expandTitle(p.ProcTitleTemplate.Load(), func(name string) (string, bool) {
		switch name {
		case "title":
			return title, true
		case "listen-addr":
			return p.listenAddr(), true
		case "config-file":
			return s.ConfigFile(), true
		}
		return p.titleVariable(name)
	})
	if err != nil {
		return title // the check lets no such template through
	}
	return shown
}

// listenAddr is the first address the server listens on.
func (p *Params) listenAddr() string {
	port := p.Port
	if port.Load() == 0 {
		port = p.TLSPort
	}
	if port.Load() == 0 {
		return "unixsocket:" + p.UnixSocket.Load()
	}
	host := "*"
	if bind := p.Bind.Load(); len(bind) > 0 {
		host = bind[0]
	}
	return host + ":" + port.Text()
}

// titleVariable tells what a variable of the process title stands for. The
// title itself is empty here: a template must show something besides it.
func (p *Params) titleVariable(name string) (string, bool) {
	switch name {
	case "title":
		return "", true
	case "listen-addr", "config-file":
		return "-", true
	case "server-mode":
		if p.ClusterEnabled.Load() {
			return "[cluster]", true
		}
		return "", true
	case "port":
		return p.Port.Text(), true
	case "tls-port":
		return p.TLSPort.Text(), true
	case "unixsocket":
		return p.UnixSocket.Load(), true
	}
	return "", false
}

func isAlphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

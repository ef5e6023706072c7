package loadgen

import (
	"errors"
	"net"
	"os"
	"strings"
	"syscall"
)

// cause strips what the net package puts around a system error.
func cause(err error) error {
	var errno syscall.Errno
	var dns *net.DNSError
	switch {
	case errors.As(err, &errno):
		return errno
	case errors.As(err, &dns):
		return errors.New(dns.Err)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return os.ErrDeadlineExceeded
	}
	return err
}

// reason is the text of a system error as C programs print it.
func reason(err error) string { return capitalized{cause(err)}.Error() }

// capitalized shows an error with a capital letter: Go writes "connection
// refused" where the C library has "Connection refused".
type capitalized struct{ err error }

func (c capitalized) Error() string {
	text := c.err.Error()
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

func (c capitalized) Unwrap() error { return c.err }

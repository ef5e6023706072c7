package loadgen

import (
	"errors"
	"fmt"
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

// hungUp tells whether a write failed because the server has closed the
// connection. Then the loop reads on: what the server said before, such as that
// it has too many clients, tells more than the failure, and the end of the
// stream follows in any case.
func hungUp(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)
}

func writeError(err error) error {
	return fmt.Errorf("Error writing to the server: %w", capitalized{cause(err)}) //nolint:staticcheck // Valkey's text
}

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

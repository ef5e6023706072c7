package engine

import (
	"fmt"
	"strings"
	"testing"
)

func TestErrorsAreCountedByCode(t *testing.T) {
	var s Stats
	for _, text := range []string{
		"ERR syntax error", "-ERR syntax error", "WRONGTYPE Operation", "nospace",
		strings.Repeat("X", 40) + " long",
	} {
		s.CountError(text)
	}
	if s.Errors != 5 || s.errors["ERR"] != 4 || s.errors["WRONGTYPE"] != 1 {
		t.Errorf("%d: %v", s.Errors, s.errors)
	}
}

func TestInventedCodesDoNotCrowdOutOthers(t *testing.T) {
	var s Stats
	for i := range 1100 {
		s.CountError(fmt.Sprintf("%d my error message", i))
	}
	if got := s.errors[errorCodeOverflow]; got != 972 {
		t.Errorf("overflow: %d", got)
	}
	s.CountError("ERR syntax error")
	s.CountError("1 my error message")
	if s.errors["ERR"] != 1 || s.errors["1"] != 2 {
		t.Errorf("ERR %d, 1 %d", s.errors["ERR"], s.errors["1"])
	}
	for i := range 10000 {
		code := make([]byte, 0, 8)
		for n := i + 1; n > 0; n /= 26 {
			code = append(code, 'A'+byte(n%26))
		}
		s.CountError(string(code) + " invented in capitals")
	}
	if len(s.errors) > 2*errorCodesMax+1 {
		t.Errorf("%d codes are kept", len(s.errors))
	}
}

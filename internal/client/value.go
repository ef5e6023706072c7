package client

import (
	"fmt"
	"strconv"
)

// Kind is the type of a reply as it stood on the wire.
type Kind uint8

// The kinds of reply. RESP2 has the first five and Null; the others are RESP3.
const (
	Null         Kind = iota // $-1, *-1 or _
	SimpleString             // +OK
	Error                    // -ERR text, or !<len> with binary text
	Integer                  // :1
	Bulk                     // $3
	Array                    // *2
	Map                      // %2, Elems alternates key and value
	Set                      // ~2
	Double                   // ,1.5
	Bool                     // #t
	BigNumber                // (12345678901234567890
	Verbatim                 // =7 txt:abc
	Push                     // >2, out of band
)

var kindNames = [...]string{
	"null", "simple string", "error", "integer", "bulk string", "array", "map", "set",
	"double", "boolean", "big number", "verbatim string", "push",
}

// String returns the protocol's name of the kind.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "kind(" + strconv.Itoa(int(k)) + ")"
}

// Value is one reply with everything nested in it. It owns its memory: nothing
// in it aliases the connection's buffer.
type Value struct {
	Kind Kind
	// Format is the three-letter format of a Verbatim string, such as "txt".
	Format [3]byte
	// Str is the text of strings and errors without their type byte, of a
	// Verbatim without its format, and of a Double or BigNumber as sent.
	Str string
	// Int is the value of an Integer, and 0 or 1 for a Bool.
	Int int64
	// Float is the value of a Double.
	Float float64
	// Elems holds the members of Array, Set and Push, and the alternating keys
	// and values of a Map.
	Elems []Value
	// Attrs holds the alternating keys and values of the RESP3 attribute sent
	// ahead of this reply. An attribute is never a reply of its own.
	Attrs []Value
}

// ServerError is an error reply. Its text starts with the error code, such as
// ERR, WRONGTYPE or MOVED.
type ServerError string

func (e ServerError) Error() string { return string(e) }

// Code returns the first word of the error text.
func (e ServerError) Code() string {
	for i := 0; i < len(e); i++ {
		if e[i] == ' ' {
			return string(e[:i])
		}
	}
	return string(e)
}

// Err returns the reply as a ServerError if it is an error reply, else nil.
func (v Value) Err() error {
	if v.Kind == Error {
		return ServerError(v.Str)
	}
	return nil
}

// IsNull tells a missing value from an empty one.
func (v Value) IsNull() bool { return v.Kind == Null }

// IsAggregate tells whether the reply has members.
func (v Value) IsAggregate() bool {
	switch v.Kind {
	case Array, Map, Set, Push:
		return true
	}
	return false
}

// Text returns a scalar reply as the text a person would read: strings as they
// are, an Integer in decimal, a Bool as true or false. It is empty for Null and
// for replies with members.
func (v Value) Text() string {
	switch v.Kind {
	case Integer:
		return strconv.FormatInt(v.Int, 10)
	case Bool:
		return strconv.FormatBool(v.Int != 0)
	}
	return v.Str
}

// Integer returns the reply as a number: an Integer or Bool itself, or a string
// in decimal. Servers answer some counts as bulk strings.
func (v Value) Integer() (int64, error) {
	switch v.Kind {
	case Integer, Bool:
		return v.Int, nil
	case Bulk, SimpleString, Verbatim, BigNumber:
		n, err := strconv.ParseInt(v.Str, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%s reply %q is not an integer", v.Kind, v.Str)
		}
		return n, nil
	case Error:
		return 0, ServerError(v.Str)
	}
	return 0, fmt.Errorf("%s reply is not an integer", v.Kind)
}

// Strings returns the texts of the members of an aggregate, in order.
func (v Value) Strings() []string {
	out := make([]string, len(v.Elems))
	for i := range v.Elems {
		out[i] = v.Elems[i].Text()
	}
	return out
}

// Lookup returns the value under key in a Map, or in an Array of alternating
// keys and values, which is how RESP2 sends a map.
func (v Value) Lookup(key string) (Value, bool) {
	if v.Kind != Map && v.Kind != Array {
		return Value{}, false
	}
	for i := 0; i+1 < len(v.Elems); i += 2 {
		if v.Elems[i].Text() == key {
			return v.Elems[i+1], true
		}
	}
	return Value{}, false
}

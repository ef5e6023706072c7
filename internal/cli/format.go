package cli

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/kvasirdb/kvasir/internal/client"
)

// outputMode is how replies are shown.
type outputMode uint8

const (
	outputStandard   outputMode = iota // for people: types, indices, quotes
	outputRaw                          // for pipes: the bytes
	outputCSV                          // --csv
	outputJSON                         // --json
	outputQuotedJSON                   // --quoted-json
)

// replyFormat turns replies into what is printed.
type replyFormat struct {
	mode outputMode
	// memberDelim separates the members of an aggregate, replyDelim ends a
	// reply. Both are for raw output.
	memberDelim string
	replyDelim  string
}

// reply returns the printed form of v. Verbatim replies are reports such as
// INFO's, which are shown as they are in every mode.
func (f replyFormat) reply(v client.Value, verbatim bool) []byte {
	switch {
	case verbatim:
		return f.appendRaw(nil, v)
	case f.mode == outputRaw:
		return append(f.appendRaw(nil, v), f.replyDelim...)
	case f.mode == outputCSV:
		return append(appendCSV(nil, v), '\n')
	case f.mode == outputJSON:
		return append(appendJSONReply(nil, v, appendJSON), '\n')
	case f.mode == outputQuotedJSON:
		return append(appendJSONReply(nil, v, appendQuotedJSON), '\n')
	}
	return appendStandard(nil, v, "")
}

// push returns the printed form of a message the server sent unasked.
func (f replyFormat) push(v client.Value) []byte {
	if f.mode != outputStandard || len(v.Elems) != 2 || v.Elems[1].Kind != client.Array ||
		!strings.HasPrefix(v.Elems[0].Str, "invalidate") {
		return f.reply(v, false)
	}
	out := []byte("-> invalidate: ")
	for i, key := range v.Elems[1].Elems {
		if i > 0 {
			out = append(out, ", "...)
		}
		out = fmt.Appendf(out, "'%s'", key.Str)
	}
	return append(out, '\n')
}

var emptyNames = map[client.Kind]string{
	client.Array: "(empty array)\n",
	client.Map:   "(empty hash)\n",
	client.Set:   "(empty set)\n",
	client.Push:  "(empty push)\n",
}

// appendStandard appends v for people. Every form ends in a newline; indent is
// what stands left of a nested reply on all of its lines but the first.
func appendStandard(dst []byte, v client.Value, indent string) []byte {
	switch v.Kind {
	case client.Null:
		return append(dst, "(nil)\n"...)
	case client.SimpleString, client.Verbatim:
		dst = append(dst, v.Str...)
	case client.Error:
		dst = append(append(dst, "(error) "...), v.Str...)
	case client.Integer:
		dst = strconv.AppendInt(append(dst, "(integer) "...), v.Int, 10)
	case client.Double:
		dst = append(append(dst, "(double) "...), v.Str...)
	case client.BigNumber:
		dst = append(append(dst, "(big number) "...), v.Str...)
	case client.Bool:
		dst = append(append(append(dst, '('), v.Text()...), ')')
	case client.Bulk:
		dst = appendQuoted(dst, v.Str)
	default:
		return appendStandardMembers(dst, v, indent)
	}
	return append(dst, '\n')
}

func appendStandardMembers(dst []byte, v client.Value, indent string) []byte {
	if len(v.Elems) == 0 {
		return append(dst, emptyNames[v.Kind]...)
	}
	count, step, mark := len(v.Elems), 1, ')'
	switch v.Kind {
	case client.Map:
		count, step, mark = count/2, 2, '#'
	case client.Set:
		mark = '~'
	}
	width := len(strconv.Itoa(count))
	inner := indent + strings.Repeat(" ", width+2)
	for i := 0; i < len(v.Elems); i += step {
		if i > 0 {
			dst = append(dst, indent...)
		}
		dst = fmt.Appendf(dst, "%*d%c ", width, i/step+1, mark)
		dst = appendStandard(dst, v.Elems[i], inner)
		if v.Kind != client.Map {
			continue
		}
		dst = append(bytes.TrimSuffix(dst, []byte("\n")), " => "...)
		if spansLines(v.Elems[i+1]) {
			// On a line of its own the value's indices line up.
			dst = append(append(dst, '\n'), inner...)
		}
		dst = appendStandard(dst, v.Elems[i+1], inner)
	}
	return dst
}

// spansLines tells whether appendStandard needs more than one line.
func spansLines(v client.Value) bool {
	n := len(v.Elems)
	if v.Kind == client.Map {
		return n > 2 || n == 2 && spansLines(v.Elems[1])
	}
	return n > 1 || n == 1 && spansLines(v.Elems[0])
}

func (f replyFormat) appendRaw(dst []byte, v client.Value) []byte {
	switch v.Kind {
	case client.Null:
		return dst
	case client.Error:
		return append(append(dst, v.Str...), '\n')
	case client.Bool:
		return append(append(append(dst, '('), v.Text()...), ')')
	case client.Array, client.Set, client.Push:
		for i, e := range v.Elems {
			if i > 0 {
				dst = append(dst, f.memberDelim...)
			}
			dst = f.appendRaw(dst, e)
		}
		return dst
	case client.Map:
		for i := 0; i < len(v.Elems); i += 2 {
			if i > 0 {
				dst = append(dst, f.memberDelim...)
			}
			dst = f.appendRaw(dst, v.Elems[i])
			dst = append(dst, ' ')
			dst = f.appendRaw(dst, v.Elems[i+1])
		}
		return dst
	}
	return append(dst, v.Text()...)
}

func appendCSV(dst []byte, v client.Value) []byte {
	switch v.Kind {
	case client.Null:
		return append(dst, "NULL"...)
	case client.Error:
		return appendQuoted(append(dst, "ERROR,"...), v.Str)
	case client.SimpleString, client.Bulk, client.Verbatim:
		return appendQuoted(dst, v.Str)
	case client.Array, client.Map, client.Set, client.Push:
		for i, e := range v.Elems {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendCSV(dst, e)
		}
		return dst
	}
	return append(dst, v.Text()...)
}

func appendJSONReply(dst []byte, v client.Value, appendString func([]byte, string) []byte) []byte {
	switch v.Kind {
	case client.Null:
		return append(dst, "null"...)
	case client.Error:
		return appendString(append(dst, "error:"...), v.Str)
	case client.SimpleString, client.Bulk, client.Verbatim:
		return appendString(dst, v.Str)
	case client.Array, client.Set, client.Push:
		dst = append(dst, '[')
		for i, e := range v.Elems {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendJSONReply(dst, e, appendString)
		}
		return append(dst, ']')
	case client.Map:
		dst = append(dst, '{')
		for i := 0; i < len(v.Elems); i += 2 {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendJSONKey(dst, v.Elems[i], appendString)
			dst = append(dst, ':')
			dst = appendJSONReply(dst, v.Elems[i+1], appendString)
		}
		return append(dst, '}')
	}
	return append(dst, v.Text()...)
}

// appendJSONKey makes a string of whatever RESP3 allows as a key.
func appendJSONKey(dst []byte, key client.Value, appendString func([]byte, string) []byte) []byte {
	text := appendJSONReply(nil, key, appendString)
	if key.Kind == client.Error || len(text) > 0 && text[0] == '"' {
		return append(dst, text...)
	}
	dst = append(dst, '"')
	dst = append(dst, text...)
	return append(dst, '"')
}

package resp

import "github.com/kvasirdb/kvasir/internal/platform/number"

// Mark is a place in the output. It stays valid until bytes before it are
// sent, hence within one command: output is flushed between commands.
type Mark struct {
	at   int
	refs int
}

// Mark returns the place where the next reply will begin.
func (w *Writer) Mark() Mark { return Mark{at: len(w.buf), refs: len(w.refs)} }

// Since returns the bytes in buf appended since mark; references are not among
// them. They are valid until the next append.
func (w *Writer) Since(mark Mark) []byte { return w.buf[mark.at:] }

// BytesSince returns the length of everything appended since mark.
func (w *Writer) BytesSince(mark Mark) int {
	length := len(w.buf) - mark.at
	for _, r := range w.refs[mark.refs:] {
		length += len(r.data)
	}
	return length
}

// ErrorSince returns the text of the error that begins at mark, without its
// line end, or nil if the reply there is none.
func (w *Writer) ErrorSince(mark Mark) []byte {
	reply := w.buf[mark.at:]
	if len(reply) == 0 || reply[0] != '-' {
		return nil
	}
	for i, c := range reply {
		if c == '\r' {
			return reply[1:i]
		}
	}
	return nil
}

// Rewind drops everything appended since mark.
func (w *Writer) Rewind(mark Mark) {
	w.buf = w.buf[:mark.at]
	for i := mark.refs; i < len(w.refs); i++ {
		w.dropRef(i)
	}
	w.refs = w.refs[:mark.refs]
}

// Deferred is the place of a header whose count is not known yet.
type Deferred struct {
	mark Mark
}

// deferredBytes is the room left for a deferred header, that of the shortest
// ones. For larger counts what follows is moved by the missing digits: a small
// price against collecting the elements first, and small replies pay nothing.
const deferredBytes = len("*0\r\n")

// Defer leaves room for a header. Elements follow; then one of the SetLen
// methods fills it in. Deferred headers nest: inner ones are set first.
func (w *Writer) Defer() Deferred {
	d := Deferred{w.Mark()}
	w.buf = append(w.buf, "*0\r\n"...)
	return d
}

// SetArrayLen makes d the header of an array of count elements.
func (w *Writer) SetArrayLen(d Deferred, count int) { w.setLen(d, '*', count) }

// SetMapLen makes d the header of a map of count pairs; see MapHeader.
func (w *Writer) SetMapLen(d Deferred, count int) {
	if w.IsRESP3() {
		w.setLen(d, '%', count)
		return
	}
	w.setLen(d, '*', 2*count)
}

// SetSetLen makes d the header of a set of count elements; see SetHeader.
func (w *Writer) SetSetLen(d Deferred, count int) { w.setLen(d, w.setPrefix(), count) }

// SetPushLen makes d the header of a message of count elements; see PushHeader.
func (w *Writer) SetPushLen(d Deferred, count int) { w.setLen(d, w.pushPrefix(), count) }

func (w *Writer) setLen(d Deferred, prefix byte, count int) {
	if count < 0 {
		panic("resp: negative length of an aggregate")
	}
	at := d.mark.at
	if extra := number.DigitCount(uint64(count)) - 1; extra > 0 {
		end := len(w.buf)
		w.buf = append(w.buf, "0123456789012345678"[:extra]...)
		copy(w.buf[at+deferredBytes+extra:], w.buf[at+deferredBytes:end])
		for i := d.mark.refs; i < len(w.refs); i++ {
			w.refs[i].at += extra
		}
	}
	appendHeader(w.buf[:at], prefix, count)
}

package resp

// appendRef adds bytes that stay outside buf.
func (w *Writer) appendRef(data []byte, release func()) {
	w.refs = append(w.refs, reference{at: len(w.buf), data: data, release: release})
	w.refBytes += len(data)
}

// dropRef gives refs[i] back to its owner.
func (w *Writer) dropRef(i int) {
	r := &w.refs[i]
	w.refBytes -= len(r.data)
	release := r.release
	*r = reference{}
	if release != nil {
		release()
	}
}

// Len returns how many bytes wait to be sent.
func (w *Writer) Len() int { return len(w.buf) - w.sent + w.refBytes }

// BufferCap returns the size of the buffer that the Writer holds.
func (w *Writer) BufferCap() int { return cap(w.buf) }

// Bytes returns everything that waits to be sent, provided that there are no
// references (HasRefs). It is valid until the next call of another method.
func (w *Writer) Bytes() []byte {
	if len(w.refs) != 0 {
		panic("resp: Bytes of an output with references")
	}
	return w.buf[w.sent:]
}

// HasRefs reports whether parts of the output lie outside the buffer, so that
// it takes a vectored write.
func (w *Writer) HasRefs() bool { return len(w.refs) != 0 }

// Vector appends the pieces of the output to pieces, in order, up to the
// capacity of pieces but at least one, and returns it: what to hand to a
// vectored write. It is valid until the next call of another method.
func (w *Writer) Vector(pieces [][]byte) [][]byte {
	from := w.sent
	for _, r := range w.refs {
		if r.at > from {
			pieces = append(pieces, w.buf[from:r.at])
			from = r.at
		}
		if len(pieces) == cap(pieces) {
			return pieces
		}
		if len(r.data) != 0 {
			pieces = append(pieces, r.data)
		}
		if len(pieces) == cap(pieces) {
			return pieces
		}
	}
	if from < len(w.buf) {
		pieces = append(pieces, w.buf[from:])
	}
	return pieces
}

// Consume removes the first count bytes of the output, which have been sent,
// and releases the references among them. Marks become invalid.
func (w *Writer) Consume(count int) {
	gone := 0
	for gone < len(w.refs) {
		r := &w.refs[gone]
		before := r.at - w.sent
		if count < before {
			break
		}
		w.sent += before
		count -= before
		if count < len(r.data) {
			r.data = r.data[count:]
			w.refBytes -= count
			count = 0
			break
		}
		count -= len(r.data)
		w.dropRef(gone)
		gone++
	}
	w.sent += count
	if w.sent > len(w.buf) {
		panic("resp: more bytes sent than there were")
	}
	if gone == len(w.refs) {
		w.refs = w.refs[:0]
	} else if gone > 0 {
		kept := copy(w.refs, w.refs[gone:])
		clear(w.refs[kept:])
		w.refs = w.refs[:kept]
	}
	switch {
	case len(w.refs) == 0 && w.sent == len(w.buf):
		w.buf, w.sent = w.buf[:0], 0
	case w.sent > len(w.buf)/2 && w.sent >= compactBytes:
		w.compact()
	}
}

// compactBytes is how many sent bytes are worth moving the rest for.
const compactBytes = 64 << 10

// compact moves the unsent bytes to the start of buf.
func (w *Writer) compact() {
	kept := copy(w.buf, w.buf[w.sent:])
	w.buf = w.buf[:kept]
	for i := range w.refs {
		w.refs[i].at -= w.sent
	}
	w.sent = 0
}

// SetBuffer lends the writer a buffer to append to; its contents do not
// matter. Output that waits already is copied over. The previous buffer is
// returned, for its owner to use again.
func (w *Writer) SetBuffer(buf []byte) (previous []byte) {
	previous = w.buf
	for i := range w.refs {
		w.refs[i].at -= w.sent
	}
	w.buf = append(buf[:0], previous[w.sent:]...)
	w.sent = 0
	return previous[:0]
}

// TakeBuffer takes the buffer away from a writer whose output is all sent,
// which then holds no memory. It returns nil if output waits: the buffer
// belongs to it until Consume empties it.
func (w *Writer) TakeBuffer() []byte {
	if w.Len() != 0 || len(w.refs) != 0 {
		return nil
	}
	buf := w.buf
	w.buf, w.sent, w.refs = nil, 0, nil
	return buf[:0]
}

// Discard drops all output and releases its references, as a connection that
// is closed does.
func (w *Writer) Discard() {
	for i := range w.refs {
		w.dropRef(i)
	}
	w.refs, w.buf, w.sent = nil, w.buf[:0], 0
}

package cli

import (
	"errors"
	"io"
	"time"
)

// lineBytesMax bounds a line of input, and the memory a stream without line
// ends can take.
const lineBytesMax = 64 << 20

// input is standard input, read by a goroutine so that it can be awaited beside
// the server and Ctrl-C. The goroutine cannot be stopped while it is blocked in
// a read; it ends with the stream, or with the process.
type input struct {
	chunks  chan []byte
	pending []byte
	err     error // why chunks was closed
}

var errInterrupted = errors.New("interrupted")

func newInput(r io.Reader) *input {
	in := &input{chunks: make(chan []byte)}
	go in.read(r)
	return in
}

func (in *input) read(r io.Reader) {
	defer close(in.chunks)
	for {
		buf := make([]byte, 4096)
		n, err := r.Read(buf)
		if n > 0 {
			in.chunks <- buf[:n]
		}
		if err != nil {
			in.err = err
			return
		}
	}
}

// accept takes a chunk received from chunks.
func (in *input) accept(chunk []byte) { in.pending = append(in.pending, chunk...) }

// readByte returns the next byte, waiting for it.
func (a *app) readByte() (byte, error) {
	in := a.input
	for len(in.pending) == 0 {
		select {
		case chunk, ok := <-in.chunks:
			if !ok {
				return 0, in.err
			}
			in.accept(chunk)
		case <-a.interrupts:
			return 0, errInterrupted
		}
	}
	c := in.pending[0]
	in.pending = in.pending[1:]
	return c, nil
}

// readByteSoon is readByte within the time that separates the bytes of one key
// from a key pressed after it. ok is false when nothing came.
func (a *app) readByteSoon() (c byte, ok bool) {
	in := a.input
	if len(in.pending) == 0 {
		timer := time.NewTimer(50 * time.Millisecond)
		defer timer.Stop()
		select {
		case chunk, open := <-in.chunks:
			if !open {
				return 0, false
			}
			in.accept(chunk)
		case <-timer.C:
			return 0, false
		}
	}
	c = in.pending[0]
	in.pending = in.pending[1:]
	return c, true
}

// readPlainLine reads a line from something that is no terminal. io.EOF comes
// after the last line, which may lack its end.
func (a *app) readPlainLine() (string, error) {
	var line []byte
	for {
		c, err := a.readByte()
		switch {
		case err == io.EOF && len(line) > 0:
			return string(line), nil
		case err != nil:
			return "", err
		case c == '\n':
			return string(line), nil
		case len(line) == lineBytesMax:
			return "", errors.New("input line too long")
		}
		line = append(line, c)
	}
}

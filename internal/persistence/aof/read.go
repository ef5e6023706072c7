package aof

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
)

// errFormat: the file holds something else than commands.
var errFormat = errors.New("bad file format")

const (
	readBytes = 1 << 20
	// argumentBytesMax and argumentsMax are more than any server propagates.
	argumentBytesMax = 1 << 32
	argumentsMax     = 1 << 31
)

// reader reads the commands of a file.
type reader struct {
	in     *bufio.Reader
	offset int64 // behind what was read
}

func newReader(in io.Reader, offset int64) *reader {
	return &reader{bufio.NewReaderSize(in, readBytes), offset}
}

// next returns the next command, io.EOF at the end of the file,
// io.ErrUnexpectedEOF if it ends within a command, or errFormat.
func (r *reader) next() ([][]byte, error) {
	count, err := r.header('*')
	for err == errAnnotation {
		count, err = r.header('*')
	}
	if err != nil {
		return nil, err
	}
	if count < 1 || count > argumentsMax {
		return nil, errFormat
	}
	args := make([][]byte, 0, min(count, 1024))
	for range count {
		size, err := r.header('$')
		switch {
		case err == io.EOF:
			return nil, io.ErrUnexpectedEOF
		case err == errAnnotation, err == nil && (size < 0 || size > argumentBytesMax):
			return nil, errFormat
		case err != nil:
			return nil, err
		}
		arg, err := r.argument(size)
		if err != nil {
			return nil, err
		}
		args = append(args, arg)
	}
	return args, nil
}

var errAnnotation = errors.New("a line that is no command")

// header reads the line that begins with kind and a number.
func (r *reader) header(kind byte) (int64, error) {
	line, err := r.in.ReadSlice('\n')
	r.offset += int64(len(line))
	switch {
	case err == bufio.ErrBufferFull, len(line) > 0 && line[0] != kind && line[0] != '#':
		return 0, errFormat
	case err == io.EOF && len(line) > 0:
		return 0, io.ErrUnexpectedEOF
	case err != nil:
		return 0, err
	case line[0] == '#':
		return 0, errAnnotation
	}
	n, err := strconv.ParseInt(string(bytes.TrimRight(line[1:], "\r\n")), 10, 64)
	if err != nil {
		return 0, errFormat
	}
	return n, nil
}

// argument reads size bytes and the end of the line. It believes in a size only
// as far as bytes have come.
func (r *reader) argument(size int64) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(int(min(size+2, readBytes)))
	n, err := io.CopyN(&b, r.in, size+2)
	r.offset += n
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, err
	}
	if !bytes.HasSuffix(b.Bytes(), []byte("\r\n")) {
		return nil, errFormat
	}
	return b.Bytes()[:size:size], nil
}

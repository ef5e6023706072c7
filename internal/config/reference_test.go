package config

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// referenceServer runs a valkey-server on a Unix socket.
type referenceServer struct {
	binary string
	cmd    *exec.Cmd
	conn   net.Conn
	reader *bufio.Reader
}

func (r *referenceServer) load(t *testing.T, dir, file string, args []string) string {
	r.close()
	cmd := exec.Command(r.binary, append([]string{file}, args...)...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r.cmd = cmd
	var log strings.Builder
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "eady to accept connections") {
			go io.Copy(io.Discard, stdout)
			if r.conn, err = net.Dial("unix", filepath.Join(dir, "s")); err != nil {
				t.Fatal(err)
			}
			r.reader = bufio.NewReader(r.conn)
			return "ok"
		}
		fmt.Fprintln(&log, lines.Text())
	}
	cmd.Wait()
	r.cmd = nil
	if at := strings.Index(log.String(), "Fatal error, can't open"); at >= 0 {
		line, _, _ := strings.Cut(log.String()[at:], "\n")
		return line
	}
	if stderr.Len() == 0 {
		return log.String()
	}
	return stderr.String()
}

func (r *referenceServer) close() {
	if r.cmd == nil {
		return
	}
	r.conn.Close()
	r.cmd.Process.Kill()
	r.cmd.Wait()
	r.cmd = nil
}

func (r *referenceServer) set(words []string) string {
	return r.call(append([]string{"CONFIG", "SET"}, words...)).text
}

func (r *referenceServer) get(words []string) []Pair {
	items := r.call(append([]string{"CONFIG", "GET"}, words...)).items
	pairs := make([]Pair, 0, len(items)/2)
	for i := 0; i+1 < len(items); i += 2 {
		pairs = append(pairs, Pair{items[i].text, items[i+1].text})
	}
	return pairs
}

func (r *referenceServer) rewrite() string { return r.call([]string{"CONFIG", "REWRITE"}).text }

type reply struct {
	text  string
	items []reply
}

func (r *referenceServer) call(args []string) reply {
	fmt.Fprintf(r.conn, "*%d\r\n", len(args))
	for _, arg := range args {
		fmt.Fprintf(r.conn, "$%d\r\n%s\r\n", len(arg), arg)
	}
	return r.read()
}

func (r *referenceServer) read() reply {
	line, err := r.reader.ReadString('\n')
	if err != nil {
		return reply{text: err.Error()}
	}
	line = strings.TrimSuffix(line, "\r\n")
	switch line[0] {
	case '$':
		n, _ := strconv.Atoi(line[1:])
		data := make([]byte, n+2)
		if _, err := io.ReadFull(r.reader, data); err != nil {
			return reply{text: err.Error()}
		}
		return reply{text: string(data[:n])}
	case '*':
		n, _ := strconv.Atoi(line[1:])
		items := make([]reply, n)
		for i := range items {
			items[i] = r.read()
		}
		return reply{items: items}
	}
	return reply{text: line[1:]}
}

//go:build rewrite

package conformance

import (
	"os"
	"testing"

	"github.com/kvasirdb/kvasir/test/harness"
)

// TestRewrite gives the scripts the replies of the reference server.
func TestRewrite(t *testing.T) {
	reference, ok := harness.References()["valkey"]
	if !ok {
		t.Fatal("rewriting needs VALKEY_SERVER")
	}
	eachScript(t, func(t *testing.T, s *script) {
		replies := make([][]expectation, len(s.steps))
		for _, protocol := range []int{2, 3} {
			record(t, s, protocol, reference.With(s.options...), replies)
		}
		if err := os.WriteFile(s.path, []byte(s.rewritten(replies)), 0o644); err != nil {
			t.Fatal(err)
		}
	})
}

// record plays a script and stores the replies that are not expected already.
func record(t *testing.T, s *script, protocol int, reference harness.Command, replies [][]expectation) {
	r := newRunner(harness.Start(t, func() (*harness.Server, error) { return harness.StartBinary(reference) }), protocol)
	defer r.close()
	for i := range s.steps {
		st := &s.steps[i]
		if r.left(st) {
			continue
		}
		got, err := r.play(st)
		if err != nil {
			t.Fatalf("%s:%d: %v", s.path, st.line, err)
		}
		if st.kvasir {
			continue
		}
		if replies[i] == nil {
			replies[i] = make([]expectation, len(got))
		}
		for k, text := range got {
			if k < len(st.want) && matches(st.want[k].in(protocol), text) {
				text = st.want[k].in(protocol)
			}
			e := &replies[i][k]
			if protocol == 2 || st.protocol == 3 {
				e.resp2 = text
			}
			e.resp3 = text
		}
	}
}

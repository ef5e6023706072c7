package main

import (
	"strings"
	"testing"
)

const report = `# a run
file                  ok   err  skipped  aborted   seconds
unit/type/string      10     2        1  no              3
unit/type/list         4     0        0  yes:exception   1
TOTAL (2 files)       14     2        1  1               4

## failed tests
unit/type/string :: SETRANGE with huge offset  -- Expected a to be b
unit/type/string :: another
unit/type/list :: Can't start /tmp/suite.1/w0/valkey-server now
`

func TestPage(t *testing.T) {
	files, err := parseReport(report)
	if err != nil {
		t.Fatal(err)
	}
	text := string(page(files, parseReasons("# why\nunit/type/string  for a reason\n"), []string{"tls: tls-port"}))
	for _, want := range []string{
		"| unit/type/string | 10 | 2 | 1 | for a reason |\n",
		"| unit/type/list | 4 | 0 | 0 | ended early |\n",
		"| **all 2** | 14 | 2 | 1 | |\n",
		"- unit/type/string: SETRANGE with huge offset\n",
		"- unit/type/list: Can't start valkey-server now\n",
		"- **tls**: tls-port\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	if strings.Contains(text, "Expected a") {
		t.Error("the page shows the reason of a single failure")
	}
}

func TestReportWithoutResults(t *testing.T) {
	if _, err := parseReport("nothing"); err == nil {
		t.Error("an empty report is accepted")
	}
}

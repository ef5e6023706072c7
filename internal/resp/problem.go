package resp

// problem is a way in which a request stream can be wrong.
type problem uint8

const (
	problemNone problem = iota
	problemBigInline
	problemBigMultibulkCount
	problemMultibulkLength
	problemUnauthenticatedMultibulk
	problemUnauthenticatedBulk
	problemBigBulkCount
	problemNotBulk
	problemBulkLength
	problemQuotes
	problemLineEnd
)

// problemTexts gives each problem the text sent to the client, behind
// "ERR Protocol error: ", and the shorter one written to the log.
var problemTexts = [...]struct{ reply, log string }{
	problemBigInline:                {"too big inline request", "too big inline request"},
	problemBigMultibulkCount:        {"too big mbulk count string", "too big mbulk count string"},
	problemMultibulkLength:          {"invalid multibulk length", "invalid mbulk count"},
	problemUnauthenticatedMultibulk: {"unauthenticated multibulk length", "unauth mbulk count"},
	problemUnauthenticatedBulk:      {"unauthenticated bulk length", "unauth bulk length"},
	problemBigBulkCount:             {"too big bulk count string", "too big bulk count string"},
	problemNotBulk:                  {"expected '$', got '", "expected $ but got something else"},
	problemBulkLength:               {"invalid bulk length", "invalid bulk length"},
	problemQuotes:                   {"unbalanced quotes in request", "unbalanced quotes in inline request"},
	problemLineEnd:                  {"invalid CRLF in request", "invalid CRLF in request"},
}

// ProtocolError is what was wrong with a request stream. The connection
// cannot be used further: there is no telling where the next command begins.
type ProtocolError struct {
	// Reply is the text for the client, with its code: "ERR Protocol error: …".
	Reply string
	// Log is the reason as written to the server's log.
	Log string
}

func (e *ProtocolError) Error() string { return e.Reply }

// Err returns the reason after Next has returned Invalid, else nil.
func (p *Parser) Err() *ProtocolError {
	if p.problem == problemNone {
		return nil
	}
	texts := problemTexts[p.problem]
	reply := "ERR Protocol error: " + texts.reply
	if p.problem == problemNotBulk {
		got := p.got
		if got == '\r' || got == '\n' {
			got = ' ' // it must not end the error's line
		}
		reply += string([]byte{got, '\''})
	}
	return &ProtocolError{Reply: reply, Log: texts.log}
}

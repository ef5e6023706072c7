package zsetcmd

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/resp"
)

// pairs lays out members, with their scores if wanted: one after the other in
// RESP2, in arrays of two in RESP3.
type pairs struct {
	out        *resp.Writer
	withScores bool
	nested     bool
}

func newPairs(c *command.Ctx, withScores bool) pairs {
	return pairs{out: c.Out, withScores: withScores, nested: withScores && c.Out.IsRESP3()}
}

// begin announces count members.
func (p *pairs) begin(count int) {
	if p.withScores && !p.nested {
		count *= 2
	}
	p.out.ArrayHeader(count)
}

// add appends a member. It returns true, so that it can be passed to zset.Range.
func (p *pairs) add(member []byte, score float64) bool {
	if p.nested {
		p.out.ArrayHeader(2)
	}
	p.out.Bulk(member)
	if p.withScores {
		p.out.Double(score)
	}
	return true
}

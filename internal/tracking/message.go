package tracking

import (
	"github.com/kvasirdb/kvasir/internal/platform/number"
	"github.com/kvasirdb/kvasir/internal/resp"
	"github.com/kvasirdb/kvasir/internal/session"
)

// frame is an array of keys in protocol, the same in RESP2 and RESP3; nil stands
// for all keys.
type frame []byte

func encodeKeys(keys ...string) frame {
	size := 16
	for _, key := range keys {
		size += len(key) + 16
	}
	f := append(make(frame, 0, size), '*')
	f = number.AppendInt(f, int64(len(keys)))
	f = append(f, '\r', '\n')
	for _, key := range keys {
		f = resp.AppendBulk(f, []byte(key))
	}
	return f
}

// invalidation is what a tracker is told, or the client it redirects to.
type invalidation struct {
	keys     frame
	from     *session.Client // the tracker that redirects, nil if none does
	redirect uint64          // to whom
}

// channel is what a redirected invalidation is a message of, in RESP2.
const channel = "__redis__:invalidate"

// Deliver implements session.Message.
func (m *invalidation) Deliver(to *session.Client) {
	if m.from != nil && to.Flags&(session.CloseAfterReply|session.CloseSoon) != 0 {
		m.from.Send(broken(m.redirect))
		return
	}
	switch {
	case to.Out.IsRESP3():
		to.Out.PushHeader(2)
		to.Out.BulkString("invalidate")
	case m.from != nil && to.Has(session.PubSub):
		to.Out.ArrayHeader(3)
		to.Out.BulkString("message")
		to.Out.BulkString(channel)
	default:
		return // a client that speaks RESP2 would take it for a reply
	}
	if m.keys == nil {
		to.Out.Null()
	} else {
		to.Out.Raw(m.keys)
	}
}

// broken tells a tracker that the client of this number, which its invalidations
// should go to, is gone.
type broken uint64

// Deliver implements session.Message.
func (target broken) Deliver(to *session.Client) {
	if tr := stateOf(to); !to.Has(session.Tracking) || tr.redirect != uint64(target) {
		return // it has chosen otherwise meanwhile
	}
	to.Set(session.TrackingBroken)
	if to.Out.IsRESP3() {
		to.Out.PushHeader(2)
		to.Out.BulkString("tracking-redir-broken")
		to.Out.Int(int64(target))
	}
}

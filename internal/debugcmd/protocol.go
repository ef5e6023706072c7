package debugcmd

import (
	"strings"

	"github.com/kvasirdb/kvasir/internal/command"
)

// protocol answers with a sample of one type of reply.
func protocol(c *command.Ctx) {
	w := c.Out
	switch strings.ToLower(c.Arg(2)) {
	case "string":
		w.BulkString("Hello World")
	case "integer":
		w.Int(12345)
	case "double":
		w.Double(3.141)
	case "bignum":
		w.BigNumber("1234567999999999999999999999999999999")
	case "null":
		w.Null()
	case "array":
		w.ArrayHeader(3)
		for i := range int64(3) {
			w.Int(i)
		}
	case "set":
		w.SetHeader(3)
		for i := range int64(3) {
			w.Int(i)
		}
	case "map":
		w.MapHeader(3)
		for i := range int64(3) {
			w.Int(i)
			w.Bool(i == 1)
		}
	case "attrib":
		if w.IsRESP3() {
			w.AttributeHeader(1)
			w.BulkString("key-popularity")
			w.ArrayHeader(2)
			w.BulkString("key:123")
			w.Int(90)
		}
		w.BulkString("Some real reply following the attribute")
	case "push":
		if !w.IsRESP3() {
			w.Error("ERR RESP2 is not supported by this command")
			return
		}
		w.PushHeader(2)
		w.BulkString("server-cpu-usage")
		w.Int(42)
		w.BulkString("Some real reply following the push reply")
	case "true":
		w.Bool(true)
	case "false":
		w.Bool(false)
	case "verbatim":
		w.Verbatim("txt", []byte("This is a verbatim\nstring"))
	default:
		w.Error("ERR Wrong protocol type name. Please use one of the following: " +
			"string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false")
	}
}

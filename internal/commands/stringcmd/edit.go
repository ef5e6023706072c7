package stringcmd

import "github.com/kvasirdb/kvasir/internal/command"

func (l limits) appendSpec() command.Spec {
	appendSpec := command.Spec{
		Name: "append", Group: command.GroupString, Since: "2.0.0", Arity: 3,
		Flags: command.Write | command.DenyOOM | command.Fast, ACL: command.CatString,
		Summary:    "Add bytes to the end of a string, starting from an empty one if the key is missing",
		Complexity: "O(1) amortized, for short appended values",
		Keys:       []command.KeySpec{{Flags: command.KeyRW | command.KeyInsert, Index: 1, Step: 1}},
		Args: []command.Arg{
			{Name: "key", Type: command.ArgKey}, {Name: "value"},
		},
		Run: l.runAppend,
	}
	return appendSpec
}

func (l limits) runAppend(c *command.Ctx) {
	key, tail := c.Args[1], c.Args[2]
	e := c.Tx.Write(key)
	n := len(tail)
	if e.Found() {
		if !isString(c, &e) {
			return
		}
		have := e.StringLen()
		if !l.allow(c, int64(have), int64(n)) {
			return
		}
		n += have
		copy(c.Tx.EditString(&e, key, n, true)[have:], tail)
	} else {
		c.Tx.SetString(&e, key, tail, -1)
	}
	c.Notify(command.EventString, "append", key)
	c.Out.Int(int64(n))
}

func (l limits) setrangeSpec() command.Spec {
	setrangeSpec := command.Spec{
		Name: "setrange", Group: command.GroupString, Since: "2.2.0", Arity: 4,
		Flags: command.Write | command.DenyOOM, ACL: command.CatString,
		Summary:    "Overwrite the bytes of a string from an offset on, padding with zeros",
		Complexity: "O(1) for short values, otherwise O(M), M being the bytes written",
		Keys:       []command.KeySpec{{Flags: command.KeyRW | command.KeyUpdate, Index: 1, Step: 1}},
		Args: []command.Arg{
			{Name: "key", Type: command.ArgKey}, {Name: "offset", Type: command.ArgInteger}, {Name: "value"},
		},
		Run: l.runSetRange,
	}
	return setrangeSpec
}

func (l limits) runSetRange(c *command.Ctx) {
	offset, ok := c.IntArg(2)
	if !ok {
		return
	}
	if offset < 0 {
		c.Out.Error("ERR offset is out of range")
		return
	}
	key, part := c.Args[1], c.Args[3]
	e := c.Tx.Write(key)
	have := 0
	if e.Found() {
		if !isString(c, &e) {
			return
		}
		have = e.StringLen()
	}
	if len(part) == 0 {
		c.Out.Int(int64(have))
		return
	}
	if !l.allow(c, offset, int64(len(part))) {
		return
	}
	n := max(have, int(offset)+len(part))
	copy(c.Tx.EditString(&e, key, n, false)[offset:], part)
	c.Notify(command.EventString, "setrange", key)
	c.Out.Int(int64(n))
}

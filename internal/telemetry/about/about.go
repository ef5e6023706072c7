// Package about has the commands by which the server tells what time it has
// (TIME) and who it is (LOLWUT).
package about

import (
	"math"
	"strconv"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/platform/clock"
)

// Deps are what the commands need.
type Deps struct {
	Clock clock.Clock
	// Version returns the line that ends LOLWUT's reply, "Valkey ver. 9.0.2".
	Version func() string
	// Random returns a number from 0 to less than 1.
	Random func() float64
}

// Commands returns TIME and LOLWUT.
func Commands(d Deps) []command.Spec {
	timeSpec := command.Spec{
		Name: "time", Group: command.GroupServer, Since: "2.6.0", Arity: 1,
		Flags:      command.Loading | command.Stale | command.Fast,
		Summary:    "Tell the server's clock: Unix seconds, and microseconds within the second",
		Complexity: "O(1)",
		Tips:       []string{"nondeterministic_output"},
		Lock:       command.LockNone,
		Run:        d.runTime,
	}
	lolwutSpec := command.Spec{
		Name: "lolwut", Group: command.GroupServer, Since: "5.0.0", Arity: -1,
		Flags:   command.ReadOnly | command.Fast,
		Summary: "Show a piece of computer art and the server's version",
		Args: []command.Arg{
			{Name: "version", Type: command.ArgInteger, Token: "VERSION", Flags: command.ArgOptional},
		},
		Lock: command.LockNone,
		Run:  d.runLolwut,
	}
	return []command.Spec{timeSpec, lolwutSpec}
}

func (d *Deps) runTime(c *command.Ctx) {
	now := d.Clock.Now()
	c.Out.ArrayHeader(2)
	c.Out.BulkString(strconv.FormatInt(now.Unix(), 10))
	c.Out.BulkString(strconv.Itoa(now.Nanosecond() / 1e3))
}

const (
	columnsDefault, columnsMax = 66, 160
	rowsDefault, rowsMax       = 24, 80
)

// runLolwut is LOLWUT [VERSION version] [columns rows] [real imaginary]. All
// versions paint the same picture.
func (d *Deps) runLolwut(c *command.Ctx) {
	first := 1
	if len(c.Args) >= 3 && command.Is(c.Args[1], "version") {
		if _, ok := c.IntArg(2); !ok {
			return
		}
		first = 3
	}
	// Of the present version, sizes and the numbers after them, which other
	// pictures need, come in pairs.
	if n := len(c.Args) - first; first == 1 && (n%2 != 0 || n > 4) {
		c.Out.Error("ERR Syntax error. Use: LOLWUT [columns rows] [real imaginary]")
		return
	}
	size := [2]int64{columnsDefault, rowsDefault}
	for i := range size {
		if first+i < len(c.Args) {
			n, ok := c.IntArg(first + i)
			if !ok {
				return
			}
			size[i] = n
		}
	}
	columns := int(min(max(size[0], 1), columnsMax))
	rows := int(min(max(size[1], 1), rowsMax))
	c.Out.Verbatim("txt", append(d.paint(columns, rows), d.Version()+"\n"...))
}

// shades are from the trough to the crest of a wave.
const shades = " .:-=+*#%@"

// paint draws the surface of a vat of mead into which three drops have fallen.
func (d *Deps) paint(columns, rows int) []byte {
	type drop struct{ x, y, wavelength float64 }
	var drops [3]drop
	for i := range drops {
		drops[i] = drop{d.Random(), d.Random(), 0.15 + 0.25*d.Random()}
	}
	picture := make([]byte, 0, (columns+1)*rows)
	for row := range rows {
		for column := range columns {
			x, y := (float64(column)+0.5)/float64(columns), (float64(row)+0.5)/float64(rows)
			height := 0.0
			for _, p := range drops {
				distance := math.Hypot(x-p.x, y-p.y)
				height += math.Cos(2*math.Pi*distance/p.wavelength) / (1 + 4*distance)
			}
			level := (height/float64(len(drops)) + 1) / 2
			picture = append(picture, shades[int(min(max(level, 0), 0.999)*float64(len(shades)))])
		}
		picture = append(picture, '\n')
	}
	return append(picture, '\n')
}

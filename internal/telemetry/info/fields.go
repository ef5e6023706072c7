package info

import (
	"fmt"
	"strconv"
)

// Fields is where a section writes its lines. A field that a subsystem has
// provided takes that value instead of the one written.
type Fields struct {
	text     []byte
	provided map[string]func() string
}

// Int writes a number.
func (f *Fields) Int(name string, value int64) {
	if f.open(name) {
		f.text = strconv.AppendInt(f.text, value, 10)
		f.close()
	}
}

// Bool writes 1 or 0.
func (f *Fields) Bool(name string, value bool) {
	if value {
		f.Int(name, 1)
	} else {
		f.Int(name, 0)
	}
}

// Fixed writes a number with a fixed count of decimals.
func (f *Fields) Fixed(name string, value float64, decimals int) {
	if f.open(name) {
		f.text = strconv.AppendFloat(f.text, value, 'f', decimals, 64)
		f.close()
	}
}

// Percent writes a percentage with two decimals and its sign.
func (f *Fields) Percent(name string, value float64) {
	f.Text(name, strconv.FormatFloat(value, 'f', 2, 64)+"%")
}

// Text writes a text without line ends.
func (f *Fields) Text(name, value string) {
	if f.open(name) {
		f.text = append(f.text, value...)
		f.close()
	}
}

// Textf is Text with a format.
func (f *Fields) Textf(name, format string, args ...any) {
	if f.open(name) {
		f.text = fmt.Appendf(f.text, format, args...)
		f.close()
	}
}

// Human writes a number of bytes in the unit that suits it.
func (f *Fields) Human(name string, bytes int64) { f.Text(name, HumanBytes(bytes)) }

// open begins a line. It reports false when a provided value has completed it.
func (f *Fields) open(name string) bool {
	f.text = append(append(f.text, name...), ':')
	value := f.provided[name]
	if value == nil {
		return true
	}
	f.text = append(f.text, value()...)
	f.close()
	return false
}

func (f *Fields) close() { f.text = append(f.text, "\r\n"...) }

// HumanBytes formats a number of bytes as INFO does: "949.25K".
func HumanBytes(n int64) string {
	if n < 1<<10 {
		return strconv.FormatInt(n, 10) + "B"
	}
	unit, size := 0, float64(n)/(1<<10)
	for ; size >= 1<<10 && unit < len(units)-1; unit++ {
		size /= 1 << 10
	}
	return strconv.FormatFloat(size, 'f', 2, 64) + units[unit:unit+1]
}

const units = "KMGTP"

// SafeName returns a name in which characters that would break a line of INFO
// are underscores.
func SafeName(name string) string {
	var safe []byte
	for i := range len(name) {
		switch name[i] {
		case '#', ':', '\n', '\r':
			if safe == nil {
				safe = []byte(name)
			}
			safe[i] = '_'
		}
	}
	if safe == nil {
		return name
	}
	return string(safe)
}

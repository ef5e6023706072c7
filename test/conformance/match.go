package conformance

import (
	"regexp"
	"strconv"
	"strings"
)

// placeholder is what a reply may have instead of text: <any> or <9..10>.
var placeholder = regexp.MustCompile(`<any>|<-?[0-9]+\.\.-?[0-9]+>`)

// matches reports whether a reply is what the script expects.
func matches(want, got string) bool {
	if want == got {
		return true
	}
	holes := placeholder.FindAllString(want, -1)
	if holes == nil {
		return false
	}
	var pattern strings.Builder
	pattern.WriteString(`(?s)\A`)
	for i, text := range placeholder.Split(want, -1) {
		switch {
		case i == 0:
		case holes[i-1] == "<any>":
			pattern.WriteString(`(.*?)`)
		default:
			pattern.WriteString(`(-?[0-9]+)`)
		}
		pattern.WriteString(regexp.QuoteMeta(text))
	}
	pattern.WriteString(`\z`)
	filled := regexp.MustCompile(pattern.String()).FindStringSubmatch(got)
	if filled == nil {
		return false
	}
	for i, hole := range holes {
		if hole != "<any>" && !inRange(hole, filled[i+1]) {
			return false
		}
	}
	return true
}

func inRange(hole, text string) bool {
	from, to, _ := strings.Cut(strings.Trim(hole, "<>"), "..")
	low, err1 := strconv.ParseInt(from, 10, 64)
	high, err2 := strconv.ParseInt(to, 10, 64)
	n, err3 := strconv.ParseInt(text, 10, 64)
	return err1 == nil && err2 == nil && err3 == nil && low <= n && n <= high
}

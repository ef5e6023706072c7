package cli

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// latencyBucket is a range of round trips and the character that stands for it.
type latencyBucket struct {
	maxMicros int64 // math.MaxInt64 in the last
	mark      byte
	count     int64
}

// latencyBuckets grow by and large by decades, with steps of one millisecond
// where servers are usually found.
func latencyBuckets() []latencyBucket {
	var buckets []latencyBucket
	add := func(marks string, maxMicros ...int64) {
		for i, m := range maxMicros {
			buckets = append(buckets, latencyBucket{maxMicros: m, mark: marks[i]})
		}
	}
	steps := func(n, step int64) (bounds []int64) {
		for i := int64(1); i <= n; i++ {
			bounds = append(bounds, i*step)
		}
		return bounds
	}
	add(".-*#", 10, 125, 250, 500)
	add("123456789", steps(9, 1000)...)
	add("ABCDE", steps(5, 10_000)...)
	add("FGHIJ", steps(5, 100_000)...)
	add("KLMNOPQ", 1e6, 2e6, 4e6, 8e6, 16e6, 30e6, 60e6)
	add("?", math.MaxInt64)
	return buckets
}

// Palettes of the 256-color terminal, from none to all of the samples.
func spectrum(monochrome bool) []int {
	if monochrome {
		return []int{0, 233, 234, 235, 237, 239, 241, 243, 245, 247, 249, 251, 253}
	}
	return []int{0, 233, 234, 235, 237, 239, 241, 243, 245, 247, 144, 143, 142, 184, 226, 214, 208, 202, 196}
}

const (
	latencyDistDefaultInterval = time.Second
	latencyLegendEvery         = 20
)

// latencyDist shows the distribution of round trips as a line of colored marks
// per interval: the brighter, the more of them.
func (a *app) latencyDist() error {
	defer a.handleInterrupts()()
	interval := latencyDistDefaultInterval
	if a.opts.interval > 0 {
		interval = a.opts.interval
	}
	palette := spectrum(a.opts.monochrome)
	buckets := latencyBuckets()
	start := a.now()
	for lines := 0; ; {
		sent := a.now()
		if _, err := a.session.insist("PING"); err != nil {
			return err
		}
		micros := a.now().Sub(sent).Microseconds()
		for i := range buckets {
			if micros <= buckets[i].maxMicros {
				buckets[i].count++
				break
			}
		}
		if a.now().Sub(start) > interval {
			if lines%latencyLegendEvery == 0 {
				a.print([]byte(spectrumLegend(palette)))
			}
			lines++
			a.print([]byte(spectrumLine(palette, buckets)))
			buckets, start = latencyBuckets(), a.now()
		}
		if err := a.pause(latencySampleInterval); err != nil {
			return err
		}
	}
}

func spectrumLine(palette []int, buckets []latencyBucket) string {
	total := int64(0)
	for _, bucket := range buckets {
		total += bucket.count
	}
	var b strings.Builder
	b.WriteString("\x1b[38;5;0m") // the marks are black, the background speaks
	for _, bucket := range buckets {
		// By share, so that the picture does not depend on the number of samples.
		share := float64(bucket.count) / float64(max(total, 1))
		color := palette[int(math.Ceil(share*float64(len(palette)-1)))]
		fmt.Fprintf(&b, "\x1b[48;5;%dm%c", color, bucket.mark)
	}
	b.WriteString("\x1b[0m\n")
	return b.String()
}

func spectrumLegend(palette []int) string {
	const rule = "---------------------------------------------\n"
	var b strings.Builder
	b.WriteString(rule)
	for _, line := range [][2]string{
		{". - * #", ".01 .125 .25 .5 milliseconds"},
		{"1,2,3,...,9", "from 1 to 9     milliseconds"},
		{"A,B,C,D,E", "10,20,30,40,50  milliseconds"},
		{"F,G,H,I,J", ".1,.2,.3,.4,.5       seconds"},
		{"K,L,M,N,O,P,Q,?", "1,2,4,8,16,30,60,>60 seconds"},
	} {
		fmt.Fprintf(&b, "%-17s%s\n", line[0], line[1])
	}
	b.WriteString("From 0 to 100%: ")
	for _, color := range palette {
		fmt.Fprintf(&b, "\x1b[48;5;%dm ", color)
	}
	b.WriteString("\x1b[0m\n" + rule)
	return b.String()
}

package listpack

import (
	"math/rand/v2"
	"strconv"
	"testing"
)

// TestValidateUnique compares with a map, for sizes around where the names no
// longer fit their table.
func TestValidateUnique(t *testing.T) {
	h := newHeap(t)
	rnd := rand.New(rand.NewPCG(1, 2))
	for n := range 2*namesMax + 100 {
		for _, stride := range []int{1, 2} {
			lp := New(h, why, 0)
			names, twice := map[string]bool{}, false
			for i := range n * stride {
				text := strconv.Itoa(rnd.IntN(n*n + 1))
				if i%3 == 0 {
					text = "name" + text
				}
				if i%stride == 0 {
					twice = twice || names[text]
					names[text] = true
				}
				lp = Append(h, why, lp, []byte(text))
			}
			if got := ValidateUnique(At(lp), stride, nil); got == twice {
				t.Fatalf("%d groups of %d, one twice: %v, found valid: %v", n, stride, twice, got)
			}
			if stride == 2 {
				lp = Append(h, why, lp, []byte("half a group"))
				if ValidateUnique(At(lp), 2, nil) {
					t.Fatalf("%d groups and a half were found valid", n)
				}
			}
			Free(h, why, lp)
		}
	}
}

// TestValidateUniqueForms: an integer and its text are the same name.
func TestValidateUniqueForms(t *testing.T) {
	block := []byte{12, 0, 0, 0, 2, 0, 5, 1, 0x81, '5', 2, 0xff}
	if !Validate(block, true, nil) {
		t.Fatal("the listpack is not valid")
	}
	if ValidateUnique(block, 1, nil) {
		t.Fatal("5 and \"5\" were found different")
	}
	if !ValidateUnique(block, 2, nil) {
		t.Fatal("a name and a value of the same text were refused")
	}
}

func BenchmarkValidateUnique(b *testing.B) {
	h := newHeap(b)
	lp := build(h, "field1", "val1", "field2", "val2", "field3", "3", "field4", "4", "field5", "val5", "field6", "val6")
	defer Free(h, why, lp)
	for b.Loop() {
		if !ValidateUnique(At(lp), 2, nil) {
			b.Fatal("refused")
		}
	}
}

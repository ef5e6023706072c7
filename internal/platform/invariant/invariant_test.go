package invariant

import "testing"

func TestCheckStopsOnlyUnderTheTag(t *testing.T) {
	caught := func(cond bool) (v any) {
		defer func() { v = recover() }()
		Check(cond, "%d is not %d", 1, 2)
		return nil
	}
	if v := caught(true); v != nil {
		t.Fatalf("a true condition panicked with %v", v)
	}
	v := caught(false)
	if !Enabled {
		if v != nil {
			t.Fatalf("without the tag Check panicked with %v", v)
		}
		return
	}
	if got, ok := v.(Violation); !ok || got.Error() != "invariant violated: 1 is not 2" {
		t.Fatalf("Check panicked with %#v", v)
	}
}

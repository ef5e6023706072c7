package commandtest

import (
	"testing"

	"github.com/kvasirdb/kvasir/internal/command"
)

func TestSpecsOfTheGoldenFactsGiveThemBack(t *testing.T) {
	specs := Specs(t, func(*command.Ctx) {})
	table, err := command.NewTable(specs)
	if err != nil {
		t.Fatal(err)
	}
	Check(t, table)
	if absent := Absent(t, table); len(absent) > 0 {
		t.Errorf("missing: %v", absent)
	}
}

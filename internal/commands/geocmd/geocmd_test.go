package geocmd_test

import (
	"testing"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/command/commandtest"
	"github.com/kvasirdb/kvasir/internal/commands/cmdtest"
	"github.com/kvasirdb/kvasir/internal/commands/geocmd"
)

func TestSpecs(t *testing.T) {
	table, err := command.NewTable(geocmd.Commands())
	if err != nil {
		t.Fatal(err)
	}
	commandtest.Check(t, table)
}

func TestEffects(t *testing.T) {
	s := cmdtest.New(t, geocmd.Commands())
	s.Want("GEOADD g CH 13.361389 38.115556 a 15.087269 37.502669 b", "2")
	s.Effects("0:zadd:g", "0:ZADD g CH 3479099956230698 a 3479447370796909 b")
	s.Want("GEOADD g 13.361389 38.115556 a", "0")
	s.Effects("", "")
	s.Want("GEORADIUS g 15 37 200 km STORE d", "2")
	s.Effects("0:georadiusstore:d", "0:GEORADIUS g 15 37 200 km STORE d")
	s.Want("GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 100 km STOREDIST", "1")
	s.Effects("0:geosearchstore:d", "0:GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 100 km STOREDIST")
	s.Want("GEOSEARCHSTORE d g FROMLONLAT 0 0 BYRADIUS 100 km", "0")
	s.Effects("0:del:d", "0:GEOSEARCHSTORE d g FROMLONLAT 0 0 BYRADIUS 100 km")
	s.Want("GEOSEARCHSTORE d none FROMLONLAT 0 0 BYRADIUS 100 km", "0")
	s.Effects("", "")
}

package client

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseURI(t *testing.T) {
	for _, test := range []struct {
		text string
		want URI
	}{
		{"valkey://", URI{}},
		{"redis://h", URI{Host: "h"}},
		{"REDISS://h:7000/3", URI{TLS: true, Host: "h", Port: 7000, DB: 3}},
		{"valkeys://:p%40ss@h:1/", URI{TLS: true, Password: "p@ss", Host: "h", Port: 1}},
		{"valkey://user:pa:ss@h", URI{User: "user", Password: "pa:ss", Host: "h"}},
		{"valkey://secret@[::1]:6380/1", URI{Password: "secret", Host: "::1", Port: 6380, DB: 1}},
		{"valkey:///2", URI{DB: 2}},
		{"unix:///tmp/s%20k?db=2", URI{Socket: "/tmp/s k", DB: 2}},
		{"unix://u:p@/tmp/s", URI{Socket: "/tmp/s", User: "u", Password: "p"}},
	} {
		got, err := ParseURI(test.text)
		if err != nil {
			t.Errorf("%s: %v", test.text, err)
		} else if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: %s", test.text, diff)
		}
	}
	for text, want := range map[string]error{
		"http://h":          ErrURIScheme,
		"h:6379":            ErrURIScheme,
		"valkey://p%4@h":    ErrURIIncomplete,
		"valkey://p%zz@h":   ErrURIIllegal,
		"valkey://h:70000":  ErrURIPort,
		"valkey://h:1/many": ErrURIDatabase,
	} {
		if got, err := ParseURI(text); !errors.Is(err, want) {
			t.Errorf("%s: %+v, %v, want %v", text, got, err, want)
		}
	}
}

func TestURIOptions(t *testing.T) {
	for text, want := range map[string]Options{
		"valkey://":          {Network: "tcp", Addr: "127.0.0.1:6379"},
		"valkey://p@[::1]/4": {Network: "tcp", Addr: "[::1]:6379", Password: "p", DB: 4},
		"unix:///s?db=1":     {Network: "unix", Addr: "/s", DB: 1},
	} {
		u, err := ParseURI(text)
		if err != nil {
			t.Fatal(err)
		}
		got := u.Options()
		if got.Network != want.Network || got.Addr != want.Addr || got.Password != want.Password || got.DB != want.DB {
			t.Errorf("%s: %+v", text, got)
		}
	}
}

package main

import (
	"testing"

	"github.com/kvasirdb/kvasir/internal/client"
)

func TestDocumentationWithoutServer(t *testing.T) {
	docs := commandDocs()
	if docs.Kind != client.Map {
		t.Fatalf("no map but %v", docs.Kind)
	}
	for _, name := range []string{"get", "subscribe", "client"} {
		doc, found := docs.Lookup(name)
		if summary, has := doc.Lookup("summary"); !found || !has || summary.Text() == "" {
			t.Errorf("%s is not documented", name)
		}
	}
}

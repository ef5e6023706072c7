package metamorphic

import "time"
import "github.com/kvasirdb/kvasir/internal/client"

type model struct{}

func (m *model) name() string                    { return "model" }
func (m *model) advance(time.Duration)           {}
func (m *model) check() (string, error)          { return "", nil }
func (m *model) do(words []string) (v client.Value) { return v }

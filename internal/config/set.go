package config

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kvasirdb/kvasir/internal/command"
)

// Caller is what CONFIG SET needs to know of the client and the server.
type Caller struct {
	// Local reports whether the client is on this host. Nil means no.
	Local func() bool
	// Loading is true while the server loads its data.
	Loading bool
}

// ErrLoading is returned by Set for a parameter that may not change while data
// loads. The caller answers with the server's usual loading error.
var ErrLoading = errors.New("LOADING Valkey is loading the dataset in memory")

// ErrSyntax is returned by Set for a name without a value.
var ErrSyntax = errors.New("ERR syntax error")

// SensitiveArguments returns the indexes in pairs of the values that must not
// appear in logs or MONITOR. Ask before Set, whatever its result.
func (s *Store) SensitiveArguments(pairs []string) []int {
	var indexes []int
	for i := 0; i+1 < len(pairs); i += 2 {
		if p := s.Lookup(pairs[i]); p != nil && p.common().def.Flags.Has(Sensitive) {
			indexes = append(indexes, i+1)
		}
	}
	return indexes
}

// Set performs CONFIG SET: pairs are names and values in turn. Either all
// parameters take their new values and every apply hook has succeeded, or all
// keep the old ones and the error's text is the complete reply.
//
// Stages:
//
//  1. find and admit every parameter;
//  2. parse, check and store each value, in order;
//  3. run the apply hooks of the changed parameters, each once, in order.
//
// Whatever fails in stage 2 or 3 puts the old values back; after a failed hook
// all hooks of the command run again, so that each subsystem returns to them.
func (s *Store) Set(ctx context.Context, pairs []string, caller Caller) error {
	if len(pairs)%2 != 0 {
		return ErrSyntax
	}
	s.mu.Lock()
	defer s.mu.Unlock()

	entries, err := s.admit(pairs, caller)
	if err != nil {
		return err
	}

	restores := make([]func(), 0, len(entries))
	restore := func() {
		for _, fn := range slices.Backward(restores) {
			fn()
		}
	}
	var due []dueHook
	for i, e := range entries {
		restores = append(restores, e.param.snapshot())
		changed, err := e.param.set(e.param.common().arguments(pairs[2*i+1]), fromCommand)
		if err != nil {
			restore()
			return setError(e.name, err)
		}
		if changed {
			due = appendHooks(due, e)
		}
	}

	for _, h := range due {
		err := h.hook.fn(ctx)
		if err == nil {
			continue
		}
		s.env.Warn(fmt.Sprintf("Failed applying new configuration. Possibly related to new %s setting. "+
			"Restoring previous settings.", h.name))
		restore()
		for _, again := range due {
			if err := again.hook.fn(ctx); err != nil {
				s.env.Warn("Failed applying restored failed CONFIG SET command: " + err.Error())
			}
		}
		return setError(h.name, err)
	}
	return nil
}

// admit finds the named parameters and refuses those that may not be set, the
// first refusal deciding.
func (s *Store) admit(pairs []string, caller Caller) ([]entry, error) {
	entries := make([]entry, 0, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		name := pairs[i]
		e := s.lookup(name)
		if e.param == nil {
			return nil, fmt.Errorf("ERR Unknown option or number of arguments for CONFIG SET - '%s'", quoted(name))
		}
		flags := e.param.common().def.Flags
		switch {
		case flags.Has(Immutable):
			return nil, setError(name, errors.New("can't set immutable config"))
		case flags.Has(Protected) && !s.allowed(caller):
			return nil, setError(name, errors.New("can't set protected config"))
		case flags.Has(DenyLoading) && caller.Loading:
			return nil, ErrLoading
		case slices.Contains(entries, e):
			return nil, setError(name, errors.New("duplicate parameter"))
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// allowed reports whether the client may set protected parameters.
func (s *Store) allowed(caller Caller) bool {
	switch s.Params.EnableProtectedConfigs.Load() {
	case PermissionYes:
		return true
	case PermissionLocal:
		return caller.Local != nil && caller.Local()
	}
	return false
}

// dueHook is a hook to run, with the name of the first parameter that asked
// for it.
type dueHook struct {
	hook *applyHook
	name string
}

func appendHooks(due []dueHook, e entry) []dueHook {
	for _, h := range e.param.common().apply {
		if !slices.ContainsFunc(due, func(d dueHook) bool { return d.hook == h }) {
			due = append(due, dueHook{h, e.name})
		}
	}
	return due
}

// arguments splits the value of CONFIG SET. Every single space separates, so
// that two in a row make an empty argument.
func (b *base) arguments(value string) []string {
	switch {
	case !b.def.Flags.Has(MultiArg):
		return []string{value}
	case value == "":
		return nil
	}
	return strings.Split(value, " ")
}

func setError(name string, cause error) error {
	text := fmt.Sprintf("ERR CONFIG SET failed (possibly related to argument '%s')", quoted(name))
	if cause.Error() != "" {
		text += " - " + oneLine(cause.Error())
	}
	return errors.New(text)
}

// quoted is what an error reply shows of the client's own text.
func quoted(text string) string { return oneLine(command.UpToZero(text)) }

// oneLine keeps line breaks of the client's own text out of an error reply.
func oneLine(text string) string {
	return strings.NewReplacer("\r", " ", "\n", " ").Replace(text)
}

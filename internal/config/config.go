// Package config is the server's parameter registry: every option of a
// valkey.conf file, of the command line and of the CONFIG command, typed,
// with its name, default, range and flags.
//
// A Store belongs to one server; nothing here is shared between two of them.
// Each parameter is defined by one Definition literal in a define_*.go file
// and read through a typed handle, a field of Params:
//
//	store.Params.MaxMemory.Load()
//
// Handles are atomic: readers take no lock and may keep the handle. Writers go
// through the Store, which parses text, checks it, keeps the old values until
// the whole change has been applied, and puts them back otherwise.
//
// Vocabulary:
//
//   - parameter: one option with its definition and handle; an alias is a
//     second name of the same parameter (slave-priority for replica-priority).
//   - handle: the typed, atomic value of a parameter (Bool, Int, Uint, String,
//     Enum, Value).
//   - hook: what a subsystem registers on a parameter before the server
//     starts: a check of a new value, an apply step after CONFIG SET, or the
//     source of the live value for CONFIG GET.
//   - directive: a line of the file that is no parameter (include,
//     rename-command, user, loadmodule, sentinel, module options).
//   - canonical text: the value as CONFIG GET prints it.
//   - feature: the part of the server that gives a parameter its effect. A
//     definition with a feature is accepted, kept and reported, but without
//     effect until that part exists; see Pending.
//
// The rules of the file syntax and of each operation are written down in
// docs/design/config.md.
package config

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
)

// Environment is what a Store needs from the process around it.
type Environment struct {
	// Dir is the working directory at start, an absolute path.
	Dir string
	// ChangeDir resolves a new "dir" value against the current directory and
	// returns the absolute path, or an error whose text is reported to the
	// client. Nil means that any path is accepted and joined lexically.
	ChangeDir func(current, path string) (string, error)
	// Match is the glob matcher of CONFIG GET; it must be given.
	Match func(pattern, s []byte, nocase bool) bool
	// Sentinel is true when the server runs as a sentinel: "sentinel"
	// directives are accepted and save points are not rewritten.
	Sentinel bool
	// Warn receives lines for the server log, level warning. Nil drops them.
	Warn func(text string)
}

// Store holds all parameters of one server.
type Store struct {
	// Params are the typed handles, one field per parameter.
	Params Params

	env     Environment
	ordered []Param          // in order of definition
	byName  map[string]entry // lower-case names and aliases

	// mu is held while values change together: CONFIG SET, loading and
	// rewriting. Hooks run under it and must not call back into those.
	mu         sync.Mutex
	configFile atomic.Pointer[string] // nil before a file is loaded
}

// entry is one name under which a parameter is found.
type entry struct {
	name  string
	param Param
}

// New returns a store with every parameter at its default.
func New(env Environment) *Store {
	if env.ChangeDir == nil {
		env.ChangeDir = func(current, path string) (string, error) { return joinPath(current, path), nil }
	}
	if env.Warn == nil {
		env.Warn = func(string) {}
	}
	s := &Store{env: env, byName: make(map[string]entry)}
	d := &definer{store: s}
	s.Params.defineNetwork(d)
	s.Params.defineTLS(d)
	s.Params.defineServer(d)
	s.Params.defineKeyspace(d)
	s.Params.definePersistence(d)
	s.Params.defineReplication(d)
	s.Params.defineCluster(d)
	s.OnApply(func(context.Context) error {
		return errors.New("No RDMA building support.")
	}, s.Params.RDMABind, s.Params.RDMAPort)
	return s
}

// ConfigFile returns the absolute path of the loaded file, "" when there is
// none.
func (s *Store) ConfigFile() string {
	if file := s.configFile.Load(); file != nil {
		return *file
	}
	return ""
}

// Lookup finds a parameter by name or alias, in any case. It returns nil when
// there is none.
func (s *Store) Lookup(name string) Param {
	return s.lookup(name).param
}

// All returns the parameters in order of definition. The caller must not
// change the slice.
func (s *Store) All() []Param { return s.ordered }

func (s *Store) lookup(name string) entry {
	return s.byName[strings.ToLower(name)]
}

// OnApply registers fn to run after CONFIG SET has changed one or more of the
// given parameters, once for all of them. An error restores all values of the
// command and its text becomes the reply; fn then runs again with the old
// values in place. Register before the server accepts commands.
func (s *Store) OnApply(fn func(context.Context) error, params ...Param) {
	h := &applyHook{fn: fn}
	for _, p := range params {
		b := p.common()
		b.apply = append(b.apply, h)
	}
}

// OnValidate registers a check of p's new canonical text, run by CONFIG SET
// and by loading after p's own checks. The error's text is reported to the
// client. Register before the configuration is loaded.
func (s *Store) OnValidate(p Param, check func(text string) error) {
	b := p.common()
	b.validate = append(b.validate, check)
}

// OnGet makes get the source of p's text in CONFIG GET, for parameters whose
// live value is owned elsewhere. Register before the server accepts commands.
func (s *Store) OnGet(p Param, get func() string) { p.common().get = get }

type applyHook struct {
	fn func(context.Context) error
}

// Param is what all handles have in common.
type Param interface {
	// Definition returns the parameter's facts.
	Definition() Definition
	// Text returns the value in canonical form.
	Text() string

	common() *base
	// set parses args, checks them and stores the value. It reports whether
	// the apply hooks are due.
	set(args []string, from origin) (changed bool, err error)
	// snapshot returns a function that puts the present value back.
	snapshot() (restore func())
	// rewrite returns the lines that state the value in a file.
	rewrite() []rewriteLine
}

// origin says where a new value comes from.
type origin int

const (
	fromDefault origin = iota
	fromFile
	fromCommand
)

// base is the part of a handle that does not depend on its type.
type base struct {
	def      Definition
	apply    []*applyHook
	validate []func(text string) error
	get      func() string
}

func (b *base) common() *base          { return b }
func (b *base) Definition() Definition { return b.def }

// validateText runs the registered checks.
func (b *base) validateText(text string) error {
	for _, check := range b.validate {
		if err := check(text); err != nil {
			return err
		}
	}
	return nil
}

// changed tells whether apply hooks are due: after a change, and always for
// parameters that name something whose content may have changed.
func (b *base) changed(differs bool) bool { return differs || b.def.Flags.Has(Volatile) }

// definer builds handles while a Store is constructed.
type definer struct {
	store *Store
}

// add gives p its default and makes it known under its names. A definition
// that contradicts itself is a bug and stops the program.
func (d *definer) add(p Param) {
	def := p.common().def
	if _, err := p.set(defaultArgs(def), fromDefault); err != nil {
		panic(fmt.Sprintf("config: default %q of %s: %v", def.Default, def.Name, err))
	}
	for _, name := range []string{def.Name, def.Alias} {
		if name == "" {
			continue
		}
		if _, taken := d.store.byName[name]; taken {
			panic("config: duplicate parameter " + name)
		}
		d.store.byName[name] = entry{name, p}
	}
	d.store.ordered = append(d.store.ordered, p)
}

func defaultArgs(def Definition) []string {
	if def.Flags.Has(MultiArg) {
		return strings.Fields(def.Default)
	}
	return []string{def.Default}
}

// joinPath resolves path against dir.
func joinPath(dir, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

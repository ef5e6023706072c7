// Package acl knows the users, and which of them a client is.
//
// Vocabulary:
//
//   - A user has a name, passwords, and whether it may log in at all. The
//     default user always exists: every new connection is the default user, and
//     is authenticated at once when that user needs no password.
//   - A client is authenticated when it has proved to be its user. Until then
//     the gate "auth" lets it send AUTH, HELLO and little else.
//   - requirepass is another name for the default user's only password.
//
// The users are one immutable list that is replaced as a whole, so that any
// goroutine may look somebody up at any time. Passwords are kept as SHA-256
// digests only.
package acl

import (
	"crypto/sha256"
	"crypto/subtle"
	"maps"
	"sync"
	"sync/atomic"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/session"
)

// DefaultName is the name of the user that new connections are.
const DefaultName = "default"

// Texts of refusals.
const (
	NotAuthenticated = "NOAUTH Authentication required."
	WrongPassword    = "WRONGPASS invalid username-password pair or user is disabled."
	noPasswordNeeded = "ERR AUTH <password> called without any password configured for the default user. " +
		"Are you sure your configuration is correct?"
)

// digest is what is kept of a password.
type digest = [sha256.Size]byte

// User is one user. It is immutable.
type User struct {
	Name    string
	Enabled bool
	NoPass  bool // any password will do, or none

	passwords []digest
}

// open reports whether clients are this user without saying anything.
func (u *User) open() bool { return u.Enabled && u.NoPass }

// accepts reports whether a password is one of the user's. The time it takes
// does not depend on how much of the password is right.
func (u *User) accepts(password []byte) bool {
	given := sha256.Sum256(password)
	match := 0
	for i := range u.passwords {
		match |= subtle.ConstantTimeCompare(given[:], u.passwords[i][:])
	}
	return u.Enabled && (u.NoPass || match == 1)
}

// Users are all users of a server.
type Users struct {
	// Arm makes the gate "auth" look at a client's commands, or ends that. It
	// is set before the first client connects.
	Arm func(c *session.Client, on bool)

	mu      sync.Mutex // held while the list is replaced
	byName  atomic.Pointer[map[string]*User]
	refused atomic.Int64
}

// New returns the default user alone, who needs no password.
func New() *Users {
	s := &Users{Arm: func(*session.Client, bool) {}}
	s.byName.Store(&map[string]*User{DefaultName: {Name: DefaultName, Enabled: true, NoPass: true}})
	return s
}

// User returns a user, or nil.
func (s *Users) User(name string) *User { return (*s.byName.Load())[name] }

// Exists reports whether there is a user of that name.
func (s *Users) Exists(name []byte) bool { return s.User(string(name)) != nil }

// Refused returns how many attempts to authenticate have failed.
func (s *Users) Refused() int64 { return s.refused.Load() }

// ResetStats zeroes the counters.
func (s *Users) ResetStats() { s.refused.Store(0) }

// put adds or replaces a user.
func (s *Users) put(u *User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := maps.Clone(*s.byName.Load())
	next[u.Name] = u
	s.byName.Store(&next)
}

// RequirePassword makes a password the only one of the default user; empty, it
// needs none (requirepass).
func (s *Users) RequirePassword(password string) {
	u := *s.User(DefaultName)
	u.NoPass, u.passwords = password == "", nil
	if password != "" {
		u.passwords = []digest{sha256.Sum256([]byte(password))}
	}
	s.put(&u)
}

// Required reports whether a client has to authenticate to be the default user.
func (s *Users) Required() bool { return !s.User(DefaultName).open() }

// Default makes a client the default user: at its beginning, and after RESET.
func (s *Users) Default(c *session.Client) {
	c.User = DefaultName
	s.setAuthenticated(c, !s.Required())
}

func (s *Users) setAuthenticated(c *session.Client, yes bool) {
	c.Authenticated = yes
	s.Arm(c, !yes)
}

// Authenticate makes a client the user that it claims to be. The refusal is the
// text of an error reply, empty for success.
func (s *Users) Authenticate(c *session.Client, name, password []byte) (refusal string) {
	u := s.User(string(name))
	if u == nil || !u.accepts(password) {
		s.refused.Add(1)
		return WrongPassword
	}
	c.User = u.Name
	c.Set(session.AuthenticatedOnce)
	s.setAuthenticated(c, true)
	return ""
}

// Gate keeps clients that are not authenticated from everything but the
// commands that are there for them. They do not learn which commands exist.
func (s *Users) Gate() command.Gate {
	return command.Gate{Name: "auth", First: true, Check: func(c *command.Ctx) command.Verdict {
		if c.Client.Authenticated || c.Cmd != nil && c.Cmd.Flags&command.NoAuth != 0 || !s.Required() {
			return command.Pass()
		}
		return command.Refuse(NotAuthenticated)
	}}
}

// Commands returns the commands about users.
func (s *Users) Commands() []command.Spec {
	authSpec := command.Spec{
		Name: "auth", Group: command.GroupConnection, Since: "1.0.0", Arity: -2,
		Flags:      command.NoScript | command.Loading | command.Stale | command.Fast | command.NoAuth | command.Sentinel | command.AllowBusy,
		ACL:        command.CatConnection,
		Summary:    "Log the connection in with a password, or a user name and password",
		Complexity: "O(N) for N passwords of the user",
		History: []command.Change{
			{Version: "6.0.0", What: "user name before the password (ACL)"},
		},
		Args: []command.Arg{
			{Name: "username", Since: "6.0.0", Flags: command.ArgOptional}, {Name: "password"},
		},
		Lock: command.LockNone,
		Run:  s.runAuth,
	}
	return []command.Spec{authSpec}
}

func (s *Users) runAuth(c *command.Ctx) {
	var name, password []byte
	switch len(c.Args) {
	case 2:
		if s.User(DefaultName).NoPass {
			c.Out.Error(noPasswordNeeded)
			return
		}
		name, password = []byte(DefaultName), c.Args[1]
	case 3:
		name, password = c.Args[1], c.Args[2]
	default:
		c.Out.Error(command.SyntaxError)
		return
	}
	if refusal := s.Authenticate(c.Client, name, password); refusal != "" {
		c.Out.Error(refusal)
		return
	}
	c.Out.OK()
}

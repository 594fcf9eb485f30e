package access

import (
	"context"
	"slices"

	"tollgate"
	"tollgate/store"
)

// Role is what kind of work somebody may do.
type Role string

// The roles, from most to least.
const (
	RoleAdmin    Role = "admin"    // everything
	RoleOperator Role = "operator" // everything but users and tokens
	RoleReader   Role = "reader"   // reads
)

// Roles lists the roles from most to least.
func Roles() []Role { return []Role{RoleAdmin, RoleOperator, RoleReader} }

// Valid reports whether r is a role.
func (r Role) Valid() bool { return slices.Contains(Roles(), r) }

// Permission is one kind of thing to do.
type Permission string

// The permissions.
const (
	ReadCalls  Permission = "read calls" // calls, accounts, transfers, simulated prices
	ReadHouse  Permission = "read house" // what carriers cost, margins, tariffs, devices, quarantine
	PushCalls  Permission = "push calls" // deliver finished calls in the name of a device
	Change     Permission = "change"     // freeze accounts, map extensions
	SetTerms   Permission = "set terms"  // accounts, recharges, tariffs, devices, trunks, attribution
	Administer Permission = "administer" // users and tokens
)

// Permissions lists every permission.
func Permissions() []Permission {
	return []Permission{ReadCalls, ReadHouse, PushCalls, Change, SetTerms, Administer}
}

// Principal is somebody who has proved who they are.
type Principal struct {
	Name       string      // of the user or token
	Role       Role        //
	Enterprise tollgate.ID // whose rows it is confined to; 0: all
	Address    string      // where the request came from
}

// May reports whether p is allowed to do what the permission says. A principal
// of one enterprise may never read or set the terms of the house, nor speak for a
// telephone system: it would see what the house pays its carriers, or decide
// what it owes itself.
func (p Principal) May(what Permission) bool {
	if p.Enterprise != 0 && (what == ReadHouse || what == SetTerms || what == PushCalls) {
		return false
	}
	switch what {
	case ReadCalls, ReadHouse:
		return p.Role.Valid()
	case PushCalls, Change, SetTerms:
		return p.Role == RoleAdmin || p.Role == RoleOperator
	case Administer:
		return p.Role == RoleAdmin
	}
	return false
}

// Require returns an error with CodeForbidden unless p has the permission.
func (p Principal) Require(what Permission) error {
	if p.May(what) {
		return nil
	}
	hint := ""
	if what == PushCalls {
		hint = ": send account and password of the device"
	}
	return tollgate.Errorf(tollgate.CodeForbidden, "%s may not %s%s", p.describe(), what, hint)
}

// RequireFreeze returns an error with CodeForbidden unless p may freeze an account
// and make it active again. Whether a whole enterprise calls is for the house to say.
func (p Principal) RequireFreeze(a *tollgate.Account) error {
	if a.Kind == tollgate.KindEnterprise {
		return p.Require(SetTerms)
	}
	return p.Require(Change)
}

func (p Principal) describe() string {
	if p.Enterprise != 0 {
		return "the " + string(p.Role) + " of one enterprise"
	}
	return "the role " + string(p.Role)
}

// Scope is what the store shows to p.
func (p Principal) Scope() store.Scope { return store.Scope(p.Enterprise) }

// Actor is how p appears in the operation log.
func (p Principal) Actor() store.Actor {
	return store.Actor{Name: p.Name, Enterprise: p.Enterprise, Address: p.Address}
}

type principalKey struct{}

// WithPrincipal returns a context that carries p.
func WithPrincipal(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// PrincipalOf returns whom the context carries, and whether it carries anybody.
func PrincipalOf(ctx context.Context) (Principal, bool) {
	p, ok := ctx.Value(principalKey{}).(Principal)
	return p, ok
}

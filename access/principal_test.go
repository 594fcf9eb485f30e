package access

import (
	"testing"

	"tollgate"
)

// TestMatrix says for every role, of the house and of one enterprise, what it may do.
func TestMatrix(t *testing.T) {
	const A tollgate.ID = 7
	type allowed map[Permission]bool
	all := func(ps ...Permission) allowed {
		m := allowed{}
		for _, p := range ps {
			m[p] = true
		}
		return m
	}
	tests := []struct {
		name       string
		role       Role
		enterprise tollgate.ID
		want       allowed
	}{
		{"house admin", RoleAdmin, 0, all(Permissions()...)},
		{"house operator", RoleOperator, 0, all(ReadCalls, ReadHouse, PushCalls, Change, SetTerms)},
		{"house reader", RoleReader, 0, all(ReadCalls, ReadHouse)},
		{"enterprise admin", RoleAdmin, A, all(ReadCalls, Change, Administer)},
		{"enterprise operator", RoleOperator, A, all(ReadCalls, Change)},
		{"enterprise reader", RoleReader, A, all(ReadCalls)},
		{"no role", "", 0, all()},
		{"unknown role", "root", 0, all()},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := Principal{Name: "x", Role: test.role, Enterprise: test.enterprise}
			for _, what := range Permissions() {
				if got := p.May(what); got != test.want[what] {
					t.Errorf("may %s: %v, want %v", what, got, test.want[what])
				}
				err := p.Require(what)
				if want := test.want[what]; (err == nil) != want {
					t.Errorf("require %s: %v, want allowed %v", what, err, want)
				}
				if err != nil && tollgate.CodeOf(err) != tollgate.CodeForbidden {
					t.Errorf("require %s: code %s, want forbidden", what, tollgate.CodeOf(err))
				}
			}
			if p.May("fly") {
				t.Error("may do what is no permission")
			}
		})
	}
}

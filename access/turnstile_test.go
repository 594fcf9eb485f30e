package access

import (
	"testing"

	"tollgate"
)

func TestTurnstile(t *testing.T) {
	s := NewTurnstile(3, 2)
	enter := func(who string, want bool) func() {
		t.Helper()
		leave, err := s.Enter(who)
		if (err == nil) != want || err != nil && tollgate.CodeOf(err) != tollgate.CodeUnavailable {
			t.Errorf("%s: %v", who, err)
		}
		return leave
	}
	leave := enter("a", true)
	enter("a", true)
	enter("a", false)
	other := enter("b", true)
	enter("c", false)
	leave()
	enter("a", true)
	other()
	enter("c", true)
	if len(s.inside) != 2 || s.count != 3 {
		t.Errorf("%v, %d", s.inside, s.count)
	}
}

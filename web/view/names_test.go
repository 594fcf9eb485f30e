package view

import (
	"fmt"
	"testing"

	"tollgate"
	"tollgate/store"
)

// houses returns the names of companies with users each.
func houses(companies, users int) *Names {
	d := &store.Directory{}
	for c := range companies {
		id := tollgate.ID(1 + c*1000)
		for u := range users {
			d.Accounts = append(d.Accounts, tollgate.Account{
				ID: id + tollgate.ID(1+u), Enterprise: id, Parent: id, Name: fmt.Sprintf("user %03d", u),
			})
		}
		d.Accounts = append(d.Accounts, tollgate.Account{ID: id, Enterprise: id, Name: fmt.Sprintf("company %d", 9-c)})
	}
	return NewNames(d)
}

func TestAccountChoices(t *testing.T) {
	n := houses(2, 2)
	var got []string
	for _, o := range n.AccountChoices("none", store.Everything, 0) {
		got = append(got, o.Label)
	}
	want := "[none company 8 company 8 · user 000 company 8 · user 001 " +
		"company 9 company 9 · user 000 company 9 · user 001]"
	if fmt.Sprint(got) != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if got := n.AccountChoices("", store.Scope(1), 0); len(got) != 3 || got[0].Label != "company 9" {
		t.Errorf("another company shows: %v", got)
	}
}

func TestManyAccountsLeaveTheCompanies(t *testing.T) {
	n := houses(3, 300)
	got := n.AccountChoices("", store.Everything, 1005)
	if len(got) != 4 || got[2].Label != "company 8 · user 003" {
		t.Errorf("%v", got)
	}
}

func TestParents(t *testing.T) {
	n := NewNames(&store.Directory{Accounts: []tollgate.Account{
		{ID: 1, Enterprise: 1, Name: "a"},
		{ID: 2, Enterprise: 1, Parent: 1, Name: "b"},
		{ID: 3, Enterprise: 1, Parent: 2, Name: "c"},
		{ID: 4, Enterprise: 1, Parent: 5, Name: "d"},
		{ID: 5, Enterprise: 1, Parent: 4, Name: "e"},
	}})
	above := n.Parents(n.Accounts[3])
	if len(above) != 2 || above[0].Name != "a" || above[1].Name != "b" {
		t.Errorf("%v", above)
	}
	if got := n.Parents(n.Accounts[4]); len(got) > 16 {
		t.Errorf("a ring is walked for ever: %d", len(got))
	}
}

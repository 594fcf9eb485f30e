// Package terms says what an account and the tariffs it pays by must be like to
// be stored.
package terms

import (
	"cmp"
	"fmt"
	"time"

	"tollgate"
	"tollgate/store/internal/engine"
)

// Check fails with CodeInvalid for an account that says what none can, by itself.
// Where it says nothing it is given what is usual.
func Check(a *tollgate.Account) error {
	refuse := func(format string, args ...any) error {
		return tollgate.Errorf(tollgate.CodeInvalid,
			"account %q: %s", a.Name, fmt.Sprintf(format, args...))
	}
	a.Reset = cmp.Or(a.Reset, tollgate.Never)
	a.Bills, a.Business = cmp.Or(a.Bills, tollgate.BillAll), cmp.Or(a.Business, tollgate.BusinessOwn)
	switch {
	case a.Name == "":
		return refuse("a name is missing")
	case a.Kind == tollgate.KindHouse:
		return refuse("house accounts are made by the ledger alone")
	case !a.Currency.Valid():
		return refuse("currency %q: want 1 to 12 capital letters or digits", a.Currency)
	case a.Kind == tollgate.KindEnterprise && (a.Parent != 0 || a.Enterprise != a.ID):
		return refuse("an enterprise has no parent and no other enterprise")
	case a.Kind == tollgate.KindEnterprise && a.Mode == tollgate.ModeParent:
		return refuse("an enterprise pays for itself")
	case a.Kind != tollgate.KindEnterprise && a.Enterprise == 0:
		return refuse("it belongs to no enterprise")
	case a.Bills != tollgate.BillAll && a.Bills != tollgate.BillPrivate && a.Bills != tollgate.BillBusiness:
		return refuse("bills %q calls: want all, private or business", a.Bills)
	case a.Business != tollgate.BusinessOwn && a.Business != tollgate.BusinessEnterprise:
		return refuse("business calls paid by %q: want own or enterprise", a.Business)
	case a.LowCredit < 0:
		return refuse("low credit %s: want 0 or more", tollgate.FormatMicro(a.LowCredit))
	case a.WeekStart < 0 || a.WeekStart > 6:
		return refuse("week start %d: want 0 for Sunday to 6 for Saturday", a.WeekStart)
	case a.Mode == tollgate.ModeParent && a.Parent == 0:
		return refuse("its parent should pay, but it has none")
	}
	if _, err := time.LoadLocation(a.Timezone); err != nil || a.Timezone == "Local" {
		return refuse("time zone %q: want an IANA name such as Europe/Berlin", a.Timezone)
	}
	return nil
}

// FreeName fails with CodeConflict where another account of the enterprise, or
// another enterprise, has the name already: in sheets an account is known by it.
func FreeName(tx *engine.Tx, a *tollgate.Account) error {
	taken := func(who, query string, args ...any) error {
		found, err := tx.Exists("SELECT EXISTS("+query+")", args...)
		if found {
			return tollgate.Errorf(tollgate.CodeConflict, "name %q: another %s has this name: choose another", a.Name, who)
		}
		return engine.Failed(err, "looking for the name %q", a.Name)
	}
	if a.Kind == tollgate.KindEnterprise {
		if err := taken("company", `SELECT 1 FROM account
			WHERE kind = 'enterprise' AND name = $1 AND id <> $2`, a.Name, int64(a.ID)); err != nil {
			return err
		}
	}
	return taken("account of the company", `SELECT 1 FROM account
		WHERE enterprise_id = $1 AND name = $2 AND id <> $3 AND kind <> 'house'`,
		int64(a.Enterprise), a.Name, int64(a.ID))
}

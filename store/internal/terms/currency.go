package terms

import (
	"tollgate"
	"tollgate/store/internal/engine"
)

// Priced fails with CodeInvalid where a tariff is not in the currency of the
// money that pays by it: every call would be refused or kept unpaid.
func Priced(t *tollgate.Tariff, whose string, currency tollgate.Currency) error {
	if t.Currency == currency {
		return nil
	}
	return tollgate.Errorf(tollgate.CodeInvalid, "tariff %q: it is in %s but %s in %s: choose a tariff in %[4]s",
		t.Name, t.Currency, whose, currency)
}

// KeepCurrency fails with CodeConflict where an account pays by a tariff, its
// own or as the default, in the currency that the tariff would lose.
func KeepCurrency(tx *engine.Tx, before, t *tollgate.Tariff) error {
	if before.Currency == t.Currency {
		return nil
	}
	var name string
	found, err := engine.Found(tx.QueryRow(`SELECT name FROM account WHERE currency = $1 AND kind <> 'house'
		AND (tariff_id = $2 AND mode <> 'parent'
			OR $3 AND kind = 'enterprise' AND tariff_id = 0 AND ($4 = 0 OR id = $4) AND NOT EXISTS (
				SELECT 1 FROM tariff own WHERE own.id <> $2 AND own.enterprise_id = account.id
				AND own.default_customer AND own.deleted_at = 0))
		ORDER BY id LIMIT 1`,
		[]any{string(before.Currency), int64(t.ID), before.DefaultCustomer, int64(before.Enterprise)}, &name))
	if err != nil || !found {
		return engine.Failed(err, "looking for who pays by tariff %q", t.Name)
	}
	return tollgate.Errorf(tollgate.CodeConflict,
		"currency: account %q in %s pays by this tariff: make another tariff in %s", name, before.Currency, t.Currency)
}

package charging

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"tollgate"
	"tollgate/store"
	"tollgate/store/storetest"
)

// TestRefusals remembers who was refused what and why, for those it concerns.
func TestRefusals(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	h.deck(t, tollgate.Rate{Prefix: "49", Price: "0.60", First: "1", Next: "1"})
	card := h.caller(t, tollgate.KindCard, "card")
	h.change(t, func(c *store.Change) error {
		card.Frozen, h.device.DefaultAccount = true, 0
		return errors.Join(c.PutAccount(&card), c.PutDevice(&h.device, ""))
	})
	refuse := func(change func(*tollgate.Attempt)) {
		t.Helper()
		a := h.attempt("1", "101")
		change(&a)
		if g, err := h.office.Authorize(t.Context(), a); err != nil || g.Allowed {
			t.Fatal(g, err)
		}
	}
	refuse(func(a *tollgate.Attempt) { a.Card = card.ID })
	refuse(func(a *tollgate.Attempt) { a.Dialed = "*7*" + a.Dialed })
	refuse(func(a *tollgate.Attempt) { a.Originator = "102" })
	refuse(func(a *tollgate.Attempt) { a.Call.Device = 99 })
	refuse(func(a *tollgate.Attempt) { a.Dialed = "0\xff" + strings.Repeat("1", 1_000_000) })
	all := h.office.Refusals(0)
	if len(all) != 5 {
		t.Fatalf("%+v", all)
	}
	long, unknown, nobody, private, frozen := all[0], all[1], all[2], all[3], all[4]
	if len(long.Number.Raw) > 2*fieldBytesMax || long.Code != tollgate.CodeInvalid || long.At.IsZero() {
		t.Errorf("long: %d bytes, %s", len(long.Number.Raw), long.Code)
	}
	if unknown.Code != tollgate.CodeNotFound || unknown.Enterprise != 0 {
		t.Errorf("unknown device: %+v", unknown)
	}
	if nobody.Code != tollgate.CodeForbidden || nobody.Account != 0 || nobody.Originator != "102" ||
		nobody.Number.E164 != "49301234567" || !strings.Contains(nobody.Reason, "map the extension") {
		t.Errorf("nobody pays: %+v", nobody)
	}
	if private.Code != tollgate.CodeForbidden || private.Number.Masked() != "4930123XXXX" ||
		strings.Contains(private.Reason, "4567") {
		t.Errorf("private: %+v", private)
	}
	if frozen.Code != tollgate.CodeFrozen || frozen.Account != card.ID {
		t.Errorf("frozen: %+v", frozen)
	}
	if own := h.office.Refusals(h.company.ID); len(own) != 1 || own[0] != frozen {
		t.Errorf("of the company: %+v", own)
	}
	if other := h.office.Refusals(4711); len(other) != 0 {
		t.Errorf("of another: %+v", other)
	}
	for i := range refusalsMax {
		refuse(func(a *tollgate.Attempt) { a.Call.UniqueID = strconv.Itoa(i) })
	}
	all = h.office.Refusals(0)
	if len(all) != refusalsMax || all[0].Call.UniqueID != "999" || all[refusalsMax-1].Call.UniqueID != "0" {
		t.Errorf("%d, from %s to %s", len(all), all[0].Call.UniqueID, all[len(all)-1].Call.UniqueID)
	}
}

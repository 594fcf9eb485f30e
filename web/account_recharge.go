package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
)

const (
	rechargePrefix   = "recharge-"
	correctionPrefix = "correct-"
	noteCharsMax     = 200
)

func rechargeForm(a *tollgate.Account, values url.Values) *form {
	f := newForm(accountPath(a.ID, "")+"/recharge", "Recharge", values)
	f.prefix = rechargePrefix
	f.section("", "",
		&field{Name: "key", Type: "hidden"},
		&field{
			Name: "amount", Label: "Amount in " + string(a.Currency), Mode: "decimal", Required: true,
			Placeholder: "50.00", Autocomplete: "off",
		},
		&field{Name: "note", Label: "Note", Hint: "Shown with the transfer.", Autocomplete: "off"},
	).Single = true
	return f
}

func correctionForm(a *tollgate.Account, values url.Values) *form {
	f := newForm(accountPath(a.ID, "")+"/correct", "Post correction", values)
	f.prefix = correctionPrefix
	f.section("", "",
		&field{Name: "key", Type: "hidden"},
		&field{
			Name: "amount", Label: "Amount in " + string(a.Currency), Mode: "text", Required: true,
			Placeholder: "-2.50", Hint: "Negative takes money away.", Autocomplete: "off",
		},
		&field{Name: "note", Label: "Reason", Required: true, Autocomplete: "off"},
	).Single = true
	return f
}

// amount reads an amount of money in millionths. It refuses 0 and, unless both
// signs are allowed, what is below.
func (f *form) amount(name string, signed bool) int64 {
	text := f.get(name)
	if text == "" {
		f.fail(name, "Please fill this in.")
		return 0
	}
	micro, err := tollgate.ParseMicro(strings.Replace(text, "−", "-", 1))
	switch {
	case err != nil && strings.Contains(text, ","):
		f.fail(name, "Write the amount with a point and without commas: 1250.50.")
	case err != nil:
		f.fail(name, "Write a number such as 12.50, with at most six decimals.")
	case micro == 0:
		f.fail(name, "Write an amount other than zero.")
	case micro < 0 && !signed:
		f.fail(name, "Write an amount above zero; to take money away, post a correction.")
	}
	return micro
}

// note reads a note of bounded length.
func (f *form) note() string {
	note := f.get("note")
	if len([]rune(note)) > noteCharsMax {
		f.fail("note", "Please keep it below 200 characters.")
	}
	return note
}

func (s *site) accountRecharge(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	return s.move(w, r, who, "recharge", rechargeForm, s.Book.Recharge)
}

// movement posts money to an account of the scope, once for each key.
type movement func(
	ctx context.Context, by store.Actor, account tollgate.ID, amount tollgate.Money, note, key string,
) (tollgate.Transfer, error)

// move answers a form that moves money.
func (s *site) move(
	w http.ResponseWriter, r *http.Request, who access.Principal, what string,
	ask func(*tollgate.Account, url.Values) *form, post movement,
) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	values, err := posted(w, r)
	if err != nil {
		return err
	}
	a, err := s.Store.Account(r.Context(), who.Scope(), id)
	if err != nil {
		return err
	}
	f := ask(&a, values)
	correction := f.prefix == correctionPrefix
	micro, note := f.amount("amount", correction), f.note()
	if correction {
		f.require("note")
	}
	if f.get("key") == "" {
		f.fail("", "This form is out of date. Please send it again.")
	}
	if !f.Failed {
		amount := tollgate.Money{Micro: micro, Currency: a.Currency}
		if _, err := post(r.Context(), who.Actor(), a.ID, amount, note, f.get("key")); err == nil {
			http.Redirect(w, r, accountPath(a.ID, what), http.StatusSeeOther)
			return nil
		} else if err := f.refuse(err); err != nil {
			return err
		}
	}
	return s.accountPage(w, r, who, id, f)
}

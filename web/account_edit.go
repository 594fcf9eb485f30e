package web

import (
	"net/http"
	"net/url"
	"time"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
)

// accountForm asks for the terms of an account. Kind, company and currency are
// asked for once: they never change.
func accountForm(v *reader, a *tollgate.Account, values url.Values) *form {
	action, submit, cancel := "/accounts", "Create account", "/accounts"
	if a.ID != 0 {
		action, submit, cancel = accountPath(a.ID, ""), "Save", accountPath(a.ID, "")
	}
	f := newForm(action, submit, values)
	f.Cancel = cancel
	who := []*field{{Name: "name", Label: "Name", Required: true, Focus: a.ID == 0}}
	if a.ID == 0 {
		who = append(who,
			&field{Name: "kind", Label: "Kind", Type: "select", Options: kindOptions("")},
			&field{
				Name: "enterprise", Label: "Company", Type: "select",
				Options: v.names.enterpriseChoices("This is a company"), Hint: "Whose user, gateway or card it is.",
			},
			&field{Name: "currency", Label: "Currency", Placeholder: "EUR", Required: true})
	}
	if a.ID == 0 || a.ID != a.Enterprise {
		who = append(who, &field{
			Name: "parent", Label: "Below", Type: "select",
			Options: v.names.accountChoices("Directly below the company", v.scope),
		})
	}
	who = append(who, &field{Name: "code", Label: "Account code", Hint: "Calls that carry it are charged here."})
	if a.ID == 0 || a.ID == a.Enterprise {
		who = append(who, &field{
			Name: "timezone", Label: "Time zone", Placeholder: "Europe/Berlin",
			Hint: "Of its pages and periods. For companies.",
		})
	}
	f.section("Account", "", who...)
	f.section("Terms", "How it pays, and by which tariff.",
		&field{Name: "mode", Label: "Pays", Type: "select", Options: []option{
			{Value: string(tollgate.ModePostpaid), Label: "postpaid: by bill"},
			{Value: string(tollgate.ModePrepaid), Label: "prepaid: from its balance"},
			{Value: string(tollgate.ModeQuota), Label: "quota: an allowance per period"},
			{Value: string(tollgate.ModeParent), Label: "the account above pays"},
		}},
		&field{
			Name: "tariff", Label: "Tariff", Type: "select",
			Options: v.names.tariffChoices("Inherited, else the default"),
		},
		&field{
			Name: "credit_limit", Label: "Credit limit", Mode: "decimal", Placeholder: "0.00",
			Hint: "How far below zero the balance may go.",
		},
		&field{Name: "allowance", Label: "Allowance", Mode: "decimal", Placeholder: "0.00", Hint: "For a quota."},
		&field{Name: "reset", Label: "Allowance per", Type: "select", Options: []option{
			{Value: string(tollgate.Never), Label: "once"}, {Value: string(tollgate.Daily), Label: "day"},
			{Value: string(tollgate.Weekly), Label: "week"}, {Value: string(tollgate.Monthly), Label: "month"},
		}})
	return f
}

// accountValues are what the form of an account begins with.
func accountValues(a *tollgate.Account) url.Values {
	text := func(id tollgate.ID) string {
		if id == 0 {
			return ""
		}
		return id.String()
	}
	return url.Values{
		"name": {a.Name}, "kind": {string(a.Kind)}, "enterprise": {text(a.Enterprise)},
		"currency": {string(a.Currency)}, "parent": {text(a.Parent)}, "code": {a.Code},
		"timezone": {a.Timezone}, "mode": {string(a.Mode)}, "tariff": {text(a.Tariff)},
		"credit_limit": {plainAmount(a.CreditLimit)}, "allowance": {plainAmount(a.Allowance)},
		"reset": {string(a.Reset)},
	}
}

// plainAmount prints millionths as people type them: 12.50.
func plainAmount(micro int64) string {
	a := newAmount(tollgate.Money{Micro: micro})
	a.Whole = digitsAndPoint(a.Whole)
	if a.Minus {
		return "-" + a.Whole + a.Rest
	}
	return a.Whole + a.Rest
}

// readAccount reads the form into an account.
func readAccount(f *form, v *reader, a *tollgate.Account) {
	f.require("name")
	if a.ID == 0 {
		a.Kind = tollgate.AccountKind(f.get("kind"))
		a.Enterprise = f.id("enterprise")
		a.Currency = tollgate.Currency(f.get("currency"))
		f.require("currency")
		if a.Kind == tollgate.KindEnterprise && a.Enterprise != 0 {
			f.fail("enterprise", "A company stands for itself: choose “This is a company”.")
		}
		if a.Kind != tollgate.KindEnterprise && a.Enterprise == 0 {
			f.fail("enterprise", "Choose the company it belongs to.")
		}
		if a.Currency != "" && !a.Currency.Valid() {
			f.fail("currency", "Write capital letters and digits, such as EUR.")
		}
	}
	a.Name, a.Code, a.Mode = f.get("name"), f.get("code"), tollgate.Mode(f.get("mode"))
	a.Tariff, a.Reset = f.id("tariff"), tollgate.Period(f.get("reset"))
	if a.Kind != tollgate.KindEnterprise {
		a.Parent = f.id("parent")
		if a.Parent == 0 {
			a.Parent = a.Enterprise
		}
		if p := v.names.accounts[a.Parent]; p != nil && p.Enterprise != a.Enterprise {
			f.fail("parent", "Choose an account of the same company.")
		}
	} else {
		readTimezone(f, &a.Timezone)
		if a.Mode == tollgate.ModeParent {
			f.fail("mode", "A company has no account above it: it pays for itself.")
		}
	}
	a.CreditLimit, a.Allowance = f.limit("credit_limit"), f.limit("allowance")
}

// readTimezone reads the name of a zone; empty is UTC.
func readTimezone(f *form, zone *string) {
	*zone = f.get("timezone")
	if *zone == "" {
		*zone = "UTC"
	}
	if _, err := time.LoadLocation(*zone); err != nil || *zone == "Local" {
		f.fail("timezone", "Write the name of a zone, such as Europe/Berlin.")
	}
}

// limit reads an amount that may be empty or zero and never below.
func (f *form) limit(name string) int64 {
	text := f.get(name)
	if text == "" {
		return 0
	}
	micro, err := tollgate.ParseMicro(text)
	if err != nil || micro < 0 {
		f.fail(name, "Write an amount such as 100.00, zero or above.")
	}
	return micro
}

func (s *site) accountNew(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	v, err := s.reader(r, who)
	if err != nil {
		return err
	}
	values := url.Values{
		"kind": {string(tollgate.KindEnterprise)}, "currency": {"EUR"}, "timezone": {zoneName(v.told.zone)},
	}
	if kind := r.URL.Query().Get("kind"); kind != "" {
		values.Set("kind", kind)
		values.Set("mode", string(tollgate.ModeParent))
	}
	return s.accountForm(w, r, v, &tollgate.Account{}, accountForm(v, &tollgate.Account{}, values))
}

func (s *site) accountEdit(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	v, err := s.reader(r, who)
	if err != nil {
		return err
	}
	a, err := s.Store.Account(r.Context(), v.scope, id)
	if err != nil {
		return err
	}
	return s.accountForm(w, r, v, &a, accountForm(v, &a, accountValues(&a)))
}

func (s *site) accountAdd(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	return s.accountPut(w, r, who, &tollgate.Account{})
}

func (s *site) accountSave(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	a, err := s.Store.Account(r.Context(), who.Scope(), id)
	if err != nil {
		return err
	}
	return s.accountPut(w, r, who, &a)
}

// accountPut stores the account of a posted form.
func (s *site) accountPut(
	w http.ResponseWriter, r *http.Request, who access.Principal, a *tollgate.Account,
) error {
	values, err := posted(w, r)
	if err != nil {
		return err
	}
	v, err := s.reader(r, who)
	if err != nil {
		return err
	}
	f := accountForm(v, a, values)
	readAccount(f, v, a)
	if !f.Failed {
		stored := *a
		err := s.Store.Change(r.Context(), who.Actor(), "save account", func(c *store.Change) error {
			stored = *a
			return c.PutAccount(&stored)
		})
		if err == nil {
			http.Redirect(w, r, accountPath(stored.ID, "account"), http.StatusSeeOther)
			return nil
		}
		if err := f.refuse(err); err != nil {
			return err
		}
	}
	return s.accountForm(w, r, v, a, f)
}

func (s *site) accountForm(
	w http.ResponseWriter, r *http.Request, v *reader, a *tollgate.Account, f *form,
) error {
	p := &formPage{
		page: page{Title: "New account", Section: "Accounts"}, Form: f,
		Back: &link{Label: "Accounts", Path: "/accounts"},
	}
	if a.ID != 0 {
		p.Title = "Edit " + v.names.account(a.ID)
		p.Lead = sentenceCase(kindText(a.Kind)) + " in " + string(a.Currency)
	}
	return s.show(w, r, f.status(), "form_show", p)
}

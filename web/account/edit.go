package account

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
	"tollgate/web/form"
	"tollgate/web/frame"
	"tollgate/web/view"
)

// accountForm asks for the terms of an account. Kind, company and currency are
// asked for once: they never change.
func accountForm(v *frame.Reader, a *tollgate.Account, values url.Values) *form.Form {
	action, submit, cancel := "/accounts", "Create account", "/accounts"
	if a.ID != 0 {
		action, submit, cancel = path(a.ID, ""), "Save", path(a.ID, "")
	}
	f := form.New(action, submit, values)
	f.Cancel = cancel
	who := []*form.Field{{Name: "name", Label: "Name", Required: true, Focus: a.ID == 0}}
	if a.ID == 0 {
		who = append(who,
			&form.Field{Name: "kind", Label: "Kind", Type: "select", Options: kindOptions("")},
			&form.Field{
				Name: "enterprise", Label: "Company", Type: "select",
				Options: v.Names.EnterpriseChoices("This is a company"), Hint: "Whose user, gateway or card it is.",
			},
			&form.Field{Name: "currency", Label: "Currency", Placeholder: "EUR", Required: true})
	}
	if a.ID == 0 || a.ID != a.Enterprise {
		who = append(who, &form.Field{
			Name: "parent", Label: "Below", Type: "select",
			Options: v.Names.AccountChoices("Directly below the company", v.Scope, form.IDOr0(values.Get("parent"))),
			Hint:    "Whatever stands above needs room for its calls too, where it has a limit, though it does not pay.",
		})
	}
	who = append(who, &form.Field{Name: "code", Label: "Account code", Hint: "Calls that carry it are charged here."})
	if a.ID == 0 || a.ID == a.Enterprise {
		who = append(who, &form.Field{
			Name: "timezone", Label: "Time zone", Placeholder: "Europe/Berlin",
			Hint: "Of its pages and periods. For companies.",
		})
	}
	f.Ask("Account", "", who...)
	f.Ask("Terms", "How it pays, and by which tariff.",
		&form.Field{Name: "mode", Label: "Pays", Type: "select", Options: []form.Option{
			{Value: string(tollgate.ModePostpaid), Label: "postpaid: by bill"},
			{Value: string(tollgate.ModePrepaid), Label: "prepaid: from its balance"},
			{Value: string(tollgate.ModeQuota), Label: "quota: an allowance per period"},
			{Value: string(tollgate.ModeParent), Label: "the account above pays"},
		}},
		&form.Field{
			Name: "tariff", Label: "Tariff", Type: "select",
			Options: v.Names.TariffChoices("Inherited, else the default"),
		},
		&form.Field{
			Name: "credit_limit", Label: "Credit limit", Mode: "decimal", Placeholder: "0.00",
			Hint: "How far below zero the balance may go. Postpaid: 0 = no limit.",
		},
		&form.Field{Name: "allowance", Label: "Allowance", Mode: "decimal", Placeholder: "0.00", Hint: "For a quota."},
		&form.Field{Name: "reset", Label: "Allowance per", Type: "select", Options: []form.Option{
			{Value: string(tollgate.Never), Label: "once"},
			{Value: string(tollgate.Hourly), Label: "hour"},
			{Value: string(tollgate.Daily), Label: "day"},
			{Value: string(tollgate.Weekly), Label: "week"},
			{Value: string(tollgate.Monthly), Label: "month"},
		}},
		&form.Field{Name: "week_start", Label: "A week begins on", Type: "select", Options: weekdays()},
		&form.Field{
			Name: "low_credit", Label: "Low credit", Mode: "decimal", Placeholder: "0.00",
			Hint: "Warn when less than this is available. 0: never.",
		})
	if a.ID == 0 || a.Kind == tollgate.KindUser {
		userSection(f)
	}
	return f
}

// userSection asks which calls of a user are billed, and to whom.
func userSection(f *form.Form) {
	f.Ask("Private and business calls", "For users. A call is private when its code was dialled before the number.",
		&form.Field{Name: "bills", Label: "Bills", Type: "select", Options: []form.Option{
			{Value: string(tollgate.BillAll), Label: "all calls"},
			{Value: string(tollgate.BillPrivate), Label: "private calls only"},
			{Value: string(tollgate.BillBusiness), Label: "business calls only"},
		}},
		&form.Field{Name: "business", Label: "Business calls are paid by", Type: "select", Options: []form.Option{
			{Value: string(tollgate.BusinessOwn), Label: "the user's account"},
			{Value: string(tollgate.BusinessEnterprise), Label: "the company"},
		}})
}

// weekdays are the days a week may begin on, Monday first.
func weekdays() []form.Option {
	var out []form.Option
	for i := range 7 {
		day := time.Weekday((i + 1) % 7)
		out = append(out, form.Option{Value: strconv.Itoa(int(day)), Label: day.String()})
	}
	return out
}

// accountValues are what the form of an account begins with.
func accountValues(a *tollgate.Account) url.Values {
	text := func(id tollgate.ID) string {
		if id == 0 {
			return ""
		}
		return id.String()
	}
	plain := func(micro int64) string { return view.NewAmount(tollgate.Money{Micro: micro}).Plain() }
	return url.Values{
		"name": {a.Name}, "kind": {string(a.Kind)}, "enterprise": {text(a.Enterprise)},
		"currency": {string(a.Currency)}, "parent": {text(a.Parent)}, "code": {a.Code},
		"timezone": {a.Timezone}, "mode": {string(a.Mode)}, "tariff": {text(a.Tariff)},
		"credit_limit": {plain(a.CreditLimit)}, "allowance": {plain(a.Allowance)},
		"reset": {string(a.Reset)}, "week_start": {strconv.Itoa(a.WeekStart)}, "low_credit": {plain(a.LowCredit)},
		"bills": {string(a.Bills)}, "business": {string(a.Business)},
	}
}

// readAccount reads the form into an account.
func readAccount(f *form.Form, v *frame.Reader, a *tollgate.Account) {
	f.Require("name")
	if a.ID == 0 {
		a.Kind = tollgate.AccountKind(f.Get("kind"))
		a.Enterprise = f.ID("enterprise")
		a.Currency = tollgate.Currency(f.Get("currency"))
		f.Require("currency")
		if a.Kind == tollgate.KindEnterprise && a.Enterprise != 0 {
			f.Fail("enterprise", "A company stands for itself: choose “This is a company”.")
		}
		if a.Kind != tollgate.KindEnterprise && a.Enterprise == 0 {
			f.Fail("enterprise", "Choose the company it belongs to.")
		}
		if a.Currency != "" && !a.Currency.Valid() {
			f.Fail("currency", "Write capital letters and digits, such as EUR.")
		}
	}
	a.Name, a.Code, a.Mode = f.Get("name"), f.Get("code"), tollgate.Mode(f.Get("mode"))
	a.Tariff, a.Reset = f.ID("tariff"), tollgate.Period(f.Get("reset"))
	if a.Kind != tollgate.KindEnterprise {
		a.Parent = f.ID("parent")
		if a.Parent == 0 {
			a.Parent = a.Enterprise
		}
		if p := v.Names.Accounts[a.Parent]; p != nil && p.Enterprise != a.Enterprise {
			f.Fail("parent", "Choose an account of the same company.")
		}
	} else {
		a.Timezone = f.Timezone("timezone")
		if a.Mode == tollgate.ModeParent {
			f.Fail("mode", "A company has no account above it: it pays for itself.")
		}
	}
	a.CreditLimit, a.Allowance = f.Limit("credit_limit"), f.Limit("allowance")
	a.LowCredit, a.WeekStart = f.Limit("low_credit"), int(f.Whole("week_start", 0))
	if a.Kind == tollgate.KindUser {
		a.Bills, a.Business = tollgate.Billing(f.Get("bills")), tollgate.BusinessPay(f.Get("business"))
	}
}

// find returns the account of the path, or a new one where it names none.
func (s Pages) find(r *http.Request, scope store.Scope) (tollgate.Account, error) {
	if r.PathValue("id") == "" {
		return tollgate.Account{}, nil
	}
	id, err := frame.PathID(r)
	if err != nil {
		return tollgate.Account{}, err
	}
	return s.Store.Account(r.Context(), scope, id)
}

// Edit asks for the terms of an account, or of a new one.
func (s Pages) Edit(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	v, err := s.Reader(r, who)
	if err != nil {
		return err
	}
	a, err := s.find(r, v.Scope)
	if err != nil {
		return err
	}
	values := accountValues(&a)
	if a.ID == 0 {
		values = url.Values{
			"kind": {string(tollgate.KindEnterprise)}, "currency": {"EUR"}, "week_start": {"1"},
			"timezone": {view.ZoneName(v.Told.Zone)},
		}
		if kind := r.URL.Query().Get("kind"); kind != "" {
			values.Set("kind", kind)
			values.Set("mode", string(tollgate.ModeParent))
		}
		if above := v.Names.Accounts[form.IDOr0(r.URL.Query().Get("below"))]; above != nil {
			values.Set("enterprise", above.Enterprise.String())
			values.Set("parent", above.ID.String())
			values.Set("currency", string(above.Currency))
		}
	}
	return s.form(w, r, v, &a, accountForm(v, &a, values))
}

// Save stores the terms of an account, or a new one.
func (s Pages) Save(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	v, err := s.Reader(r, who)
	if err != nil {
		return err
	}
	a, err := s.find(r, v.Scope)
	if err != nil {
		return err
	}
	values, err := form.Posted(w, r)
	if err != nil {
		return err
	}
	f := accountForm(v, &a, values)
	readAccount(f, v, &a)
	stored := a
	saved, err := s.Apply(r, who, f, "save account", func(c *store.Change) error {
		stored = a
		return c.PutAccount(&stored)
	})
	if err != nil {
		return err
	}
	if saved {
		http.Redirect(w, r, path(stored.ID, "account"), http.StatusSeeOther)
		return nil
	}
	return s.form(w, r, v, &a, f)
}

func (s Pages) form(
	w http.ResponseWriter, r *http.Request, v *frame.Reader, a *tollgate.Account, f *form.Form,
) error {
	p := &frame.FormPage{
		Page: frame.Page{Title: "New account", Section: "Accounts"}, Form: f,
		Back: &view.Link{Label: "Accounts", Path: "/accounts"},
	}
	if f.Get("kind") == string(tollgate.KindEnterprise) {
		p.Title, f.Submit = "New company", "Create company"
	}
	if a.ID != 0 {
		f.Submit = "Save"
		p.Title = "Edit " + v.Names.Account(a.ID)
		p.Lead = view.Capital(view.KindText(a.Kind)) + " in " + string(a.Currency)
	}
	return s.Send(w, r, f.Status(), "form_show", p)
}

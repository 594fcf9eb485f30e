package web

import (
	"net/url"
	"slices"

	"tollgate"
	"tollgate/store"
	"tollgate/web/form"
	"tollgate/web/frame"
	"tollgate/web/view"
)

// payerNobody stands among the accounts for calls that nobody pays.
const payerNobody = "nobody"

// filterNames are the filters of calls, as they stand in an address.
func filterNames() []string {
	return []string{"from", "to", "account", "number", "extension", "trunk", "class", "private", "status"}
}

// cdrFilter is what somebody looks for among the calls.
type cdrFilter struct {
	form   *form.Form
	filter store.CDRFilter
	scope  store.Scope // whose calls: a company's account stands for all of its own
	set    url.Values  // only what was filled in
}

// newCDRFilter reads the filters of an address. What cannot be read has its
// fault beside its field and does not filter.
func newCDRFilter(values url.Values, v *frame.Reader) *cdrFilter {
	f := &cdrFilter{form: form.New("/cdrs", "Search", values), scope: v.Scope, set: url.Values{}}
	classes := []form.Option{{Label: "Any class"}}
	for _, c := range tollgate.Classes() {
		classes = append(classes, form.Option{Value: string(c), Label: view.ClassText(c)})
	}
	payers := v.Names.AccountChoices("Anybody or nobody", v.Scope, form.IDOr0(values.Get("account")))
	payers = slices.Insert(payers, 1, form.Option{Value: payerNobody, Label: "Nobody"})
	fields := []*form.Field{
		{Name: "from", Label: "From", Type: "datetime-local"},
		{Name: "to", Label: "To", Type: "datetime-local"},
		{Name: "account", Label: "Account, or whole company", Type: "select", Options: payers},
		{Name: "number", Label: "Number begins with", Placeholder: "+49", Mode: "tel"},
		{Name: "extension", Label: "Extension"},
		{Name: "class", Label: "Class", Type: "select", Options: classes},
		{Name: "private", Label: "Private or business", Type: "select", Options: []form.Option{
			{Label: "Both"}, {Value: "true", Label: "private"}, {Value: "false", Label: "business"},
		}},
		{Name: "status", Label: "Customer price", Type: "select", Options: []form.Option{
			{Label: "Any"},
			{Value: string(tollgate.ChargePriced), Label: "priced"},
			{Value: string(tollgate.ChargeUnpriced), Label: "unpriced"},
			{Value: string(tollgate.ChargeNone), Label: "no tariff"},
			{Value: string(tollgate.ChargeUnanswered), Label: "not answered"},
		}},
	}
	if v.House {
		trunk := &form.Field{Name: "trunk", Label: "Trunk", Placeholder: "PJSIP/provider"}
		fields = slices.Insert(fields, 5, trunk)
		price := fields[len(fields)-1]
		price.Label = "Price"
		price.Options = append(price.Options,
			form.Option{Value: view.UnpricedAnywhere, Label: "unpriced, or its cost is"})
	}
	f.form.Ask("", "", fields...)
	for _, name := range filterNames() {
		if value := f.form.Get(name); value != "" {
			f.set.Set(name, value)
		}
	}
	f.filter = store.CDRFilter{
		From: f.form.Time("from", v.Told.Zone), To: f.form.Time("to", v.Told.Zone),
		Unpaid: f.form.Get("account") == payerNobody, Number: form.Digits(f.form.Get("number")),
		Extension: f.form.Get("extension"), Trunk: f.form.Get("trunk"),
		Class:  tollgate.Class(f.form.Get("class")),
		Status: tollgate.ChargeStatus(f.form.Get("status")),
	}
	if f.filter.Status == view.UnpricedAnywhere {
		f.filter.Status, f.filter.Unpriced = "", true
	}
	if private := f.form.Get("private") == "true"; f.set.Has("private") {
		f.filter.Private = &private
	}
	if !f.filter.Unpaid {
		f.filter.Account = f.form.ID("account")
	}
	f.scope, f.filter.Account = v.CallsOf(f.filter.Account)
	return f
}

// path is an address with these filters and what is added.
func (f *cdrFilter) path(base string, added ...string) string {
	values := url.Values{}
	for name := range f.set {
		values.Set(name, f.set.Get(name))
	}
	for i := 0; i+1 < len(added); i += 2 {
		values.Set(added[i], added[i+1])
	}
	if len(values) == 0 {
		return base
	}
	return base + "?" + values.Encode()
}

package web

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"tollgate"
	"tollgate/store"
)

// filterNames are the filters of calls, as they stand in an address.
func filterNames() []string {
	return []string{"from", "to", "account", "number", "extension", "trunk", "class", "status"}
}

// cdrFilter is what somebody looks for among the calls.
type cdrFilter struct {
	form   *form
	filter store.CDRFilter
	set    url.Values // only what was filled in
}

// newCDRFilter reads the filters of an address. What cannot be read has its
// fault beside its field and does not filter.
func newCDRFilter(values url.Values, v *reader) *cdrFilter {
	f := &cdrFilter{form: newForm("/cdrs", "Search", values), set: url.Values{}}
	classes := []option{{Label: "Any class"}}
	for _, c := range tollgate.Classes() {
		classes = append(classes, option{Value: string(c), Label: classText(c)})
	}
	fields := []*field{
		{Name: "from", Label: "From", Type: "datetime-local"},
		{Name: "to", Label: "To", Type: "datetime-local"},
		{
			Name: "account", Label: "Account", Type: "select",
			Options: v.names.accountChoices("All accounts", v.scope),
		},
		{Name: "number", Label: "Number begins with", Placeholder: "+49", Mode: "tel"},
		{Name: "extension", Label: "Extension"},
		{Name: "class", Label: "Class", Type: "select", Options: classes},
		{Name: "status", Label: "Customer price", Type: "select", Options: []option{
			{Label: "Any"},
			{Value: string(tollgate.ChargePriced), Label: "priced"},
			{Value: string(tollgate.ChargeUnpriced), Label: "unpriced"},
			{Value: string(tollgate.ChargeNone), Label: "no tariff"},
			{Value: string(tollgate.ChargeUnanswered), Label: "not answered"},
		}},
	}
	if v.house {
		trunk := &field{Name: "trunk", Label: "Trunk", Placeholder: "PJSIP/provider"}
		fields = slices.Insert(fields, 5, trunk)
	}
	f.form.section("", "", fields...)
	for _, name := range filterNames() {
		if value := f.form.get(name); value != "" {
			f.set.Set(name, value)
		}
	}
	f.filter = store.CDRFilter{
		From: f.time("from", v.told.zone), To: f.time("to", v.told.zone),
		Account: f.form.id("account"), Number: digits(f.form.get("number")),
		Extension: f.form.get("extension"), Trunk: f.form.get("trunk"),
		Class:  tollgate.Class(f.form.get("class")),
		Status: tollgate.ChargeStatus(f.form.get("status")),
	}
	return f
}

// time reads a time as a browser's field sends it, or as people type it.
func (f *cdrFilter) time(name string, zone *time.Location) time.Time {
	text := f.form.get(name)
	if text == "" {
		return time.Time{}
	}
	t, ok := parseTime(text, zone)
	if !ok {
		f.form.fail(name, "Write the time as 2026-11-20 14:30.")
	}
	return t
}

// parseTime reads a local time with or without seconds, or a date.
func parseTime(text string, zone *time.Location) (time.Time, bool) {
	layouts := []string{
		formLayout, "2006-01-02T15:04", instantLayout, minuteLayout, time.DateOnly, time.RFC3339,
	}
	for _, layout := range layouts {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// digits takes off what people write around a number.
func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("+ -/().\u00a0", r) {
			return -1
		}
		return r
	}, s)
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

package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tollgate"
	"tollgate/access"
	"tollgate/store"

	"github.com/chromedp/chromedp"
)

// rules returns the call rules of the device of the house.
func (h *house) rules() []tollgate.CallRule {
	h.t.Helper()
	devices, err := h.db.Devices(h.t.Context(), store.Everything)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, d := range devices {
		if d.ID == h.device.ID {
			return d.Rules
		}
	}
	h.t.Fatal("no device")
	return nil
}

func ruleNames(rules []tollgate.CallRule) string {
	var names []string
	for _, r := range rules {
		names = append(names, r.Name)
	}
	return strings.Join(names, " ")
}

func TestRuleForms(t *testing.T) {
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	v := h.login("admin")
	path := "/devices/" + h.device.ID.String()
	seen := func() string { return hidden(t, v.get(path+"/rules/new").body, "seen") }
	good := url.Values{
		"name": {"abroad"}, "charge": {"yes"}, "account": {"${accountcode}"}, "tariff": {h.retail.ID.String()},
		"variable.1": {""}, "pattern.1": {`^00(\d+)$`}, "variable.2": {"trunk"}, "pattern.2": {"^PJSIP/"},
		"no_credit.kind": {"transfer"}, "no_credit.target": {"100@internal"},
		"exhausted.kind": {"announce"}, "exhausted.sound": {"tollgate/no-credit"}, "at": {"0"}, "seen": {seen()},
	}
	for name, c := range map[string]struct{ field, value, fault string }{
		"name":     {"name", "", "Please fill this in."},
		"paren":    {"pattern.1", `^00(\d+$`, `id="pattern.1-error">At “^00(\d&#43;$”: a parenthesis has no partner.`},
		"bracket":  {"pattern.2", "[0-9", `id="pattern.2-error">At “[0-9”: a bracket is not closed.`},
		"star":     {"pattern.1", "*7*", `id="pattern.1-error">At “*”: nothing stands before it`},
		"escape":   {"pattern.1", `\y`, "unknown after a backslash"},
		"look":     {"pattern.1", "(?=00)", "look-ahead and look-behind do not exist"},
		"range":    {"pattern.1", "[9-0]", "the range runs backwards"},
		"size":     {"pattern.1", "0{2000}", "at most 1,000 times"},
		"slash":    {"pattern.1", `00\`, "a lone backslash"},
		"empty":    {"pattern.2", "", "Write what it must match"},
		"target":   {"no_credit.target", "", `id="no_credit.target-error"`},
		"sound":    {"exhausted.sound", "", `id="exhausted.sound-error"`},
		"no money": {"charge", "", "Tick “Charge an account”"},
		"seen":     {"seen", "other", "Somebody has changed the rules meanwhile."},
	} {
		t.Run(name, func(t *testing.T) {
			form := url.Values{}
			for k, values := range good {
				form[k] = values
			}
			form.Set(c.field, c.value)
			v.post(path+"/rules", form).want(t, http.StatusUnprocessableEntity, c.fault)
		})
	}
	v.post(path+"/rules", good).want(t, http.StatusSeeOther)
	want := tollgate.CallRule{
		Name: "abroad", Tariff: h.retail.ID, Charge: true, Account: "${accountcode}",
		Conditions: []tollgate.Condition{{Pattern: `^00(\d+)$`}, {Variable: "trunk", Pattern: "^PJSIP/"}},
		NoCredit:   tollgate.Action{Kind: tollgate.ActionTransfer, Target: "100@internal"},
		Exhausted:  tollgate.Action{Kind: tollgate.ActionAnnounce, Sound: "tollgate/no-credit"},
	}
	if got := h.rules(); len(got) != 1 || !sameRule(got[0], want) {
		t.Fatalf("%+v", got)
	}
	v.get(path).want(t, http.StatusOK, "abroad", `^00(\d&#43;)$`, "transfer to 100@internal",
		"announce tollgate/no-credit", "${accountcode}")
	v.get(path+"/rules/1").want(t, http.StatusOK, "Edit call rule", `value="^00(\d&#43;)$"`, `value="100@internal"`)
	v.get(path+"/rules/2").want(t, http.StatusNotFound)
	v.get(path+"/rules/x").want(t, http.StatusNotFound)
	free := url.Values{
		"name": {"at home"}, "at": {"1"}, "seen": {seen()}, "no_credit.kind": {"hangup"},
		"exhausted.kind": {"hangup"}, "exhausted.cause": {"38"},
	}
	v.post(path+"/rules", free).want(t, http.StatusSeeOther)
	if got := h.rules(); len(got) != 1 || got[0].Name != "at home" || got[0].Charge || len(got[0].Conditions) != 0 ||
		got[0].NoCredit != (tollgate.Action{}) || got[0].Exhausted.Cause != 38 {
		t.Errorf("%+v", got)
	}
	v.get(path).want(t, http.StatusOK, "every call", "nobody: rated only")
	v.post(path+"/rules/delete", url.Values{"at": {"1"}, "seen": {"old"}}).
		want(t, http.StatusConflict, "changed the rules meanwhile")
	v.post(path+"/rules/delete", url.Values{"at": {"7"}, "seen": {seen()}}).want(t, http.StatusNotFound)
	h.user("reader", access.RoleReader, 0)
	reader := h.login("reader")
	reader.get(path).want(t, http.StatusOK, "at home").lacks(t, "/rules/new", "/rules/delete")
	reader.post(path+"/rules", free).want(t, http.StatusForbidden)
}

func sameRule(a, b tollgate.CallRule) bool {
	if len(a.Conditions) != len(b.Conditions) {
		return false
	}
	for i := range a.Conditions {
		if a.Conditions[i] != b.Conditions[i] {
			return false
		}
	}
	return a.Name == b.Name && a.Tariff == b.Tariff && a.Charge == b.Charge && a.Account == b.Account &&
		a.NoCredit == b.NoCredit && a.Exhausted == b.Exhausted
}

// TestRulesInABrowser adds two rules, moves one, tries a call and removes one.
func TestRulesInABrowser(t *testing.T) {
	b := newBrowser(t)
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	path := h.url + "/devices/" + h.device.ID.String()
	b.do(chromedp.Navigate(h.url+"/login"), chromedp.SendKeys("#user", "admin"),
		chromedp.SendKeys("#password", testPassword), chromedp.Click(".button.primary"), chromedp.WaitVisible("#figures"))
	add := func(name, pattern string, more ...chromedp.Action[chromedp.Void]) {
		b.do(chromedp.Navigate(path+"/rules/new"), chromedp.SendKeys("#name", name),
			chromedp.SendKeys(`[name="pattern.1"]`, pattern))
		b.do(more...)
		b.do(chromedp.Click("form .button.primary"))
	}
	add("premium", "^0(900$", chromedp.WaitNotVisible(`[name="no_credit.target"]`))
	b.do(chromedp.WaitVisible(`[id="pattern.1-error"]`))
	b.wants(`[id="pattern.1-error"]`, "a parenthesis has no partner")
	add("premium", "^0900", chromedp.SetValue(`[name="no_credit.kind"]`, "transfer"),
		chromedp.WaitVisible(`[name="no_credit.target"]`), chromedp.SendKeys(`[name="no_credit.target"]`, "100"))
	b.do(chromedp.WaitVisible("#rules tbody"))
	add("all", "", chromedp.Click(`[name="charge"]`))
	b.do(chromedp.WaitVisible("#rules tbody tr:nth-child(2)"))
	b.do(chromedp.Click(`[aria-label="Move rule all up"]`))
	waitText(b, "#rules tbody tr:first-child", "1. all")
	if got := ruleNames(h.rules()); got != "all premium" {
		t.Error(got)
	}
	try := func(number string) {
		b.do(chromedp.Navigate(path), chromedp.SendKeys("#try-extension", "201"),
			chromedp.SendKeys("#try-dialed", number), chromedp.Click("#tester .button"), chromedp.WaitVisible("#verdict"))
	}
	try("030555123")
	b.wants("#verdict", "+4930555123", "Berlin", "all", "nobody", "Step by step")
	accept := chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Run(ctx, chromedp.Evaluate[any](`window.confirm = () => true; null`))
		return err
	})
	b.do(accept, chromedp.Click(`[aria-label="Remove rule all"]`))
	waitText(b, "#rules tbody tr:first-child", "1. premium")
	if got := ruleNames(h.rules()); got != "premium" {
		t.Error(got)
	}
	try("030555123")
	b.wants("#verdict", "would be refused", "0.000000 EUR left", "Reception", "hang up: 21, rejected", "0.032")
	for _, said := range b.said() {
		if !strings.Contains(said, "422") { // the rule with a fault
			t.Errorf("the console said %q", said)
		}
	}
}

// change stores a device as it is now.
func (h *house) change(action string, d tollgate.Device) {
	h.t.Helper()
	err := h.db.Change(h.t.Context(), store.Actor{Name: "test"}, action, func(c *store.Change) error {
		return c.PutDevice(&d, "")
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

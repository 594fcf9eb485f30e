package device

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
	"tollgate/web/form"
	"tollgate/web/frame"
	"tollgate/web/view"
)

// RuleEdit asks for a call rule: the one at the place that the path names, or a
// new one.
func (s Pages) RuleEdit(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	v, d, err := s.known(r, who)
	if err != nil {
		return err
	}
	at, conditions := 0, conditionRows
	values := url.Values{"charge": {"yes"}}
	if text := r.PathValue("at"); text != "" {
		if at, err = place(text, d.Rules); err != nil {
			return err
		}
		rule := &d.Rules[at-1]
		values, conditions = ruleValues(rule), len(rule.Conditions)+conditionsMore
	}
	values.Set("at", strconv.Itoa(at))
	values.Set("seen", fingerprint(d.Rules))
	return s.ruleForm(w, r, d, at, ruleForm(d, v, at, conditions, values))
}

// RuleSave stores a call rule in its place, or a new one after all others.
func (s Pages) RuleSave(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	values, err := form.Posted(w, r)
	if err != nil {
		return err
	}
	v, d, err := s.known(r, who)
	if err != nil {
		return err
	}
	at := 0
	if text := values.Get("at"); text != "" && text != "0" {
		if at, err = place(text, d.Rules); err != nil {
			return err
		}
	}
	conditions := postedConditions(values)
	f := ruleForm(d, v, at, conditions, values)
	rule := readRule(f, conditions)
	if values.Get("seen") != fingerprint(d.Rules) {
		f.Fail("", "Somebody has changed the rules meanwhile. Look at them again, then repeat what you did.")
	}
	if !f.Failed {
		rules := slices.Clone(d.Rules)
		if at == 0 {
			rules = append(rules, rule)
		} else {
			rules[at-1] = rule
		}
		if err = s.putRules(r, who, d, "save call rule", rules); err == nil {
			http.Redirect(w, r, path(d.ID, "done", "rule")+rulesAnchor, http.StatusSeeOther)
			return nil
		} else if err = f.Refuse(err); err != nil {
			return err
		}
	}
	return s.ruleForm(w, r, d, at, f)
}

// RuleMove moves a call rule up or down by one place.
func (s Pages) RuleMove(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	return s.ruleAction(w, r, who, "move call rule", func(
		rules []tollgate.CallRule, at int, values url.Values,
	) []tollgate.CallRule {
		to := at - 1
		if values.Get("to") == "down" {
			to = at + 1
		}
		if to >= 1 && to <= len(rules) {
			rules[at-1], rules[to-1] = rules[to-1], rules[at-1]
		}
		return rules
	})
}

// RuleDelete takes a call rule away.
func (s Pages) RuleDelete(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	return s.ruleAction(w, r, who, "remove call rule", func(
		rules []tollgate.CallRule, at int, _ url.Values,
	) []tollgate.CallRule {
		return slices.Delete(rules, at-1, at)
	})
}

// ruleAction answers a button beside a rule.
func (s Pages) ruleAction(
	w http.ResponseWriter, r *http.Request, who access.Principal, action string,
	change func(rules []tollgate.CallRule, at int, values url.Values) []tollgate.CallRule,
) error {
	values, err := form.Posted(w, r)
	if err != nil {
		return err
	}
	_, d, err := s.known(r, who)
	if err != nil {
		return err
	}
	if values.Get("seen") != fingerprint(d.Rules) {
		return tollgate.Errorf(tollgate.CodeConflict,
			"somebody has changed the rules meanwhile: go back, look at them again, then repeat what you did")
	}
	at, err := place(values.Get("at"), d.Rules)
	if err != nil {
		return err
	}
	if err := s.putRules(r, who, d, action, change(slices.Clone(d.Rules), at, values)); err != nil {
		return err
	}
	http.Redirect(w, r, path(d.ID)+rulesAnchor, http.StatusSeeOther)
	return nil
}

// putRules stores a device with other rules.
func (s Pages) putRules(
	r *http.Request, who access.Principal, d *tollgate.Device, action string, rules []tollgate.CallRule,
) error {
	return s.Store.Change(r.Context(), who.Actor(), action, func(c *store.Change) error {
		stored := *d
		stored.Rules = rules
		return c.PutDevice(&stored, "")
	})
}

// known returns the device of the path.
func (s Pages) known(r *http.Request, who access.Principal) (*frame.Reader, *tollgate.Device, error) {
	v, err := s.Reader(r, who)
	if err != nil {
		return nil, nil, err
	}
	id, err := frame.PathID(r)
	if err != nil {
		return nil, nil, err
	}
	d, err := s.find(r, v.Scope, id)
	return v, &d, err
}

// place reads which rule is meant, from 1.
func place(text string, rules []tollgate.CallRule) (int, error) {
	at, err := strconv.Atoi(text)
	if err != nil || at < 1 || at > len(rules) {
		return 0, tollgate.Errorf(tollgate.CodeNotFound, "there is no call rule %s", text)
	}
	return at, nil
}

// postedConditions counts the rows of conditions of a posted form.
func postedConditions(values url.Values) int {
	const rowsMax = 30 // more than a rule may have, so that the store says so
	n := conditionRows
	for n < rowsMax && values.Has("pattern."+strconv.Itoa(n+1)) {
		n++
	}
	return n
}

func (s Pages) ruleForm(
	w http.ResponseWriter, r *http.Request, d *tollgate.Device, at int, f *form.Form,
) error {
	p := &frame.FormPage{
		Page: frame.Page{Title: "New call rule", Section: "Devices"}, Form: f,
		Back: &view.Link{Label: d.Name, Path: path(d.ID) + rulesAnchor},
		Lead: "It is tried after all other rules of the device; move it up on the device's page.",
	}
	if at != 0 {
		p.Title, p.Lead = "Edit call rule", "It is number "+strconv.Itoa(at)+" of the rules of the device."
	}
	return s.Send(w, r, f.Status(), "form_show", p)
}

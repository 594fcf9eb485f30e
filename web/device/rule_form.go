package device

import (
	"net/url"
	"regexp"
	"strconv"

	"tollgate"
	"tollgate/web/form"
	"tollgate/web/frame"
	"tollgate/web/view"
)

const (
	conditionRows  = 3 // that the form of a new rule has
	conditionsMore = 2 // empty ones below those of an old rule
	causeMax       = 127
)

// The fields of the two actions of a rule begin with these.
const (
	atTheStart = "no_credit."
	inTheCall  = "exhausted."
)

// variableNames are what every device tells of a call.
func variableNames() []string {
	return []string{
		"destination_number", "caller_id_number", "extension", "originator", "accountcode", "trunk", "private",
	}
}

// ruleForm asks for a call rule; at is its place, 0 for a new one.
func ruleForm(d *tollgate.Device, v *frame.Reader, at, conditions int, values url.Values) *form.Form {
	f := form.New(path(d.ID)+"/rules", "Save rule", values)
	f.Cancel = path(d.ID) + rulesAnchor
	if at == 0 {
		f.Submit = "Add rule"
	}
	f.Ask("Rule", "",
		&form.Field{Name: "at", Type: "hidden"}, &form.Field{Name: "seen", Type: "hidden"},
		&form.Field{
			Name: "name", Label: "Name", Required: true, Placeholder: "International calls", Focus: at == 0,
		},
		&form.Field{
			Name: "tariff", Label: "Tariff", Type: "select",
			Options: v.Names.TariffChoices("The account's own"), Hint: "The tariff that prices these calls.",
		})
	var fields []*form.Field
	for i := range conditions {
		n := strconv.Itoa(i + 1)
		fields = append(fields,
			&form.Field{
				Name: "variable." + n, Label: "Variable", Placeholder: "destination_number",
				Suggest: variableNames(), Mode: "text", Autocomplete: "off",
			},
			&form.Field{
				Name: "pattern." + n, Label: "matches", Placeholder: `^00\d+$`, Mode: "text", Autocomplete: "off",
			})
	}
	f.Ask("When", "^00 fits what begins with 00, 00$ what ends with it, ^110$ only 110, ^0(900|190) what begins with "+
		"one of the two. These are regular expressions (RE2), found anywhere unless they say ^ and $. All must match; "+
		"without any, the rule fits every call. Variables: destination_number as dialled, without the codes that "+
		"the device takes off; caller_id_number, extension, originator, accountcode, trunk, private (1 or empty); "+
		"and what the device sends besides.", fields...).Pairs = true
	f.Ask("Who pays", "",
		&form.Field{
			Name: "charge", Label: "Charge an account", Type: "checkbox",
			Hint: "Without it the call is rated only: it gets a price that nobody pays.",
		},
		&form.Field{
			Name: "account", Label: "Account code", Placeholder: "${accountcode}", Mode: "text", Autocomplete: "off",
			Hint: "Empty: whoever pays otherwise. ${variable} stands for any of the variables above, " +
				"$1 to $9 for the groups of the first expression.",
		})
	actionSection(f, "No credit at the start", "What becomes of the call when there is no money for its first seconds.",
		atTheStart)
	actionSection(f, "Credit ends in the call", "What happens when the money is used up while they talk.", inTheCall)
	return f
}

// actionSection asks for one action; the page hides the fields that the chosen
// kind does not need.
func actionSection(f *form.Form, title, lead, prefix string) {
	f.Ask(title, lead,
		&form.Field{Name: prefix + "kind", Label: "Action", Type: "select", Options: []form.Option{
			{Value: string(tollgate.ActionHangup), Label: "hang up"},
			{Value: string(tollgate.ActionTransfer), Label: "transfer"},
			{Value: string(tollgate.ActionAnnounce), Label: "announce, then hang up"},
			{Value: string(tollgate.ActionAlert), Label: "let it go on and raise an alert"},
		}},
		&form.Field{
			Name: prefix + "cause", Label: "Cause", Mode: "numeric", Placeholder: usualCause(prefix),
			Hint: "Q.850, 1 to 127. Empty: the usual one.",
		},
		&form.Field{
			Name: prefix + "target", Label: "To", Placeholder: "100", Mode: "text",
			Hint: "EXTENSION, or EXTENSION@CONTEXT of the dialplan.",
		},
		&form.Field{
			Name: prefix + "sound", Label: "Sound", Placeholder: "tollgate/no-credit", Mode: "text",
			Hint: "A sound file of the telephone system, without its ending.",
		})
}

func usualCause(prefix string) string {
	if prefix == atTheStart {
		return "21"
	}
	return "16"
}

// ruleValues are what the form of a rule begins with.
func ruleValues(rule *tollgate.CallRule) url.Values {
	values := url.Values{"name": {rule.Name}, "account": {rule.Account}}
	if rule.Tariff != 0 {
		values.Set("tariff", rule.Tariff.String())
	}
	if rule.Charge {
		values.Set("charge", "yes")
	}
	for i, c := range rule.Conditions {
		n := strconv.Itoa(i + 1)
		values.Set("variable."+n, c.Variable)
		values.Set("pattern."+n, c.Pattern)
	}
	for prefix, action := range map[string]tollgate.Action{atTheStart: rule.NoCredit, inTheCall: rule.Exhausted} {
		values.Set(prefix+"kind", string(action.Kind))
		values.Set(prefix+"target", action.Target)
		values.Set(prefix+"sound", action.Sound)
		if action.Cause != 0 {
			values.Set(prefix+"cause", strconv.Itoa(int(action.Cause)))
		}
	}
	return values
}

// readRule reads the form into a rule.
func readRule(f *form.Form, conditions int) tollgate.CallRule {
	f.Require("name")
	rule := tollgate.CallRule{
		Name: f.Get("name"), Tariff: f.ID("tariff"), Charge: f.Get("charge") == "yes", Account: f.Get("account"),
		NoCredit: readAction(f, atTheStart), Exhausted: readAction(f, inTheCall),
	}
	for i := range conditions {
		n := strconv.Itoa(i + 1)
		c := tollgate.Condition{Variable: f.Get("variable." + n), Pattern: f.Get("pattern." + n)}
		if c.Pattern == "" {
			if c.Variable != "" {
				f.Fail("pattern."+n, "Write what it must match, or clear the variable.")
			}
			continue
		}
		if _, err := regexp.Compile(c.Pattern); err != nil {
			f.Fail("pattern."+n, patternFault(err))
		}
		rule.Conditions = append(rule.Conditions, c)
	}
	if rule.Account != "" && !rule.Charge {
		f.Fail("account", "Tick “Charge an account”, or clear this.")
	}
	return rule
}

// readAction reads one of the two actions.
func readAction(f *form.Form, prefix string) tollgate.Action {
	a := tollgate.Action{Kind: tollgate.ActionKind(f.Get(prefix + "kind"))}
	switch a.Kind {
	case tollgate.ActionTransfer:
		f.Require(prefix + "target")
		a.Target = f.Get(prefix + "target")
	case tollgate.ActionAnnounce:
		f.Require(prefix + "sound")
		a.Sound = f.Get(prefix + "sound")
	case tollgate.ActionAlert:
	case tollgate.ActionHangup:
		cause := f.Whole(prefix+"cause", 0)
		if cause > causeMax {
			f.Fail(prefix+"cause", "Write a Q.850 cause, 1 to 127.")
		}
		a.Cause = tollgate.Cause(cause)
		if cause == 0 {
			return tollgate.Action{} // as it is where nobody has said anything
		}
	default:
		return tollgate.Action{}
	}
	return a
}

// actionText says an action in words.
func actionText(a tollgate.Action) string {
	switch a.Kind {
	case tollgate.ActionTransfer:
		return "transfer to " + a.Target
	case tollgate.ActionAnnounce:
		return "announce " + a.Sound
	case tollgate.ActionAlert:
		return "goes on, alert"
	case tollgate.ActionHangup:
	}
	if a.Cause != 0 {
		return "hang up: " + view.CauseText(a.Cause)
	}
	return "hang up"
}

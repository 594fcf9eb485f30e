package device

import (
	"net/http"
	"net/url"
	"time"

	"tollgate"
	"tollgate/access"
	"tollgate/charging"
	"tollgate/web/form"
	"tollgate/web/frame"
	"tollgate/web/view"
)

// verdict says what would become of a call.
type verdict struct {
	Allowed      bool
	Headline     string
	Remedy       *view.Link // what to do about a refusal; nil: the headline says it
	Raw, Number  string
	Destination  string
	Class        tollgate.Class
	ClassLabel   string
	Rule         string // empty: none fits
	Payer, Found string // who pays, and by which rule
	PayerID      tollgate.ID
	Lasts        string
	Then         string // at the end of the credit, or now where it is refused
	First        view.Side
	HasFirst     bool
	Steps        []string
}

// testerForm asks for a call that might be made.
func testerForm(d *tollgate.Device, v *frame.Reader, values url.Values) *form.Form {
	f := form.New(path(d.ID), "Try the call", values)
	f.Prefix = "try-"
	trunks := []form.Option{{Label: "Not chosen yet"}}
	for _, t := range trunkRows(d, v.Names) {
		trunks = append(trunks, form.Option{Value: t.Name, Label: t.Name})
	}
	f.Ask("", "",
		&form.Field{Name: "extension", Label: "From extension", Placeholder: "201"},
		&form.Field{Name: "dialed", Label: "Number dialled", Placeholder: "00442071838750", Mode: "tel", Required: true},
		&form.Field{Name: "trunk", Label: "Trunk", Type: "select", Options: trunks},
		&form.Field{Name: "code", Label: "Account code"},
		&form.Field{Name: "caller", Label: "Caller shown", Mode: "tel"})
	return f
}

// try asks what would become of the call, where one was asked for.
func (s Pages) try(
	r *http.Request, who access.Principal, d *tollgate.Device, v *frame.Reader, f *form.Form,
) (*verdict, error) {
	if !r.URL.Query().Has("dialed") {
		return nil, nil //nolint:nilnil // nobody asked
	}
	f.Require("dialed")
	if f.Failed {
		return nil, nil //nolint:nilnil // the form says why
	}
	answer, err := s.Office.Decide(r.Context(), who.Enterprise, tollgate.Attempt{
		Call: tollgate.CallID{Device: d.ID}, Extension: f.Get("extension"), Originator: f.Get("extension"),
		Caller: f.Get("caller"), Dialed: f.Get("dialed"), Trunk: f.Get("trunk"), AccountCode: f.Get("code"),
		At: v.Told.Now,
	})
	if tollgate.CodeOf(err) == tollgate.CodeUnavailable {
		f.Fail("", form.Sentence(err.Error()))
		return nil, nil //nolint:nilnil // the form says why
	}
	if err != nil {
		return nil, f.Refuse(err)
	}
	return newVerdict(&answer, v), nil
}

func newVerdict(answer *charging.Decision, v *frame.Reader) *verdict {
	n, grant := &answer.Number, &answer.Grant
	out := &verdict{
		Allowed: grant.Allowed, Headline: "The call would be placed", Raw: n.Raw, Number: view.NumberText(n),
		Destination: n.Destination, Class: n.Class, ClassLabel: view.ClassText(n.Class), Rule: answer.Rule,
		Payer: v.Names.Account(answer.Payer), PayerID: answer.Payer, Found: view.RuleText(answer.PaidBy),
		Steps: answer.Steps, HasFirst: answer.First.Status != "",
		First: view.NewSide("The first minute", v.Names.Tariff(answer.First.Tariff), &answer.First),
	}
	switch {
	case !grant.Allowed:
		out.Headline = "The call would be refused: " + grant.Reason
		out.Remedy = remedy(answer)
		out.Then = actionText(grant.Then)
	case grant.Unlimited:
		out.Lasts = "without end"
	default:
		out.Lasts = lastsText(grant.Affords)
		out.Then = actionText(grant.Then)
	}
	return out
}

// remedy leads to where a refusal is mended.
func remedy(answer *charging.Decision) *view.Link {
	if answer.Payer == 0 {
		return nil
	}
	account := "/accounts/" + answer.Payer.String()
	switch code := answer.Grant.Code; {
	case code == tollgate.CodeNoCredit:
		return &view.Link{Label: "Recharge the account, or raise its limit", Path: account}
	case code == tollgate.CodeFrozen, code == tollgate.CodeInvalid: // its tariff is in another currency
		return &view.Link{Label: "Open the account", Path: account}
	case answer.Tariff != 0:
		return &view.Link{Label: "Give the tariff a price", Path: "/tariffs/" + answer.Tariff.String()}
	}
	return nil
}

// affordsMax is the most that is asked about how long money lasts.
const affordsMax = 24 * time.Hour

func lastsText(d time.Duration) string {
	if d >= affordsMax {
		return "for more than a day"
	}
	return view.Clock(d)
}

package web

import (
	"net/http"
	"net/url"
	"strings"

	"tollgate"
	"tollgate/access"
	"tollgate/charging"
	"tollgate/web/form"
	"tollgate/web/frame"
	"tollgate/web/view"
)

// simulatorPage answers what a call would cost, and why.
type simulatorPage struct {
	frame.Page
	Fields []*form.Field
	Error  string
	Quote  *quote
}

// quote is the price of a call that was not made.
type quote struct {
	Raw, Number, Destination string
	Class                    tollgate.Class
	ClassLabel               string
	House                    bool
	Customer, Cost           view.Side
	Margin                   *view.Amount
}

func (s site) simulatorShow(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	v, err := s.Reader(r, who)
	if err != nil {
		return err
	}
	values := r.URL.Query()
	asked := values.Has("number")
	if !values.Has("when") {
		values.Set("when", v.Told.Now.In(v.Told.Zone).Format(form.Layout))
	}
	if !values.Has("duration") {
		values.Set("duration", "3:00")
	}
	f := simulatorForm(v, values)
	p := &simulatorPage{Page: frame.Page{Title: "Simulator", Section: "Simulator"}, Fields: f.Sections[0].Fields}
	if !asked {
		return s.Send(w, r, http.StatusOK, "simulator_show", p)
	}
	query := readSimulation(f, v)
	if !f.Failed {
		answer, err := s.Office.Simulate(r.Context(), who.Enterprise, query)
		if err == nil {
			p.Quote = newQuote(&answer, v)
		} else if err := f.Refuse(err); err != nil {
			return err
		}
	}
	p.Error = f.Error
	return s.Send(w, r, f.Status(), "simulator_show", p)
}

func simulatorForm(v *frame.Reader, values url.Values) *form.Form {
	f := form.New("/simulator", "Price the call", values)
	fields := []*form.Field{
		{Name: "number", Label: "Number", Required: true, Placeholder: "+49 30 1234567", Mode: "tel", Focus: true},
		{Name: "when", Label: "Answered at", Type: "datetime-local"},
		{Name: "duration", Label: "How long", Placeholder: "3:00", Hint: "Minutes:seconds, or seconds."},
		{
			Name: "account", Label: "Account", Type: "select",
			Options: v.Names.AccountChoices("The default tariff", v.Scope, form.IDOr0(values.Get("account"))),
		},
	}
	if v.House {
		fields = append(fields,
			&form.Field{
				Name: "line", Label: "Dialled on", Type: "select", Options: lineChoices(v.Names),
				Hint: "How the number is written, and the operator.",
			},
			&form.Field{
				Name: "tariff", Label: "Tariff", Type: "select",
				Options: v.Names.TariffChoices("As the account has"),
			})
	}
	f.Ask("", "", fields...)
	return f
}

// lineChoices lists devices and their trunks: "ID" or "ID TRUNK".
func lineChoices(n *view.Names) []form.Option {
	out := []form.Option{{Label: "No device: +49…"}}
	for _, d := range n.Directory.Devices {
		out = append(out, form.Option{Value: d.ID.String(), Label: d.Name})
		for _, t := range n.Directory.Trunks {
			if t.Device == d.ID {
				label := d.Name + " · " + t.Name + view.Prefixed(" · ", n.Operator(t.Operator))
				out = append(out, form.Option{Value: d.ID.String() + " " + t.Name, Label: label})
			}
		}
	}
	return out
}

// readSimulation reads the question.
func readSimulation(f *form.Form, v *frame.Reader) charging.Query {
	f.Require("number")
	q := charging.Query{Account: f.ID("account"), Number: f.Get("number")}
	q.Answer, q.Duration = f.Time("when", v.Told.Zone), f.Duration("duration")
	if q.Answer.IsZero() {
		f.Fail("when", "Please fill this in.")
	}
	if !v.House {
		return q
	}
	q.Tariff = f.ID("tariff")
	device, trunk, _ := strings.Cut(f.Get("line"), " ")
	q.Device, q.Trunk = form.IDOr0(device), trunk
	return q
}

func newQuote(answer *charging.Quote, v *frame.Reader) *quote {
	n := &answer.Number
	q := &quote{
		Raw: n.Raw, Number: view.NumberText(n), Destination: n.Destination, Class: n.Class,
		ClassLabel: view.ClassText(n.Class), House: v.House,
		Customer: view.NewSide("Customer", v.Names.Tariff(answer.Customer.Tariff), &answer.Customer),
	}
	if !v.House {
		return q
	}
	q.Cost = view.NewSide("Operator", v.Names.Tariff(answer.Cost.Tariff), &answer.Cost)
	q.Margin, q.Cost.Note = view.NewMargin(&answer.Customer, &answer.Cost, answer.Margin)
	return q
}

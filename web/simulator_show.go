package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"tollgate"
	"tollgate/access"
	"tollgate/charging"
)

// simulatorPage answers what a call would cost, and why.
type simulatorPage struct {
	page
	Fields []*field
	Error  string
	Quote  *quote
}

// quote is the price of a call that was not made.
type quote struct {
	Raw, Number, Destination string
	Class                    tollgate.Class
	ClassLabel               string
	House                    bool
	Customer, Cost           side
	Margin                   *amount
}

func (s *site) simulatorShow(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	v, err := s.reader(r, who)
	if err != nil {
		return err
	}
	values := r.URL.Query()
	asked := values.Has("number")
	if !values.Has("when") {
		values.Set("when", v.told.now.In(v.told.zone).Format(formLayout))
	}
	if !values.Has("duration") {
		values.Set("duration", "3:00")
	}
	f := simulatorForm(v, values)
	p := &simulatorPage{page: page{Title: "Simulator", Section: "Simulator"}, Fields: f.Sections[0].Fields}
	if !asked {
		return s.show(w, r, http.StatusOK, "simulator_show", p)
	}
	query := readSimulation(f, v)
	if !f.Failed {
		answer, err := s.Office.Simulate(r.Context(), who.Enterprise, query)
		if err == nil {
			p.Quote = newQuote(&answer, v)
		} else if err := f.refuse(err); err != nil {
			return err
		}
	}
	p.Error = f.Error
	return s.show(w, r, f.status(), "simulator_show", p)
}

func simulatorForm(v *reader, values url.Values) *form {
	f := newForm("/simulator", "Price the call", values)
	fields := []*field{
		{Name: "number", Label: "Number", Required: true, Placeholder: "+49 30 1234567", Mode: "tel", Focus: true},
		{Name: "when", Label: "Answered at", Type: "datetime-local"},
		{Name: "duration", Label: "How long", Placeholder: "3:00", Hint: "Minutes:seconds, or seconds."},
		{
			Name: "account", Label: "Account", Type: "select",
			Options: v.names.accountChoices("The default tariff", v.scope),
		},
	}
	if v.house {
		fields = append(fields,
			&field{
				Name: "line", Label: "Dialled on", Type: "select", Options: lineChoices(v.names),
				Hint: "How the number is written, and the operator.",
			},
			&field{
				Name: "tariff", Label: "Tariff", Type: "select",
				Options: v.names.tariffChoices("As the account has"),
			})
	}
	f.section("", "", fields...)
	return f
}

// lineChoices lists devices and their trunks: "ID" or "ID TRUNK".
func lineChoices(n *names) []option {
	out := []option{{Label: "No device: +49…"}}
	for _, d := range n.directory.Devices {
		out = append(out, option{Value: d.ID.String(), Label: d.Name})
		for _, t := range n.directory.Trunks {
			if t.Device == d.ID {
				label := d.Name + " · " + t.Name + prefixed(" · ", n.operator(t.Operator))
				out = append(out, option{Value: d.ID.String() + " " + t.Name, Label: label})
			}
		}
	}
	return out
}

// readSimulation reads the question.
func readSimulation(f *form, v *reader) charging.Query {
	f.require("number")
	q := charging.Query{Account: f.id("account"), Number: f.get("number")}
	var ok bool
	if q.Answer, ok = parseTime(f.get("when"), v.told.zone); !ok {
		f.fail("when", "Write the time as 2026-11-20 14:30.")
	}
	if q.Duration, ok = parseDuration(f.get("duration")); !ok {
		f.fail("duration", "Write minutes and seconds as 3:05, or seconds as 185.")
	}
	if !v.house {
		return q
	}
	q.Tariff = f.id("tariff")
	device, trunk, _ := strings.Cut(f.get("line"), " ")
	q.Device, q.Trunk = idOr0(device), trunk
	return q
}

// parseDuration reads seconds, m:ss, h:mm:ss, or a Go duration such as 3m5s.
func parseDuration(text string) (time.Duration, bool) {
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return d, true
	}
	parts := strings.Split(text, ":")
	if len(parts) > 3 {
		return 0, false
	}
	const partMax = 1_000_000
	total := time.Duration(0)
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 10, 32)
		if err != nil || n > partMax || i > 0 && n > 59 {
			return 0, false
		}
		total = total*60 + time.Duration(n)*time.Second
	}
	return total, true
}

func newQuote(answer *charging.Quote, v *reader) *quote {
	n := &answer.Number
	q := &quote{
		Raw: n.Raw, Number: numberText(n), Destination: n.Destination, Class: n.Class,
		ClassLabel: classText(n.Class), House: v.house,
		Customer: newSide("Customer", v.names.tariff(answer.Customer.Tariff), &answer.Customer),
	}
	if !v.house {
		return q
	}
	q.Cost = newSide("Operator", v.names.tariff(answer.Cost.Tariff), &answer.Cost)
	sell, buy := &answer.Customer, &answer.Cost
	priced := sell.Status == tollgate.ChargePriced && buy.Status == tollgate.ChargePriced
	if priced && sell.Currency == buy.Currency {
		q.Margin = newAmount(tollgate.Money{Micro: sell.Micro - buy.Micro, Currency: sell.Currency})
	}
	return q
}

package web

import (
	"net/http"
	"net/url"
	"strings"

	"tollgate"
	"tollgate/access"
	"tollgate/web/form"
	"tollgate/web/frame"
)

// operatorListPage lists the carriers.
type operatorListPage struct {
	frame.Page
	MayChange bool
	Operators []operatorRow
	FormTitle string
	Form      *form.Form
}

type operatorRow struct {
	ID                               tollgate.ID
	Name, Tariff, TariffPath, Trunks string
}

func (s site) operatorList(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	v, err := s.Reader(r, who)
	if err != nil {
		return err
	}
	values := url.Values{}
	if o := v.Names.Operators[form.IDOr0(r.URL.Query().Get("edit"))]; o != nil {
		values = url.Values{"id": {o.ID.String()}, "name": {o.Name}, "tariff": {o.Tariff.String()}}
	}
	return s.operatorPage(w, r, who, v, operatorForm(v, values))
}

func operatorForm(v *frame.Reader, values url.Values) *form.Form {
	f := form.New("/operators", "Add operator", values)
	if values.Get("id") != "" {
		f.Submit, f.Cancel = "Save", "/operators"
	}
	f.Ask("", "",
		&form.Field{Name: "id", Type: "hidden"},
		&form.Field{Name: "name", Label: "Name", Required: true, Placeholder: "Northern Carrier"},
		&form.Field{
			Name: "tariff", Label: "Tariff", Type: "select",
			Options: v.Names.TariffChoices("None: calls have no cost"), Hint: "What it bills you by.",
		}).Single = true
	return f
}

func (s site) operatorPage(
	w http.ResponseWriter, r *http.Request, who access.Principal, v *frame.Reader, f *form.Form,
) error {
	p := &operatorListPage{
		Page: frame.Page{Title: "Operators", Section: "Operators"}, MayChange: who.May(access.SetTerms),
		FormTitle: "Add an operator",
	}
	if p.MayChange {
		p.Form = f
	}
	if f.Get("id") != "" {
		p.FormTitle = "Edit operator"
	}
	for _, o := range v.Names.Directory.Operators {
		row := operatorRow{ID: o.ID, Name: o.Name, Tariff: v.Names.Tariff(o.Tariff), Trunks: "none"}
		if row.Tariff != "" {
			row.TariffPath = "/tariffs/" + o.Tariff.String()
		}
		var trunks []string
		for _, t := range v.Names.Directory.Trunks {
			if t.Operator == o.ID {
				trunks = append(trunks, v.Names.Device(t.Device)+" "+t.Name)
			}
		}
		if len(trunks) > 0 {
			row.Trunks = strings.Join(trunks, ", ")
		}
		p.Operators = append(p.Operators, row)
	}
	return s.Send(w, r, f.Status(), "operator_list", p)
}

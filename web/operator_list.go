package web

import (
	"net/http"
	"net/url"
	"strings"

	"tollgate"
	"tollgate/access"
)

// operatorListPage lists the carriers.
type operatorListPage struct {
	page
	MayChange bool
	Operators []operatorRow
	FormTitle string
	Form      *form
}

type operatorRow struct {
	ID                               tollgate.ID
	Name, Tariff, TariffPath, Trunks string
}

func (s *site) operatorList(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	v, err := s.reader(r, who)
	if err != nil {
		return err
	}
	values := url.Values{}
	if o := v.names.operators[idOr0(r.URL.Query().Get("edit"))]; o != nil {
		values = url.Values{"id": {o.ID.String()}, "name": {o.Name}, "tariff": {o.Tariff.String()}}
	}
	return s.operatorPage(w, r, who, v, operatorForm(v, values))
}

// idOr0 reads an id; what is none is 0, which no row has.
func idOr0(text string) tollgate.ID {
	var id tollgate.ID
	if err := id.UnmarshalText([]byte(text)); err != nil {
		return 0
	}
	return id
}

func operatorForm(v *reader, values url.Values) *form {
	f := newForm("/operators", "Add operator", values)
	if values.Get("id") != "" {
		f.Submit, f.Cancel = "Save", "/operators"
	}
	f.section("", "",
		&field{Name: "id", Type: "hidden"},
		&field{Name: "name", Label: "Name", Required: true, Placeholder: "Northern Carrier"},
		&field{
			Name: "tariff", Label: "Tariff", Type: "select",
			Options: v.names.tariffChoices("None: calls have no cost"), Hint: "What it bills you by.",
		}).Single = true
	return f
}

func (s *site) operatorPage(
	w http.ResponseWriter, r *http.Request, who access.Principal, v *reader, f *form,
) error {
	p := &operatorListPage{
		page: page{Title: "Operators", Section: "Operators"}, MayChange: who.May(access.SetTerms),
		FormTitle: "Add an operator",
	}
	if p.MayChange {
		p.Form = f
	}
	if f.get("id") != "" {
		p.FormTitle = "Edit operator"
	}
	for _, o := range v.names.directory.Operators {
		row := operatorRow{ID: o.ID, Name: o.Name, Tariff: v.names.tariff(o.Tariff), Trunks: "none"}
		if row.Tariff != "" {
			row.TariffPath = "/tariffs/" + o.Tariff.String()
		}
		var trunks []string
		for _, t := range v.names.directory.Trunks {
			if t.Operator == o.ID {
				trunks = append(trunks, v.names.device(t.Device)+" "+t.Name)
			}
		}
		if len(trunks) > 0 {
			row.Trunks = strings.Join(trunks, ", ")
		}
		p.Operators = append(p.Operators, row)
	}
	return s.show(w, r, f.status(), "operator_list", p)
}

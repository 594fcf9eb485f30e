package tariff

import (
	"net/http"
	"strings"

	"tollgate"
	"tollgate/access"
	"tollgate/web/frame"
	"tollgate/web/view"
)

// listPage lists the tariffs.
type listPage struct {
	frame.Page
	MayChange bool
	Tariffs   []tariffRow
}

type tariffRow struct {
	ID                                                           tollgate.ID
	Name, Description, UsedBy, Currency, Default, Peak, Rounding string
}

// List lists the tariffs.
func (s Pages) List(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	v, err := s.Reader(r, who)
	if err != nil {
		return err
	}
	p := &listPage{Page: frame.Page{Title: "Tariffs", Section: "Tariffs"}, MayChange: who.May(access.SetTerms)}
	used := tariffUse(v.Names)
	for _, t := range v.Names.Directory.Tariffs {
		p.Tariffs = append(p.Tariffs, tariffRow{
			ID: t.ID, Name: t.Name, Description: t.Description, UsedBy: used[t.ID],
			Currency: string(t.Currency), Default: view.PriceText(t.Default.Price, t.Per),
			Peak: view.PeakText(&t), Rounding: view.RoundingText(&t),
		})
	}
	return s.Send(w, r, http.StatusOK, "tariff_list", p)
}

// tariffUse says who is priced by each tariff.
func tariffUse(n *view.Names) map[tollgate.ID]string {
	accounts := map[tollgate.ID]int{}
	for _, a := range n.Accounts {
		accounts[a.Tariff]++
	}
	out := map[tollgate.ID]string{}
	for _, t := range n.Directory.Tariffs {
		var users []string
		if t.DefaultCustomer {
			users = append(users, "default for customers")
		}
		if accounts[t.ID] > 0 {
			users = append(users, view.Plural(accounts[t.ID], "account", "accounts"))
		}
		for _, o := range n.Directory.Operators {
			if o.Tariff == t.ID {
				users = append(users, o.Name)
			}
		}
		out[t.ID] = "nobody yet"
		if len(users) > 0 {
			out[t.ID] = strings.Join(users, ", ")
		}
	}
	return out
}

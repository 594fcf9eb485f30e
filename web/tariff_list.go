package web

import (
	"fmt"
	"net/http"
	"strings"

	"tollgate"
	"tollgate/access"
)

// tariffListPage lists the tariffs.
type tariffListPage struct {
	page
	MayChange bool
	Tariffs   []tariffRow
}

type tariffRow struct {
	ID                                                           tollgate.ID
	Name, Description, UsedBy, Currency, Default, Peak, Rounding string
}

func (s *site) tariffList(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	v, err := s.reader(r, who)
	if err != nil {
		return err
	}
	p := &tariffListPage{page: page{Title: "Tariffs", Section: "Tariffs"}, MayChange: who.May(access.SetTerms)}
	used := tariffUse(v.names)
	for _, t := range v.names.directory.Tariffs {
		p.Tariffs = append(p.Tariffs, tariffRow{
			ID: t.ID, Name: t.Name, Description: t.Description, UsedBy: used[t.ID],
			Currency: string(t.Currency), Default: priceText(t.Default.Price, t.Per),
			Peak: peakText(&t), Rounding: roundingText(&t),
		})
	}
	return s.show(w, r, http.StatusOK, "tariff_list", p)
}

// tariffUse says who is priced by each tariff.
func tariffUse(n *names) map[tollgate.ID]string {
	accounts := map[tollgate.ID]int{}
	for _, a := range n.accounts {
		accounts[a.Tariff]++
	}
	out := map[tollgate.ID]string{}
	for _, t := range n.directory.Tariffs {
		var users []string
		if t.DefaultCustomer {
			users = append(users, "default for customers")
		}
		if accounts[t.ID] > 0 {
			users = append(users, plural(accounts[t.ID], "account", "accounts"))
		}
		for _, o := range n.directory.Operators {
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

func priceText(price string, per int64) string {
	if price == "" {
		return "none"
	}
	return price + " " + perText(per)
}

func peakText(t *tollgate.Tariff) string {
	if t.Peak.From == t.Peak.To {
		return "never"
	}
	text := t.Peak.From + "–" + t.Peak.To
	if len(t.Peak.Weekend) > 0 {
		text += ", not " + strings.Join(t.Peak.Weekend, ", ")
	}
	return text
}

func roundingText(t *tollgate.Tariff) string {
	words := map[tollgate.Rounding]string{
		"": "half up", tollgate.RoundHalfUp: "half up", tollgate.RoundHalfEven: "half even",
		tollgate.RoundUp: "up", tollgate.RoundDown: "down",
	}
	return fmt.Sprintf("%d decimals, %s", t.Decimals, words[t.Rounding])
}

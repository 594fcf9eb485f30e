package web

import (
	"net/http"
	"net/url"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
	"tollgate/web/frame"
	"tollgate/web/view"
)

// alertListPage lists what somebody should look at.
type alertListPage struct {
	frame.Page
	Alerts []alertRow
	Pager  view.Pager
}

type alertRow struct {
	At, Kind, Tone, Text, Account, Call string
	AccountID                           tollgate.ID
}

func (s site) alertList(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	v, err := s.Reader(r, who)
	if err != nil {
		return err
	}
	after := r.URL.Query().Get("after")
	found, err := s.Store.Alerts(r.Context(), v.Scope, store.Paging{After: after})
	if err != nil {
		return err
	}
	p := &alertListPage{Page: frame.Page{Title: "Alerts", Section: "Alerts"}}
	for i := range found.Items {
		a := &found.Items[i]
		row := alertRow{
			At: view.Instant(a.At, v.Told.Zone), Text: a.Text, Account: v.Names.Account(a.Account), AccountID: a.Account,
		}
		row.Kind, row.Tone = view.AlertText(a.Kind)
		if a.Call.UniqueID != "" {
			row.Call = v.Names.Device(a.Call.Device) + " " + a.Call.UniqueID
		}
		p.Alerts = append(p.Alerts, row)
	}
	p.Pager.Text = view.Plural(len(p.Alerts), "alert", "alerts") + " on this page"
	if found.Next != "" {
		p.Pager.Next = "/alerts?after=" + url.QueryEscape(found.Next)
	}
	if after != "" {
		p.Pager.Back = "/alerts"
	}
	return s.Send(w, r, http.StatusOK, "alert_list", p)
}

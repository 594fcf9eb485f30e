package web

import (
	"net/http"

	"tollgate/access"
	"tollgate/store"
	"tollgate/web/frame"
	"tollgate/web/view"
)

func (s site) loginList(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	v, err := s.Reader(r, who)
	if err != nil {
		return err
	}
	after := r.URL.Query().Get("after")
	found, err := s.Store.LoginLog(r.Context(), v.Scope, store.Paging{After: after})
	if err != nil {
		return err
	}
	p := &logPage{Page: frame.Page{Title: "Log of logins", Section: "Log"}, Logins: true}
	for _, l := range found.Items {
		row := logRow{At: view.Instant(l.At, v.Told.Zone), Who: view.OrDash(l.Name), Address: view.OrDash(l.Address)}
		row.What, row.Tone = "logged in", "good"
		if !l.Success {
			row.What, row.Tone = l.Reason, "bad"
		} else if l.Reason != "" {
			row.What = "logged in, " + l.Reason
		}
		p.Rows = append(p.Rows, row)
	}
	p.Pager = logPager("/log/logins", after, found.Next)
	return s.Send(w, r, http.StatusOK, "operation_list", p)
}

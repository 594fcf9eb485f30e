package web

import (
	"net/http"
	"net/url"

	"tollgate/access"
	"tollgate/store"
	"tollgate/web/frame"
	"tollgate/web/view"
)

// logPage lists what people did, or who logged in.
type logPage struct {
	frame.Page
	Logins bool
	Rows   []logRow
	Pager  view.Pager
}

type logRow struct{ At, Who, Address, What, Tone, Object, Changes string }

func (s site) operationList(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	v, err := s.Reader(r, who)
	if err != nil {
		return err
	}
	after := r.URL.Query().Get("after")
	found, err := s.Store.OperationLog(r.Context(), v.Scope, store.Paging{After: after})
	if err != nil {
		return err
	}
	p := &logPage{Page: frame.Page{Title: "Log of operations", Section: "Log"}}
	for _, o := range found.Items {
		p.Rows = append(p.Rows, logRow{
			At: view.Instant(o.At, v.Told.Zone), Who: o.Actor, Address: view.OrDash(o.Address), What: o.Action,
			Object: view.ObjectText(v.Names, &o), Changes: view.ChangesText(v.Names, v.Told, &o),
		})
	}
	p.Pager = logPager("/log", after, found.Next)
	return s.Send(w, r, http.StatusOK, "operation_list", p)
}

func logPager(path, after, next string) view.Pager {
	var p view.Pager
	if next != "" {
		p.Next = path + "?after=" + url.QueryEscape(next)
	}
	if after != "" {
		p.Back = path
	}
	return p
}

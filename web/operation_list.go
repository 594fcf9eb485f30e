package web

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"tollgate/access"
	"tollgate/store"
	"tollgate/web/form"
	"tollgate/web/view"
)

// logPage lists what people did, or who logged in.
type logPage struct {
	page
	Logins bool
	Rows   []logRow
	Pager  view.Pager
}

type logRow struct{ At, Who, Address, What, Tone, Object, Changes string }

func (s *site) operationList(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	v, err := s.reader(r, who)
	if err != nil {
		return err
	}
	after := r.URL.Query().Get("after")
	found, err := s.Store.OperationLog(r.Context(), v.scope, store.Paging{After: after})
	if err != nil {
		return err
	}
	p := &logPage{page: page{Title: "Log of operations", Section: "Log"}}
	for _, o := range found.Items {
		p.Rows = append(p.Rows, logRow{
			At: view.Instant(o.At, v.told.Zone), Who: o.Actor, Address: view.OrDash(o.Address), What: o.Action,
			Object: objectText(v.names, &o), Changes: changesText(o.Before, o.After),
		})
	}
	p.Pager = logPager("/log", after, found.Next)
	return s.show(w, r, http.StatusOK, "operation_list", p)
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

// objectText puts the name to what the log knows by kind and id.
func objectText(n *view.Names, o *store.Operation) string {
	kind, id, _ := strings.Cut(o.Object, " ")
	id, rest, _ := strings.Cut(id, " ")
	name := ""
	switch kind {
	case "account":
		name = n.Account(form.IDOr0(id))
	case "device":
		name = n.Device(form.IDOr0(id))
	case "tariff":
		name = n.Tariff(form.IDOr0(id))
	case "operator":
		name = n.Operator(form.IDOr0(id))
	}
	if name == "" {
		name = cmp.Or(nameIn(o.After), nameIn(o.Before))
	}
	if name == "" {
		return o.Object
	}
	return kind + " " + name + view.Prefixed(" ", rest)
}

// nameIn is the name of an object as the log keeps it; empty where it has none.
func nameIn(text string) string {
	var object struct{ Name string }
	if json.Unmarshal([]byte(text), &object) != nil {
		return ""
	}
	return object.Name
}

// changesText shows what an object was and became: the fields that differ.
func changesText(before, after string) string {
	var was, is map[string]json.RawMessage
	if json.Unmarshal([]byte(before), &was) != nil || json.Unmarshal([]byte(after), &is) != nil {
		return strings.TrimSpace(indented(before) + "\n→\n" + indented(after))
	}
	var b strings.Builder
	for _, key := range sortedKeys(was, is) {
		if string(was[key]) != string(is[key]) {
			b.WriteString(key + ": " + view.OrDash(string(was[key])) + " → " + view.OrDash(string(is[key])) + "\n")
		}
	}
	return strings.TrimSpace(b.String())
}

func indented(text string) string {
	if text == "" {
		return "nothing"
	}
	var b bytes.Buffer
	if json.Indent(&b, []byte(text), "", "  ") != nil {
		return text
	}
	return b.String()
}

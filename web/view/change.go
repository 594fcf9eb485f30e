package view

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"tollgate"
	"tollgate/store"
	"tollgate/web/form"
)

// ObjectText puts the name to what the log knows by kind and id.
func ObjectText(n *Names, o *store.Operation) string {
	kind, id, _ := strings.Cut(o.Object, " ")
	id, rest, _ := strings.Cut(id, " ")
	known, _ := n.byField(kind, form.IDOr0(id))
	name := cmp.Or(known, nameIn(o.After), nameIn(o.Before))
	if name == "" {
		return o.Object
	}
	return kind + " " + name + Prefixed(" ", rest)
}

// nameIn is the name of an object as the log keeps it; empty where it has none.
func nameIn(text string) string {
	var object struct{ Name string }
	if json.Unmarshal([]byte(text), &object) != nil {
		return ""
	}
	return object.Name
}

// ChangesText lists the fields in which an object of the log differs from what
// it was, one per line, as "field: before → after".
func ChangesText(n *Names, told Clockwork, o *store.Operation) string {
	was, is := loggedFields{names: n, told: told}.read(o.Before), loggedFields{names: n, told: told}.read(o.After)
	keys := maps.Clone(was)
	maps.Copy(keys, is)
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if was[key] != is[key] && (saysMore(was[key]) || saysMore(is[key])) {
			lines = append(lines, key+": "+OrDash(was[key])+" → "+OrDash(is[key]))
		}
	}
	return strings.Join(lines, "\n")
}

// saysMore is false of what a field is when nobody has touched it.
func saysMore(text string) bool { return text != "" && text != "0" && text != "no" }

// loggedFields reads the fields of an object that say something.
type loggedFields struct {
	names *Names
	told  Clockwork
	found map[string]string
}

func (l loggedFields) read(text string) map[string]string {
	l.found = map[string]string{}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var object any
	if decoder.Decode(&object) == nil {
		l.take("", "", object)
	}
	return l.found
}

// take walks what is inside of a field: path is where it stands, name its own.
func (l loggedFields) take(path, name string, value any) {
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			l.take(strings.TrimPrefix(path+"."+key, "."), key, inner)
		}
	case []any:
		var list []string
		for i, inner := range v {
			if text, plain := inner.(string); plain {
				list = append(list, text)
			} else {
				l.take(strings.TrimPrefix(path+"."+strconv.Itoa(i+1), "."), name, inner)
			}
		}
		l.keep(path, strings.Join(list, ", "))
	case bool:
		l.keep(path, map[bool]string{true: "yes", false: "no"}[v])
	case json.Number:
		l.keep(path, l.numberText(name, v))
	case string:
		l.keep(path, l.text(name, v))
	}
}

// keep leaves out what is empty, and what only machines ask for.
func (l loggedFields) keep(path, text string) {
	if text != "" && path != "id" && path != "revision" {
		l.found[path] = text
	}
}

// numberText writes money as money.
func (l loggedFields) numberText(name string, n json.Number) string {
	micro, err := n.Int64()
	if err != nil || micro == 0 {
		return n.String()
	}
	switch name {
	case "amount", "balance", "reserved", "credit_limit", "allowance", "used":
		return NewAmount(tollgate.Money{Micro: micro}).Plain()
	}
	return n.String()
}

// text puts names for ids and tells times in the zone of the page.
func (l loggedFields) text(name, text string) string {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		if t.IsZero() {
			return ""
		}
		return Instant(t, l.told.Zone)
	}
	row, refers := l.names.byField(name, form.IDOr0(text))
	if refers && text == "0" {
		return ""
	}
	return cmp.Or(row, text)
}

// byField names the row that a field of this name refers to, empty where there
// is none, and reports whether such a field refers to a row.
func (n *Names) byField(name string, id tollgate.ID) (row string, refers bool) {
	switch name {
	case "account", "default_account", "enterprise", "parent", "debit", "credit", "payer":
		return n.Account(id), true
	case "device":
		return n.Device(id), true
	case "tariff":
		return n.Tariff(id), true
	case "operator":
		return n.Operator(id), true
	}
	return "", false
}

package device

import (
	"net/http"
	"net/url"
	"slices"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
	"tollgate/web/form"
	"tollgate/web/frame"
	"tollgate/web/view"
)

// showPage is one telephone system with what belongs to it.
type showPage struct {
	frame.Page
	MayChange      bool
	Device         *tollgate.Device
	Row            Row
	Payer, Company string // names; empty: nobody, and all
	Password       string // docking password, shown once
	PushPath       string
	Asks           string // how an Asterisk asks before it dials; empty: it is none
	Saved          bool   // just now: what is to be done next is shown
	PrivateCodes   []string
	Trunks         []trunkRow
	TrunkForm      *form.Form
	Extensions     []extensionRow
	ExtensionsText string
	NoExtensions   string
	ExtensionForm  *form.Form
	ExtensionPager view.Pager
	Rules          []ruleRow
	Seen           string // the rules as they are here
	Permits        []permitRow
	PermitForm     *form.Form
	Tester         *form.Form
	Verdict        *verdict // nil: no call was tried
}

type trunkRow struct {
	Name, Operator, Account string
	Mapped                  bool // else only named in the connection
}

type extensionRow struct{ Number, Name, Account string }

// extensionRows is how many extensions a page lists.
const extensionRows = 100

// extra is what an action adds to the page it leads to.
type extra struct {
	password                 string
	trunkForm, extensionForm *form.Form
	permitForm               *form.Form
}

// Show shows one telephone system.
func (s Pages) Show(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	id, err := frame.PathID(r)
	if err != nil {
		return err
	}
	return s.page(w, r, who, id, extra{})
}

// find returns a device of the scope.
func (s Pages) find(r *http.Request, scope store.Scope, id tollgate.ID) (tollgate.Device, error) {
	devices, err := s.Store.Devices(r.Context(), scope)
	if err != nil {
		return tollgate.Device{}, err
	}
	i := slices.IndexFunc(devices, func(d tollgate.Device) bool { return d.ID == id })
	if i < 0 {
		return tollgate.Device{}, tollgate.Errorf(tollgate.CodeNotFound, "device %d does not exist", id)
	}
	return devices[i], nil
}

func (s Pages) page(
	w http.ResponseWriter, r *http.Request, who access.Principal, id tollgate.ID, extra extra,
) error {
	v, err := s.Reader(r, who)
	if err != nil {
		return err
	}
	d, err := s.find(r, v.Scope, id)
	if err != nil {
		return err
	}
	p := &showPage{
		Page: frame.Page{Title: d.Name, Section: "Devices", Notice: wasNotice(r, v)}, MayChange: who.May(access.SetTerms),
		Device: &d, Row: NewRow(&d, s.States(), v), Password: extra.password,
		PushPath: "/api/v1/devices/" + url.PathEscape(d.Name) + "/records",
		Payer:    v.Names.Account(d.DefaultAccount), Company: v.Names.Account(d.Enterprise),
	}
	if p.PrivateCodes = d.Plan.PrivateCodes; len(p.PrivateCodes) == 0 {
		p.PrivateCodes = []string{tollgate.DefaultPrivateCode}
	}
	if d.Kind == tollgate.DeviceAsterisk {
		p.Asks, p.Saved = "4573/"+url.PathEscape(d.Name), r.URL.Query().Get("done") == "device"
	}
	p.Trunks = trunkRows(&d, v.Names)
	p.Rules, p.Seen = ruleRows(d.Rules, v.Names), fingerprint(d.Rules)
	p.Tester = testerForm(&d, v, r.URL.Query())
	if p.Verdict, err = s.try(r, who, &d, v, p.Tester); err != nil {
		return err
	}
	if err := s.extensions(r, v, &d, p); err != nil {
		return err
	}
	if err := s.permits(r, v, &d, p); err != nil {
		return err
	}
	p.take(&d, v, extra)
	status := http.StatusOK
	if extra.trunkForm != nil || extra.extensionForm != nil || extra.permitForm != nil || p.Tester.Failed {
		status = http.StatusUnprocessableEntity
	}
	return s.Send(w, r, status, "device_show", p)
}

// take puts the forms into the page: those that failed come back as they were.
func (p *showPage) take(d *tollgate.Device, v *frame.Reader, extra extra) {
	if !p.MayChange {
		p.PermitForm = nil
		return
	}
	p.TrunkForm, p.ExtensionForm = extra.trunkForm, extra.extensionForm
	if p.TrunkForm == nil {
		p.TrunkForm = trunkForm(d, v, url.Values{"name": {firstUnmapped(p.Trunks)}})
	}
	if p.ExtensionForm == nil {
		p.ExtensionForm = extensionForm(d, v, url.Values{})
	}
	if failed := extra.permitForm; failed != nil {
		p.PermitForm.Error = failed.Error
		p.PermitForm.Sections[0].Fields[0].Error = failed.Sections[0].Fields[0].Error
	}
}

func (s Pages) extensions(r *http.Request, v *frame.Reader, d *tollgate.Device, p *showPage) error {
	after := r.URL.Query().Get("after")
	found, err := s.Store.Extensions(r.Context(), v.Scope, d.ID,
		store.Paging{After: after, Rows: extensionRows})
	if err != nil {
		return err
	}
	for _, e := range found.Items {
		p.Extensions = append(p.Extensions, extensionRow{e.Number, e.Name, v.Names.Account(e.Account)})
	}
	p.ExtensionsText = "Numbers and who pays for them"
	p.NoExtensions = "Calls that no account code and no trunk places are paid by nobody: " +
		"map extensions here, or set a default account."
	if name := v.Names.Account(d.DefaultAccount); name != "" {
		p.NoExtensions = "Calls that no account code and no trunk places are paid by " + name + "."
	}
	p.ExtensionPager.NextLabel, p.ExtensionPager.BackLabel = "Next", "First"
	p.ExtensionPager.Text = view.Plural(len(p.Extensions), "extension", "extensions") + " on this page"
	if found.Next != "" {
		p.ExtensionPager.Next = path(d.ID, "after", found.Next) + "#extensions"
	}
	if after != "" {
		p.ExtensionPager.Back = path(d.ID) + "#extensions"
	}
	return nil
}

// trunkRows lists the trunks that are mapped and those that are only named in
// the connection.
func trunkRows(d *tollgate.Device, n *view.Names) []trunkRow {
	var rows []trunkRow
	named := slices.Clone(d.Asterisk.Trunks)
	for _, t := range n.Directory.Trunks {
		if t.Device == d.ID {
			rows = append(rows, trunkRow{t.Name, n.Operator(t.Operator), n.Account(t.Account), true})
			named = slices.DeleteFunc(named, func(s string) bool { return s == t.Name })
		}
	}
	for _, name := range named {
		rows = append(rows, trunkRow{Name: name})
	}
	return rows
}

func firstUnmapped(rows []trunkRow) string {
	for _, row := range rows {
		if !row.Mapped {
			return row.Name
		}
	}
	return ""
}

// path is a device's page with parameters.
func path(id tollgate.ID, parameters ...string) string {
	path := "/devices/" + id.String()
	values := url.Values{}
	for i := 0; i+1 < len(parameters); i += 2 {
		values.Set(parameters[i], parameters[i+1])
	}
	if len(values) == 0 {
		return path
	}
	return path + "?" + values.Encode()
}

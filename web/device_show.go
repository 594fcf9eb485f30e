package web

import (
	"net/http"
	"net/url"
	"slices"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
	"tollgate/web/form"
	"tollgate/web/view"
)

// deviceShowPage is one telephone system with what belongs to it.
type deviceShowPage struct {
	page
	MayChange      bool
	Docks          bool
	Device         *tollgate.Device
	Row            deviceRow
	Payer, Company string // names; empty: nobody, and all
	Password       string // docking password, shown once
	PushPath       string
	Trunks         []trunkRow
	TrunkForm      *form.Form
	Extensions     []extensionRow
	ExtensionsText string
	NoExtensions   string
	ExtensionForm  *form.Form
	ExtensionPager view.Pager
}

type trunkRow struct {
	Name, Operator, Account string
	Mapped                  bool // else only named in the connection
}

type extensionRow struct{ Number, Name, Account string }

// extensionRows is how many extensions a page lists.
const extensionRows = 100

// deviceExtra is what an action adds to the page it leads to.
type deviceExtra struct {
	password                 string
	trunkForm, extensionForm *form.Form
}

func (s *site) deviceShow(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	return s.devicePage(w, r, who, id, deviceExtra{})
}

// findDevice returns a device of the scope.
func (s *site) findDevice(r *http.Request, scope store.Scope, id tollgate.ID) (tollgate.Device, error) {
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

func (s *site) devicePage(
	w http.ResponseWriter, r *http.Request, who access.Principal, id tollgate.ID, extra deviceExtra,
) error {
	v, err := s.reader(r, who)
	if err != nil {
		return err
	}
	d, err := s.findDevice(r, v.scope, id)
	if err != nil {
		return err
	}
	p := &deviceShowPage{
		page: page{Title: d.Name, Section: "Devices"}, MayChange: who.May(access.SetTerms),
		Device: &d, Docks: docks(&d), Row: newDeviceRow(&d, s.deviceStates(), v), Password: extra.password,
		PushPath: "/api/v1/devices/" + url.PathEscape(d.Name) + "/records",
		Payer:    v.names.Account(d.DefaultAccount), Company: v.names.Account(d.Enterprise),
	}
	p.Trunks = trunkRows(&d, v.names)
	if err := s.deviceExtensions(r, v, &d, p); err != nil {
		return err
	}
	if p.MayChange {
		p.TrunkForm, p.ExtensionForm = extra.trunkForm, extra.extensionForm
		if p.TrunkForm == nil {
			p.TrunkForm = trunkForm(&d, v, url.Values{"name": {firstUnmapped(p.Trunks)}})
		}
		if p.ExtensionForm == nil {
			p.ExtensionForm = extensionForm(&d, v, url.Values{})
		}
	}
	status := http.StatusOK
	if extra.trunkForm != nil || extra.extensionForm != nil {
		status = http.StatusUnprocessableEntity
	}
	return s.show(w, r, status, "device_show", p)
}

func (s *site) deviceExtensions(r *http.Request, v *reader, d *tollgate.Device, p *deviceShowPage) error {
	after := r.URL.Query().Get("after")
	found, err := s.Store.Extensions(r.Context(), v.scope, d.ID,
		store.Paging{After: after, Rows: extensionRows})
	if err != nil {
		return err
	}
	for _, e := range found.Items {
		p.Extensions = append(p.Extensions, extensionRow{e.Number, e.Name, v.names.Account(e.Account)})
	}
	p.ExtensionsText = "Numbers and who pays for them"
	p.NoExtensions = "Calls that no account code and no trunk places are paid by nobody: " +
		"map extensions here, or set a default account."
	if name := v.names.Account(d.DefaultAccount); name != "" {
		p.NoExtensions = "Calls that no account code and no trunk places are paid by " + name + "."
	}
	p.ExtensionPager.NextLabel, p.ExtensionPager.BackLabel = "Next", "First"
	p.ExtensionPager.Text = view.Plural(len(p.Extensions), "extension", "extensions") + " on this page"
	if found.Next != "" {
		p.ExtensionPager.Next = devicePagePath(d.ID, "after", found.Next) + "#extensions"
	}
	if after != "" {
		p.ExtensionPager.Back = devicePagePath(d.ID) + "#extensions"
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

// devicePagePath is a device's page with parameters.
func devicePagePath(id tollgate.ID, parameters ...string) string {
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

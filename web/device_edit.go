package web

import (
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"tollgate"
	"tollgate/access"
	"tollgate/numbering"
	"tollgate/store"
)

// extensionDigitsMax bounds how long the extensions of a device may be.
const extensionDigitsMax = 12

// deviceForm asks how a telephone system is reached and how it writes numbers.
func deviceForm(d *tollgate.Device, v *reader, values url.Values) *form {
	action, submit := "/devices", "Add device"
	f := newForm(action, submit, values)
	f.Cancel = "/devices"
	if d.ID != 0 {
		f.Action, f.Submit, f.Cancel = devicePagePath(d.ID), "Save", devicePagePath(d.ID)
	}
	f.section("Device", "",
		&field{
			Name: "name", Label: "Name", Required: true, Placeholder: "pbx-berlin", Focus: d.ID == 0,
			Hint: "Letters, digits, dashes and dots.",
		},
		&field{Name: "kind", Type: "hidden"},
		&field{Name: "timezone", Label: "Time zone", Placeholder: "Europe/Berlin", Hint: "Of times it writes without a zone."},
		&field{
			Name: "enterprise", Label: "Company", Type: "select",
			Options: v.names.enterpriseChoices("Shared by all companies"),
		},
		&field{
			Name: "default_account", Label: "Default account", Type: "select",
			Options: v.names.accountChoices("Nobody", v.scope), Hint: "Pays what no other rule places.",
		},
		&field{Name: "enabled", Label: "Follow this device", Type: "checkbox"})
	if d.Kind == tollgate.DeviceAsterisk {
		managerSection(f, d)
	}
	numberSection(f)
	f.section("Docking", "For a device that pushes records over HTTP. The password is made on its page.",
		&field{Name: "account", Label: "Docking account", Placeholder: "pbx-berlin", Autocomplete: "off"})
	return f
}

func managerSection(f *form, d *tollgate.Device) {
	hint := "Of manager.conf. Stored, never shown again."
	if d.ID != 0 {
		hint = "Leave empty to keep the one stored."
	}
	f.section("Manager interface",
		"Tollgate logs in to the manager interface (AMI) of the Asterisk and follows every channel. "+
			"The user needs read = call,dialplan,system,cdr and write = call,reporting,system.",
		&field{Name: "address", Label: "Address", Required: true, Placeholder: "pbx.example.com:5038"},
		&field{Name: "username", Label: "User", Required: true, Placeholder: "tollgate", Autocomplete: "off"},
		&field{Name: "secret", Label: "Secret", Type: "password", Autocomplete: "new-password", Hint: hint},
		&field{Name: "tls", Label: "Speak TLS", Type: "checkbox"},
		&field{
			Name: "trunks", Label: "Trunks", Type: "textarea", Full: true, Placeholder: "PJSIP/provider",
			Hint: "The lines into the public network, as their channels begin, one per line: PJSIP/provider. " +
				"A call that is dialled on one of them is charged.",
		},
		&field{
			Name: "cel_file", Label: "Event journal (CEL)", Placeholder: "/var/log/asterisk/cel-custom/Master.csv",
			Hint: "Read after a gap, so that no call is lost. Empty: none.",
		},
		&field{
			Name: "cdr_file", Label: "Call records (CDR)", Placeholder: "/var/log/asterisk/cdr-csv/Master.csv",
			Hint: "Only where there is no event journal.",
		},
		&field{Name: "forward_payer", Label: "A forwarded call is paid by", Type: "select", Options: []option{
			{Value: string(tollgate.OriginatorPays), Label: "who forwarded or transferred it"},
			{Value: string(tollgate.ExtensionPays), Label: "the extension that called first"},
		}})
}

func numberSection(f *form) {
	f.section("Numbers", "How this device writes the numbers it dials.",
		&field{Name: "country", Label: "Country", Required: true, Placeholder: "DE", Hint: "Two letters."},
		&field{Name: "area_code", Label: "Area code", Placeholder: "30", Mode: "numeric", Hint: "Without the leading 0."},
		&field{Name: "route_prefixes", Label: "Route prefixes", Placeholder: "0, 9", Hint: "Dialled to get an outside line; taken off."},
		&field{Name: "private_codes", Label: "Private codes", Placeholder: "*7*", Hint: "Dialled first, mark a call private."},
		&field{Name: "project_code", Label: "Project code", Placeholder: "*9", Hint: "*9 for *9*4711*0…"},
		&field{Name: "extension_digits_max", Label: "Extension digits", Placeholder: "4", Mode: "numeric", Hint: "Numbers up to this long are extensions."},
		&field{Name: "international_prefix", Label: "International prefix", Placeholder: "the country's"},
		&field{Name: "national_prefix", Label: "National prefix", Placeholder: "the country's"},
		&field{Name: "emergency", Label: "Emergency numbers", Placeholder: "beside the country's own"})
}

// deviceValues are what the form of a device begins with.
func deviceValues(d *tollgate.Device) url.Values {
	v := url.Values{
		"name": {d.Name}, "kind": {string(d.Kind)}, "timezone": {d.Timezone}, "account": {d.Account},
		"address": {d.Asterisk.Address}, "username": {d.Asterisk.Username},
		"trunks":   {strings.Join(d.Asterisk.Trunks, "\n")},
		"cel_file": {d.Asterisk.CELFile}, "cdr_file": {d.Asterisk.CDRFile},
		"forward_payer": {string(d.ForwardPayer)}, "country": {d.Plan.Country},
		"area_code":            {d.Plan.AreaCode},
		"route_prefixes":       {strings.Join(d.Plan.RoutePrefixes, ", ")},
		"private_codes":        {strings.Join(d.Plan.PrivateCodes, ", ")},
		"project_code":         {d.Plan.ProjectCode},
		"international_prefix": {d.Plan.InternationalPrefix}, "national_prefix": {d.Plan.NationalPrefix},
		"emergency": {strings.Join(d.Plan.Emergency, ", ")},
	}
	for name, id := range map[string]tollgate.ID{"enterprise": d.Enterprise, "default_account": d.DefaultAccount} {
		if id != 0 {
			v.Set(name, id.String())
		}
	}
	for name, on := range map[string]bool{"enabled": d.Enabled, "tls": d.Asterisk.TLS} {
		if on {
			v.Set(name, "yes")
		}
	}
	if d.Plan.ExtensionDigitsMax > 0 {
		v.Set("extension_digits_max", strconv.Itoa(d.Plan.ExtensionDigitsMax))
	}
	return v
}

// readDevice reads the form into a device.
func readDevice(f *form, d *tollgate.Device) {
	d.Name = f.get("name")
	if !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.-]{0,62}$`).MatchString(d.Name) {
		f.fail("name", "Use letters, digits, dashes and dots: pbx-berlin.")
	}
	readTimezone(f, &d.Timezone)
	d.Enterprise, d.DefaultAccount = f.id("enterprise"), f.id("default_account")
	d.Enabled, d.Account = f.get("enabled") == "yes", f.get("account")
	if d.Kind == tollgate.DeviceAsterisk {
		readManager(f, d)
	}
	d.Plan = tollgate.DialingPlan{
		Country: strings.ToUpper(f.get("country")), AreaCode: digits(f.get("area_code")),
		InternationalPrefix: f.get("international_prefix"), NationalPrefix: f.get("national_prefix"),
		RoutePrefixes: f.list("route_prefixes"), PrivateCodes: f.list("private_codes"),
		ProjectCode: f.get("project_code"), Emergency: f.list("emergency"),
	}
	if text := f.get("extension_digits_max"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > extensionDigitsMax {
			f.fail("extension_digits_max", "Write a number from 0 to 12.")
		}
		d.Plan.ExtensionDigitsMax = n
	}
	if len(d.Plan.Country) != 2 {
		f.fail("country", "Write the two letters of the country: DE, US, GB.")
	} else if _, err := numbering.NewPlan(d.Plan, nil); err != nil {
		f.fail("country", sentence(err.Error()))
	}
}

func readManager(f *form, d *tollgate.Device) {
	d.ForwardPayer = tollgate.ForwardPays(f.get("forward_payer"))
	d.Asterisk = tollgate.AMISettings{
		Address: f.get("address"), TLS: f.get("tls") == "yes", Username: f.get("username"),
		Secret: f.values.Get("secret"), Trunks: f.list("trunks"),
		CELFile: f.get("cel_file"), CDRFile: f.get("cdr_file"),
	}
	f.require("address", "username")
	if host, port, err := net.SplitHostPort(d.Asterisk.Address); d.Asterisk.Address != "" && err != nil {
		if !strings.ContainsAny(d.Asterisk.Address, ":[]/ ") {
			d.Asterisk.Address = net.JoinHostPort(d.Asterisk.Address, "5038")
		} else {
			f.fail("address", "Write host and port: pbx.example.com:5038.")
		}
	} else if n, err := strconv.Atoi(port); d.Asterisk.Address != "" && (err != nil || n < 1 || n > 65535 || host == "") {
		f.fail("address", "Write host and port: pbx.example.com:5038.")
	}
	if d.ID == 0 && d.Asterisk.Secret == "" {
		f.fail("secret", "Write the secret of the user in manager.conf.")
	}
	if len(d.Asterisk.Trunks) == 0 {
		f.fail("trunks", "Name at least one trunk; without one no call goes outside.")
	}
	for _, trunk := range d.Asterisk.Trunks {
		if !strings.Contains(trunk, "/") {
			f.fail("trunks", "Write "+trunk+" with its technology, as channels are named: PJSIP/"+trunk+".")
		}
	}
}

func (s *site) deviceNew(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	v, err := s.reader(r, who)
	if err != nil {
		return err
	}
	d := &tollgate.Device{Kind: newDeviceKind(r.URL.Query())}
	values := url.Values{
		"kind": {string(d.Kind)}, "enabled": {"yes"}, "timezone": {zoneName(v.told.zone)},
		"username": {"tollgate"},
	}
	return s.deviceForm(w, r, v, d, deviceForm(d, v, values))
}

func newDeviceKind(values url.Values) tollgate.DeviceKind {
	if tollgate.DeviceKind(values.Get("kind")) == tollgate.DevicePush {
		return tollgate.DevicePush
	}
	return tollgate.DeviceAsterisk
}

func (s *site) deviceEdit(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	v, err := s.reader(r, who)
	if err != nil {
		return err
	}
	d, err := s.findDevice(r, v.scope, id)
	if err != nil {
		return err
	}
	return s.deviceForm(w, r, v, &d, deviceForm(&d, v, deviceValues(&d)))
}

func (s *site) deviceAdd(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	values, err := posted(w, r)
	if err != nil {
		return err
	}
	return s.devicePut(w, r, who, &tollgate.Device{Kind: newDeviceKind(values)})
}

func (s *site) deviceSave(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	d, err := s.findDevice(r, who.Scope(), id)
	if err != nil {
		return err
	}
	return s.devicePut(w, r, who, &d)
}

// devicePut stores the device of a posted form.
func (s *site) devicePut(
	w http.ResponseWriter, r *http.Request, who access.Principal, d *tollgate.Device,
) error {
	values, err := posted(w, r)
	if err != nil {
		return err
	}
	v, err := s.reader(r, who)
	if err != nil {
		return err
	}
	f := deviceForm(d, v, values)
	readDevice(f, d)
	if !f.Failed {
		var stored tollgate.Device
		err := s.Store.Change(r.Context(), who.Actor(), "save device", func(c *store.Change) error {
			stored = *d
			return c.PutDevice(&stored, "")
		})
		if err == nil {
			http.Redirect(w, r, devicePagePath(stored.ID, "done", "device"), http.StatusSeeOther)
			return nil
		}
		if err := f.refuse(err); err != nil {
			return err
		}
	}
	return s.deviceForm(w, r, v, d, f)
}

func (s *site) deviceForm(
	w http.ResponseWriter, r *http.Request, v *reader, d *tollgate.Device, f *form,
) error {
	p := &formPage{
		page: page{Title: "Add an Asterisk", Section: "Devices"}, Form: f,
		Back: &link{Label: "Devices", Path: "/devices"},
	}
	if d.Kind == tollgate.DevicePush {
		p.Title = "Add a device that pushes records"
		f.Submit = "Add device"
	}
	if d.ID != 0 {
		p.Title, f.Submit = "Edit "+v.names.device(d.ID), "Save"
	}
	return s.show(w, r, f.status(), "form_show", p)
}

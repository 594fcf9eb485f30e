package device

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
	"tollgate/web/form"
	"tollgate/web/frame"
	"tollgate/web/view"
)

// extensionDigitsMax bounds how long the extensions of a device may be.
const extensionDigitsMax = 12

// deviceForm asks how a telephone system is reached and how it writes numbers.
func deviceForm(d *tollgate.Device, v *frame.Reader, values url.Values) *form.Form {
	action, submit := "/devices", "Add device"
	f := form.New(action, submit, values)
	f.Cancel = "/devices"
	if d.ID != 0 {
		f.Action, f.Submit, f.Cancel = path(d.ID), "Save", path(d.ID)
	}
	f.Ask("Device", "",
		&form.Field{
			Name: "name", Label: "Name", Required: true, Placeholder: "pbx-berlin", Focus: d.ID == 0,
			Hint: "Letters, digits, dashes and dots.",
		},
		&form.Field{Name: "kind", Type: "hidden"},
		&form.Field{
			Name: "timezone", Label: "Time zone", Placeholder: "Europe/Berlin",
			Hint: "Of times it writes without a zone.",
		},
		&form.Field{
			Name: "enterprise", Label: "Company", Type: "select",
			Options: v.Names.EnterpriseChoices("Shared by all companies"),
		},
		&form.Field{
			Name: "default_account", Label: "Default account", Type: "select",
			Options: v.Names.AccountChoices(
				"Nobody", v.Scope, form.IDOr0(values.Get("default_account")),
			), Hint: "Pays what no other rule places.",
		},
		&form.Field{Name: "enabled", Label: "Follow this device", Type: "checkbox"})
	if d.Kind == tollgate.DeviceAsterisk {
		managerSection(f, d)
	}
	numberSection(f)
	docking := "With account and password the device logs in here to push its records over HTTP. "
	if d.Kind == tollgate.DeviceAsterisk {
		docking = "Only for an Asterisk on another machine, which says the password when it asks before it dials " +
			"(FastAGI), and for one that pushes its event journal. "
	}
	f.Ask("Docking", docking+"The password is made on the device's page.",
		&form.Field{
			Name: "account", Label: "Docking account", Placeholder: "pbx-berlin", Autocomplete: "off",
			Hint: "Empty: the name of the device, from its first password on.",
		})
	return f
}

func managerSection(f *form.Form, d *tollgate.Device) {
	hint := "Of manager.conf. Stored, never shown again."
	if d.ID != 0 {
		hint = "Leave empty to keep the one stored."
	}
	f.Ask("Manager interface",
		"Tollgate logs in to the manager interface (AMI) of the Asterisk and follows every channel. "+
			"The user needs read = call,dialplan,system and write = call,reporting,system: "+
			"reporting and system let Tollgate ask what runs, and choose which events it is sent.",
		&form.Field{Name: "address", Label: "Address", Required: true, Placeholder: "pbx.example.com:5038"},
		&form.Field{Name: "username", Label: "User", Required: true, Placeholder: "tollgate", Autocomplete: "off"},
		&form.Field{Name: "secret", Label: "Secret", Type: "password", Autocomplete: "new-password", Hint: hint},
		&form.Field{Name: "tls", Label: "Speak TLS", Type: "checkbox"},
		&form.Field{
			Name: "trunks", Label: "Trunks", Type: "textarea", Full: true, Placeholder: "PJSIP/provider",
			Hint: "The lines into the public network, as their channels begin, one per line: PJSIP/provider. " +
				"A call that is dialled on one of them is charged.",
		},
		&form.Field{
			Name: "cel_file", Label: "Event journal (CEL)", Placeholder: "/var/log/asterisk/cel-custom/Master.csv",
			Hint: "Read after a gap, so that no call is lost. Empty: none.",
		},
		&form.Field{
			Name: "cdr_file", Label: "Call records (CDR)", Placeholder: "/var/log/asterisk/cdr-csv/Master.csv",
			Hint: "Only where there is no event journal.",
		},
		&form.Field{Name: "forward_payer", Label: "A forwarded call is paid by", Type: "select", Options: []form.Option{
			{Value: string(tollgate.OriginatorPays), Label: "who forwarded or transferred it"},
			{Value: string(tollgate.ExtensionPays), Label: "the extension that called first"},
		}})
	f.Ask("Credit", "Off: calls are charged when they are over, and nothing stops them. On: every outside call is "+
		"asked for before it is placed, refused if nobody pays for it or the money is used up, and ended when the "+
		"money ends. Emergency numbers always go through. For it the manager user needs call among its write "+
		"classes; the device's page says what to add to the dialplan.",
		&form.Field{
			Name: "control", Label: "Calls need credit", Type: "checkbox", Full: true,
			Hint: "First map the extensions to accounts, or give the device a default account: calls that nobody " +
				"pays for are refused.",
		},
		&form.Field{
			Name: "warning", Label: "Sound before the credit ends", Placeholder: "beep",
			Hint: "A sound file of the Asterisk, without its ending. Heard once in a call, when an account has less " +
				"than its low credit.",
		})
}

func numberSection(f *form.Form) {
	f.Ask("Numbers", "How this device writes the numbers it dials.",
		&form.Field{Name: "country", Label: "Country", Required: true, Placeholder: "DE", Hint: "Two letters."},
		&form.Field{
			Name: "area_code", Label: "Area code", Placeholder: "30", Mode: "numeric",
			Hint: "Without the national prefix: 30, not 030.",
		},
		&form.Field{
			Name: "route_prefixes", Label: "Route prefixes", Placeholder: "0, 9",
			Hint: "Dialled to get an outside line; taken off. On a trunk of an Asterisk a number counts as it was sent, " +
				"and without the prefix only where that is no number.",
		},
		&form.Field{
			Name: "private_codes", Label: "Private codes", Placeholder: "*7*",
			Hint: "Dialled first, mark a call private. Empty: *7*.",
		},
		&form.Field{Name: "project_code", Label: "Project code", Placeholder: "*9*", Hint: "*9* for *9*4711*0…"},
		&form.Field{
			Name: "extension_digits_max", Label: "Extension digits", Placeholder: "4", Mode: "numeric",
			Hint: "Numbers up to this long are extensions; where the call takes a trunk, only those mapped to an account. " +
				"Empty: short numbers are taken for local numbers of the area.",
		},
		&form.Field{Name: "international_prefix", Label: "International prefix", Placeholder: "the country's"},
		&form.Field{Name: "national_prefix", Label: "National prefix", Placeholder: "the country's"},
		&form.Field{Name: "emergency", Label: "Emergency numbers", Placeholder: "beside the country's own"})
}

// deviceValues are what the form of a device begins with.
func deviceValues(d *tollgate.Device) url.Values {
	v := url.Values{
		"name": {d.Name}, "kind": {string(d.Kind)}, "timezone": {d.Timezone}, "account": {d.Account},
		"address": {d.Asterisk.Address}, "username": {d.Asterisk.Username},
		"trunks":   {strings.Join(d.Asterisk.Trunks, "\n")},
		"cel_file": {d.Asterisk.CELFile}, "cdr_file": {d.Asterisk.CDRFile},
		"warning":       {d.Asterisk.Warning},
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
	for name, on := range map[string]bool{"enabled": d.Enabled, "control": d.Control, "tls": d.Asterisk.TLS} {
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
func readDevice(f *form.Form, d *tollgate.Device) {
	d.Name = f.Get("name")
	if !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.-]{0,62}$`).MatchString(d.Name) {
		f.Fail("name", "Use letters, digits, dashes and dots: pbx-berlin.")
	}
	d.Timezone = f.Timezone("timezone")
	d.Enterprise, d.DefaultAccount = f.ID("enterprise"), f.ID("default_account")
	d.Enabled, d.Account = f.Get("enabled") == "yes", f.Get("account")
	if d.Kind == tollgate.DeviceAsterisk {
		readManager(f, d)
	}
	d.Plan = tollgate.DialingPlan{
		Country: strings.ToUpper(f.Get("country")), AreaCode: form.Digits(f.Get("area_code")),
		InternationalPrefix: f.Get("international_prefix"), NationalPrefix: f.Get("national_prefix"),
		RoutePrefixes: f.List("route_prefixes"), PrivateCodes: f.List("private_codes"),
		ProjectCode: f.Get("project_code"), Emergency: f.List("emergency"),
	}
	if text := f.Get("extension_digits_max"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > extensionDigitsMax {
			f.Fail("extension_digits_max", "Write a number from 0 to 12.")
		}
		d.Plan.ExtensionDigitsMax = n
	}
	if len(d.Plan.Country) != 2 {
		f.Fail("country", "Write the two letters of the country: DE, US, GB.")
	} else if _, err := numbering.NewPlan(d.Plan, nil); err != nil {
		f.FailBy(err)
	}
}

func readManager(f *form.Form, d *tollgate.Device) {
	d.ForwardPayer, d.Control = tollgate.ForwardPays(f.Get("forward_payer")), f.Get("control") == "yes"
	d.Asterisk = tollgate.AMISettings{
		Address: f.Get("address"), TLS: f.Get("tls") == "yes", Username: f.Get("username"),
		Secret: f.Values.Get("secret"), Trunks: f.List("trunks"),
		CELFile: f.Get("cel_file"), CDRFile: f.Get("cdr_file"), Warning: f.Get("warning"),
	}
	f.Require("address", "username")
	if host, port, err := net.SplitHostPort(d.Asterisk.Address); d.Asterisk.Address != "" && err != nil {
		if !strings.ContainsAny(d.Asterisk.Address, ":[]/ ") {
			d.Asterisk.Address = net.JoinHostPort(d.Asterisk.Address, "5038")
		} else {
			f.Fail("address", "Write host and port: pbx.example.com:5038.")
		}
	} else if n, err := strconv.Atoi(port); d.Asterisk.Address != "" && (err != nil || n < 1 || n > 65535 || host == "") {
		f.Fail("address", "Write host and port: pbx.example.com:5038.")
	}
	if d.ID == 0 && d.Asterisk.Secret == "" {
		f.Fail("secret", "Write the secret of the user in manager.conf.")
	}
	if len(d.Asterisk.Trunks) == 0 {
		f.Fail("trunks", "Name at least one trunk; without one no call goes outside.")
	}
	for _, trunk := range d.Asterisk.Trunks {
		if !strings.Contains(trunk, "/") {
			f.Fail("trunks", "Write "+trunk+" with its technology, as channels are named: PJSIP/"+trunk+".")
		}
	}
}

// asked returns the device of the path, or a new one where it names none.
func (s Pages) asked(r *http.Request, scope store.Scope, kind string) (tollgate.Device, error) {
	if r.PathValue("id") == "" {
		if tollgate.DeviceKind(kind) == tollgate.DevicePush {
			return tollgate.Device{Kind: tollgate.DevicePush}, nil
		}
		return tollgate.Device{Kind: tollgate.DeviceAsterisk}, nil
	}
	id, err := frame.PathID(r)
	if err != nil {
		return tollgate.Device{}, err
	}
	return s.find(r, scope, id)
}

// Edit asks how a device is reached, or a new one.
func (s Pages) Edit(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	v, err := s.Reader(r, who)
	if err != nil {
		return err
	}
	d, err := s.asked(r, v.Scope, r.URL.Query().Get("kind"))
	if err != nil {
		return err
	}
	values := deviceValues(&d)
	if d.ID == 0 {
		values = url.Values{
			"kind": {string(d.Kind)}, "enabled": {"yes"}, "timezone": {view.ZoneName(v.Told.Zone)},
			"username": {"tollgate"},
		}
	}
	return s.form(w, r, v, &d, deviceForm(&d, v, values))
}

// Save stores a device, or a new one.
func (s Pages) Save(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	values, err := form.Posted(w, r)
	if err != nil {
		return err
	}
	v, err := s.Reader(r, who)
	if err != nil {
		return err
	}
	d, err := s.asked(r, v.Scope, values.Get("kind"))
	if err != nil {
		return err
	}
	f := deviceForm(&d, v, values)
	readDevice(f, &d)
	var stored tollgate.Device
	saved, err := s.Apply(r, who, f, "save device", func(c *store.Change) error {
		stored = d
		return c.PutDevice(&stored, "")
	})
	if err != nil {
		return err
	}
	if saved {
		http.Redirect(w, r, path(stored.ID, "done", "device"), http.StatusSeeOther)
		return nil
	}
	return s.form(w, r, v, &d, f)
}

func (s Pages) form(
	w http.ResponseWriter, r *http.Request, v *frame.Reader, d *tollgate.Device, f *form.Form,
) error {
	p := &frame.FormPage{
		Page: frame.Page{Title: "Add an Asterisk", Section: "Devices"}, Form: f,
		Back: &view.Link{Label: "Devices", Path: "/devices"},
	}
	if d.Kind == tollgate.DevicePush {
		p.Title = "Add a device that pushes records"
		f.Submit = "Add device"
	}
	if d.ID != 0 {
		p.Title, f.Submit = "Edit "+v.Names.Device(d.ID), "Save"
	}
	return s.Send(w, r, f.Status(), "form_show", p)
}

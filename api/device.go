package api

import (
	"context"
	"slices"

	"tollgate"
	"tollgate/numbering"
	"tollgate/store"
)

// Device is a PBX or gateway that reports calls. Its secrets are never shown.
type Device struct {
	ID tollgate.ID `json:"id" example:"48230118400001"`
	DeviceForm
}

// DeviceForm is what can be said about a device.
type DeviceForm struct {
	Enterprise     tollgate.ID          `json:"enterprise,omitzero" doc:"whose it is; absent: shared by all"`
	Name           string               `json:"name" minLength:"1" maxLength:"64" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]*$" example:"hq" doc:"unique; used in addresses and files"`
	Kind           tollgate.DeviceKind  `json:"kind" enum:"asterisk,push" doc:"push: it delivers its calls over HTTP or in files"`
	Timezone       string               `json:"timezone" maxLength:"64" example:"Europe/Berlin" doc:"of times without a zone"`
	Plan           DialingPlan          `json:"plan,omitzero" doc:"how it writes numbers"`
	DefaultAccount tollgate.ID          `json:"default_account,omitzero" doc:"pays what no other rule places"`
	ForwardPayer   tollgate.ForwardPays `json:"forward_payer,omitempty" enum:"originator,extension" default:"originator" doc:"who pays a call that an extension sent on to the outside"`
	Asterisk       Asterisk             `json:"asterisk,omitzero" doc:"how it is followed; kind asterisk"`
	Account        string               `json:"account,omitempty" maxLength:"64" doc:"what the device calls itself when it delivers calls"`
	Password       string               `json:"password,omitempty" writeOnly:"true" maxLength:"1024" doc:"with which it delivers calls, at least 12 characters; absent: stays as it is"`
	Enabled        bool                 `json:"enabled" example:"true"`
	Control        bool                 `json:"control,omitempty" doc:"its calls need credit: they are authorised, renewed and cut; without, they are charged when they are over"`
	Rules          []callRule           `json:"rules,omitempty" nullable:"false" maxItems:"200" doc:"tried in their order; the first that fits counts"`
}

// DialingPlan is how a device writes numbers.
type DialingPlan struct {
	Country             string   `json:"country,omitempty" maxLength:"2" example:"DE" doc:"ISO 3166-1 alpha-2"`
	AreaCode            string   `json:"area_code,omitempty" maxLength:"10" example:"30" doc:"without trunk prefix"`
	InternationalPrefix string   `json:"international_prefix,omitempty" maxLength:"10" doc:"absent: the country's own"`
	NationalPrefix      string   `json:"national_prefix,omitempty" maxLength:"10" doc:"absent: the country's own"`
	RoutePrefixes       []string `json:"route_prefixes,omitempty" nullable:"false" maxItems:"100" example:"[\"0\"]" doc:"taken off once, the longest that fits"`
	PrivateCodes        []string `json:"private_codes,omitempty" nullable:"false" maxItems:"100" doc:"dialled first, mark a call private; absent: *7*"`
	ProjectCode         string   `json:"project_code,omitempty" maxLength:"10" doc:"dialled first: the code, digits, a star"`
	ExtensionDigitsMax  int      `json:"extension_digits_max,omitempty" minimum:"0" maximum:"15" doc:"numbers up to this many digits are extensions"`
	Emergency           []string `json:"emergency,omitempty" nullable:"false" maxItems:"100" doc:"numbers beside the country's own list"`
}

// Asterisk is how an Asterisk is followed.
type Asterisk struct {
	Address  string   `json:"address,omitempty" maxLength:"260" example:"192.0.2.10:5038" doc:"host:port of the manager interface"`
	TLS      bool     `json:"tls,omitempty"`
	Username string   `json:"username,omitempty" maxLength:"64" example:"tollgate"`
	Secret   string   `json:"secret,omitempty" writeOnly:"true" maxLength:"256" doc:"absent: stays as it is"`
	Trunks   []string `json:"trunks,omitempty" nullable:"false" maxItems:"1000" example:"[\"PJSIP/provider\"]" doc:"channel prefixes of trunks"`
	CELFile  string   `json:"cel_file,omitempty" maxLength:"4096" doc:"path of its CEL CSV journal"`
	CDRFile  string   `json:"cdr_file,omitempty" maxLength:"4096" doc:"path of its CDR CSV file, where there is no journal"`
	Warning  string   `json:"warning,omitempty" maxLength:"200" example:"credit-nearly-used" doc:"sound that tells a caller that the credit is nearly used, without its ending; absent: a beep"`
}

func deviceView(d *tollgate.Device) Device {
	v := Device{
		ID: d.ID,
		DeviceForm: DeviceForm{
			Enterprise: d.Enterprise, Name: d.Name, Kind: d.Kind, Timezone: d.Timezone,
			Plan: DialingPlan(d.Plan), DefaultAccount: d.DefaultAccount, ForwardPayer: d.ForwardPayer,
			Asterisk: Asterisk(d.Asterisk), Account: d.Account, Enabled: d.Enabled,
			Control: d.Control, Rules: views(d.Rules, ruleView),
		},
	}
	v.Asterisk.Secret = ""
	return v
}

func (f *DeviceForm) device(id tollgate.ID) tollgate.Device {
	return tollgate.Device{
		ID: id, Enterprise: f.Enterprise, Name: f.Name, Kind: f.Kind, Timezone: f.Timezone,
		Plan: tollgate.DialingPlan(f.Plan), DefaultAccount: f.DefaultAccount, ForwardPayer: f.ForwardPayer,
		Asterisk: tollgate.AMISettings(f.Asterisk), Account: f.Account, Enabled: f.Enabled,
		Control: f.Control, Rules: views(f.Rules, (*callRule).rule),
	}
}

// DeviceNamed is a path that names a device.
type DeviceNamed struct {
	Device string `path:"device" maxLength:"64" example:"hq" doc:"name of the device"`
}

func (s *server) listDevices(ctx context.Context, _ *struct{}) (*reply[list[Device]], error) {
	found, err := s.Store.Devices(ctx, who(ctx).Scope())
	if err != nil {
		return nil, err
	}
	return listOf(found, deviceView), nil
}

// device finds a device by its name. One that enterprises share is in the scope of none.
func (s *server) device(ctx context.Context, scope store.Scope, name string) (tollgate.Device, error) {
	found, err := s.Store.Devices(ctx, scope)
	if err != nil {
		return tollgate.Device{}, err
	}
	i := slices.IndexFunc(found, func(d tollgate.Device) bool { return d.Name == name })
	if i < 0 {
		return tollgate.Device{}, noDevice(name)
	}
	return found[i], nil
}

func noDevice(name string) error {
	return tollgate.Errorf(tollgate.CodeNotFound, "device %q does not exist", name)
}

func (s *server) getDevice(ctx context.Context, in *DeviceNamed) (*reply[Device], error) {
	d, err := s.device(ctx, who(ctx).Scope(), in.Device)
	if err != nil {
		return nil, err
	}
	return &reply[Device]{Body: deviceView(&d)}, nil
}

func (s *server) createDevice(ctx context.Context, in *reply[DeviceForm]) (*reply[Device], error) {
	return s.putDevice(ctx, "create device", 0, in.Body)
}

type deviceUpdate struct {
	DeviceNamed
	Body DeviceForm
}

func (s *server) updateDevice(ctx context.Context, in *deviceUpdate) (*reply[Device], error) {
	d, err := s.device(ctx, who(ctx).Scope(), in.Device)
	if err != nil {
		return nil, err
	}
	return s.putDevice(ctx, "update device", d.ID, in.Body)
}

func (s *server) putDevice(
	ctx context.Context, action string, id tollgate.ID, f DeviceForm,
) (*reply[Device], error) {
	hash := ""
	if f.Password != "" {
		var err error
		if hash, err = s.Access.HashPassword(ctx, f.Password); err != nil {
			return nil, err
		}
	}
	if f.Kind == tollgate.DeviceAsterisk && f.Asterisk.Address == "" {
		return nil, tollgate.Errorf(tollgate.CodeInvalid,
			"device %q: an Asterisk needs asterisk.address, host:port of its manager interface", f.Name)
	}
	if err := checkRules(f.Rules); err != nil {
		return nil, err
	}
	if _, err := numbering.NewPlan(tollgate.DialingPlan(f.Plan), nil); err != nil {
		return nil, asInvalid(err)
	}
	var stored tollgate.Device
	_, err := s.change(ctx, action, func(c *store.Change) error {
		stored = f.device(id)
		return c.PutDevice(&stored, hash)
	})
	if err != nil {
		return nil, err
	}
	return &reply[Device]{Body: deviceView(&stored)}, nil
}

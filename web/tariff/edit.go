package tariff

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"tollgate"
	"tollgate/access"
	"tollgate/rating"
	"tollgate/store"
	"tollgate/web/form"
	"tollgate/web/frame"
	"tollgate/web/view"
)

// tariffForm asks for the rules of a tariff. Its fields are named by the keys
// of a tariff file, so that what rating finds wrong stands beside the field.
func tariffForm(t *tollgate.Tariff, values url.Values) *form.Form {
	f := form.New("/tariffs", "Create tariff", values)
	f.Cancel = "/tariffs"
	if t.ID != 0 {
		f.Action, f.Submit, f.Cancel = path(t.ID), "Save", path(t.ID)
	}
	f.Ask("Tariff", "",
		&form.Field{Name: "name", Label: "Name", Required: true, Placeholder: "retail", Focus: t.ID == 0},
		&form.Field{Name: "description", Label: "Description"},
		&form.Field{Name: "currency", Label: "Currency", Required: true, Placeholder: "EUR"},
		&form.Field{
			Name: "timezone", Label: "Time zone", Placeholder: "Europe/Berlin",
			Hint: "Of peak times and holidays.",
		},
		&form.Field{
			Name: "default_customer", Type: "checkbox", Label: "Default for customers",
			Hint: "Prices every customer without a tariff of its own.",
		})
	f.Ask("Default price", "For numbers that no rate fits, and for what a rate leaves empty. Without a price here, "+
		"a number that no rate fits is unpriced, which is not free.",
		&form.Field{Name: "default.price", Label: "Price", Mode: "decimal", Placeholder: "0.05"},
		&form.Field{Name: "default.price_peak", Label: "Peak price", Mode: "decimal"},
		&form.Field{
			Name: "per", Label: "Prices are per", Placeholder: "60", Mode: "numeric",
			Hint: "Seconds: 60 is per minute.",
		},
		&form.Field{Name: "default.connect_fee", Label: "Connect fee", Mode: "decimal"},
		&form.Field{
			Name: "default.first_interval", Label: "First interval", Mode: "numeric", Placeholder: "1",
			Hint: "Seconds billed at least.",
		},
		&form.Field{
			Name: "default.next_interval", Label: "Next intervals", Mode: "numeric", Placeholder: "1",
			Hint: "Seconds of every further step.",
		})
	f.Ask("Peak time", "Empty: prices are the same at all times.",
		&form.Field{Name: "peak.from", Label: "From", Placeholder: "08:00"},
		&form.Field{Name: "peak.to", Label: "To", Placeholder: "18:00", Hint: "Before From: over midnight."},
		&form.Field{Name: "peak.weekend", Label: "Not on", Placeholder: "saturday, sunday"},
		&form.Field{
			Name: "peak.holidays", Label: "Not on holidays", Placeholder: "12-25, good_friday, de-by",
			Hint: "Days, or the calendar of a country or region.",
		})
	f.Ask("Amounts", "A charge is calculated exactly and rounded once, at the end.",
		&form.Field{Name: "decimals", Label: "Decimals", Mode: "numeric", Placeholder: "6"},
		&form.Field{Name: "rounding", Label: "Rounding", Type: "select", Options: []form.Option{
			{Value: string(tollgate.RoundHalfUp), Label: "half up"},
			{Value: string(tollgate.RoundHalfEven), Label: "half even"},
			{Value: string(tollgate.RoundUp), Label: "up"},
			{Value: string(tollgate.RoundDown), Label: "down"},
		}},
		&form.Field{Name: "duration_rounding", Label: "Duration to seconds", Type: "select", Options: []form.Option{
			{Value: string(tollgate.DurationUp), Label: "up"},
			{Value: string(tollgate.DurationNearest), Label: "nearest"},
			{Value: string(tollgate.DurationDown), Label: "down"},
		}},
		&form.Field{
			Name: "grace", Label: "Grace time", Mode: "numeric", Placeholder: "0",
			Hint: "Calls not longer than so many seconds are free.",
		},
		&form.Field{Name: "min_charge", Label: "Smallest charge", Mode: "decimal"},
		&form.Field{Name: "max_charge", Label: "Largest charge", Mode: "decimal"})
	return f
}

// tariffValues are what the form of a tariff begins with.
func tariffValues(t *tollgate.Tariff) url.Values {
	v := url.Values{
		"name": {t.Name}, "description": {t.Description}, "currency": {string(t.Currency)},
		"timezone": {t.Timezone}, "per": {strconv.FormatInt(t.Per, 10)},
		"default.price": {t.Default.Price}, "default.price_peak": {t.Default.PricePeak},
		"default.connect_fee": {t.Default.ConnectFee}, "default.first_interval": {t.Default.First},
		"default.next_interval": {t.Default.Next},
		"peak.from":             {t.Peak.From}, "peak.to": {t.Peak.To},
		"peak.weekend":  {strings.Join(t.Peak.Weekend, ", ")},
		"peak.holidays": {strings.Join(t.Peak.Holidays, ", ")},
		"decimals":      {strconv.Itoa(t.Decimals)}, "rounding": {string(t.Rounding)},
		"duration_rounding": {string(t.DurationRounding)},
		"min_charge":        {t.MinCharge}, "max_charge": {t.MaxCharge},
	}
	if t.Grace > 0 {
		v.Set("grace", strconv.FormatInt(t.Grace, 10))
	}
	if t.DefaultCustomer {
		v.Set("default_customer", "yes")
	}
	return v
}

// readTariff reads the form into a tariff.
func readTariff(f *form.Form, t *tollgate.Tariff) {
	f.Require("name", "currency")
	t.Name, t.Description = f.Get("name"), f.Get("description")
	t.Currency = tollgate.Currency(f.Get("currency"))
	t.Timezone = f.Timezone("timezone")
	t.DefaultCustomer = f.Get("default_customer") == "yes"
	t.Per = f.Whole("per", 60)
	t.Default = tollgate.Rate{
		Price: f.Get("default.price"), PricePeak: f.Get("default.price_peak"),
		ConnectFee: f.Get("default.connect_fee"), First: f.Get("default.first_interval"),
		Next: f.Get("default.next_interval"),
	}
	t.Peak = tollgate.PeakWindow{
		From: f.Get("peak.from"), To: f.Get("peak.to"),
		Weekend: f.List("peak.weekend"), Holidays: f.List("peak.holidays"),
	}
	t.Decimals = int(f.Whole("decimals", 6))
	t.Rounding = tollgate.Rounding(f.Get("rounding"))
	t.DurationRounding = tollgate.DurationRounding(f.Get("duration_rounding"))
	t.Grace = f.Whole("grace", 0)
	t.MinCharge, t.MaxCharge = f.Get("min_charge"), f.Get("max_charge")
	if f.Failed {
		return
	}
	if _, err := rating.Compile(*t, nil); err != nil {
		failTariff(f, err)
	}
}

// failTariff puts what rating found wrong beside its field.
func failTariff(f *form.Form, err error) {
	if fault, ok := errors.AsType[*rating.Fault](err); ok {
		f.Fail(fault.Key, form.Sentence(fault.Reason))
		return
	}
	f.Fail("", form.Sentence(err.Error()))
}

func path(id tollgate.ID) string { return "/tariffs/" + id.String() }

// find returns the tariff of the path, or a new one where it names none.
func (s Pages) find(r *http.Request, who access.Principal) (*frame.Reader, tollgate.Tariff, error) {
	v, err := s.Reader(r, who)
	if err != nil || r.PathValue("id") == "" {
		return v, tollgate.Tariff{}, err
	}
	id, err := frame.PathID(r)
	if err != nil {
		return nil, tollgate.Tariff{}, err
	}
	t := v.Names.Tariffs[id]
	if t == nil || v.Scope != store.Everything && t.Enterprise != tollgate.ID(v.Scope) {
		return nil, tollgate.Tariff{}, tollgate.Errorf(tollgate.CodeNotFound, "tariff %d does not exist", id)
	}
	return v, *t, nil
}

// Edit asks for the rules of a tariff, or of a new one.
func (s Pages) Edit(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	v, t, err := s.find(r, who)
	if err != nil {
		return err
	}
	values := tariffValues(&t)
	if t.ID == 0 {
		values = url.Values{
			"currency": {"EUR"}, "timezone": {view.ZoneName(v.Told.Zone)}, "per": {"60"}, "decimals": {"6"},
		}
	}
	return s.form(w, r, v, &t, tariffForm(&t, values))
}

// Save stores the rules of a tariff, or a new one.
func (s Pages) Save(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	v, t, err := s.find(r, who)
	if err != nil {
		return err
	}
	values, err := form.Posted(w, r)
	if err != nil {
		return err
	}
	f := tariffForm(&t, values)
	readTariff(f, &t)
	var stored tollgate.Tariff
	saved, err := s.Apply(r, who, f, "save tariff", func(c *store.Change) error {
		stored = t
		return c.PutTariff(&stored)
	})
	if err != nil {
		return err
	}
	if saved {
		http.Redirect(w, r, path(stored.ID)+"?done=tariff", http.StatusSeeOther)
		return nil
	}
	return s.form(w, r, v, &t, f)
}

func (s Pages) form(
	w http.ResponseWriter, r *http.Request, v *frame.Reader, t *tollgate.Tariff, f *form.Form,
) error {
	p := &frame.FormPage{
		Page: frame.Page{Title: "New tariff", Section: "Tariffs"}, Form: f,
		Back: &view.Link{Label: "Tariffs", Path: "/tariffs"},
		Lead: "The rules; its rates are a sheet that you upload next.",
	}
	if t.ID != 0 {
		p.Title, p.Lead = "Edit "+v.Names.Tariff(t.ID), "Calls keep the prices they have."
	}
	return s.Send(w, r, f.Status(), "form_show", p)
}

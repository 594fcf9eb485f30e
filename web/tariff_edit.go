package web

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
)

// tariffForm asks for the rules of a tariff. Its fields are named by the keys
// of a tariff file, so that what rating finds wrong stands beside the field.
func tariffForm(t *tollgate.Tariff, values url.Values) *form {
	f := newForm("/tariffs", "Create tariff", values)
	f.Cancel = "/tariffs"
	if t.ID != 0 {
		f.Action, f.Submit, f.Cancel = tariffPath(t.ID), "Save", tariffPath(t.ID)
	}
	f.section("Tariff", "",
		&field{Name: "name", Label: "Name", Required: true, Placeholder: "retail", Focus: t.ID == 0},
		&field{Name: "description", Label: "Description"},
		&field{Name: "currency", Label: "Currency", Required: true, Placeholder: "EUR"},
		&field{Name: "timezone", Label: "Time zone", Placeholder: "Europe/Berlin", Hint: "Of peak times and holidays."},
		&field{
			Name: "default_customer", Type: "checkbox", Label: "Default for customers",
			Hint: "Prices every customer without a tariff of its own.",
		})
	f.section("Default price", "For numbers that no rate fits, and for what a rate leaves empty. Without a price here, "+
		"a number that no rate fits is unpriced, which is not free.",
		&field{Name: "default.price", Label: "Price", Mode: "decimal", Placeholder: "0.05"},
		&field{Name: "default.price_peak", Label: "Peak price", Mode: "decimal"},
		&field{Name: "per", Label: "Prices are per", Placeholder: "60", Mode: "numeric", Hint: "Seconds: 60 is per minute."},
		&field{Name: "default.connect_fee", Label: "Connect fee", Mode: "decimal"},
		&field{Name: "default.first_interval", Label: "First interval", Mode: "numeric", Placeholder: "1", Hint: "Seconds billed at least."},
		&field{Name: "default.next_interval", Label: "Next intervals", Mode: "numeric", Placeholder: "1", Hint: "Seconds of every further step."})
	f.section("Peak time", "Empty: prices are the same at all times.",
		&field{Name: "peak.from", Label: "From", Placeholder: "08:00"},
		&field{Name: "peak.to", Label: "To", Placeholder: "18:00", Hint: "Before From: over midnight."},
		&field{Name: "peak.weekend", Label: "Not on", Placeholder: "saturday, sunday"},
		&field{
			Name: "peak.holidays", Label: "Not on holidays", Placeholder: "12-25, good_friday, de-by",
			Hint: "Days, or the calendar of a country or region.",
		})
	f.section("Amounts", "A charge is calculated exactly and rounded once, at the end.",
		&field{Name: "decimals", Label: "Decimals", Mode: "numeric", Placeholder: "6"},
		&field{Name: "rounding", Label: "Rounding", Type: "select", Options: []option{
			{Value: string(tollgate.RoundHalfUp), Label: "half up"},
			{Value: string(tollgate.RoundHalfEven), Label: "half even"},
			{Value: string(tollgate.RoundUp), Label: "up"}, {Value: string(tollgate.RoundDown), Label: "down"},
		}},
		&field{Name: "duration_rounding", Label: "Duration to seconds", Type: "select", Options: []option{
			{Value: string(tollgate.DurationUp), Label: "up"},
			{Value: string(tollgate.DurationNearest), Label: "nearest"},
			{Value: string(tollgate.DurationDown), Label: "down"},
		}},
		&field{Name: "grace", Label: "Grace time", Mode: "numeric", Placeholder: "0", Hint: "Calls not longer than so many seconds are free."},
		&field{Name: "min_charge", Label: "Smallest charge", Mode: "decimal"},
		&field{Name: "max_charge", Label: "Largest charge", Mode: "decimal"})
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
func readTariff(f *form, t *tollgate.Tariff) {
	f.require("name", "currency")
	t.Name, t.Description = f.get("name"), f.get("description")
	t.Currency = tollgate.Currency(f.get("currency"))
	readTimezone(f, &t.Timezone)
	t.DefaultCustomer = f.get("default_customer") == "yes"
	t.Per = f.whole("per", 60)
	t.Default = tollgate.Rate{
		Price: f.get("default.price"), PricePeak: f.get("default.price_peak"),
		ConnectFee: f.get("default.connect_fee"), First: f.get("default.first_interval"),
		Next: f.get("default.next_interval"),
	}
	t.Peak = tollgate.PeakWindow{
		From: f.get("peak.from"), To: f.get("peak.to"),
		Weekend: f.list("peak.weekend"), Holidays: f.list("peak.holidays"),
	}
	t.Decimals = int(f.whole("decimals", 6))
	t.Rounding = tollgate.Rounding(f.get("rounding"))
	t.DurationRounding = tollgate.DurationRounding(f.get("duration_rounding"))
	t.Grace = f.whole("grace", 0)
	t.MinCharge, t.MaxCharge = f.get("min_charge"), f.get("max_charge")
	if f.Failed {
		return
	}
	if _, err := rating.Compile(*t, nil); err != nil {
		f.failTariff(err)
	}
}

// failTariff puts what rating found wrong beside its field.
func (f *form) failTariff(err error) {
	if fault, ok := errors.AsType[*rating.Fault](err); ok {
		f.fail(fault.Key, sentence(fault.Reason))
		return
	}
	f.fail("", sentence(err.Error()))
}

// whole reads a whole number that may be left out.
func (f *form) whole(name string, otherwise int64) int64 {
	text := f.get(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 0 {
		f.fail(name, "Write a whole number, zero or above.")
	}
	return n
}

func tariffPath(id tollgate.ID) string { return "/tariffs/" + id.String() }

func (s *site) tariffNew(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	v, err := s.reader(r, who)
	if err != nil {
		return err
	}
	values := url.Values{"currency": {"EUR"}, "timezone": {zoneName(v.told.zone)}, "per": {"60"}, "decimals": {"6"}}
	return s.tariffForm(w, r, v, &tollgate.Tariff{}, tariffForm(&tollgate.Tariff{}, values))
}

func (s *site) tariffEdit(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	v, t, err := s.findTariff(r, who)
	if err != nil {
		return err
	}
	return s.tariffForm(w, r, v, &t, tariffForm(&t, tariffValues(&t)))
}

// findTariff returns the tariff of the path.
func (s *site) findTariff(r *http.Request, who access.Principal) (*reader, tollgate.Tariff, error) {
	id, err := pathID(r)
	if err != nil {
		return nil, tollgate.Tariff{}, err
	}
	v, err := s.reader(r, who)
	if err != nil {
		return nil, tollgate.Tariff{}, err
	}
	t := v.names.tariffs[id]
	if t == nil || v.scope != store.Everything && t.Enterprise != tollgate.ID(v.scope) {
		return nil, tollgate.Tariff{}, tollgate.Errorf(tollgate.CodeNotFound, "tariff %d does not exist", id)
	}
	return v, *t, nil
}

func (s *site) tariffAdd(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	v, err := s.reader(r, who)
	if err != nil {
		return err
	}
	return s.tariffPut(w, r, who, v, &tollgate.Tariff{})
}

func (s *site) tariffSave(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	v, t, err := s.findTariff(r, who)
	if err != nil {
		return err
	}
	return s.tariffPut(w, r, who, v, &t)
}

// tariffPut stores the tariff of a posted form.
func (s *site) tariffPut(
	w http.ResponseWriter, r *http.Request, who access.Principal, v *reader, t *tollgate.Tariff,
) error {
	values, err := posted(w, r)
	if err != nil {
		return err
	}
	f := tariffForm(t, values)
	readTariff(f, t)
	if !f.Failed {
		var stored tollgate.Tariff
		err := s.Store.Change(r.Context(), who.Actor(), "save tariff", func(c *store.Change) error {
			stored = *t
			return c.PutTariff(&stored)
		})
		if err == nil {
			http.Redirect(w, r, tariffPath(stored.ID)+"?done=tariff", http.StatusSeeOther)
			return nil
		}
		if err := f.refuse(err); err != nil {
			return err
		}
	}
	return s.tariffForm(w, r, v, t, f)
}

func (s *site) tariffForm(
	w http.ResponseWriter, r *http.Request, v *reader, t *tollgate.Tariff, f *form,
) error {
	p := &formPage{
		page: page{Title: "New tariff", Section: "Tariffs"}, Form: f,
		Back: &link{Label: "Tariffs", Path: "/tariffs"},
		Lead: "The rules; its rates are a sheet that you upload next.",
	}
	if t.ID != 0 {
		p.Title, p.Lead = "Edit "+v.names.tariff(t.ID), "Calls keep the prices they have."
	}
	return s.show(w, r, f.status(), "form_show", p)
}

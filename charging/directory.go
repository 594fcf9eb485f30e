package charging

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"tollgate"
	"tollgate/numbering"
	"tollgate/rating"
)

// directory is the configuration, compiled for pricing. It never changes: a
// change of configuration makes a new one that shares what stayed the same.
type directory struct {
	version   int64
	sites     map[tollgate.ID]*site
	named     map[string]*site // by the device's name
	accounts  map[tollgate.ID]*tollgate.Account
	codes     map[string][]*tollgate.Account // by account code, unique in an enterprise
	operators map[tollgate.ID]tollgate.Operator
	tariffs   map[tollgate.ID]*tariff
	standard  map[tollgate.ID]tollgate.ID // enterprise, or 0 for the house → its default tariff
	exchange  map[exchangePair][]exchangeRate
	own       *numbering.Attributions // the user's own table
	private   map[privateMark]bool    // who may mark calls as private
	zones     map[string]*time.Location
	quotas    []tollgate.ID // accounts whose use returns to zero
}

// site is one device with what belongs to it.
type site struct {
	device     tollgate.Device
	plan       *numbering.Plan
	rules      []*rule
	broken     error                  // why the dialling plan cannot be used: then plan knows emergency numbers alone
	extensions map[string]tollgate.ID // number → account
	trunks     map[string]tollgate.Trunk
	endpoints  map[string]tollgate.Trunk // by the name without its technology; zero: two have it
}

// addTrunk makes a trunk known by its name and by its endpoint alone.
func (s *site) addTrunk(t tollgate.Trunk) {
	s.trunks[t.Name] = t
	endpoint := endpointOf(t.Name)
	if _, twice := s.endpoints[endpoint]; twice {
		t = tollgate.Trunk{}
	}
	s.endpoints[endpoint] = t
}

// trunk finds a trunk. People write PJSIP/provider, as its channels are named,
// and a connector may report the endpoint alone, or the other way round. It is
// the zero Trunk if none fits, or two.
func (s *site) trunk(name string) tollgate.Trunk {
	if t, ok := s.trunks[name]; ok {
		return t
	}
	if t, ok := s.trunks[endpointOf(name)]; ok {
		return t
	}
	if endpointOf(name) != name {
		return tollgate.Trunk{} // another technology's
	}
	return s.endpoints[name]
}

// numberOf reads the number of a finished leg.
func (s *site) numberOf(r *tollgate.Record) tollgate.Number {
	if r.Direction == tollgate.Outbound {
		return s.number(r.Dialed, r.Trunk, sentOnTrunk(r.Source))
	}
	n := s.plan.Normalise(r.Dialed)
	if r.Direction == tollgate.Internal {
		n.Class = tollgate.ClassInternal
	}
	return n
}

// sentOnTrunk reports whether a source tells the number that a trunk was given: an
// Asterisk's legs do, and everything else what was dialled.
func sentOnTrunk(source tollgate.Source) bool {
	return source == tollgate.SourceAMI || source == tollgate.SourceCEL || source == tollgate.SourceCDR
}

// number reads a number that the device wrote, when somebody dialled it or when a
// trunk was given it. A call that takes a trunk leaves the house, however short
// its number is, unless that is a mapped extension.
func (s *site) number(written, trunk string, sent bool) tollgate.Number {
	isExtension := func(number string) bool {
		_, mapped := s.extensions[number]
		return mapped
	}
	switch {
	case sent:
		return s.plan.NormaliseSent(written, isExtension)
	case trunk != "":
		return s.plan.NormaliseOutside(written, isExtension)
	}
	return s.plan.Normalise(written)
}

// endpointOf is a trunk's name without its technology.
func endpointOf(name string) string {
	if _, endpoint, found := strings.Cut(name, "/"); found {
		return endpoint
	}
	return name
}

// serves reports whether an account may be charged for calls of the device:
// a device of one enterprise charges no other.
func (s *site) serves(a *tollgate.Account) bool {
	return a != nil && (s.device.Enterprise == 0 || s.device.Enterprise == a.Enterprise)
}

// liable is the extension that pays for a call, as the device is set.
func (s *site) liable(c *tollgate.CDR) string {
	if c.Originator == "" || s.device.ForwardPayer == tollgate.ExtensionPays && c.Extension != "" {
		return c.Extension
	}
	return c.Originator
}

// Device returns the device of a name; CodeNotFound if there is none.
func (f *Office) Device(ctx context.Context, name string) (tollgate.Device, error) {
	d, err := f.directory(ctx)
	if err != nil {
		return tollgate.Device{}, err
	}
	if s := d.named[name]; s != nil {
		return s.device, nil
	}
	return tollgate.Device{}, tollgate.Errorf(tollgate.CodeNotFound, "no device is called %q", name)
}

// tariff is a compiled tariff, or why it does not compile.
type tariff struct {
	words    tollgate.Tariff
	compiled *rating.Tariff
	broken   error
}

// directory returns the configuration in force and reads it anew when it changed.
func (f *Office) directory(ctx context.Context) (*directory, error) {
	if f.db == nil {
		return f.current.Load(), nil // it was given
	}
	version, err := f.versions.get(ctx, f.db)
	if err != nil {
		return nil, err
	}
	if d := f.current.Load(); d != nil && d.version >= version {
		return d, nil
	}
	f.reload.Lock()
	defer f.reload.Unlock()
	if d := f.current.Load(); d != nil && d.version >= version {
		return d, nil
	}
	d, err := f.load(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	f.current.Store(d)
	return d, nil
}

func (f *Office) load(ctx context.Context) (*directory, error) {
	from, err := f.db.Directory(ctx)
	if err != nil {
		return nil, err
	}
	d := &directory{
		version:   from.Version,
		sites:     make(map[tollgate.ID]*site, len(from.Devices)),
		named:     make(map[string]*site, len(from.Devices)),
		accounts:  make(map[tollgate.ID]*tollgate.Account, len(from.Accounts)),
		codes:     make(map[string][]*tollgate.Account),
		operators: make(map[tollgate.ID]tollgate.Operator, len(from.Operators)),
		tariffs:   make(map[tollgate.ID]*tariff, len(from.Tariffs)),
		standard:  make(map[tollgate.ID]tollgate.ID),
		exchange:  exchangeTable(from.Exchange),
		private:   privateMarks(from.Permits, from.Groups),
		zones:     zonesOf(from.Accounts),
	}
	for i := range from.Accounts {
		a := &from.Accounts[i]
		d.accounts[a.ID] = a
		if a.Mode == tollgate.ModeQuota {
			d.quotas = append(d.quotas, a.ID)
		}
		if a.Code != "" {
			d.codes[a.Code] = append(d.codes[a.Code], a)
		}
	}
	for _, o := range from.Operators {
		d.operators[o.ID] = o
	}
	own, err := numbering.NewAttributions(from.Attributions)
	if err != nil {
		return nil, fmt.Errorf("number attribution: %w", err)
	}
	d.own = own
	for _, device := range from.Devices {
		plan, err := numbering.NewPlan(device.Plan, own)
		if err != nil {
			plan = emergencyPlan(device.Plan.Country, own)
		}
		s := &site{
			device: device, plan: plan, broken: err, rules: compileRules(device.Rules),
			extensions: make(map[string]tollgate.ID), trunks: make(map[string]tollgate.Trunk),
			endpoints: make(map[string]tollgate.Trunk),
		}
		d.sites[device.ID], d.named[device.Name] = s, s
	}
	for _, e := range from.Extensions {
		// The device may have come to another enterprise since.
		if s := d.sites[e.Device]; s != nil && (e.Account == 0 || s.serves(d.accounts[e.Account])) {
			s.extensions[e.Number] = e.Account
		}
	}
	for _, t := range from.Trunks {
		if s := d.sites[t.Device]; s != nil {
			if !s.serves(d.accounts[t.Account]) {
				t.Account = 0
			}
			s.addTrunk(t)
		}
	}
	return d, f.loadTariffs(ctx, from.Tariffs, d)
}

// emergencyPlan knows the emergency numbers of a device whose own plan cannot be
// used, as far as they can be known without it.
func emergencyPlan(country string, own *numbering.Attributions) *numbering.Plan {
	for _, p := range []tollgate.DialingPlan{{Country: country}, {}} {
		if plan, err := numbering.NewPlan(p, own); err == nil {
			return plan
		}
	}
	return nil
}

// loadTariffs compiles the tariffs that changed and keeps the others.
func (f *Office) loadTariffs(ctx context.Context, words []tollgate.Tariff, d *directory) error {
	previous := f.current.Load()
	for _, w := range words {
		if w.DefaultCustomer {
			d.standard[w.Enterprise] = w.ID
		}
		if previous != nil {
			if t := previous.tariffs[w.ID]; t != nil && t.words.Revision == w.Revision {
				d.tariffs[w.ID] = &tariff{words: w, compiled: t.compiled, broken: t.broken}
				continue
			}
		}
		decks, err := f.db.Decks(ctx, w.ID)
		if err != nil {
			return fmt.Errorf("tariff %q: %w", w.Name, err)
		}
		t := &tariff{words: w}
		t.compiled, t.broken = rating.Compile(w, decks)
		d.tariffs[w.ID] = t
	}
	return nil
}

// upward walks from an account to its parents. The store refuses circles, and
// one that came to be all the same ends.
func (d *directory) upward(from *tollgate.Account) iter.Seq[*tollgate.Account] {
	return func(yield func(*tollgate.Account) bool) {
		a := from
		for range len(d.accounts) {
			if a == nil || !yield(a) {
				return
			}
			a = d.accounts[a.Parent]
		}
	}
}

// customerTariff is the account's tariff, else its parents', else the
// enterprise's, else its default one, else the house's; 0 when there is none,
// and then the call has no customer price.
func (d *directory) customerTariff(payer *tollgate.Account, enterprise tollgate.ID) tollgate.ID {
	for a := range d.upward(payer) {
		if a.Tariff != 0 {
			return a.Tariff
		}
	}
	if e := d.accounts[enterprise]; e != nil && e.Tariff != 0 {
		return e.Tariff // an account need not stand below it
	}
	if own, ok := d.standard[enterprise]; ok {
		return own
	}
	return d.standard[0]
}

// exchangePair is a currency and the one it is changed into.
type exchangePair struct{ from, to tollgate.Currency }

// exchangeRate is in force from an instant on.
type exchangeRate struct {
	since time.Time
	rate  string // units of the second currency for one of the first, as written
}

package numbering

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"tollgate"
)

const (
	// numberDigitsMax is the longest normal form. E.164 stops at 15; what is
	// dialled beyond that does no harm, what is beyond this is no number.
	numberDigitsMax = 32
	// nationalDigitsMin is the least that can follow a calling code.
	nationalDigitsMin = 3
	// localDigitsMin is the least that can follow an area code, and a route prefix.
	localDigitsMin = 3
	// localNationalMax is how long a number dialled without its area code usually
	// is with it, in countries where that is allowed.
	localNationalMax = 10
	// codesMax is how many entries each list of a dialling plan may have.
	codesMax = 64
	// codeLengthMax is how long a prefix or code of a dialling plan may be.
	codeLengthMax = 16
)

// Plan reads the numbers that one device writes. It never changes, and is safe
// for concurrent use. How a number is read is told in DESIGN.md.
type Plan struct {
	known     *Attributions
	home      *country // nil: a device without a country
	area      string   // national area code; empty: unknown
	abroad    abroadRule
	national  trunkRule
	open      bool // national numbers are dialled without a trunk prefix, or may be
	routes    []route
	private   []string // longest first
	project   string
	extension int
	short     *automaton      // home's short codes
	emergency map[string]bool // beside those of home
}

// route is a prefix that is dialled to get an outside line.
type route struct {
	prefix  string
	private bool // a line of its own for private calls
}

// abroadRule takes off what is dialled before a calling code.
type abroadRule struct {
	prefix  string
	pattern *regexp.Regexp // where one prefix does not say it
}

// NewPlan compiles a device's dialling plan. own may be nil; plans should share
// it. It refuses, with CodeInvalid and the name of the field, what cannot be meant.
func NewPlan(p tollgate.DialingPlan, own *Attributions) (*Plan, error) {
	if err := checkPlan(&p); err != nil {
		return nil, err
	}
	if own == nil {
		none, err := NewAttributions(nil)
		if err != nil {
			return nil, err
		}
		own = none
	}
	plan := &Plan{
		known: own, project: p.ProjectCode, extension: p.ExtensionDigitsMax,
		emergency: make(map[string]bool), abroad: abroadRule{prefix: cmp.Or(p.InternationalPrefix, "00")},
		national: trunkRule{prefix: p.NationalPrefix}, area: p.AreaCode,
	}
	for _, number := range append(extraEmergencies(p.Country), p.Emergency...) {
		plan.emergency[number] = true
	}
	plan.addCodes(&p)
	if p.Country == "" {
		return plan, nil
	}
	plan.home = own.world.countries[p.Country]
	if plan.home == nil {
		return nil, tollgate.Errorf(tollgate.CodeInvalid, "country %q: no numbering plan is known", p.Country)
	}
	return plan, plan.settle(&p)
}

// addCodes sorts the codes that are dialled before a number, longest first. A
// private code that is digits alone is a line of its own: it takes the place of
// the route prefix.
func (p *Plan) addCodes(plan *tollgate.DialingPlan) {
	for _, prefix := range plan.RoutePrefixes {
		p.routes = append(p.routes, route{prefix: prefix})
	}
	codes := plan.PrivateCodes
	if len(codes) == 0 {
		codes = []string{tollgate.DefaultPrivateCode}
	}
	for _, code := range codes {
		if allDigits(code) {
			p.routes = append(p.routes, route{prefix: code, private: true})
		} else {
			p.private = append(p.private, code)
		}
	}
	slices.SortStableFunc(p.routes, func(a, b route) int { return len(b.prefix) - len(a.prefix) })
	slices.SortStableFunc(p.private, func(a, b string) int { return len(b) - len(a) })
}

// settle takes over from home what the device does not say otherwise.
func (p *Plan) settle(plan *tollgate.DialingPlan) error {
	home := p.home.plan
	if plan.InternationalPrefix == "" {
		p.abroad = newAbroadRule(home.GetInternationalPrefix())
	}
	if plan.NationalPrefix == "" {
		p.national = p.home.trunk
	}
	// In North America the trunk prefix may be left out before an area code.
	p.open = plan.NationalPrefix == "" && (home.GetNationalPrefix() == "" || p.home.code.digits == "1")
	if !p.home.leadingZero() {
		if err := checkArea(p.area, plan.Country, home.GetNationalPrefix()); err != nil {
			return err
		}
	} else if p.area != "" && p.area[0] != '0' {
		p.area = "0" + p.area
	}
	short, err := newShortCodes(plan.Country)
	if err != nil {
		return tollgate.Errorf(tollgate.CodeInternal, "short codes of %s: %w", plan.Country, err)
	}
	p.short = short
	return nil
}

// checkArea refuses an area code that is written with the national prefix, a 0
// or North America's 1. Another digit may begin an area code as well: it is 8
// and 812 in Russia.
func checkArea(area, country, prefix string) error {
	if prefix != "1" {
		prefix = "0"
	}
	rest, written := strings.CutPrefix(area, prefix)
	if !written {
		return nil
	}
	remedy := "write " + rest
	if rest == "" {
		remedy = "leave it empty"
	}
	return tollgate.Errorf(tollgate.CodeInvalid, "area_code %q: begins with the national prefix %s of %s: %s",
		area, prefix, country, remedy)
}

// leadingZero says whether geographic numbers of the country begin with a 0 that
// is part of the number, as in Italy.
func (c *country) leadingZero() bool {
	return strings.HasPrefix(c.plan.GetFixedLine().GetExampleNumber(), "0")
}

func newAbroadRule(expression string) abroadRule {
	if allDigits(expression) {
		return abroadRule{prefix: expression}
	}
	pattern, err := regexp.Compile("^(?:" + expression + ")")
	if err != nil {
		return abroadRule{}
	}
	return abroadRule{pattern: pattern}
}

// strip returns what follows the international prefix.
func (a *abroadRule) strip(dialed string) (digits string, ok bool) {
	if a.pattern == nil {
		digits, ok = strings.CutPrefix(dialed, a.prefix)
		return digits, ok && a.prefix != ""
	}
	found := a.pattern.FindStringIndex(dialed)
	if found == nil {
		return "", false
	}
	return dialed[found[1]:], true
}

// checkPlan says what is wrong with a dialling plan.
func checkPlan(p *tollgate.DialingPlan) error {
	if p.ExtensionDigitsMax < 0 || p.ExtensionDigitsMax > numberDigitsMax {
		return tollgate.Errorf(tollgate.CodeInvalid, "extension_digits_max %d: want 0 to %d",
			p.ExtensionDigitsMax, numberDigitsMax)
	}
	digits, anything := "0123456789", "0123456789*#"
	for _, field := range []struct {
		name    string
		values  []string
		letters string
	}{
		{"area_code", []string{cmp.Or(p.AreaCode, "0")}, digits},
		{"international_prefix", []string{cmp.Or(p.InternationalPrefix, "0")}, digits},
		{"national_prefix", []string{cmp.Or(p.NationalPrefix, "0")}, digits},
		{"project_code", []string{cmp.Or(p.ProjectCode, "0")}, anything},
		{"route_prefixes", p.RoutePrefixes, anything},
		{"private_codes", p.PrivateCodes, anything},
		{"emergency", p.Emergency, digits},
	} {
		if len(field.values) > codesMax {
			return tollgate.Errorf(tollgate.CodeInvalid, "%s: %d entries, at most %d are allowed",
				field.name, len(field.values), codesMax)
		}
		for _, value := range field.values {
			if value == "" || len(value) > codeLengthMax || strings.Trim(value, field.letters) != "" {
				return tollgate.Errorf(tollgate.CodeInvalid, "%s %.40q: want 1 to %d of %s",
					field.name, value, codeLengthMax, field.letters)
			}
		}
	}
	return nil
}

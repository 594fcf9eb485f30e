package numbering

import (
	"cmp"
	"strings"

	"tollgate"
)

// Normalise reads a dialled number: codes, route prefix, international and
// national prefix, then where it leads. It never fails: what cannot be placed
// has ClassUnknown, and E164 keeps its digits without a route prefix, or is
// empty where there are characters that no telephone number has.
func (p *Plan) Normalise(dialed string) tollgate.Number {
	return p.normalise(dialed, (*Plan).read, anyShort)
}

// NormaliseOutside reads a number that was dialled and took a trunk. One as short
// as an extension is a number of the public network there, unless it is known
// to be an extension of the device.
func (p *Plan) NormaliseOutside(dialed string, known func(extension string) bool) tollgate.Number {
	return p.normalise(dialed, (*Plan).read, known)
}

// NormaliseSent reads a number as a trunk was given it. The dialplan has mostly
// taken the route prefix off, and there 00 begins a foreign number, whatever a
// prefix of 0 would make of it. known is as for NormaliseOutside.
func (p *Plan) NormaliseSent(number string, known func(extension string) bool) tollgate.Number {
	return p.normalise(number, (*Plan).readSent, known)
}

// anyShort takes every number for an extension that is short enough for one.
func anyShort(string) bool { return true }

// known says whether what is short enough for an extension is one.
type known = func(extension string) bool

// normalise reads a number in one of the two ways.
func (p *Plan) normalise(raw string, read func(*Plan, string, known) reading, isExtension known) tollgate.Number {
	n := tollgate.Number{Raw: raw}
	digits := p.takeCodes(written(raw), &n)
	found := read(p, digits, isExtension)
	n.E164, n.Dialed = found.digits, cmp.Or(found.dialed, digits)
	n.Private = n.Private || found.private
	p.attribute(found, &n)
	return n
}

// takeCodes takes a private code and a project code off, each once, in any order.
func (p *Plan) takeCodes(s string, n *tollgate.Number) string {
	for {
		if rest, ok := p.takePrivate(s); ok && !n.Private {
			n.Private, s = true, rest
			continue
		}
		if project, rest, ok := p.takeProject(s); ok && n.Project == "" {
			n.Project, s = project, rest
			continue
		}
		return s
	}
}

func (p *Plan) takePrivate(s string) (rest string, ok bool) {
	for _, code := range p.private {
		if rest, ok := strings.CutPrefix(s, code); ok {
			return rest, true
		}
	}
	return "", false
}

// takeProject takes off the code, the project's digits, and a star or a hash. *9*
// may be set as *9: people mean the same by both.
func (p *Plan) takeProject(s string) (project, rest string, ok bool) {
	rest, ok = strings.CutPrefix(s, p.project)
	if !ok || p.project == "" {
		return "", "", false
	}
	if allDigits(p.project[len(p.project)-1:]) {
		rest = strings.TrimPrefix(rest, "*")
	}
	end := strings.IndexAny(rest, "*#")
	if end < 1 || end > numberDigitsMax || !allDigits(rest[:end]) {
		return "", "", false
	}
	return rest[:end], rest[end+1:], true
}

// fit says how well a reading of a number fits.
type fit int

const (
	fitNot   fit = iota
	fitSome      // it could be dialled: its calling code exists
	fitValid     // it is in a numbering plan
)

// reading is one way to understand a dialled number.
type reading struct {
	fit      fit
	digits   string // normal form
	dialed   string // as it was written, without the route prefix; empty: whole
	private  bool
	class    tollgate.Class // if the reading says it: emergency, internal, short codes
	country  *country
	national string // what follows the calling code
	kind     kind
}

// read chooses among the readings of a number that somebody dialled. They are
// tried in an order, and the first that is valid is right; if none is, the first
// that could be dialled.
func (p *Plan) read(s string, isExtension known) reading {
	if found, ok := p.decided(s); ok {
		return found
	}
	var best reading
	if p.tryRoutes(s, &best) {
		return best
	}
	if p.isShort(s) && isExtension(s) {
		return extension(s)
	}
	if !p.try(s, &best, false) && best.fit == fitNot {
		rest, private := p.withoutRoute(s)
		return reading{digits: digitsOf(rest), dialed: rest, private: private}
	}
	return best
}

// readSent chooses among the readings of a number that a trunk was given: as it
// stands, and without a route prefix where that fits better. It is an emergency
// call if either says so.
func (p *Plan) readSent(s string, isExtension known) reading {
	if found, ok := p.decided(s); ok {
		return found
	}
	if p.isShort(s) && isExtension(s) {
		return extension(s)
	}
	var stands, routed reading
	p.try(s, &stands, false)
	p.tryRoutes(s, &routed)
	switch {
	case routed.class == tollgate.ClassEmergency || routed.fit > stands.fit:
		return routed
	case stands.fit == fitSome && routed.fit == fitSome && !p.isAbroad(stands) && p.isAbroad(routed):
		return routed // neither is in a plan, and an international prefix says more than none
	case stands.fit == fitNot:
		return reading{digits: digitsOf(s), dialed: s}
	}
	return stands
}

// isAbroad reports whether a reading leads to another calling code than the device's own.
func (p *Plan) isAbroad(r reading) bool {
	return r.country != nil && (p.home == nil || r.country.code != p.home.code)
}

// decided returns what needs no choice: an emergency number, and what is none at all.
func (p *Plan) decided(s string) (reading, bool) {
	if found, ok := p.emergencyOf(s); ok {
		return found, true
	}
	return reading{}, strings.Trim(s, "0123456789+") != "" || len(s) > numberDigitsMax+codeLengthMax
}

// isShort reports whether a number could be an extension.
func (p *Plan) isShort(s string) bool {
	return len(s) <= p.extension && s != "" && allDigits(s)
}

func extension(s string) reading {
	return reading{fit: fitValid, digits: s, class: tollgate.ClassInternal}
}

// tryRoutes tries the readings without each route prefix that fits, the longest
// first. It returns true once one is valid.
func (p *Plan) tryRoutes(s string, best *reading) bool {
	for _, route := range p.routes {
		after, ok := strings.CutPrefix(s, route.prefix)
		if ok && after != "" && p.try(after, best, route.private) {
			return true
		}
	}
	return false
}

// withoutRoute is what remains of a number that nothing fits.
func (p *Plan) withoutRoute(s string) (rest string, private bool) {
	for _, route := range p.routes {
		if after, ok := strings.CutPrefix(s, route.prefix); ok && len(after) >= localDigitsMin {
			return after, route.private
		}
	}
	return s, false
}

// emergencyOf recognises an emergency number, also after a route prefix.
func (p *Plan) emergencyOf(s string) (reading, bool) {
	if p.isEmergency(s) {
		return reading{fit: fitValid, digits: s, class: tollgate.ClassEmergency, country: p.home}, true
	}
	for _, route := range p.routes {
		if rest, ok := strings.CutPrefix(s, route.prefix); ok && p.isEmergency(rest) {
			return reading{
				fit: fitValid, digits: rest, dialed: rest, class: tollgate.ClassEmergency,
				country: p.home, private: route.private,
			}, true
		}
	}
	return reading{}, false
}

// try tries the readings of a number that has no route prefix, or none any
// more, and puts a better one into best. It returns true once that is valid.
func (p *Plan) try(s string, best *reading, private bool) bool {
	better := func(r reading) bool {
		if r.fit > best.fit && len(r.digits) <= numberDigitsMax {
			r.private, r.dialed = private, s
			*best = r
		}
		return best.fit == fitValid
	}
	if rest, ok := strings.CutPrefix(s, "+"); ok {
		return better(p.international(rest))
	}
	if s == "" || !allDigits(s) {
		return false
	}
	if p.home == nil {
		return p.tryHomeless(s, better)
	}
	// Short codes begin with a 1 nearly everywhere, and no subscriber's number does.
	if s[0] == '1' && better(p.shortCode(s)) {
		return true
	}
	if rest, ok := p.abroad.strip(s); ok {
		// No national number begins like that, so a number that is too long for its
		// country must not be looked for at home.
		if r := p.international(rest); r.fit != fitNot {
			return better(r)
		}
	}
	if rest, ok := p.national.strip(s); ok && better(p.inCountry(rest)) {
		return true
	}
	if p.open && better(p.inCountry(s)) {
		return true
	}
	if p.area != "" && s[0] != '0' && len(s) >= localDigitsMin && better(p.local(s)) {
		return true
	}
	return better(p.placeless(s)) || better(p.shortCode(s))
}

// tryHomeless reads a number of a device without a country: with an
// international prefix, or as E.164 digits if they are valid.
func (p *Plan) tryHomeless(s string, better func(reading) bool) bool {
	if rest, ok := p.abroad.strip(s); ok && better(p.international(rest)) {
		return true
	}
	r := p.international(s)
	return r.fit == fitValid && better(r)
}

// international reads E.164 digits. An emergency number behind the device's own
// calling code is one all the same: some networks write +49112. A national
// number that still has its trunk prefix loses it if that makes it valid.
func (p *Plan) international(digits string) reading {
	if !allDigits(digits) {
		return reading{}
	}
	code, national := p.known.world.split(digits)
	if code == nil || len(national) < nationalDigitsMin {
		return reading{}
	}
	r := reading{fit: fitValid, digits: digits, national: national}
	if r.country, r.kind = code.place(national); r.kind != kindUnknown {
		return r
	}
	if p.home != nil && p.home.code == code && p.isEmergency(national) {
		r.class, r.country = tollgate.ClassEmergency, p.home
		return r
	}
	if rest, ok := code.countries[0].trunk.strip(national); ok && allDigits(rest) {
		if country, kind := code.place(rest); kind != kindUnknown {
			return reading{fit: fitValid, digits: code.digits + rest, national: rest, country: country, kind: kind}
		}
	}
	r.fit = fitSome
	return r
}

// inCountry reads a national number of the device's country.
func (p *Plan) inCountry(national string) reading {
	return p.international(p.home.code.digits + national)
}

// local reads a number of the device's own area. One that is long for it gives
// way to any other valid reading: some plans' patterns allow nearly everything.
func (p *Plan) local(s string) reading {
	r := p.inCountry(p.area + s)
	if r.fit == fitValid && len(r.national) > localNationalMax {
		r.fit = fitSome
	}
	return r
}

// placeless reads mobile and service numbers, which some countries dial without
// a trunk prefix although the others have one: 1800 in Australia.
func (p *Plan) placeless(s string) reading {
	if r := p.inCountry(s); r.fit == fitValid && r.kind != kindGeographic {
		return r
	}
	return reading{}
}

// shortCode reads a number that is dialled as it stands.
func (p *Plan) shortCode(s string) reading {
	r := reading{fit: fitValid, digits: s, country: p.home}
	switch p.short.run(s) {
	case shortOther:
		r.class = tollgate.ClassDomestic
	case shortTollFree:
		r.class = tollgate.ClassTollFree
	case shortPremium:
		r.class = tollgate.ClassPremium
	default:
		return reading{}
	}
	return r
}

// digitsOf is the normal form of what cannot be read.
func digitsOf(s string) string {
	s = strings.TrimPrefix(s, "+")
	if !allDigits(s) || len(s) > numberDigitsMax {
		return ""
	}
	return s
}

package numbering

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// kind is what a number is by its country's numbering plan.
type kind uint8

const (
	kindUnknown       kind = iota // the plan has no such number, or none that we know of
	kindGeographic                // fixed line; in North America mobile as well
	kindMobile                    // mobile and paging
	kindPremium                   // premium rate
	kindSharedCost                // service numbers of which the caller pays a part: 0180 in Germany
	kindPersonal                  // numbers that follow a person: 0700 in Germany, 070 in Britain
	kindTollFree                  // the called side pays
	kindNongeographic             // company numbers, voice over IP and mailboxes without a place
	kinds
)

// country is one numbering plan: a country, or one of the world's services
// such as +800, which have no country.
type country struct {
	iso   string        // ISO 3166-1 alpha-2; empty for the services
	name  string        // in English
	names [kinds]string // of its numbers by kind, where they have no area
	code  *callingCode
	plan  *phonenumbers.PhoneMetadata
	trunk trunkRule
}

// callingCode is a country calling code and the countries that share it. What
// needs its patterns is made when the first number with the code comes along.
type callingCode struct {
	digits    string
	countries []*country // the main one first
	prepare   func() *automaton
}

// world knows the numbering plans of all countries. They are those of Google's
// libphonenumber, whose patterns are tried thousands of times faster here.
type world struct {
	codes     [1000]*callingCode // by value; no code is the beginning of another
	countries map[string]*country
	places    places
}

func newWorld() (*world, error) {
	w := &world{countries: make(map[string]*country)}
	names := display.English.Regions()
	numberings, err := phonenumbers.MetadataCollection()
	if err != nil {
		return nil, fmt.Errorf("numbering plans: %w", err)
	}
	for _, plan := range numberings.GetMetadata() {
		if plan.GetCountryCode() < 1 || int(plan.GetCountryCode()) >= len(w.codes) {
			return nil, fmt.Errorf("numbering plan %s: calling code %d", plan.GetId(), plan.GetCountryCode())
		}
		code := w.codes[plan.GetCountryCode()]
		if code == nil {
			code = &callingCode{digits: strconv.Itoa(int(plan.GetCountryCode()))}
			code.prepare = sync.OnceValue(code.compile)
			w.codes[plan.GetCountryCode()] = code
		}
		c := &country{code: code, plan: plan, trunk: newTrunkRule(plan)}
		if plan.GetId() == phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY {
			c.name = serviceNames()[code.digits]
		} else {
			c.iso = plan.GetId()
			w.countries[c.iso] = c
			if region, err := language.ParseRegion(c.iso); err == nil {
				c.name = names.Name(region)
			}
		}
		c.names = namesOf(c)
		code.countries = append(code.countries, c)
	}
	for value, code := range w.codes {
		if code != nil {
			code.sort(phonenumbers.GetRegionCodesForCountryCode(value))
		}
	}
	return w, nil
}

// serviceNames are the calling codes that belong to no country, as ITU-T assigns them (E.164 annex).
func serviceNames() map[string]string {
	return map[string]string{
		"800": "International freephone",
		"808": "International shared cost",
		"870": "Inmarsat satellite",
		"878": "Universal personal number",
		"881": "Satellite network",
		"882": "International network",
		"883": "International network",
		"888": "Disaster relief",
		"979": "International premium rate",
	}
}

// namesOf makes the names of a country's numbers that have no area.
func namesOf(c *country) [kinds]string {
	if c.iso == "" {
		return [kinds]string(slices.Repeat([]string{c.name}, int(kinds)))
	}
	return [kinds]string{
		kindUnknown: c.name, kindGeographic: c.name, kindNongeographic: c.name,
		kindMobile:     c.name + " mobile",
		kindPremium:    c.name + " premium rate",
		kindSharedCost: c.name + " shared cost",
		kindPersonal:   c.name + " personal number",
		kindTollFree:   c.name + " freephone",
	}
}

// split finds the calling code that E.164 digits begin with; nil if there is none.
func (w *world) split(digits string) (code *callingCode, national string) {
	value := 0
	for i := range min(3, len(digits)) {
		value = value*10 + int(digits[i]-'0')
		if value == 0 {
			break // no calling code begins with a 0
		}
		if code := w.codes[value]; code != nil {
			return code, digits[i+1:]
		}
	}
	return nil, ""
}

// sort puts the countries into the order in which they are to be tried.
func (c *callingCode) sort(order []string) {
	sorted := make([]*country, 0, len(c.countries))
	for _, iso := range order {
		for _, country := range c.countries {
			if country.plan.GetId() == iso {
				sorted = append(sorted, country)
			}
		}
	}
	if len(sorted) == len(c.countries) {
		c.countries = sorted
	}
}

// place says in which country a national number is and of which kind. A number
// that no plan knows is in the code's main country.
func (c *callingCode) place(national string) (*country, kind) {
	verdict := c.prepare().run(national)
	if verdict == 0 {
		return c.countries[0], kindUnknown
	}
	return c.countries[verdict>>8-1], kind(verdict & 0xff)
}

// The patterns of one country, in the order in which compile lists them. The
// order of the kinds is libphonenumber's: the first that fits is the number's.
const (
	patternLeading = iota // what all the country's numbers begin with, where a code is shared
	patternGeneral
	patternPremium
	patternTollFree
	patternSharedCost
	patternVoIP
	patternPersonal
	patternPager
	patternCompany
	patternVoicemail
	patternFixed
	patternMobile
	patternCount
)

// compile makes the automaton of all the patterns of a calling code.
func (c *callingCode) compile() *automaton {
	var patterns []string
	var shapes []*phonenumbers.PhoneNumberDesc
	for _, country := range c.countries {
		p := country.plan
		leading := p.GetLeadingDigits()
		if leading != "" {
			leading = "(?:" + leading + `)\d*`
		}
		patterns = append(patterns, orNothing(leading))
		shapes = append(shapes, nil)
		for _, shape := range []*phonenumbers.PhoneNumberDesc{
			p.GetGeneralDesc(), p.GetPremiumRate(), p.GetTollFree(), p.GetSharedCost(), p.GetVoip(),
			p.GetPersonalNumber(), p.GetPager(), p.GetUan(), p.GetVoicemail(), p.GetFixedLine(), p.GetMobile(),
		} {
			patterns = append(patterns, orNothing(shape.GetNationalNumberPattern()))
			shapes = append(shapes, shape)
		}
	}
	a, err := compile(patterns, func(matches []bool, digits int) uint16 {
		for i, shape := range shapes {
			matches[i] = matches[i] && allowsLength(shape, digits)
		}
		for i, country := range c.countries {
			found := country.kindOf(matches[i*patternCount:][:patternCount])
			if matches[i*patternCount+patternLeading] || len(c.countries) > 1 &&
				country.plan.GetLeadingDigits() == "" && found != kindUnknown || len(c.countries) == 1 {
				return uint16(i+1)<<8 | uint16(found)
			}
		}
		return 0
	})
	if err != nil { // a pattern that Go cannot read: a test compiles all of them
		return &automaton{next: make([][10]uint16, start+1), verdict: make([]uint16, start+1)}
	}
	return a
}

// kindOf chooses the kind of a number by the country's patterns that it matches.
func (c *country) kindOf(matches []bool) kind {
	fixedIsMobile := c.plan.GetSameMobileAndFixedLinePattern()
	switch {
	case !matches[patternGeneral]:
		return kindUnknown
	case matches[patternPremium]:
		return kindPremium
	case matches[patternTollFree]:
		return kindTollFree
	case matches[patternSharedCost]:
		return kindSharedCost
	case matches[patternVoIP]:
		return kindNongeographic
	case matches[patternPersonal]:
		return kindPersonal
	case matches[patternPager]:
		return kindMobile
	case matches[patternCompany], matches[patternVoicemail]:
		return kindNongeographic
	case matches[patternFixed]:
		return kindGeographic
	case matches[patternMobile] && !fixedIsMobile:
		return kindMobile
	}
	return kindUnknown
}

// orNothing turns libphonenumber's ways to say "no such numbers" into a pattern
// that no number matches.
func orNothing(pattern string) string {
	if pattern == "" || pattern == "NA" {
		return `[^\x00-\x{10FFFF}]`
	}
	return pattern
}

// allowsLength says whether numbers of a shape may have that many digits. A
// shape without lengths of its own has those of its country, which are checked too.
func allowsLength(shape *phonenumbers.PhoneNumberDesc, digits int) bool {
	lengths := shape.GetPossibleLength()
	if len(lengths) == 0 {
		return true
	}
	for _, length := range lengths {
		if int(length) == digits {
			return true
		}
	}
	return false
}

// trunkRule takes off what is dialled before a national number: mostly one
// prefix, in some countries with a carrier's code after it, or rewritten.
type trunkRule struct {
	prefix  string         // the one prefix; empty: none, or pattern
	pattern *regexp.Regexp // where one prefix does not say it
	rewrite string         // what the number becomes, with $1 for the first group of pattern
}

func newTrunkRule(plan *phonenumbers.PhoneMetadata) trunkRule {
	expression := plan.GetNationalPrefixForParsing()
	if strings.Trim(expression, "0123456789") == "" {
		return trunkRule{prefix: expression}
	}
	pattern, err := regexp.Compile("^(?:" + expression + ")")
	if err != nil {
		return trunkRule{prefix: plan.GetNationalPrefix()}
	}
	return trunkRule{pattern: pattern, rewrite: plan.GetNationalPrefixTransformRule()}
}

// strip returns the national number that was dialled with a trunk prefix, and
// false if there is no prefix on it.
func (t *trunkRule) strip(dialed string) (national string, ok bool) {
	if t.pattern == nil {
		national, ok = strings.CutPrefix(dialed, t.prefix)
		return national, ok && t.prefix != ""
	}
	groups := t.pattern.FindStringSubmatchIndex(dialed)
	if groups == nil || groups[1] == 0 {
		return "", false
	}
	if last := len(groups) - 2; t.rewrite != "" && last > 0 && groups[last] >= 0 {
		return string(t.pattern.ExpandString(nil, t.rewrite, dialed, groups)) + dialed[groups[1]:], true
	}
	return dialed[groups[1]:], true
}

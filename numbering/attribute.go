package numbering

import (
	"strings"

	"tollgate"
)

// attribute fills in class, country and destination of what was read. The
// user's own table has the last word, except on emergency calls and extensions.
func (p *Plan) attribute(r reading, n *tollgate.Number) {
	if r.country != nil {
		n.Country = r.country.iso
	}
	if r.class == tollgate.ClassEmergency {
		n.Class, n.Destination = r.class, "Emergency "+n.E164
		return
	}
	if r.class == tollgate.ClassInternal {
		n.Class, n.Destination = r.class, "Internal"
		return
	}
	local := p.area != "" && strings.HasPrefix(r.national, p.area) &&
		(r.kind == kindGeographic || r.kind == kindUnknown)
	row := p.known.row(n.E164)
	if row == nil {
		n.Class, n.Destination = p.class(r, n.Country, local), p.destination(r)
		return
	}
	if row.Country != "" {
		n.Country = row.Country
	}
	if row.AreaCode != "" {
		local = row.AreaCode == p.area
	}
	switch row.Class {
	case tollgate.ClassUnknown:
		n.Class = p.class(r, n.Country, local)
	case tollgate.ClassDomestic:
		n.Class = row.Class
		if row.AreaCode != "" && local && p.isHome(n.Country) {
			n.Class = tollgate.ClassLocal
		}
	default:
		n.Class = row.Class
	}
	if n.Destination = row.Destination; n.Destination == "" {
		n.Destination = p.destination(r)
	}
}

// class says what a call to a number of that country is to this device. What is
// dear keeps its class wherever it is; what is cheap is cheap at home only.
func (p *Plan) class(r reading, iso string, local bool) tollgate.Class {
	switch {
	case r.class != tollgate.ClassUnknown || r.fit == fitNot:
		return r.class
	case r.kind == kindPremium || r.kind == kindSharedCost || r.kind == kindPersonal:
		return tollgate.ClassPremium
	case r.kind == kindTollFree && (r.country.iso == "" || p.home != nil && p.home.code == r.country.code):
		return tollgate.ClassTollFree
	case !p.isHome(iso):
		return tollgate.ClassInternational
	case r.kind == kindMobile:
		return tollgate.ClassMobile
	case local:
		return tollgate.ClassLocal
	}
	return tollgate.ClassDomestic
}

// isHome says whether a country is the device's own. Some parts of a country
// have an ISO code of their own.
func (p *Plan) isHome(iso string) bool {
	return p.home != nil && motherland(iso) == motherland(p.home.iso)
}

func motherland(iso string) string {
	switch iso {
	case "AX":
		return "FI"
	case "SJ":
		return "NO"
	case "CC", "CX":
		return "AU"
	}
	return iso
}

// destination is the name people read: the area, or the country and what the
// number is for.
func (p *Plan) destination(r reading) string {
	switch {
	case r.country == nil:
		return ""
	case r.class != tollgate.ClassUnknown:
		return r.country.name + " short code"
	case r.kind == kindGeographic:
		return p.known.world.places.name(r.country, r.national)
	}
	return r.country.names[r.kind]
}

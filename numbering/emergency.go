package numbering

import (
	"github.com/nyaruka/phonenumbers"
)

// extraEmergencies lists what libphonenumber's emergency numbers lack, and what
// a device without a country can count on. Sources: ITU-T E.161.1,
// EENA, the countries' regulators.
func extraEmergencies(country string) []string {
	switch country {
	case "":
		return []string{"112", "911", "999"}
	case "CN":
		return []string{"122"} // traffic accidents
	case "ES":
		return []string{"061", "062", "080", "091", "092"} // ambulance, Guardia Civil, fire, police
	case "FR":
		return []string{"114", "191", "196"} // for the deaf, air rescue, sea rescue
	case "GN":
		return []string{"117", "118", "442"} // police, fire, ambulance
	case "GR":
		return []string{"108"} // coast guard
	case "JP":
		return []string{"118"} // coast guard
	}
	return nil
}

// What a short code is. The verdicts of a country's short codes.
const (
	shortOther = iota + 1
	shortTollFree
	shortPremium
	shortEmergency
)

// newShortCodes compiles the numbers of a country that are dialled as they are,
// without any prefix: emergency, directory enquiries, the operator.
func newShortCodes(iso string) (*automaton, error) {
	collection, err := phonenumbers.ShortNumberMetadataCollection()
	if err != nil {
		return nil, err
	}
	patterns := []string{orNothing(""), orNothing(""), orNothing(""), orNothing("")}
	for _, plan := range collection.GetMetadata() {
		if plan.GetId() != iso {
			continue
		}
		for verdict, shape := range map[int]*phonenumbers.PhoneNumberDesc{
			shortOther: plan.GetShortCode(), shortTollFree: plan.GetTollFree(),
			shortPremium: plan.GetPremiumRate(), shortEmergency: plan.GetEmergency(),
		} {
			patterns[verdict-1] = orNothing(shape.GetNationalNumberPattern())
		}
	}
	return compile(patterns, func(matches []bool, _ int) uint16 {
		for verdict := shortEmergency; verdict >= shortOther; verdict-- {
			if matches[verdict-1] {
				return uint16(verdict)
			}
		}
		return 0
	})
}

// isEmergency says whether what was dialled is an emergency number as it stands.
func (p *Plan) isEmergency(dialed string) bool {
	return p.emergency[dialed] ||
		p.short != nil && allDigits(dialed) && p.short.run(dialed) == shortEmergency
}

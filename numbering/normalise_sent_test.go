package numbering

import (
	"strings"
	"testing"

	"tollgate"
)

// nobody knows no extension.
func nobody(string) bool { return false }

// sentOn reads numbers that a trunk of a device was given. 101 is an extension.
func sentOn(t *testing.T, p tollgate.DialingPlan) func(string) tollgate.Number {
	t.Helper()
	compiled := plan(t, p)
	return func(number string) tollgate.Number {
		return compiled.NormaliseSent(number, func(s string) bool { return s == "101" })
	}
}

// TestNormaliseSent: what a trunk was given is read as it stands, and without the
// route prefix only where that is no number.
func TestNormaliseSent(t *testing.T) {
	checkRead(t, sentOn(t, tollgate.DialingPlan{
		Country: "DE", AreaCode: "30", RoutePrefixes: []string{"0"}, ExtensionDigitsMax: 4,
	}), []dialing{
		{"00447400123456", "447400123456", international, "GB", ""},
		{"00881612345678", "881612345678", international, "", "Satellite network"},
		{"000447400123456", "447400123456", international, "GB", ""}, // the far side wants the prefix
		{"00302101234567", "302101234567", international, "GR", ""},
		{"00301234567", "49301234567", local, "DE", "Berlin"}, // too short for Greece
		{"0301234567", "49301234567", local, "DE", "Berlin"},
		{"+49301234567", "49301234567", local, "DE", "Berlin"},
		{"0+49301234567", "49301234567", local, "DE", "Berlin"},
		{"01234567", "49301234567", local, "DE", "Berlin"},
		{"0015112345678", "4915112345678", mobile, "DE", ""},
		{"015112345678", "4915112345678", mobile, "DE", ""},
		{"*7*015112345678", "4915112345678", mobile, "DE", ""},
		{"11833", "11833", domestic, "DE", ""},
		{"011833", "11833", domestic, "DE", ""},
		{"101", "101", internal, "", "Internal"},
		{"102", "4930102", local, "DE", ""},
		{"112", "112", emergency, "DE", ""},
		{"0112", "112", emergency, "DE", ""},
		{"*7*112", "112", emergency, "DE", ""},
		{"00112", "49112", emergency, "DE", ""},
		{"0049110", "49110", emergency, "DE", ""},
		{"00", "00", unknown, "", ""},
		{"0044123", "44123", international, "GB", ""},  // in no plan: as it stands
		{"00044123", "44123", international, "GB", ""}, // 00 behind the prefix says more than 0 before it
		{"", "", unknown, "", ""},
		{"*21*0", "", unknown, "", ""},
	})
}

func TestNormaliseSentElsewhere(t *testing.T) {
	t.Run("9 in Germany", func(t *testing.T) {
		checkRead(t, sentOn(t, tollgate.DialingPlan{
			Country: "DE", AreaCode: "30", RoutePrefixes: []string{"9"}, PrivateCodes: []string{"8"},
		}), []dialing{
			{"9112", "112", emergency, "DE", ""},
			{"90112", "49112", emergency, "DE", ""},
			{"90049112", "49112", emergency, "DE", ""},
			{"9301234", "49309301234", local, "DE", ""},
			{"90301234567", "49301234567", local, "DE", ""},
			{"80301234567", "49301234567", local, "DE", ""},
		})
	})
	t.Run("9 in North America", func(t *testing.T) {
		checkRead(t, sentOn(t, tollgate.DialingPlan{
			Country: "US", AreaCode: "212", RoutePrefixes: []string{"9"}, ExtensionDigitsMax: 4,
		}), []dialing{
			{"9911", "911", emergency, "US", ""},
			{"911", "911", emergency, "US", ""},
			{"9195551234", "19195551234", domestic, "US", ""},
			{"92125551234", "12125551234", local, "US", ""},
			{"9011442079460958", "442079460958", international, "GB", "London"},
			{"011442079460958", "442079460958", international, "GB", "London"},
			{"411", "411", domestic, "US", ""},
			{"901144123", "44123", international, "GB", ""},
		})
	})
	t.Run("without a country", func(t *testing.T) {
		checkRead(t, sentOn(t, tollgate.DialingPlan{RoutePrefixes: []string{"9"}}), []dialing{
			{"900442085551234", "442085551234", international, "GB", ""},
			{"902125551234", "902125551234", international, "TR", ""}, // Istanbul
			{"9112", "112", emergency, "", ""},
		})
	})
}

// abroadNumbers are real numbers of many countries, without a plus.
const abroadNumbers = `442079460958 447911123456 12125551234 33612345678 33123456789 41791234567 436641234567 48601123456
	905321234567 393331234567 390612345678 3225551234 31612345678 4532123456 46701234567 420601123456 40721234567 79161234567
	8613812345678 971501234567 919812345678 252612345678 881612345678 37129123456 2250123456789 5352345678 243812345678
	21620123456 212612345678 355672123456 381601234567 38761123456 380501234567 302101234567 306912345678 34912345678
	34612345678 351912345678 353851234567 3545812345 3584121234567 36201234567 359878123456 37060123456 37255512345
	38640123456 385912345678 41446681800 4312345678 493012345678 4915112345678 61412345678 64211234567 5511961234567
	525512345678 541123456789 27711234567 2348021234567 254712123456 201001234567 966512345678 972502345678 818012345678
	821012345678 6581234567 85251234567 886912345678 6281234567890 639051234567 66812345678 84912345678 919812345678
	923012345678 9647912345678 989123456789 77712345678`

// TestWorldBothWays reads the numbers of the world on devices with a route prefix,
// with and without it, as dialled and as sent. Where only one of the two readings
// is in a numbering plan, that is what must come out.
func TestWorldBothWays(t *testing.T) {
	for _, c := range []struct{ country, area, prefix, abroad, national string }{
		{"DE", "30", "0", "00", "0"},
		{"DE", "30", "9", "00", "0"},
		{"GB", "20", "9", "00", "0"},
		{"FR", "", "0", "00", "0"},
		{"US", "212", "9", "011", "1"},
		{"IT", "06", "0", "00", ""},
	} {
		words := tollgate.DialingPlan{Country: c.country, AreaCode: c.area}
		bare := plan(t, words)
		words.RoutePrefixes = []string{c.prefix}
		p := plan(t, words)
		sent := func(number string) string { return p.NormaliseSent(number, nobody).E164 }
		dialed := func(number string) string { return p.Normalise(number).E164 }
		// valid is what a string is where nobody has heard of route prefixes.
		valid := func(number string) (e164 string, ok bool) {
			r := bare.read(number, nobody)
			return r.digits, r.fit == fitValid
		}
		clear, tried := 0, 0
		for _, e164 := range strings.Fields(abroadNumbers) {
			written := c.abroad + e164
			if national, ok := strings.CutPrefix(e164, bare.home.code.digits); ok && c.national+national != e164 {
				written = c.national + national
			}
			if got, ok := valid(written); !ok || got != e164 {
				t.Errorf("%s: %s is no number to try: %s", c.country, written, got)
				continue
			}
			want := func(way string, read func(string) string, number, want string) {
				if got := read(number); got != want {
					t.Errorf("%s, prefix %s, %s as %s is %s, want %s", c.country, c.prefix, number, way, got, want)
				}
			}
			want("sent", sent, written, e164)
			want("dialled", dialed, c.prefix+written, e164)
			tried++
			if stands, ok := valid(c.prefix + written); ok {
				want("sent with the prefix", sent, c.prefix+written, stands)
			} else {
				want("sent with the prefix", sent, c.prefix+written, e164)
				clear++
			}
			if without, ok := valid(strings.TrimPrefix(written, c.prefix)); ok && strings.HasPrefix(written, c.prefix) {
				want("dialled without the prefix", dialed, written, without)
			} else {
				want("dialled without the prefix", dialed, written, e164)
			}
		}
		if tried < 36 || clear < tried*9/10 {
			t.Errorf("%s, prefix %s: %d numbers, %d of them clear", c.country, c.prefix, tried, clear)
		}
	}
}

// TestEmergencyBothWays: an emergency number is one however it was written down.
func TestEmergencyBothWays(t *testing.T) {
	for _, c := range []struct{ country, area, prefix, numbers string }{
		{"DE", "30", "0", "112 0112 *7*112 *7*0112 110 0110 0049112 +49112 00112"},
		{"DE", "30", "9", "112 9112 *7*112 *7*9112 0112 90112 0049112 90049112 9+49112"},
		{"GB", "20", "9", "999 9999 112 9112 *7*9999 0999 90999"},
		{"FR", "", "0", "15 015 112 0112 *7*015"},
		{"US", "212", "9", "911 9911 *7*9911 112 9112 +1911 90111911"},
		{"IT", "06", "0", "112 0112 113 0113 118 0118"},
	} {
		p := plan(t, tollgate.DialingPlan{
			Country: c.country, AreaCode: c.area, RoutePrefixes: []string{c.prefix}, ExtensionDigitsMax: 3,
		})
		for _, number := range strings.Fields(c.numbers) {
			for way, n := range map[string]tollgate.Number{
				"dialled": p.Normalise(number), "sent": p.NormaliseSent(number, nobody),
				"dialled outside":      p.NormaliseOutside(number, nobody),
				"sent, all extensions": p.NormaliseSent(number, anyShort),
			} {
				if n.Class != emergency {
					t.Errorf("%s, prefix %s, %s %s: %+v", c.country, c.prefix, number, way, n)
				}
			}
		}
	}
}

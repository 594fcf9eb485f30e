package numbering

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/nyaruka/phonenumbers"
)

// TestWorldAgainstLibrary compares country and kind with what libphonenumber
// says of the same number when asked directly: example numbers of every plan,
// their neighbours, and numbers that no plan has.
func TestWorldAgainstLibrary(t *testing.T) {
	w, err := newWorld()
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(7, 7))
	checked, known := 0, 0
	for _, number := range sampleNumbers(random, 12) {
		code, national := w.split(number)
		if code == nil {
			t.Fatalf("%s: no calling code", number)
		}
		country, got := code.place(national)
		asked := country.dialable(national)
		if phonenumbers.GetNationalSignificantNumber(asked) != national {
			continue // too many digits, or nothing but zeros
		}
		region, wanted := phonenumbers.GetRegionCodeForNumber(asked), kindOfLibrary(phonenumbers.GetNumberType(asked))
		switch region {
		case phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY:
			region = ""
		case "":
			region = phonenumbers.GetRegionCodeForCountryCode(int(asked.GetCountryCode()))
		}
		if country.iso != region || got != wanted {
			t.Errorf("+%s is %q kind %d, libphonenumber says %q kind %d", number, country.iso, got, region, wanted)
		}
		checked++
		if got != kindUnknown {
			known++
		}
	}
	t.Logf("%d numbers compared, %d of them in a plan", checked, known)
	if known < checked/4 || known > checked*9/10 {
		t.Errorf("of %d numbers %d are in a plan: the sample is one-sided", checked, known)
	}
}

func TestWorldCompilesEveryPlan(t *testing.T) {
	w, err := newWorld()
	if err != nil {
		t.Fatal(err)
	}
	codes, states := 0, 0
	for _, code := range w.codes {
		if code == nil {
			continue
		}
		codes++
		states += len(code.prepare().verdict)
		if len(code.prepare().verdict) < 5 {
			t.Errorf("+%s: its patterns did not compile", code.digits)
		}
		for _, c := range code.countries {
			if c.name == "" {
				t.Errorf("+%s %s has no name", code.digits, c.iso)
			}
		}
	}
	t.Logf("%d calling codes, %d states", codes, states)
	if codes < 200 {
		t.Errorf("%d calling codes, want all of the world", codes)
	}
}

func BenchmarkPlace(b *testing.B) {
	w, err := newWorld()
	if err != nil {
		b.Fatal(err)
	}
	numbers := sampleNumbers(rand.New(rand.NewPCG(7, 7)), 1)
	i := 0
	for b.Loop() {
		code, national := w.split(numbers[i%len(numbers)])
		code.place(national)
		i++
	}
}

func BenchmarkNewWorld(b *testing.B) {
	for b.Loop() {
		if _, err := newWorld(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCompilePlan(b *testing.B) {
	for _, iso := range []string{"DE", "GB", "US"} {
		b.Run(iso, func(b *testing.B) {
			w, err := newWorld()
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				w.countries[iso].code.compile()
			}
		})
	}
}

// kindOfLibrary translates libphonenumber's answer.
func kindOfLibrary(t phonenumbers.PhoneNumberType) kind {
	switch t {
	case phonenumbers.FIXED_LINE, phonenumbers.FIXED_LINE_OR_MOBILE:
		return kindGeographic
	case phonenumbers.MOBILE, phonenumbers.PAGER:
		return kindMobile
	case phonenumbers.PREMIUM_RATE:
		return kindPremium
	case phonenumbers.SHARED_COST:
		return kindSharedCost
	case phonenumbers.TOLL_FREE:
		return kindTollFree
	case phonenumbers.PERSONAL_NUMBER:
		return kindPersonal
	case phonenumbers.VOIP, phonenumbers.UAN, phonenumbers.VOICEMAIL:
		return kindNongeographic
	default:
		return kindUnknown
	}
}

// sampleNumbers returns E.164 digits of every country: examples of every kind,
// each several times with some digits changed, cut or added.
func sampleNumbers(random *rand.Rand, each int) []string {
	var numbers []string
	vary := func(example *phonenumbers.PhoneNumber) {
		if example == nil {
			return
		}
		digits := phonenumbers.Format(example, phonenumbers.E164)[1:]
		numbers = append(numbers, digits)
		for range each {
			b := []byte(digits)
			for i := random.IntN(len(b)-3) + 3; i < len(b); i++ {
				b[i] = '0' + byte(random.IntN(10))
			}
			switch random.IntN(8) {
			case 0:
				b = b[:len(b)-1]
			case 1:
				b = append(b, '0'+byte(random.IntN(10)))
			}
			numbers = append(numbers, string(b))
		}
	}
	for _, region := range slices.Sorted(maps.Keys(phonenumbers.GetSupportedRegions())) {
		for kind := phonenumbers.FIXED_LINE; kind <= phonenumbers.VOICEMAIL; kind++ {
			vary(phonenumbers.GetExampleNumberForType(region, kind))
		}
	}
	for _, code := range slices.Sorted(maps.Keys(phonenumbers.GetSupportedGlobalNetworkCallingCodes())) {
		vary(phonenumbers.GetExampleNumberForNonGeoEntity(code))
	}
	random.Shuffle(len(numbers), func(i, j int) { numbers[i], numbers[j] = numbers[j], numbers[i] })
	return numbers
}

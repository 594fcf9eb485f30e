package numbering

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"tollgate"
)

func TestIndexLongest(t *testing.T) {
	tests := []struct {
		name     string
		prefixes []string
		number   string
		want     string // the prefix found; empty: none
	}{
		{"longer wins", []string{"49", "4915", "49151"}, "4915112345", "49151"},
		{"order of the list does not matter", []string{"49151", "49", "4915"}, "4915112345", "49151"},
		{"back to the outer prefix after the inner", []string{"234", "2345"}, "23461", "234"},
		{"inner of the two", []string{"234", "2345"}, "23456", "2345"},
		{"exactly the prefix", []string{"234", "2345"}, "2345", "2345"},
		{"shorter than every prefix", []string{"234", "2345"}, "23", ""},
		{"shorter number is not padded", []string{"490", "4900"}, "49", ""},
		{"zero ending", []string{"49", "490"}, "490", "490"},
		{"nine ending, number beyond", []string{"9", "99", "999"}, "9989", "99"},
		{"nine ending, number inside", []string{"9", "99", "999"}, "9999999999999999999", "999"},
		{"after the last", []string{"1", "2"}, "3", ""},
		{"before the first", []string{"1", "2"}, "0", ""},
		{"siblings that touch", []string{"48", "49", "5"}, "4999", "49"},
		{"no prefixes", nil, "49", ""},
		{"empty number", []string{"0"}, "", ""},
		{"not a digit", []string{"0", "4"}, "+49", ""},
		{"digits before garbage", []string{"49", "4930"}, "493-0", "49"},
		{"longest allowed prefix", []string{"1234567890123456", "1"}, "12345678901234569", "1234567890123456"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			x, err := NewIndex(test.prefixes)
			if err != nil {
				t.Fatal(err)
			}
			if got := found(x, test.prefixes, test.number); got != test.want {
				t.Errorf("Longest(%q) = %q, want %q", test.number, got, test.want)
			}
		})
	}
}

func TestIndexRefuses(t *testing.T) {
	tests := []struct {
		name     string
		prefixes []string
		want     string
	}{
		{"twice", []string{"49", "1", "49"}, `prefix "49" is there twice: 1 and 3`},
		{"empty", []string{"49", ""}, `prefix 2 ""`},
		{"sign", []string{"+49"}, `prefix 1 "+49"`},
		{"letters", []string{"49a"}, `prefix 1 "49a"`},
		{"too long", []string{strings.Repeat("1", PrefixDigitsMax+1)}, "want 1 to 16 digits"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := NewIndex(test.prefixes)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v, want %s", err, test.want)
			}
			if tollgate.CodeOf(err) != tollgate.CodeInvalid {
				t.Errorf("code %v, want invalid", tollgate.CodeOf(err))
			}
		})
	}
}

func TestIndexOfValues(t *testing.T) {
	x, err := NewIndexOf([]string{"49", "4915", "43"}, []int{7, ValueMax, 7})
	if err != nil {
		t.Fatal(err)
	}
	for number, want := range map[string]int{"4930": 7, "49151": ValueMax, "431": 7} {
		if value, _, ok := x.Longest(number); !ok || value != want {
			t.Errorf("Longest(%s) = %d, %v, want %d", number, value, ok, want)
		}
	}
	for _, values := range [][]int{nil, {1, 2}, {1, 2, -1}, {1, 2, ValueMax + 1}} {
		if _, err := NewIndexOf([]string{"49", "4915", "43"}, values); tollgate.CodeOf(err) != tollgate.CodeInvalid {
			t.Errorf("values %v: got %v, want invalid", values, err)
		}
	}
}

// TestIndexAgainstOracle compares with trying every length of every number,
// on decks of all sizes and shapes.
func TestIndexAgainstOracle(t *testing.T) {
	for _, size := range []int{0, 1, 2, 10, 100, 1_000, 20_000} {
		for _, digits := range []int{1, 2, 4, 9, PrefixDigitsMax} {
			random := rand.New(rand.NewPCG(uint64(size), uint64(digits)))
			prefixes := randomPrefixes(random, size, digits, "")
			checkAgainstOracle(t, prefixes, func() string {
				return randomDigits(random, random.IntN(PrefixDigitsMax+4))
			})
			checkAgainstOracle(t, prefixes, func() string {
				if len(prefixes) == 0 {
					return ""
				}
				prefix := prefixes[random.IntN(len(prefixes))]
				return prefix[:random.IntN(len(prefix)+1)] + randomDigits(random, random.IntN(4))
			})
		}
	}
}

func FuzzIndexLongest(f *testing.F) {
	f.Add("49 4915 49151", "4915112345")
	f.Add("9 99 999 0", "9999")
	f.Add("490", "49")
	f.Fuzz(func(t *testing.T, list, number string) {
		prefixes := strings.Fields(list)
		if _, err := NewIndex(prefixes); err != nil {
			return
		}
		checkAgainstOracle(t, prefixes, func() string { return number })
	})
}

func TestIndexAllocatesNothing(t *testing.T) {
	x, numbers := million(t, shapes[0])
	i := 0
	if n := testing.AllocsPerRun(1000, func() { x.Longest(numbers[i]); i++ }); n != 0 {
		t.Errorf("%v allocations per call, want 0", n)
	}
}

func BenchmarkIndexLongest(b *testing.B) {
	for _, size := range []int{1_000, 100_000, 1_000_000} {
		for _, shape := range shapes {
			b.Run(fmt.Sprintf("%s/%d", shape.name, size), func(b *testing.B) {
				x, numbers := deck(b, size, shape)
				b.ReportAllocs()
				b.ReportMetric(float64(x.bytes())/1e6, "MB")
				i, sum := 0, 0
				for b.Loop() {
					v, _, _ := x.Longest(numbers[i&(len(numbers)-1)])
					sum += v
					i++
				}
				_ = sum
			})
		}
	}
}

func BenchmarkNewIndex(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	prefixes := randomPrefixes(random, 1_000_000, 9, "")
	for b.Loop() {
		if _, err := NewIndex(prefixes); err != nil {
			b.Fatal(err)
		}
	}
}

// shape is what the prefixes of a deck look like.
type shape struct {
	name   string
	stem   string // all begin with it
	digits int    // most digits after the stem
}

var shapes = []shape{
	{"spread", "", 10},   // carriers' decks of the whole world
	{"country", "86", 9}, // attribution of one country
	{"block", "4930123456", 6},
}

func million(tb testing.TB, s shape) (*Index, []string) { return deck(tb, 1_000_000, s) }

func deck(tb testing.TB, size int, s shape) (*Index, []string) {
	tb.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	prefixes := randomPrefixes(random, size, s.digits, s.stem)
	x, err := NewIndex(prefixes)
	if err != nil {
		tb.Fatal(err)
	}
	const numberDigits = PrefixDigitsMax
	var text strings.Builder // side by side in memory, as numbers are that were just read
	for range 1 << 16 {
		prefix := prefixes[random.IntN(len(prefixes))]
		text.WriteString(prefix + randomDigits(random, numberDigits-len(prefix)))
	}
	numbers := make([]string, 1<<16)
	for i := range numbers {
		numbers[i] = text.String()[i*numberDigits:][:numberDigits]
	}
	return x, numbers
}

// randomPrefixes returns up to count different prefixes, long ones more often.
func randomPrefixes(random *rand.Rand, count, digitsMax int, stem string) []string {
	seen := make(map[string]bool, count)
	for range 2 * count {
		length := max(random.IntN(digitsMax), random.IntN(digitsMax)) + 1
		seen[stem+randomDigits(random, length)] = true
		if len(seen) == count {
			break
		}
	}
	prefixes := make([]string, 0, len(seen))
	for prefix := range seen {
		prefixes = append(prefixes, prefix)
	}
	return prefixes
}

func randomDigits(random *rand.Rand, count int) string {
	b := make([]byte, count)
	for i := range b {
		b[i] = '0' + byte(random.IntN(10))
	}
	return string(b)
}

func checkAgainstOracle(t *testing.T, prefixes []string, number func() string) {
	t.Helper()
	x, err := NewIndex(prefixes)
	if err != nil {
		t.Fatal(err)
	}
	known := make(map[string]bool, len(prefixes))
	for _, prefix := range prefixes {
		known[prefix] = true
	}
	for range 200 {
		number := number()
		want := ""
		for length := 1; length <= min(len(number), PrefixDigitsMax); length++ {
			if known[number[:length]] {
				want = number[:length]
			}
		}
		if got := found(x, prefixes, number); got != want {
			t.Fatalf("Longest(%q) = %q, want %q among %d prefixes", number, got, want, len(prefixes))
		}
	}
}

// found returns the prefix that x finds for number, or "".
func found(x *Index, prefixes []string, number string) string {
	value, length, ok := x.Longest(number)
	if !ok {
		return ""
	}
	return prefixes[value][:length]
}

// bytes is the memory that x holds.
func (x *Index) bytes() int {
	n := 8 * len(x.rows)
	for _, t := range x.tables {
		n += 40 + 8*len(t.buckets)
	}
	return n
}

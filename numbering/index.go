package numbering

import (
	"cmp"
	"slices"

	"tollgate"
)

const (
	// PrefixDigitsMax is how many digits a prefix may have. E.164 stops at 15.
	PrefixDigitsMax = 16
	// PrefixesMax is how many prefixes one Index may hold.
	PrefixesMax = 1 << 26
	// ValueMax is the largest value of a prefix.
	ValueMax = 1<<(32-lengthBits) - 1

	nibbleBits = 4
	digitMark  = 1  // digit d is stored as d+1, so that 0 means "the number ends here"
	radix      = 11 // ten digits and the end

	tableDigitsMax = 5  // root table of 161,051 buckets, 1.3 MB: about what a processor keeps near
	bucketSizeGoal = 12 // prefixes a bucket may hold where they are spread evenly
	bucketSizeMax  = 32 // more are split by a table of their own
	restDigits     = 8  // digits of a prefix that are kept beyond those of its bucket

	lengthBits = 5
	nothing    = -1 // no prefix
	nested     = -2 // and below: the bucket's prefixes are in table nested-cover
)

// Index finds the longest of many digit prefixes that a number begins with. It
// never changes once built, and is safe for concurrent use. A lookup allocates
// nothing; a prefix takes about 10 bytes.
//
// The prefixes are sorted, so that each comes before the longer ones that begin
// with it. A table over the first digits of the number names its bucket: the few
// prefixes that agree with it in these digits. The last of them that the number
// begins with is the answer, and where there is none, a shorter prefix covers
// the whole bucket. Where prefixes crowd, the bucket is a table again.
//
// A lookup thus waits for memory twice, for the bucket and for the row; at a
// million prefixes nothing else counts. Reading a bucket through beats searching
// it, because its lines of memory then arrive together.
type Index struct {
	tables []table
	rows   []row // one for each prefix
}

// row is one prefix.
type row struct {
	rest   uint32 // its digits beyond those of its bucket, packed
	answer uint32 // value << lengthBits | length
}

// table divides the prefixes that agree in their first skip digits by the next few digits.
type table struct {
	skip, digits int
	buckets      []bucket // one for each string of digits, and one more to end the last
}

// bucket is a run of prefixes, up to the first of the next bucket.
type bucket struct {
	first int32
	cover int32 // the longest prefix before the run that covers all of it; nothing; or nested
}

// NewIndex builds an Index; the value of a prefix is its position in prefixes.
// It refuses, with CodeInvalid and both positions counted from 1, a prefix that
// is there twice, and one that is empty, too long or not all digits 0 to 9.
func NewIndex(prefixes []string) (*Index, error) {
	return newIndex(prefixes, func(i int) int { return i })
}

// NewIndexOf is NewIndex with a value, 0 to ValueMax, for each prefix. Prefixes
// may share values: what a few values stand for is found sooner than what a
// million positions stand for.
func NewIndexOf(prefixes []string, values []int) (*Index, error) {
	if len(values) != len(prefixes) {
		return nil, tollgate.Errorf(tollgate.CodeInvalid, "%d values for %d prefixes", len(values), len(prefixes))
	}
	for i, value := range values {
		if value < 0 || value > ValueMax {
			return nil, tollgate.Errorf(tollgate.CodeInvalid, "prefix %d %.40q: value %d, want 0 to %d",
				i+1, prefixes[i], value, ValueMax)
		}
	}
	return newIndex(prefixes, func(i int) int { return values[i] })
}

func newIndex(prefixes []string, value func(i int) int) (*Index, error) {
	if len(prefixes) > PrefixesMax {
		return nil, tollgate.Errorf(tollgate.CodeInvalid,
			"%d prefixes: at most %d are allowed", len(prefixes), PrefixesMax)
	}
	sorted := make([]entry, len(prefixes))
	for i, prefix := range prefixes {
		key, length := pack(prefix)
		if length == 0 || length != len(prefix) {
			return nil, tollgate.Errorf(tollgate.CodeInvalid,
				"prefix %d %.40q: want 1 to %d digits", i+1, prefix, PrefixDigitsMax)
		}
		sorted[i] = entry{key: key, length: int32(length), position: int32(i)}
	}
	slices.SortFunc(sorted, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.position, b.position))
	})
	for i := 1; i < len(sorted); i++ {
		if sorted[i].key == sorted[i-1].key {
			return nil, tollgate.Errorf(tollgate.CodeInvalid, "prefix %q is there twice: %d and %d",
				prefixes[sorted[i].position], sorted[i-1].position+1, sorted[i].position+1)
		}
	}
	return build(sorted, value), nil
}

// Longest returns the value and the length of the longest prefix that number
// begins with. A number that is empty or does not begin with a digit has none;
// what follows the first character that is not a digit is not looked at.
func (x *Index) Longest(number string) (value, length int, ok bool) {
	key, _ := pack(number)
	t := &x.tables[0]
	slot := slotOf(key, t.digits)
	for t.buckets[slot].cover <= nested {
		t = &x.tables[nested-t.buckets[slot].cover]
		slot = slotOf(key<<(nibbleBits*t.skip), t.digits)
	}
	at := x.search(key, t, slot)
	if at == nothing {
		return 0, 0, false
	}
	answer := x.rows[at].answer
	return int(answer >> lengthBits), int(answer & (1<<lengthBits - 1)), true
}

// search returns the longest prefix of key in one bucket, or what covers it.
func (x *Index) search(key uint64, t *table, slot int) int32 {
	run := t.buckets[slot]
	known := t.skip + t.digits
	rest := restOf(key, known)
	found := run.cover
	for i, r := range x.rows[run.first:t.buckets[slot+1].first] {
		length := r.answer & (1<<lengthBits - 1)
		if (r.rest^rest)>>(nibbleBits*(restDigits+uint32(known)-length)) == 0 {
			found = run.first + int32(i) // longer ones come later
		}
	}
	return found
}

// pack puts the leading digits of s, at most PrefixDigitsMax, into one word, the
// first digit uppermost, so that words sort as digit strings do.
func pack(s string) (key uint64, digits int) {
	for digits < len(s) && digits < PrefixDigitsMax {
		d := s[digits] - '0'
		if d > 9 {
			break
		}
		key = key<<nibbleBits | uint64(d+digitMark)
		digits++
	}
	return key << (nibbleBits * (PrefixDigitsMax - digits)), digits
}

// slotOf reads the first digits of key as a number, which says their bucket.
func slotOf(key uint64, digits int) int {
	slot := 0
	for range digits {
		slot = slot*radix + int(key>>(64-nibbleBits))
		key <<= nibbleBits
	}
	return slot
}

// restOf cuts the digits of a key that follow the first known ones.
func restOf(key uint64, known int) uint32 {
	return uint32(key << (nibbleBits * known) >> 32)
}

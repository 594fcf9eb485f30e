package numbering

import (
	"cmp"
	"math"
	"slices"

	"tollgate"
)

const (
	// PrefixDigitsMax is how many digits a prefix may have. E.164 stops at 15.
	PrefixDigitsMax = 16
	// PrefixesMax is how many prefixes one Index may hold.
	PrefixesMax = 1 << 26

	nibbleBits  = 4
	tableRadix  = 11 // ten digits and "the number ends here"
	tableDigits = 6  // most digits the first step looks at: 7 MiB of table
	noPrefix    = -1
	digitMark   = 1 // digit d is stored as d+1, so that 0 means "no digit"
)

// Index finds the longest of many digit prefixes that a number begins with. It
// never changes once built, and is safe for concurrent use.
//
// A prefix covers a range of numbers. The ranges of all prefixes, cut where a
// longer prefix begins and where it ends, make one sorted row of boundaries;
// between two boundaries the longest prefix is always the same. So one search
// answers, however deeply prefixes are nested: a table over the first digits
// names the few boundaries to look at, and a binary search picks one of them.
type Index struct {
	digits     int      // how many leading digits the table looks at
	table      []uint32 // first digits → the first boundary not before them
	boundaries []boundary
}

// boundary says which prefix is the longest one from key on, up to the next boundary.
type boundary struct {
	key    uint64 // digits packed from the left, see pack
	value  int32  // position of the prefix; noPrefix where none covers the number
	length int32  // digits of the prefix
}

// NewIndex builds an Index; the value of a prefix is its position in prefixes.
// It refuses, with CodeInvalid and both positions counted from 1, a prefix that
// is there twice, and one that is empty, too long or not all digits 0 to 9.
func NewIndex(prefixes []string) (*Index, error) {
	if len(prefixes) > PrefixesMax {
		return nil, tollgate.Errorf(tollgate.CodeInvalid,
			"%d prefixes: at most %d are allowed", len(prefixes), PrefixesMax)
	}
	starts := make([]boundary, len(prefixes))
	for i, prefix := range prefixes {
		key, length := pack(prefix)
		if length == 0 || length != len(prefix) {
			return nil, tollgate.Errorf(tollgate.CodeInvalid,
				"prefix %d %.40q: want 1 to %d digits", i+1, prefix, PrefixDigitsMax)
		}
		starts[i] = boundary{key: key, value: int32(i), length: int32(length)}
	}
	slices.SortFunc(starts, func(a, b boundary) int {
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.value, b.value))
	})
	for i := 1; i < len(starts); i++ {
		if starts[i].key == starts[i-1].key {
			return nil, tollgate.Errorf(tollgate.CodeInvalid, "prefix %q is there twice: %d and %d",
				prefixes[starts[i].value], starts[i-1].value+1, starts[i].value+1)
		}
	}
	x := &Index{boundaries: cut(starts)}
	x.digits, x.table = tabulate(x.boundaries)
	return x, nil
}

// Longest returns the position and the length of the longest prefix that number
// begins with. A number that is empty or does not begin with a digit has none;
// what follows the first character that is not a digit is not looked at.
func (x *Index) Longest(number string) (value, length int, ok bool) {
	key, _ := pack(number)
	slot := slotOf(key, x.digits)
	low, high := x.table[slot], x.table[slot+1]
	for low < high {
		middle := (low + high) / 2
		if x.boundaries[middle].key <= key {
			low = middle + 1
		} else {
			high = middle
		}
	}
	found := x.boundaries[low-1] // there is one: the first boundary's key is 0
	if found.value == noPrefix {
		return 0, 0, false
	}
	return int(found.value), int(found.length), true
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

// slotOf counts, over the first digits of key, which place it has among all
// digit strings. It never falls as key grows, also for the end of a range after
// a 9, whose last digit is stored as 11 and carries.
func slotOf(key uint64, digits int) int {
	slot := 0
	for range digits {
		slot = slot*tableRadix + int(key>>(64-nibbleBits))
		key <<= nibbleBits
	}
	return slot
}

// cut makes the row of boundaries from the prefixes in sorted order, where each
// prefix comes right before all the longer ones that begin with it.
func cut(starts []boundary) []boundary {
	row := make([]boundary, 1, 2*len(starts)+1)
	row[0].value = noPrefix
	open := make([]boundary, 1, PrefixDigitsMax+1) // prefixes around this place, outermost first
	open[0].value = noPrefix
	put := func(b boundary) {
		if last := &row[len(row)-1]; last.key == b.key {
			*last = b
			return
		}
		row = append(row, b)
	}
	closeUntil := func(key uint64) {
		for len(open) > 1 && end(open[len(open)-1]) <= key {
			at := end(open[len(open)-1])
			open = open[:len(open)-1]
			outer := open[len(open)-1]
			put(boundary{key: at, value: outer.value, length: outer.length})
		}
	}
	for _, start := range starts {
		closeUntil(start.key)
		put(start)
		open = append(open, start)
	}
	closeUntil(math.MaxUint64)
	return slices.Clip(row)
}

// end is the first key after all numbers that begin with the prefix of b.
func end(b boundary) uint64 {
	return b.key + 1<<(nibbleBits*(PrefixDigitsMax-b.length))
}

// tabulate makes the table of the first search step, about as long as the row
// of boundaries: entry s is the first boundary whose slot is not below s.
func tabulate(row []boundary) (digits int, table []uint32) {
	slots := 1
	for digits < tableDigits && slots < len(row) {
		digits++
		slots *= tableRadix
	}
	table = make([]uint32, slots+1)
	next := 0
	for at := range row {
		for slot := slotOf(row[at].key, digits); next <= slot; next++ {
			table[next] = uint32(at)
		}
	}
	for ; next < len(table); next++ {
		table[next] = uint32(len(row))
	}
	return digits, table
}

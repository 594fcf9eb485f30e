package numbering

// entry is one prefix while an Index is built.
type entry struct {
	key      uint64
	length   int32
	position int32
}

// build makes the Index of sorted prefixes, given the value of each position.
func build(sorted []entry, value func(position int) int) *Index {
	x := &Index{rows: make([]row, len(sorted))}
	for at, e := range sorted {
		x.rows[at].answer = uint32(value(int(e.position)))<<lengthBits | uint32(e.length)
	}
	x.divide(sorted, 0, len(sorted), 0, nothing)
	return x
}

// divide adds the table of the prefixes from first up to end, which agree in
// their first skip digits and are covered by the prefix cover, and the tables
// below it. It returns the number of the table.
func (x *Index) divide(sorted []entry, first, end, skip int, cover int32) int {
	digits, slots := 1, radix
	for digits < tableDigitsMax && slots*bucketSizeGoal < end-first {
		digits, slots = digits+1, slots*radix
	}
	t := table{skip: skip, digits: digits, buckets: make([]bucket, slots+1)}
	number := len(x.tables)
	x.tables = append(x.tables, t)
	for slot := range t.buckets {
		t.buckets[slot].cover = cover
	}
	next := 0
	for at := first; at < end; at++ {
		e := &sorted[at]
		slot := slotOf(e.key<<(nibbleBits*skip), digits)
		for ; next <= slot; next++ {
			t.buckets[next].first = int32(at)
		}
		if open := skip + digits - int(e.length); open > 0 { // it covers the buckets that follow
			for s := slot + 1; s < slot+power(open); s++ {
				t.buckets[s].cover = int32(at)
			}
		}
	}
	for ; next < len(t.buckets); next++ {
		t.buckets[next].first = int32(end)
	}
	for slot := range slots {
		b := &t.buckets[slot]
		b.cover = x.fill(sorted, *b, int(t.buckets[slot+1].first), skip+digits)
	}
	return number
}

// fill finishes a bucket whose prefixes agree in their first known digits, and
// returns what belongs into its cover.
func (x *Index) fill(sorted []entry, b bucket, end, known int) int32 {
	crowded := end-int(b.first) > bucketSizeMax
	for at := int(b.first); at < end; at++ {
		crowded = crowded || int(sorted[at].length) > known+restDigits
		x.rows[at].rest = restOf(sorted[at].key, known)
	}
	if crowded {
		return int32(nested - x.divide(sorted, int(b.first), end, known, b.cover))
	}
	return b.cover
}

// power is how many strings of that many digits a table distinguishes.
func power(digits int) int {
	n := 1
	for range digits {
		n *= radix
	}
	return n
}

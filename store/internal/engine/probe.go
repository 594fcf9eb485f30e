package engine

import (
	"fmt"
	"strconv"
	"strings"
)

// probeRows is how many questions one statement asks at most, and fewer for what
// is left over.
func probeRows() []int { return []int{32, 16, 8, 4, 2, 1} }

// Probe asks a question n times, which mostly has no answer, many in one
// statement. The question is a SELECT of one number whose arguments are question
// marks; args returns them. Hit is told the place of each that has an answer, and
// the answer. It is SQLite's, and reads only.
func (t *Tx) Probe(question string, n int, args func(i int) []any, hit func(i int, answer int64)) error {
	first := 0
	for _, rows := range probeRows() {
		for ; n-first >= rows; first += rows {
			if err := t.probe(question, first, rows, args, hit); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *Tx) probe(
	question string, first, rows int, args func(i int) []any, hit func(i int, answer int64),
) error {
	key := strconv.Itoa(rows) + " times " + question
	kept, ok := t.kept[key]
	if !ok {
		statement, err := t.Prepare(probeText(question, rows))
		if err != nil {
			return err
		}
		kept = statement.kept
		t.kept[key] = kept
	}
	all := make([]any, 0, 4*rows)
	for i := range rows {
		all = append(all, args(first+i)...)
	}
	found, err := kept.QueryContext(t.ctx, all...)
	if err != nil {
		return err
	}
	defer found.Close()
	for found.Next() {
		var place int
		var answer int64
		if err := found.Scan(&place, &answer); err != nil {
			return err
		}
		hit(first+place, answer)
	}
	return found.Err()
}

// probeText is a question asked so many times, with its place before its answer.
func probeText(question string, rows int) string {
	asked := make([]string, rows)
	for i := range asked {
		asked[i] = strings.Replace(question, "SELECT ", fmt.Sprintf("SELECT %d, ", i), 1)
	}
	return strings.Join(asked, " UNION ALL ")
}

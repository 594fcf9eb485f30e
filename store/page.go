package store

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"

	"tollgate"
)

// Scope is whose rows a query sees: one enterprise, or Everything.
type Scope tollgate.ID

// Everything sees the rows of all enterprises and those of none.
const Everything Scope = 0

// Limits of a page.
const (
	PageRowsDefault = 50
	PageRowsMax     = 1000
)

// Paging asks for one page. After is Page.Next of the page before, empty for
// the first. Rows is 1 to PageRowsMax, 0 for PageRowsDefault.
type Paging struct {
	After string
	Rows  int
}

// Page is a piece of a list. Next is empty on the last page.
type Page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next"`
}

// rows returns how many rows a page has; queries ask for one more, to learn
// whether there is another page.
func (p Paging) rows() int {
	if p.Rows <= 0 {
		return PageRowsDefault
	}
	return min(p.Rows, PageRowsMax)
}

// paged cuts what a query for rows()+1 rows found to one page.
func paged[T any](p Paging, found []T, mark func(*T) string) Page[T] {
	page := Page[T]{Items: found}
	if n := p.rows(); len(found) > n {
		page.Items = found[:n]
		page.Next = mark(&found[n-1])
	}
	return page
}

// mark makes an opaque cursor of the values a list is ordered by.
func mark(values ...any) string {
	text, err := json.Marshal(values)
	if err != nil {
		panic(err) // ids, numbers and strings always have a JSON form
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// cursor is what mark was given. An id is text in JSON, like a name.
type cursor []string

func (c cursor) text(i int) string { return c[i] }

// int reads a number; a cursor that somebody made up begins at 0.
func (c cursor) int(i int) int64 {
	v, err := strconv.ParseInt(c[i], 10, 64)
	if err != nil {
		return 0
	}
	return v
}

// unmark reads a cursor made by mark of n values; nil for the first page.
func (p Paging) unmark(n int) (cursor, error) {
	if p.After == "" {
		return nil, nil
	}
	var values cursor
	text, err := base64.RawURLEncoding.DecodeString(p.After)
	if err == nil {
		err = json.Unmarshal(text, &values)
	}
	if err != nil || len(values) != n {
		return nil, tollgate.Errorf(tollgate.CodeInvalid, "cursor %.40q: not one of ours", p.After)
	}
	return values, nil
}

// conditions is a WHERE clause in the making. Its pieces are literals of this
// package; what comes from outside goes through arguments alone.
type conditions struct {
	pieces []string
	args   []any
}

// and adds a condition in which each ? stands for one of the arguments.
func (c *conditions) and(piece string, args ...any) {
	for _, a := range args {
		c.args = append(c.args, a)
		piece = strings.Replace(piece, "?", "$"+strconv.Itoa(len(c.args)), 1)
	}
	c.pieces = append(c.pieces, piece)
}

// scope adds the tenant's condition on a column.
func (c *conditions) scope(column string, s Scope) {
	if s != Everything {
		c.and(column+" = ?", int64(s))
	}
}

// clause returns the WHERE clause, empty when there are no conditions.
func (c *conditions) clause() string {
	if len(c.pieces) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(c.pieces, " AND ")
}

// limit returns a LIMIT clause for one row more than the page has.
func (p Paging) limit() string { return " LIMIT " + strconv.Itoa(p.rows()+1) }

// containsPattern is a LIKE pattern, with \ as escape, for text that contains s.
func containsPattern(s string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(strings.ToLower(s)) + "%"
}

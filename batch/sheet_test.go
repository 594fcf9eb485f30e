package batch

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"tollgate"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var nameAge = Form{Columns: []string{"name", "age"}, Required: []string{"name"}}

// readAll returns what a sheet holds, one text for each line: its number, then
// the fields of the form, or why it was rejected.
func readAll(t *testing.T, r io.Reader, form Form) []string {
	t.Helper()
	sheet, err := NewSheet(r, form)
	if err != nil {
		return []string{err.Error()}
	}
	var lines []string
	for row, reject := range sheet.Rows() {
		if reject != nil {
			lines = append(lines, reject.String())
			continue
		}
		fields := []string{strconv.Itoa(row.Line())}
		for i := range form.Columns {
			fields = append(fields, row.Text(i))
		}
		lines = append(lines, strings.Join(fields, "|"))
	}
	if err := sheet.Err(); err != nil {
		lines = append(lines, err.Error())
	}
	return lines
}

func TestSheet(t *testing.T) {
	tests := []struct {
		name, file string
		want       []string
	}{
		{"plain", "name,age\nAda,36\nBob,7\n", []string{"2|Ada|36", "3|Bob|7"}},
		{"any order, any case", "AGE, Name\n36,Ada", []string{"2|Ada|36"}},
		{"column left out", "name\nAda\n", []string{"2|Ada|"}},
		{"semicolon, mark, CRLF", "\ufeffname;age\r\nAda;36\r\n", []string{"2|Ada|36"}},
		{"empty lines count", "name\n\nAda\n \t\r\nBob\n", []string{"3|Ada|", "5|Bob|"}},
		{"quotes", "name,age\n\"Ada, \"\"Queen\"\"\",\"36\"\n", []string{`2|Ada, "Queen"|36`}},
		{"spaces", "name,age\n Ada\t, \" 36\" \n", []string{"2|Ada| 36"}},
		{"inch mark", "name,age\n5\" pipe,1\n", []string{`2|5" pipe|1`}},
		{"formula mark", "name,age\n'=1+1,'-5\n", []string{"2|=1+1|-5"}},
		{"apostrophe", "name,age\n'tis,'\n", []string{"2|'tis|'"}},
		{"garbage between", "name,age\nAda,36\n\x00\x01,2\n\xff,3\n1,2,3\nx\n\"open,4\n\"a\"b,5\nBob,7\n", []string{
			"2|Ada|36", "line 3: contains a zero byte", "line 4: is not UTF-8",
			"line 5: has 3 fields, the header has 2", "line 6: has 1 fields, the header has 2",
			"line 7: field 1: the quote is not closed on this line",
			"line 8: field 1: text after the closing quote", "9|Bob|7",
		}},
		{"too long", "name,age\n" + strings.Repeat("x", 3*MaxLine) + "\nBob,7\n", []string{
			"line 2: longer than 1048576 bytes", "3|Bob|7",
		}},
		{"too long at the end", "name,age\nBob,7\n" + strings.Repeat("x", MaxLine+1), []string{
			"2|Bob|7", "line 3: longer than 1048576 bytes",
		}},
		{"too many fields", "name,age\n" + strings.Repeat(",", MaxColumns) + "\nBob,7\n", []string{
			"line 2: has more than 256 fields", "3|Bob|7",
		}},
		{"unknown column", "name,agee\n", []string{
			`line 1: unknown column "agee"; columns are name, age`,
		}},
		{"column twice", "name,name\n", []string{
			`line 1: column "name" is there twice; columns are name, age`,
		}},
		{"required column", "age\n", []string{
			`line 1: column "name" is missing; columns are name, age`,
		}},
		{"nameless column", "name,\n", []string{
			`line 1: column 2 has no name; columns are name, age`,
		}},
		{"empty file", "", []string{"line 1: the file is empty; columns are name, age"}},
		{"UTF-16", "\xff\xfen\x00a\x00", []string{
			"line 1: the file is UTF-16; save it as UTF-8; columns are name, age",
		}},
		{"endless header", strings.Repeat("x", MaxLine+1), []string{
			"line 1: the header is longer than 1048576 bytes; columns are name, age",
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := readAll(t, strings.NewReader(test.file), nameAge)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if len(test.file) > 1000 {
				return
			}
			slow := readAll(t, iotest.OneByteReader(strings.NewReader(test.file)), nameAge)
			if diff := cmp.Diff(test.want, slow); diff != "" {
				t.Errorf("byte by byte: %s", diff)
			}
		})
	}
}

func TestSheetErrorIsInvalid(t *testing.T) {
	_, err := NewSheet(strings.NewReader("what\n"), nameAge)
	if tollgate.CodeOf(err) != tollgate.CodeInvalid {
		t.Errorf("code %q of %v, want invalid", tollgate.CodeOf(err), err)
	}
}

// A line that was cut off by a failing disk is not a record.
func TestSheetReadFailure(t *testing.T) {
	r := io.MultiReader(strings.NewReader("name,age\nAda,36\nBob,1"), iotest.ErrReader(errors.New("disk")))
	want := []string{"2|Ada|36", "reading line 3: disk"}
	if diff := cmp.Diff(want, readAll(t, r, nameAge)); diff != "" {
		t.Error(diff)
	}
}

func TestSheetExtra(t *testing.T) {
	form := nameAge
	form.Extra = true
	sheet, err := NewSheet(strings.NewReader("x;name;y;age\n1;Ada;\"a;\"\"b\";36\n1;2\n"), form)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"x", "y"}, sheet.Extra()); diff != "" {
		t.Error(diff)
	}
	var got []string
	for row, reject := range sheet.Rows() {
		got = append(got, string(row.AppendExtra(row.AppendRaw(nil, 0))), strconv.FormatBool(reject != nil))
	}
	want := []string{`Ada;1;"a;""b"`, "false", "2;1;", "true"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// What Writer writes, Sheet reads back, and no cell is a formula.
func TestWriterRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom([]rune("ab,;\"'=+-@\t 0159.ü")))
		rows := rapid.SliceOf(rapid.SliceOfN(text, 2, 2)).Draw(t, "rows")
		var file bytes.Buffer
		w := NewWriter(&file, "name", "age")
		for _, row := range rows {
			w.Write(row...)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		sheet, err := NewSheet(&file, nameAge)
		if err != nil {
			t.Fatal(err)
		}
		var got [][]string
		for row, reject := range sheet.Rows() {
			if reject != nil {
				t.Fatal(reject)
			}
			if raw := row.AppendRaw(nil, 0); formula(strings.Trim(string(raw), `"`)) &&
				raw[0] != '\'' && raw[0] != '"' && !number(string(raw)) {
				t.Fatalf("cell %s is a formula", raw)
			}
			got = append(got, []string{row.Text(0), row.Text(1)})
		}
		if len(rows) > 0 && !cmp.Equal(rows, got) {
			t.Fatal(cmp.Diff(rows, got))
		}
	})
}

func FuzzSheet(f *testing.F) {
	for _, seed := range []string{
		"name,age\nAda,36\n", "name;age\n\"a;b\";2\r\n\"\n", "\ufeffname\n\x00\n\xff\n\n,,\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		whole := readAll(t, bytes.NewReader(file), nameAge)
		pieces := readAll(t, iotest.HalfReader(bytes.NewReader(file)), nameAge)
		if diff := cmp.Diff(whole, pieces); diff != "" {
			t.Errorf("depends on how it is read: %s", diff)
		}
	})
}

func BenchmarkSheet(b *testing.B) {
	file := []byte("name,age,x,y\n" + strings.Repeat("Some Name,12345,2026-01-01T00:00:00Z,\n", 100_000))
	form := nameAge
	form.Extra = true
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		sheet, err := NewSheet(bytes.NewReader(file), form)
		if err != nil {
			b.Fatal(err)
		}
		for row := range sheet.Rows() {
			if len(row.Field(1)) != 5 {
				b.Fatal("wrong field")
			}
		}
	}
}

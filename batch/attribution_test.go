package batch

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"tollgate"

	"github.com/google/go-cmp/cmp"
)

const attributionSheet = `prefix,class,country,destination,area_code
4930,domestic,DE,Berlin,30
118,premium,,,
7788,internal,,"Branch, north",
4989,,,=Munich,
`

func TestReadAttribution(t *testing.T) {
	rows, rejects, err := ReadAttribution(strings.NewReader(attributionSheet))
	want := []tollgate.Attribution{
		{Prefix: "4930", Class: tollgate.ClassDomestic, Country: "DE", Destination: "Berlin", AreaCode: "30"},
		{Prefix: "118", Class: tollgate.ClassPremium},
		{Prefix: "7788", Class: tollgate.ClassInternal, Destination: "Branch, north"},
		{Prefix: "4989", Destination: "=Munich"},
	}
	if err != nil || len(rejects) > 0 || !cmp.Equal(rows, want) {
		t.Errorf("got %v, %v, %v\n%s", rows, rejects, err, cmp.Diff(want, rows))
	}
}

func TestReadAttributionRejects(t *testing.T) {
	sheet := `destination;prefix;class;country;area_code
good;49;;;
plus;+49;;;
none;;;;
class;43;cheap;;
country;44;;Britain;
area;45;;;x
twice;49;;;
` + strings.Repeat("x", 201) + `;46;;;
short;47
bad ` + "\xff" + `;48;;;
good;33;premium;FR;
`
	rows, rejects, err := ReadAttribution(strings.NewReader(sheet))
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 2 || rows[1].Prefix != "33" {
		t.Errorf("the good rows are %v", rows)
	}
	var got []string
	for _, r := range rejects {
		got = append(got, r.String())
	}
	want := []string{
		`line 3, prefix "+49": must be 1 to 16 digits`,
		`line 4, prefix "": must be 1 to 16 digits`,
		`line 5, class "cheap": must be empty or one of ` +
			`[internal local domestic international mobile premium tollfree emergency]`,
		`line 6, country "Britain": must be empty or two capital letters, such as DE`,
		`line 7, area_code "x": must be empty or up to 16 digits`,
		`line 8, prefix "49": is there twice, first on line 2`,
		`line 9, destination "` + strings.Repeat("x", 80) + `": must be at most 200 bytes of UTF-8`,
		`line 10: has 2 fields, the header has 5`,
		`line 11: is not UTF-8`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rejects (-want +got):\n%s", diff)
	}
}

func TestReadAttributionRefusesTheHeader(t *testing.T) {
	for _, header := range []string{"", "class\n", "prefix,colour\n"} {
		if _, _, err := ReadAttribution(strings.NewReader(header)); tollgate.CodeOf(err) != tollgate.CodeInvalid {
			t.Errorf("%q: got %v, want an invalid file", header, err)
		}
	}
}

func TestImportAttribution(t *testing.T) {
	db := newBooks(t)
	changed := strings.Replace(attributionSheet, "118,", "119,", 1)
	for _, step := range []struct {
		name, sheet string
		dryRun      bool
		want        [4]int // added, changed, removed, same
		rejects     int
	}{
		{"preview of new", attributionSheet, true, [4]int{4, 0, 0, 0}, 0},
		{"new", attributionSheet, false, [4]int{4, 0, 0, 0}, 0},
		{"again", attributionSheet, false, [4]int{0, 0, 0, 4}, 0},
		{"preview of change", changed, true, [4]int{1, 0, 1, 3}, 0},
		{"change", changed, false, [4]int{1, 0, 1, 3}, 0},
		{"one wrong line", attributionSheet + "x,,,,\n", false, [4]int{}, 1},
		{"another name", strings.Replace(changed, "Berlin", "Capital", 1), false, [4]int{0, 1, 0, 3}, 0},
	} {
		preview, rejects, err := ImportAttribution(t.Context(), db, actor(), strings.NewReader(step.sheet), step.dryRun)
		if err != nil || len(rejects) != step.rejects || counts(preview) != step.want {
			t.Errorf("%s: got %+v, %v, %v, want %v", step.name, preview, rejects, err, step.want)
		}
	}
	before, err := db.ConfigVersion(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var exported bytes.Buffer
	if err := ExportAttribution(t.Context(), db, &exported); err != nil {
		t.Fatal(err)
	}
	preview, rejects, err := ImportAttribution(t.Context(), db, actor(), &exported, false)
	if err != nil || len(rejects) > 0 || counts(preview) != [4]int{0, 0, 0, 4} {
		t.Errorf("what was exported reads back as %+v, %v, %v", preview, rejects, err)
	}
	if after, err := db.ConfigVersion(t.Context()); err != nil || after != before {
		t.Errorf("configuration version %d, %v: importing the same table changed it from %d", after, err, before)
	}
}

// What was read and written is read again the same.
func FuzzReadAttribution(f *testing.F) {
	f.Add([]byte(attributionSheet))
	f.Add([]byte("prefix;destination\n49;'=1+1\n\"50\";\"a\"\"b\"\n"))
	f.Add([]byte("\xef\xbb\xbfprefix\n1\n1\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		rows, _, err := ReadAttribution(bytes.NewReader(file))
		if err != nil {
			return
		}
		var written bytes.Buffer
		if err := WriteAttribution(&written, rows); err != nil {
			t.Fatal(err)
		}
		again, rejects, err := ReadAttribution(bytes.NewReader(written.Bytes()))
		if err != nil || len(rejects) > 0 || !slices.Equal(rows, again) {
			t.Fatalf("%q reads back as %v, %v, %v, want %v", written.Bytes(), again, rejects, err, rows)
		}
	})
}

package web

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestGolden compares every sample page with what it was. Names of assets carry
// a hash of their content, which is left out.
func TestGolden(t *testing.T) {
	a, err := newAssets()
	if err != nil {
		t.Fatal(err)
	}
	v, err := newViews(a)
	if err != nil {
		t.Fatal(err)
	}
	hash := regexp.MustCompile(`(/assets/\w+)\.[0-9a-f]{12}\.`)
	blanks := regexp.MustCompile(`\n\s*\n+`)
	for _, each := range samples() {
		t.Run(each.name, func(t *testing.T) {
			got, err := v.render(each.template, each.layout, each.page)
			if err != nil {
				t.Fatal(err)
			}
			got = blanks.ReplaceAll(hash.ReplaceAll(got, []byte("$1.")), []byte("\n"))
			file := filepath.Join("testdata", each.name+".html")
			if *update {
				if err := os.WriteFile(file, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != string(want) {
				t.Errorf("%s differs; look at it and run go test ./web -update", file)
			}
		})
	}
}

package web

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestGolden compares every picture of the gallery with what it was.
func TestGolden(t *testing.T) {
	for _, p := range gallery(t) {
		got, file := steady(p.html), filepath.Join("testdata", p.name+".html")
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s differs: look at it in a browser and run go test ./web -run Golden -update", file)
		}
	}
}

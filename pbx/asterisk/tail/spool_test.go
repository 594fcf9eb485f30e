package tail

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tollgate"
)

const device tollgate.ID = 7

func newSpool(t *testing.T) *Spool {
	t.Helper()
	return NewSpool(filepath.Join(t.TempDir(), "journals"), time.Now)
}

func spoolRows(t *testing.T, s *Spool, rows string) {
	t.Helper()
	if err := s.Append(device, []byte(rows)); err != nil {
		t.Fatal(err)
	}
}

func content(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestSpoolKeeps(t *testing.T) {
	t.Parallel()
	s := newSpool(t)
	if s.Has(device) {
		t.Error("there is something before anything was pushed")
	}
	for _, half := range []string{"", "a", "a\nb"} {
		if err := s.Append(device, []byte(half)); tollgate.CodeOf(err) != tollgate.CodeInvalid || s.Has(device) {
			t.Errorf("%q: %v", half, err)
		}
	}
	spoolRows(t, s, "a\nb\n")
	spoolRows(t, s, "a\nb\n") // its sender did not hear the answer
	spoolRows(t, s, "c\n")
	if got := content(t, s.Path(device)); got != "a\nb\nc\n" || !s.Has(device) || s.Has(device+1) {
		t.Errorf("kept %q", got)
	}
}

// TestSpoolAfterCrash finds half a line, of whatever length, that nobody was
// told had arrived.
func TestSpoolAfterCrash(t *testing.T) {
	t.Parallel()
	for _, half := range []string{"b", strings.Repeat("b", chunk), strings.Repeat("b", 2*chunk+1)} {
		for _, before := range []string{"", "a\n"} {
			s := newSpool(t)
			spoolRows(t, s, "x\n")
			if err := os.WriteFile(s.Path(device), []byte(before+half), 0o600); err != nil {
				t.Fatal(err)
			}
			spoolRows(t, s, "c\n")
			if got := content(t, s.Path(device)); got != before+"c\n" {
				t.Errorf("after %d bytes: %.20q", len(half), got)
			}
		}
	}
}

// TestSpoolRotation pushes over several days of files to a slow reader that loses no
// row and sees none twice.
func TestSpoolRotation(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s := NewSpool(t.TempDir(), func() time.Time { return now })
	s.rotateSize = 30
	file := New(s.Path(device))
	defer file.Close()
	var want, got []string
	for i := range 60 {
		want = append(want, fmt.Sprintf("row %d", i))
		spoolRows(t, s, want[i]+"\n")
		if i%7 != 0 && i%10 != 9 {
			continue
		}
		for more := true; more; {
			var err error
			_, more, err = file.Poll(func(line []byte, _ int64) error {
				got = append(got, string(line))
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if i%10 == 9 { // a day later
			now = now.Add(oldKeep + time.Hour)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("read %v", got)
	}
	if _, err := os.Stat(s.Path(device) + oldSuffix); err != nil {
		t.Errorf("nothing was renamed: %v", err)
	}
	long := strings.Repeat("z", 31) + "\n"
	spoolRows(t, s, long)
	spoolRows(t, s, "1\n"+long)
	young := content(t, s.Path(device)+oldSuffix)
	spoolRows(t, s, "2\n")
	if content(t, s.Path(device)+oldSuffix) != young {
		t.Error("a file was thrown away before its time")
	}
}

func TestSpoolFails(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := NewSpool(dir, time.Now).Append(device, []byte("a\n")); tollgate.CodeOf(err) != tollgate.CodeUnavailable {
		t.Errorf("error %v", err)
	}
}

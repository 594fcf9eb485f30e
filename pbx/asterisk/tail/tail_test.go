package tail

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// take polls until nothing more comes and returns the lines.
func take(t testing.TB, f *File) []string {
	t.Helper()
	var got []string
	for {
		_, more, err := f.Poll(func(line []byte, _ int64) error {
			got = append(got, string(line))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			return got
		}
	}
}

func add(t testing.TB, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func rename(t testing.TB, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

func check(t testing.TB, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("%s: got %q, want %q", what, got, want)
	}
}

func TestFollow(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cel.csv")
	f := New(path)
	defer f.Close()
	check(t, "no file yet", take(t, f))
	add(t, path, "a\nb\r\nhal")
	check(t, "two lines and a half", take(t, f), "a", "b")
	add(t, path, "f\n")
	check(t, "the other half", take(t, f), "half")
	check(t, "nothing new", take(t, f))
}

func TestFollowRotated(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cel.csv")
	f := New(path)
	defer f.Close()
	add(t, path, "1\n2\n")
	check(t, "first", take(t, f), "1", "2")
	add(t, path, "3\n") // written after we last looked, before the rename
	rename(t, path, path+".2026-11-01")
	add(t, path, "4\n5\n")
	rename(t, path, path+".2026-11-02")
	add(t, path, "6\n")
	check(t, "rotated twice unseen", take(t, f), "3", "4", "5", "6")
	add(t, path, "7\n")
	check(t, "goes on", take(t, f), "7")
}

func TestFollowTruncated(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cel.csv")
	f := New(path)
	defer f.Close()
	add(t, path, "1\n2\n")
	check(t, "first", take(t, f), "1", "2")
	add(t, path, "3\n")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	add(t, path+".1", string(text)) // logrotate's copytruncate
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	add(t, path, "4\n5\n6\n") // longer than what was read, even
	check(t, "copied and truncated", take(t, f), "3", "4", "5", "6")
}

func TestResume(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cel.csv")
	f := New(path)
	add(t, path, "1\n2\n3\n")
	check(t, "first", take(t, f), "1", "2", "3")
	at := f.Place(2) // the second line
	f.Close()

	again := New(path)
	if !again.Resume(at) {
		t.Fatal("the same file was not found again")
	}
	check(t, "same file", take(t, again), "2", "3")
	again.Close()

	rename(t, path, path+".1")
	add(t, path, "4\n")
	add(t, path+".2.gz", "\x1f\x8b")
	again = New(path)
	if !again.Resume(at) {
		t.Fatal("the rotated file was not found again")
	}
	check(t, "rotated meanwhile", take(t, again), "2", "3", "4")
	if p := again.Place(again.Position()); p.Offset != 2 || p.Print == at.Print {
		t.Errorf("place %+v, want the end of the new file", p)
	}
	if p := again.Place(3); p.Print != at.Print || p.Offset != 3 {
		t.Errorf("place of an old position %+v, want it in the old file", p)
	}
	again.Close()

	if err := os.Remove(path + ".1"); err != nil {
		t.Fatal(err)
	}
	if lost := New(path); lost.Resume(at) {
		t.Error("a file that is gone was found")
	}
}

func TestFresh(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cel.csv")
	line := strings.Repeat("x", 999) + "\n"
	add(t, path, strings.Repeat(line, firstReadBack/1000+5))
	f := New(path)
	defer f.Close()
	if err := f.Fresh(); err != nil {
		t.Fatal(err)
	}
	if got := len(take(t, f)); got != firstReadBack/1000 {
		t.Errorf("%d lines read back, want %d", got, firstReadBack/1000)
	}
}

func TestLongLines(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cel.csv")
	f := New(path)
	defer f.Close()
	add(t, path, "a\n"+strings.Repeat("x", 3*LineMax))
	check(t, "a long line without end", take(t, f), "a")
	add(t, path, "\nb\n")
	var got []string
	long, _, err := f.Poll(func(line []byte, _ int64) error {
		got = append(got, string(line))
		return nil
	})
	if err != nil || long != 1 {
		t.Errorf("%d long lines, %v", long, err)
	}
	check(t, "after it", got, "b")
}

// TestNothingLostOrDoubled writes, rotates, polls and restarts at random.
func TestNothingLostOrDoubled(t *testing.T) {
	t.Parallel()
	base, runs := t.TempDir(), 0
	rapid.Check(t, func(r *rapid.T) {
		runs++
		dir := filepath.Join(base, strconv.Itoa(runs))
		if err := os.Mkdir(dir, 0o700); err != nil {
			r.Fatal(err)
		}
		path := filepath.Join(dir, "cel.csv")
		f := New(path)
		add(t, path, "line 0\n")
		written, read := []string{"line 0"}, take(t, f) // a file is known once it was read
		rotations := 0
		steps := rapid.IntRange(1, 40).Draw(r, "steps")
		for range steps {
			switch rapid.IntRange(0, 5).Draw(r, "step") {
			case 0, 1, 2:
				line := fmt.Sprintf("line %d", len(written))
				written = append(written, line)
				add(t, path, line+"\n")
			case 3:
				if _, err := os.Stat(path); err == nil {
					rotations++
					rename(t, path, fmt.Sprintf("%s.%03d", path, rotations))
				}
			case 4:
				read = append(read, take(t, f)...)
			case 5:
				if !f.Opened() {
					continue
				}
				place := f.Place(f.Position())
				f.Close()
				f = New(path)
				if place.Print != "" && !f.Resume(place) {
					r.Fatalf("place %+v not found", place)
				}
			}
		}
		read = append(read, take(t, f)...)
		f.Close()
		if !slices.Equal(read, written) {
			r.Fatalf("read %q\nwritten %q", read, written)
		}
	})
}

func FuzzLines(f *testing.F) {
	f.Add([]byte("a\nb\r\n\nc"))
	f.Add(bytes.Repeat([]byte("x"), LineMax+1))
	f.Fuzz(func(t *testing.T, data []byte) {
		l := NewLines(bytes.NewReader(data))
		for {
			line, _, err := l.Next()
			if len(line) > LineMax || bytes.ContainsRune(line, '\n') {
				t.Fatalf("line of %d bytes", len(line))
			}
			if err != nil {
				break
			}
		}
		if end := int64(bytes.LastIndexByte(data, '\n') + 1); l.read != end {
			t.Fatalf("%d bytes counted, the last whole line ends at %d", l.read, end)
		}
	})
}

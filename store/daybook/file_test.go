package daybook

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"
)

// testStep is what growBytes is here, so that files go round often.
const testStep = 16 * blockBytes

type entry struct {
	seq  int64
	body []byte
}

// body is always the same for an entry. Its blocks look like entries that come
// after it, of another volume.
func body(volume, seq int64, size int) []byte {
	b := make([]byte, size)
	r := rand.NewChaCha8([32]byte{byte(seq), byte(size)})
	_, _ = r.Read(b) // never fails
	for from := blockBytes - headBytes; from+headBytes <= size; from += blockBytes {
		copy(b[from:], packed(^volume, seq+1, []byte("forged")))
	}
	return b
}

// packed is an entry as it lies in a file.
func packed(volume, seq int64, body []byte) []byte {
	b := append([]byte(entryMagic), 0, 0, 0, 0)
	b = binary.LittleEndian.AppendUint64(b, uint64(seq))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(body)))
	b = append(b, body...)
	binary.LittleEndian.PutUint32(b[8:], checksum(volume, b[12:]))
	return b
}

// reopened is the file as another process finds it.
func reopened(t rapid.TB, path string, volume int64) *file {
	t.Helper()
	opened, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	size, err := opened.Seek(0, io.SeekEnd)
	if err != nil {
		t.Fatal(err)
	}
	return &file{File: opened, volume: volume, step: testStep, size: size, next: blockBytes}
}

func (f *file) mustWrite(t rapid.TB, e entry) {
	t.Helper()
	if err := f.write(context.Background(), e.seq, e.body); err != nil {
		t.Fatal(err)
	}
}

func (f *file) list(t rapid.TB, after int64) (list []entry) {
	t.Helper()
	err := f.unposted(context.Background(), after, func(seq int64, body []byte) error {
		list = append(list, entry{seq, body})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func same(t rapid.TB, want, got []entry) {
	t.Helper()
	if len(want) != len(got) {
		t.Fatalf("%d entries, want %d", len(got), len(want))
	}
	for i := range want {
		if want[i].seq != got[i].seq || !bytes.Equal(want[i].body, got[i].body) {
			t.Fatalf("place %d has entry %d of %d bytes, want %d of %d",
				i, got[i].seq, len(got[i].body), want[i].seq, len(want[i].body))
		}
	}
}

// size is that of a body: mostly small, at times larger than the file grows.
func size(t *rapid.T) int {
	return rapid.OneOf(
		rapid.IntRange(0, 2*blockBytes),
		rapid.IntRange(blockBytes-headBytes-1, blockBytes-headBytes+1),
		rapid.IntRange(0, testStep+2*blockBytes),
	).Draw(t, "size")
}

// A file that is written, posted and opened anew at random has what a plain list
// has, and is not much longer than what was in that at most.
func TestFileIsAPlainList(t *testing.T) {
	path := filepath.Join(t.TempDir(), "daybook")
	var volume int64
	rapid.Check(t, func(t *rapid.T) {
		volume++
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		f := reopened(t, path, volume)
		defer func() { f.Close() }()
		var plain []entry
		var last, posted, peak int64
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			switch rapid.SampledFrom([]string{"write", "write", "write", "post", "open"}).Draw(t, "step") {
			case "write":
				last++
				e := entry{last, body(volume, last, size(t))}
				f.mustWrite(t, e)
				plain = append(plain, e)
			case "post":
				n := rapid.IntRange(0, len(plain)).Draw(t, "posted")
				posted += int64(n)
				plain = plain[n:]
				f.Posted(posted)
			case "open":
				f.Close()
				f = reopened(t, path, volume)
				same(t, plain, f.list(t, posted))
			}
			var kept int64
			for _, e := range plain {
				kept += extentBytes(e.body)
			}
			peak = max(peak, kept)
		}
		same(t, plain, f.list(t, posted))
		if most := blockBytes + 3*peak + 2*testStep; f.size > most {
			t.Fatalf("the file has %d bytes, want at most %d for %d", f.size, most, peak)
		}
	})
}

// What an older file left behind, of whatever database, is not in a new one.
func TestOldBlocksDoNotCount(t *testing.T) {
	path := filepath.Join(t.TempDir(), "daybook")
	old := reopened(t, path, 7)
	defer old.Close()
	for seq := range int64(30) {
		old.mustWrite(t, entry{seq + 1, body(7, seq+1, int(seq)*500)})
	}
	f := reopened(t, path, 8)
	defer f.Close()
	want := []entry{{1, body(8, 1, 3*blockBytes)}}
	f.mustWrite(t, want[0])
	same(t, want, f.list(t, 0))
}

// What looks like an entry is none inside of one, be that posted or not.
func TestEntryInsideOfAnEntry(t *testing.T) {
	f := reopened(t, filepath.Join(t.TempDir(), "daybook"), 7)
	defer f.Close()
	outer := entry{1, append(make([]byte, blockBytes-headBytes), packed(7, 2, []byte("forged"))...)}
	f.mustWrite(t, outer)
	same(t, []entry{outer}, f.list(t, 0))
	same(t, nil, f.list(t, 1))
}

// While as much waits as ever, and more than the file grows at once, it goes round.
func TestFileGoesRound(t *testing.T) {
	cases := []struct {
		name string
		size int // of an entry
		wait int // entries that are not posted
		most int64
	}{
		{"little waits", 100, 4, testStep},
		{"more waits than the file grows at once", 100, 24, 2 * testStep},
		{"large entries", testStep - 5*blockBytes, 4, 4 * testStep},
		{"entries larger than the file grows at once", testStep + 100, 3, 5 * testStep},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := reopened(t, filepath.Join(t.TempDir(), "daybook"), 7)
			defer f.Close()
			var plain []entry
			for seq := int64(1); seq <= 300; seq++ {
				e := entry{seq, body(7, seq, c.size)}
				f.mustWrite(t, e)
				if plain = append(plain, e); len(plain) > c.wait {
					f.Posted(plain[0].seq)
					plain = plain[1:]
				}
			}
			if f.size > blockBytes+c.most {
				t.Errorf("the file has %d bytes, want at most %d", f.size, blockBytes+c.most)
			}
			same(t, plain, f.list(t, plain[0].seq-1))
		})
	}
}

// Wherever an entry is cut off or wrong, it is not there, and all before it are.
func TestCutOffEntry(t *testing.T) {
	path := filepath.Join(t.TempDir(), "daybook")
	rapid.Check(t, func(t *rapid.T) {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		f := reopened(t, path, 7)
		defer func() { f.Close() }()
		var plain []entry
		for seq := range int64(rapid.IntRange(1, 8).Draw(t, "entries")) {
			e := entry{seq + 1, body(7, seq+1, size(t))}
			f.mustWrite(t, e)
			plain = append(plain, e)
		}
		cut := plain[len(plain)-1]
		begin := f.kept[len(plain)-1].from
		at := begin + rapid.Int64Range(0, int64(headBytes+len(cut.body)-1)).Draw(t, "at")
		var err error
		if rapid.Bool().Draw(t, "truncated") {
			err = f.Truncate(at)
		} else {
			garble(t, f, at)
		}
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		f = reopened(t, path, 7)
		plain = plain[:len(plain)-1]
		same(t, plain, f.list(t, 0))
		f.mustWrite(t, cut) // again
		same(t, append(plain, cut), f.list(t, 0))
	})
}

// garble changes up to a block from a place on.
func garble(t *rapid.T, f *file, at int64) {
	b := make([]byte, 1+rapid.IntRange(0, blockBytes).Draw(t, "more"))
	n, err := f.ReadAt(b, at)
	for i := range b[:n] {
		b[i] ^= byte(1 + i%255)
	}
	if _, writeErr := f.WriteAt(b[:n], at); n == 0 || writeErr != nil {
		t.Fatal(n, err, writeErr)
	}
}

// A write that fails leaves everything as it was, and may be tried again.
func TestFailedWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "daybook")
	f := reopened(t, path, 7)
	defer f.Close()
	want := []entry{{1, body(7, 1, 100)}, {2, body(7, 2, 100)}}
	f.mustWrite(t, want[0])
	sound := f.File
	var err error
	if f.File, err = os.Open(path); err != nil { // for reading alone
		t.Fatal(err)
	}
	if err := f.write(context.Background(), 2, want[1].body); err == nil {
		t.Error("nothing was written and there was no error")
	}
	f.Close()
	f.File = sound
	same(t, want[:1], f.list(t, 0))
	f.mustWrite(t, want[1])
	same(t, want, f.list(t, 0))
}

// Posted may be told while the file is read and written.
func TestPostedBesideAll(t *testing.T) {
	f := reopened(t, filepath.Join(t.TempDir(), "daybook"), 7)
	defer f.Close()
	stop, done := make(chan bool), make(chan bool)
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
				f.Posted(0)
			}
		}
	}()
	for seq := range int64(20) {
		f.mustWrite(t, entry{seq + 1, []byte("entry")})
		f.list(t, seq)
	}
	close(stop)
	<-done
}

// Whatever bytes are in a file, reading it ends, and what it finds lies in the
// file, each thing once.
func FuzzFile(f *testing.F) {
	whole := headOf(7)
	for seq := range int64(4) {
		e := packed(7, seq+1, body(7, seq+1, int(seq)*3000))
		whole = append(whole, e...)
		whole = append(whole, make([]byte, -len(whole)&(blockBytes-1))...)
	}
	f.Add(whole)
	f.Add(whole[:len(whole)-5000])
	f.Add(whole[:blockBytes+1])
	f.Add([]byte{})
	huge := bytes.Clone(whole)
	for from := blockBytes; from < len(huge); from += blockBytes {
		binary.LittleEndian.PutUint32(huge[from+headBytes-4:], EntryBytesMax)
	}
	f.Add(huge)
	path := filepath.Join(f.TempDir(), "daybook")
	f.Fuzz(func(t *testing.T, content []byte) {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		_, _ = readHead(append(content, make([]byte, blockBytes)...)[:blockBytes])
		file := reopened(t, path, 7)
		defer file.Close()
		last, sum := int64(1), 0
		for _, e := range file.list(t, last) {
			if e.seq <= last {
				t.Errorf("entry %d after %d", e.seq, last)
			}
			last = e.seq
			if sum += headBytes + len(e.body); sum > len(content) {
				t.Fatalf("%d bytes of entries in %d of the file", sum, len(content))
			}
		}
	})
}

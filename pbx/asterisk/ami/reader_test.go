package ami

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// read returns the messages of a stream, each as its values joined.
func read(t *testing.T, r *Reader) []string {
	t.Helper()
	var got []string
	for {
		m, err := r.Next()
		if errors.Is(err, io.EOF) {
			return got
		}
		if err != nil {
			t.Fatal(err)
		}
		var parts []string
		for _, f := range m.Fields {
			parts = append(parts, f.Key+"="+f.Value)
		}
		got = append(got, strings.Join(parts, " "))
	}
}

type readerCase struct {
	in      string
	want    []string
	garbage Garbage
}

func readerCases() map[string]readerCase {
	return map[string]readerCase{
		"an event": {
			in:   "Event: Hangup\r\nChannel: PJSIP/1001-1\r\nCause: 16\r\n\r\n",
			want: []string{"Event=Hangup Channel=PJSIP/1001-1 Cause=16"},
		},
		"greeting and answer": {
			in:   "Asterisk Call Manager/5.0.4\r\nResponse: Success\r\nMessage: Authentication accepted\r\n\r\n",
			want: []string{"Response=Success Message=Authentication accepted"},
		},
		"empty values, colons in values, repeated keys, line feeds alone": {
			in:   "Event: Status\nExten: \nData: a: b\nVariable: A=1\nVariable: B=2\n\n\n\n",
			want: []string{"Event=Status Exten= Data=a: b Variable=A=1 Variable=B=2"},
		},
		"an event may carry Response": {
			in:   "Event: OriginateResponse\r\nResponse: Failure\r\n\r\n",
			want: []string{"Event=OriginateResponse Response=Failure"},
		},
		"a user's event may carry Event": {
			in:   "Event: UserEvent\r\nUserEvent: x\r\nEvent: y\r\n\r\n",
			want: []string{"Event=UserEvent UserEvent=x Event=y"},
		},
		"output of a command": {
			in:      "Response: Follows\r\nPrivilege: Command\r\nno colon here\r\n--END COMMAND--\r\n\r\n",
			want:    []string{"Response=Follows Privilege=Command"},
			garbage: Garbage{Lines: 2},
		},
		"half a message, then a whole one": {
			in:      "Event: DialBegin\r\nChannel: PJSI\r\nEvent: Hangup\r\nCause: 16\r\n\r\n",
			want:    []string{"Event=Hangup Cause=16"},
			garbage: Garbage{Messages: 1},
		},
		"cut off by a new connection": {
			in:      "Event: DialBegin\r\nChannel: PJSI\r\nAsterisk Call Manager/11.0.0\r\nEvent: Hangup\r\n\r\n",
			want:    []string{"Event=Hangup"},
			garbage: Garbage{Messages: 1},
		},
		"begins in the middle, no empty line before the next": {
			in:      "nel: PJSIP/1001-1\r\nResponse: Success\r\n\r\n",
			want:    []string{"Response=Success"},
			garbage: Garbage{Messages: 1},
		},
		"ends in the middle": {
			in:      "Event: Hangup\r\n\r\nEvent: Hangup\r\nCause: 1",
			want:    []string{"Event=Hangup"},
			garbage: Garbage{Messages: 1},
		},
		"not a manager at all": {
			in:      "GET / HTTP/1.1\r\nHost: x\r\n\r\n\x00\x01\x02\n\xff\xfe: y\n",
			garbage: Garbage{Lines: 2, Messages: 2},
		},
		"a long line": {
			in:      "Event: VarSet\r\nValue: " + strings.Repeat("x", 500) + "\r\nVariable: A\r\n\r\n",
			want:    []string{"Event=VarSet Variable=A"},
			garbage: Garbage{Long: 1},
		},
		"too many fields": {
			in:      "Event: A\r\n" + strings.Repeat("K: v\r\n", 20) + "\r\nEvent: B\r\n\r\n",
			want:    []string{"Event=A" + strings.Repeat(" K=v", 9), "Event=B"},
			garbage: Garbage{Cut: 1},
		},
		"too many bytes": {
			in:      "Event: A\r\n" + strings.Repeat("K: "+strings.Repeat("v", 200)+"\r\n", 6) + "\r\n",
			want:    []string{"Event=A" + strings.Repeat(" K="+strings.Repeat("v", 200), 4)},
			garbage: Garbage{Cut: 1},
		},
	}
}

func TestReader(t *testing.T) {
	t.Parallel()
	for name, test := range readerCases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whole := strings.NewReader(test.in)
			for _, source := range []io.Reader{whole, iotest.OneByteReader(strings.NewReader(test.in))} {
				r := NewReader(source)
				r.MaxLine, r.MaxFields, r.MaxMessage = 256, 10, 1_000
				got := read(t, r)
				if fmt.Sprint(got) != fmt.Sprint(test.want) {
					t.Errorf("got %q, want %q", got, test.want)
				}
				if r.Garbage() != test.garbage {
					t.Errorf("garbage %+v, want %+v", r.Garbage(), test.garbage)
				}
			}
		})
	}
}

func TestReaderKeepsOnlyWhatItMay(t *testing.T) {
	t.Parallel()
	long := io.MultiReader(
		strings.NewReader("Event: VarSet\r\nValue: "),
		io.LimitReader(zeros{}, 10<<20),
		strings.NewReader("\r\nVariable: A\r\n\r\nEvent: Hangup\r\n\r\n"),
	)
	r := NewReader(long)
	if got := read(t, r); len(got) != 2 || r.Garbage().Long != 1 {
		t.Errorf("got %q, garbage %+v", got, r.Garbage())
	}
	if n := cap(r.text) + r.buffer.Size(); n > DefaultMaxLine+DefaultMaxMessage {
		t.Errorf("holds %d bytes after a line of 10 MB", n)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}

func TestReaderPassesFailuresOn(t *testing.T) {
	t.Parallel()
	broken := errors.New("line cut")
	r := NewReader(io.MultiReader(strings.NewReader("Event: A\r\n"), iotest.ErrReader(broken)))
	if _, err := r.Next(); !errors.Is(err, broken) {
		t.Errorf("error %v, want %v", err, broken)
	}
	if r.Garbage().Messages != 1 {
		t.Errorf("garbage %+v, want the half message", r.Garbage())
	}
}

func TestMessage(t *testing.T) {
	t.Parallel()
	arrived := time.Unix(1_700_000_000, 0)
	r := NewReader(strings.NewReader("Event: Newchannel\r\nTimestamp: 1795316189.218588\r\n" +
		"CallerIDNum: <unknown>\r\n\r\nEvent: Hangup\r\nTimestamp: soon\r\n\r\n"))
	r.Now = func() time.Time { return arrived }
	m, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	if want := time.UnixMicro(1795316189218588); !m.Time().Equal(want) || m.Event() != "Newchannel" {
		t.Errorf("%s at %v, want Newchannel at %v", m.Event(), m.Time(), want)
	}
	if v := m.Get("CallerIDNum"); v != "" {
		t.Errorf("unknown number is %q, want empty", v)
	}
	if m, err = r.Next(); err != nil || !m.Time().Equal(arrived) {
		t.Errorf("without a time of its own: %v (%v), want when it arrived", m.Time(), err)
	}
}

func TestParseEpoch(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"1795316189":           1795316189_000000,
		"1795316189.5":         1795316189_500000,
		"1795316189.218588":    1795316189_218588,
		"1795316189.218588999": 1795316189_218588,
		"0.000001":             -1,
		"":                     -1,
		".5":                   -1,
		"-5":                   -1,
		"12a":                  -1,
		"1.2x":                 -1,
		"9999999999999999.0":   -1,
	} {
		got, ok := ParseEpoch(text)
		if ok != (want >= 0) || ok && got.UnixMicro() != want {
			t.Errorf("%q: %v %t, want %d", text, got, ok, want)
		}
	}
}

func FuzzReader(f *testing.F) {
	f.Add([]byte("Asterisk Call Manager/11.0.0\r\nResponse: Success\r\nActionID: 1\r\n\r\n" +
		"Event: Hangup\r\nCause: 16\r\n\r\n"))
	f.Add([]byte("Event: A\nEvent: B\n\nno colon\n:\n: x\n\r\r\n\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := NewReader(bytes.NewReader(data))
		r.MaxLine, r.MaxFields, r.MaxMessage = 64, 8, 256
		for messages := 0; ; messages++ {
			m, err := r.Next()
			if err != nil {
				if !errors.Is(err, io.EOF) {
					t.Fatalf("error %v from a stream that only ends", err)
				}
				return
			}
			size := 0
			for _, field := range m.Fields {
				size += len(field.Key) + len(field.Value)
			}
			lead := m.Fields[0].Key
			if messages > len(data) || size > 256 || len(m.Fields) > 8 || lead != "Event" && lead != "Response" {
				t.Fatalf("message %+v is over the limits", m)
			}
		}
	})
}

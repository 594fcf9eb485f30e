package agi

import (
	"bufio"
	"errors"
	"io"
	"maps"
	"strings"
	"testing"
)

func reader(text string) *bufio.Reader { return bufio.NewReaderSize(strings.NewReader(text), maxLine) }

func TestReadEnvironment(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, text string
		want       environment
		fails      string
	}{
		{
			name: "as Asterisk sends it",
			text: "agi_network: yes\nagi_network_script: hq/card?key=a:b\nagi_callerid: 1001\nagi_arg_1: \n\n",
			want: environment{
				"agi_network": "yes", "agi_network_script": "hq/card?key=a:b", "agi_callerid": "1001", "agi_arg_1": "",
			},
		},
		{name: "line ends of DOS", text: "agi_a: PJSIP/1001-1\r\n\r\n", want: environment{"agi_a": "PJSIP/1001-1"}},
		{name: "a forged line", text: "agi_a: 1\nagi_arg_1: 0049\nagi_a: 2\n\n", fails: `"agi_a" comes twice`},
		{name: "something else", text: "GET / HTTP/1.1\n\n", fails: "is not a line agi_name: value"},
		{name: "cut off", text: "agi_channel: PJSIP/1001-1\n", fails: "EOF"},
		{name: "a long line", text: "agi_callerid: " + strings.Repeat("1", maxLine) + "\n\n", fails: "a line is longer"},
		{name: "endless", text: endless(), fails: "the environment is larger"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := readEnvironment(reader(test.text))
			if test.fails != "" {
				if err == nil || !strings.Contains(err.Error(), test.fails) {
					t.Errorf("error %v, want one with %q", err, test.fails)
				}
				return
			}
			if err != nil || !maps.Equal(got, test.want) {
				t.Errorf("got %v, %v; want %v", got, err, test.want)
			}
		})
	}
}

// endless is more lines than any Asterisk sends, each with another name.
func endless() string {
	var b strings.Builder
	for i := range maxNames + 1 {
		b.WriteString("agi_arg_" + strings.Repeat("9", i%50) + string(rune('a'+i/50)) + ": 1\n")
	}
	return b.String()
}

func TestReadAnswer(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, text string
		want       answer
		hungUp     bool
		fails      string
	}{
		{name: "plain", text: "200 result=1\n", want: answer{result: "1"}},
		{name: "a value", text: "200 result=1 (PJSIP/1001-00000001)\n", want: answer{"1", "PJSIP/1001-00000001"}},
		{name: "a value with parentheses", text: "200 result=1 (a (b) c)\n", want: answer{"1", "a (b) c"}},
		{name: "an empty value", text: "200 result=1 ()\n", want: answer{result: "1"}},
		{name: "no keys in time", text: "200 result= (timeout)\n", want: answer{value: "timeout"}},
		{name: "keys", text: "200 result=0049#\n", want: answer{result: "0049#"}},
		{name: "a sound", text: "200 result=0 endpos=3520\n", want: answer{result: "0"}},
		{name: "the caller has gone", text: "HANGUP\n200 result=-1\n", want: answer{result: "-1"}, hungUp: true},
		{name: "a dead channel", text: "HANGUP\n511 Not Permitted\n", hungUp: true, fails: errGone.Error()},
		{name: "trying", text: "100 result=0 Trying...\n200 result=0\n", want: answer{result: "0"}},
		{name: "unknown command", text: "510 Invalid or unknown command\n", fails: "510 Invalid"},
		{
			name: "bad syntax", fails: "520 End",
			text: "520-Invalid command syntax.\nUsage: GET DATA <file>\n200 result=1\n520 End of proper usage.\n",
		},
		{name: "noise", text: "what?\n", fails: "is not an answer"},
		{name: "no end of help", text: "520-Invalid\n" + strings.Repeat("more\n", maxUsage), fails: "no answer within"},
		{name: "the connection ends", text: "200 resu", fails: "EOF"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, hungUp, err := readAnswer(reader(test.text))
			if hungUp != test.hungUp {
				t.Errorf("hung up: %t, want %t", hungUp, test.hungUp)
			}
			if test.fails != "" {
				if err == nil || !strings.Contains(err.Error(), test.fails) {
					t.Errorf("error %v, want one with %q", err, test.fails)
				}
				return
			}
			if err != nil || got != test.want {
				t.Errorf("got %+v, %v; want %+v", got, err, test.want)
			}
		})
	}
}

func TestWriteCommand(t *testing.T) {
	t.Parallel()
	got, err := writeCommand("SET VARIABLE", "X", "a \"b\\c\"\nHANGUP\x00")
	if want := `SET VARIABLE "X" "a \"b\\c\" HANGUP "` + "\n"; string(got) != want || err != nil {
		t.Errorf("wrote %q, %v; want %q", got, err, want)
	}
	if _, err := writeCommand("VERBOSE", strings.Repeat("x", maxCommand)); err == nil {
		t.Error("a command longer than Asterisk reads was written")
	}
}

func FuzzEnvironment(f *testing.F) {
	f.Add("agi_network: yes\nagi_callerid: 1001\n\n200 result=1\n")
	f.Add("agi_a: 1\nagi_a: 2\n\n")
	f.Add("agi_a:\r\n\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		env, err := readEnvironment(reader(text))
		if err != nil {
			return
		}
		size := 0
		for name, value := range env {
			size += len(name) + len(value)
			if !strings.HasPrefix(name, "agi_") || strings.Contains(name+value, "\n") || strings.Count(text, name+":") == 0 {
				t.Errorf("%q: %q was not said", name, value)
			}
		}
		if len(env) > maxNames || size > maxEnvironment {
			t.Errorf("%d names, %d bytes", len(env), size)
		}
	})
}

func FuzzAnswer(f *testing.F) {
	f.Add("200 result=1 (a (b) c) endpos=7\n")
	f.Add("HANGUP\n511 Command Not Permitted\n")
	f.Add("520-Invalid\nUsage\n520 End\n")
	f.Add("200 result=\n")
	f.Fuzz(func(t *testing.T, text string) {
		in := reader(text)
		a, hungUp, err := readAnswer(in)
		switch {
		case err == nil && (strings.ContainsAny(a.result, " \n") || strings.Contains(a.value, "\n") ||
			!strings.Contains(text, "200 result="+a.result)):
			t.Errorf("%q was read as %+v", text, a)
		case errors.Is(err, errGone) && !hungUp:
			t.Error("gone, but not hung up")
		case errors.Is(err, io.EOF) && in.Buffered() > 0:
			t.Error("the end was seen before it came")
		}
	})
}

// FuzzCommand takes commands apart as Asterisk does: whatever is sent, it is one
// line, and nothing of an argument is taken for another.
func FuzzCommand(f *testing.F) {
	f.Add("X", `a"b\`)
	f.Add("", "\n\r\t\x00")
	f.Fuzz(func(t *testing.T, first, second string) {
		line, err := writeCommand("SET VARIABLE", first, second)
		if err != nil {
			return
		}
		text, end := strings.CutSuffix(string(line), "\n")
		if !end || strings.ContainsAny(text, "\r\n") {
			t.Fatalf("%q is not one line", line)
		}
		got := takeApart(text)
		clean := func(s string) string {
			b := []byte(s)
			for i := range b {
				if b[i] < ' ' && b[i] != separator[0] {
					b[i] = ' '
				}
			}
			return string(b)
		}
		if len(got) != 4 || got[2] != clean(first) || got[3] != clean(second) {
			t.Errorf("%q is taken apart as %q", line, got)
		}
	})
}

// takeApart does what parse_args of res_agi.c does.
func takeApart(line string) []string {
	var words []string
	var word []byte
	quoted, escaped, begun := false, false, false
	for i := range len(line) {
		switch b := line[i]; {
		case escaped:
			word, escaped = append(word, b), false
		case b == '\\':
			escaped, begun = true, true
		case b == '"':
			quoted, begun = !quoted, true
		case (b == ' ' || b == '\t') && !quoted:
			if begun {
				words, word, begun = append(words, string(word)), nil, false
			}
		default:
			word, begun = append(word, b), true
		}
	}
	if begun {
		words = append(words, string(word))
	}
	return words
}

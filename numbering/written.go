package numbering

import (
	"net/url"
	"strings"
)

// dialedBytesMax is how much of a dialled string is looked at; a longer one is
// no number.
const dialedBytesMax = 256

// written turns the ways to write a number into what was dialled: digits, stars
// and hashes, and a plus sign where the number is international. It takes the
// user part of SIP and tel URIs (RFC 3261 §19.1, RFC 3966) and drops formatting
// characters (RFC 3966 §5.1.1, E.123). It returns "" for what is no number.
func written(s string) string {
	if len(s) > dialedBytesMax {
		return ""
	}
	if plain(s) {
		return s
	}
	s = strings.TrimSpace(s)
	if open := strings.LastIndexByte(s, '<'); open >= 0 {
		s, _, _ = strings.Cut(s[open+1:], ">")
	}
	if scheme, rest, ok := strings.Cut(s, ":"); ok {
		switch strings.ToLower(scheme) {
		case "sip", "sips", "tel":
			s = rest
		}
	}
	s, _, _ = strings.Cut(s, "@")
	s, _, _ = strings.Cut(s, ";") // parameters
	s, _, _ = strings.Cut(s, ",") // digits sent after the answer
	if unescaped, err := url.PathUnescape(s); err == nil {
		s = unescaped
	}
	if strings.HasPrefix(s, "+") {
		s = strings.Replace(s, "(0)", "", 1) // +49 (0)30…: the trunk prefix of those who dial it at home
	}
	return strings.TrimRight(keep(s), "#") // a hash says that dialling is over
}

// plain says whether s is digits already, perhaps with a plus sign before them.
func plain(s string) bool {
	return s != "" && allDigits(strings.TrimPrefix(s, "+"))
}

// keep drops formatting characters; "" if there are others than those of a number.
func keep(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case '0' <= r && r <= '9', r == '*', r == '#', r == '+':
			b.WriteRune(r)
		case strings.ContainsRune(" -./()\u00a0\u2007\u2009\u200a\u202f\u2010\u2011\u2012\u2013", r):
		default:
			return ""
		}
	}
	return b.String()
}

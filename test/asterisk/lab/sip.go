//go:build linux

package lab

import (
	"crypto/md5" // digest authentication is defined on it
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// message is a SIP request or response.
type message struct {
	first  string
	fields [][2]string // in order, names as they came
	body   string
}

// parseMessage splits a datagram. What has no first line is no message.
func parseMessage(datagram string) (*message, bool) {
	head, body, _ := strings.Cut(datagram, "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	if len(strings.Fields(lines[0])) < 3 {
		return nil, false
	}
	m := &message{first: lines[0], body: body}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ":")
		m.fields = append(m.fields, [2]string{strings.TrimSpace(name), strings.TrimSpace(value)})
	}
	return m, true
}

// String is the message as it goes on the wire.
func (m *message) String() string {
	var b strings.Builder
	b.WriteString(m.first + "\r\n")
	for _, f := range m.fields {
		b.WriteString(f[0] + ": " + f[1] + "\r\n")
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(m.body), m.body)
	return b.String()
}

// get returns the first field of that name.
func (m *message) get(name string) string {
	for _, f := range m.fields {
		if strings.EqualFold(f[0], name) {
			return f[1]
		}
	}
	return ""
}

// set adds a field.
func (m *message) set(name, value string) { m.fields = append(m.fields, [2]string{name, value}) }

// status is the code of a response, 0 for a request.
func (m *message) status() int {
	code, isResponse := strings.CutPrefix(m.first, "SIP/2.0 ")
	if !isResponse {
		return 0
	}
	n, _ := strconv.Atoi(strings.Fields(code)[0])
	return n
}

// method is what was or is asked for, in requests and responses alike.
func (m *message) method() string {
	_, method, _ := strings.Cut(m.get("CSeq"), " ")
	return method
}

// sequence is the number in CSeq.
func (m *message) sequence() int {
	number, _, _ := strings.Cut(m.get("CSeq"), " ")
	n, _ := strconv.Atoi(number)
	return n
}

// user is the user part of a request's target: the number that is called.
func (m *message) user() string {
	uri := strings.Fields(m.first)[1]
	user, _, ok := strings.Cut(strings.TrimPrefix(uri, "sip:"), "@")
	if !ok {
		return ""
	}
	return user
}

// branch names the transaction.
func (m *message) branch() string { return parameter(m.get("Via"), "branch") }

// parameter finds ;name=value.
func parameter(field, name string) string {
	_, rest, ok := strings.Cut(field, ";"+name+"=")
	if !ok {
		return ""
	}
	if end := strings.IndexAny(rest, ";> ,"); end >= 0 {
		rest = rest[:end]
	}
	return rest
}

// address returns what stands between < and >.
func address(field string) string {
	_, rest, _ := strings.Cut(field, "<")
	uri, _, _ := strings.Cut(rest, ">")
	return uri
}

// token makes a word that occurs once.
func token() string { return strings.ToLower(rand.Text()[:16]) }

// authorization answers a digest challenge (RFC 2617).
func authorization(challenge, user, password, method, uri string) string {
	given := map[string]string{}
	for _, pair := range regexp.MustCompile(`(\w+)=(?:"([^"]*)"|([^,\s]+))`).FindAllStringSubmatch(challenge, -1) {
		given[pair[1]] = pair[2] + pair[3]
	}
	hash := func(s string) string {
		sum := md5.Sum([]byte(s)) // digest authentication is defined on it
		return hex.EncodeToString(sum[:])
	}
	secret, asked := hash(user+":"+given["realm"]+":"+password), hash(method+":"+uri)
	cnonce := token()
	answer := fmt.Sprintf(`Digest username="%s", realm="%s", nonce="%s", uri="%s", algorithm=MD5`,
		user, given["realm"], given["nonce"], uri)
	if given["opaque"] != "" {
		answer += fmt.Sprintf(`, opaque="%s"`, given["opaque"])
	}
	if given["qop"] == "" {
		return answer + fmt.Sprintf(`, response="%s"`, hash(secret+":"+given["nonce"]+":"+asked))
	}
	return answer + fmt.Sprintf(`, qop=auth, nc=00000001, cnonce="%s", response="%s"`, cnonce,
		hash(secret+":"+given["nonce"]+":00000001:"+cnonce+":auth:"+asked))
}

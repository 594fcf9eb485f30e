package ucware

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"net/http"
	"strings"
)

//go:embed reference.html
var referenceHTML string

//go:embed reference.css
var referenceCSS []byte

// referencePolicy lets the reference load its own stylesheet and nothing else.
const referencePolicy = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none';" +
	" frame-ancestors 'none'"

// referencePage is a class as its page shows it.
type referencePage struct {
	Version, Host, Name, Title, Path, Summary string
	Others                                    []string // pages of the other classes
	About                                     []string
	Methods                                   []referenceMethod
	Faults                                    []referenceFault // of every method
}

type referenceMethod struct {
	Name, Signature, Summary string
	Open                     bool
	May                      string
	About                    []string
	Params                   []referenceParam
	Returns                  string
	Examples                 []referenceExample
	Faults                   []referenceFault
}

type referenceParam struct{ Name, Kind, About string }

type referenceExample struct{ Say, Curl, Answer string }

type referenceFault struct {
	Code    int
	Message string
	Answer  string
}

// reference serves the pages, whose addresses are written in any case.
func (s *server) reference(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "these pages are read by GET", http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Content-Security-Policy", referencePolicy)
	name := strings.ToLower(strings.TrimPrefix(r.URL.Path, referencePrefix))
	switch name {
	case "", "index.html", "classes/":
		http.Redirect(w, r, billingPage, http.StatusFound)
		return
	case "reference.css":
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		_, _ = w.Write(referenceCSS) // a reader that has gone away is no fault
		return
	}
	for i := range s.classes {
		if c := &s.classes[i]; name == "classes/"+strings.ToLower(c.name)+".html" {
			var b bytes.Buffer
			if err := s.page.Execute(&b, s.referenceOf(c, hostOf(r))); err != nil {
				s.Log.ErrorContext(r.Context(), "the reference cannot be made", "error", err)
				http.Error(w, "a fault of ours", http.StatusInternalServerError)
				return
			}
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write(b.Bytes()) // a reader that has gone away is no fault
			return
		}
	}
	http.NotFound(w, r)
}

// hostOf is how the reader reached this server, for examples to copy.
func hostOf(r *http.Request) string {
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// referenceOf lays out the table that requests are served from.
func (s *server) referenceOf(c *class, host string) referencePage {
	out := referencePage{
		Version: s.Version, Host: host, Name: c.name, Title: c.name[strings.LastIndexByte(c.name, '-')+1:],
		Path: pathPrefix + c.paths[0] + "/", Summary: c.summary, About: c.about,
		Faults: []referenceFault{
			{codeParse, "the body is not JSON", ""},
			{codeRequest, "the request is not one of JSON-RPC 2.0, or a batch has more than 100", ""},
			{codeMethod, "there is no such method", ""},
			{codeParams, "a parameter is wrong", ""},
			{codeInternal, "a fault of ours; the log has it under the name that data gives", ""},
			{codeUnauthenticated, "no valid token; the HTTP status is 401 or 429", ""},
			{codeForbidden, "the token may not do this", ""},
			{codeUnavailable, "not at the moment: try again", ""},
		},
	}
	for i := range s.classes {
		if s.classes[i].name != c.name {
			out.Others = append(out.Others, s.classes[i].name)
		}
	}
	for i := range c.methods {
		out.Methods = append(out.Methods, c.methods[i].reference(host+out.Path))
	}
	return out
}

func (m *method) reference(url string) referenceMethod {
	out := referenceMethod{
		Name: m.name, Summary: m.summary, About: m.about, Open: m.open, May: string(m.may), Returns: m.returns,
	}
	var names []string
	for _, p := range m.params {
		out.Params = append(out.Params, referenceParam{p.name, p.kind, p.about})
		if m.variadic {
			p.name += "…"
		}
		names = append(names, p.name)
	}
	out.Signature = m.name + "(" + strings.Join(names, ", ") + ")"
	for _, e := range m.examples {
		out.Examples = append(out.Examples, referenceExample{
			Say: e.say,
			Curl: "curl " + url + " \\\n  -H 'Authorization: Bearer TOKEN' \\\n  -d '" +
				`{"jsonrpc":"2.0","id":1,"method":"` + m.name + `","params":` + e.params + "}'",
			Answer: `{"jsonrpc":"2.0","id":1,"result":` + e.result + "}",
		})
	}
	for _, f := range m.faults {
		text, err := json.Marshal(f)
		if err != nil {
			continue // a table of constants has a JSON form: a test reads every one
		}
		out.Faults = append(out.Faults, referenceFault{f.Code, f.Message, string(text)})
	}
	return out
}

// Package form is what a page asks and how the answers are read: values are
// kept when something is wrong with one of them, and the fault stands beside
// its field with the remedy. It draws nothing; the templates do.
package form

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"tollgate"
)

const (
	formBytesMax  = 256 << 10 // of a posted form
	fieldBytesMax = 16 << 10  // of one field
)

// Form is what a page asks for. Values are kept when something is wrong with
// one of them, and the fault stands beside its field with the remedy.
type Form struct {
	Action   string
	Submit   string
	Cancel   string  // where the way back leads; empty: no such way
	Confirm  string  // question to ask first; empty: none
	Error    string  // what is wrong with the whole
	Second   *Option // another button: what it says and its value of the field "do"
	Upload   bool    // has a file
	Sections []*Section
	Failed   bool
	Prefix   string // of the field ids, where a page has several forms
	Values   url.Values
}

// Section is a titled group of fields.
type Section struct {
	Title, Lead string
	Single      bool // one column
	Pairs       bool // two fields in a line
	Fields      []*Field
}

// Field is one question of a form.
type Field struct {
	ID           string
	Name         string
	Label        string
	Type         string // text by default; select, textarea, checkbox, hidden or an input type
	Value        string
	Placeholder  string
	Hint         string
	Error        string
	Autocomplete string
	Mode         string // inputmode: what keyboard a phone shows
	Required     bool
	Full         bool // takes the whole width
	Focus        bool
	Options      []Option
	Suggest      []string // what may be written, beside anything else
}

// Option is one choice of a select field.
type Option struct {
	Value, Label string
	Selected     bool
}

// Describes names the elements that say more about the field.
func (f *Field) Describes() string {
	var ids []string
	if f.Error != "" {
		ids = append(ids, f.ID+"-error")
	}
	if f.Hint != "" {
		ids = append(ids, f.ID+"-hint")
	}
	return strings.Join(ids, " ")
}

// New makes a form whose fields take their values from what was posted, or
// from the values a page begins with.
func New(action, submit string, values url.Values) *Form {
	return &Form{Action: action, Submit: submit, Values: values}
}

// Ask adds a group of fields and fills in their values.
func (f *Form) Ask(title, lead string, fields ...*Field) *Section {
	s := &Section{Title: title, Lead: lead, Fields: fields}
	for _, each := range fields {
		f.fill(each)
	}
	f.Sections = append(f.Sections, s)
	return s
}

func (f *Form) fill(each *Field) {
	each.ID = f.Prefix + each.Name
	if each.Type == "" {
		each.Type = "text"
	}
	if each.Type != "password" { // a secret is never sent back
		each.Value = f.Values.Get(each.Name)
	}
	for i := range each.Options {
		each.Options[i].Selected = each.Options[i].Value == each.Value
	}
}

// Get returns what was typed, without the spaces around it.
func (f *Form) Get(name string) string { return strings.TrimSpace(f.Values.Get(name)) }

// List returns what was typed, split at commas, semicolons and line ends.
func (f *Form) List(name string) []string {
	parts := strings.FieldsFunc(f.Get(name), func(r rune) bool { return strings.ContainsRune(",;\n\r", r) })
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return slices.DeleteFunc(parts, func(s string) bool { return s == "" })
}

// ID returns what was chosen in a list of rows; 0 for the empty choice, and a
// fault beside the field for anything that is no id.
func (f *Form) ID(name string) tollgate.ID {
	text := f.Get(name)
	if text == "" {
		return 0
	}
	var id tollgate.ID
	if err := id.UnmarshalText([]byte(text)); err != nil {
		f.Fail(name, "Choose one of the list.")
	}
	return id
}

// Fail writes a fault beside a field; the first one stays. A field that the form
// does not have fails the whole.
func (f *Form) Fail(name, message string) {
	f.Failed = true
	for _, s := range f.Sections {
		for _, each := range s.Fields {
			if each.Name == name {
				if each.Error == "" {
					each.Error = message
				}
				return
			}
		}
	}
	f.Error = message
}

// Require fails every named field that is empty.
func (f *Form) Require(names ...string) {
	for _, name := range names {
		if f.Get(name) == "" {
			f.Fail(name, "Please fill this in.")
		}
	}
}

// FailBy writes a fault beside the field that its message begins with, as in
// `area_code "030": write 30`, and else over the whole form.
func (f *Form) FailBy(err error) {
	message := err.Error()
	name, _, _ := strings.Cut(strings.ReplaceAll(message, ":", " "), " ")
	for _, s := range f.Sections {
		for _, each := range s.Fields {
			if each.Name != name || each.Type == "hidden" {
				continue
			}
			if _, why, found := strings.Cut(message, ": "); found {
				message = why
			}
			f.Fail(name, Sentence(message))
			return
		}
	}
	f.Fail("", Sentence(message))
}

// Refuse shows an error of another room: its message when it is meant for
// people; other errors are returned for the page to report.
func (f *Form) Refuse(err error) error {
	switch tollgate.CodeOf(err) {
	case tollgate.CodeInvalid, tollgate.CodeConflict, tollgate.CodeNoCredit, tollgate.CodeFrozen:
		f.FailBy(err)
		return nil
	default:
		return err
	}
}

// Status is what the page of the form answers with.
func (f *Form) Status() int {
	if f.Failed {
		return http.StatusUnprocessableEntity
	}
	return http.StatusOK
}

// Sentence makes an error message a sentence.
func Sentence(s string) string {
	if s == "" {
		return s
	}
	s = strings.ToUpper(s[:1]) + s[1:]
	if !strings.HasSuffix(s, ".") {
		s += "."
	}
	return s
}

// Posted reads a posted form within its limits.
func Posted(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	r.Body = http.MaxBytesReader(w, r.Body, formBytesMax)
	if err := r.ParseForm(); err != nil {
		return nil, tollgate.Errorf(tollgate.CodeInvalid, "read the form: %w", err)
	}
	for name, values := range r.PostForm {
		for _, v := range values {
			if len(v) > fieldBytesMax {
				return nil, tollgate.Errorf(tollgate.CodeInvalid, "%s is too long", name)
			}
		}
	}
	return r.PostForm, nil
}

// Choices makes options of rows, with a first one that stands for none.
func Choices[T any](none string, rows []T, describe func(T) (tollgate.ID, string)) []Option {
	out := make([]Option, 0, len(rows)+1)
	if none != "" {
		out = append(out, Option{Label: none})
	}
	for _, row := range rows {
		id, label := describe(row)
		out = append(out, Option{Value: id.String(), Label: label})
	}
	return out
}

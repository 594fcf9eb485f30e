// Package reference renders an OpenAPI document (version 3.1) as one page for
// people: every operation with samples, every schema, and no script.
package reference

import (
	"bytes"
	"cmp"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

//go:embed page.html
var pageHTML string

//go:embed style.css
var style []byte

// Style is the stylesheet that the page loads as docs.css.
func Style() []byte { return style }

const (
	schemaPrefix = "#/components/schemas/"
	contentJSON  = "application/json"
	contentCSV   = "text/csv"
)

// document is the OpenAPI document as the page shows it.
type document struct {
	Title, Version string
	Intro          []string
	Groups         []group
	Schemas        []schema
}

type group struct {
	Anchor, Name, About string
	Operations          []operation
}

type operation struct {
	ID, Method, Path, Summary, About string
	Permission                       string
	Open, Device                     bool
	Parameters                       []field
	Bodies                           []body
	Request, Answer                  string // samples
	Status, AnswerSchema             string
	AnswerCSV                        bool
}

type body struct{ Type, Schema string }

type schema struct {
	Name   string
	Fields []field
}

type field struct {
	Name, In, Type, Schema, About string
	Required                      bool
}

// layOut lays the document out for reading, its operations in the order
// of their ids.
func layOut(doc *huma.OpenAPI, order []string) document {
	out := document{
		Title: doc.Info.Title, Version: doc.Info.Version,
		Intro: strings.Split(doc.Info.Description, "\n\n"),
	}
	r := referrer{schemas: doc.Components.Schemas}
	byTag := map[string][]operation{}
	for path, item := range doc.Paths {
		for method, op := range map[string]*huma.Operation{
			http.MethodGet: item.Get, http.MethodPost: item.Post,
			http.MethodPut: item.Put, http.MethodDelete: item.Delete,
		} {
			if op != nil {
				byTag[op.Tags[0]] = append(byTag[op.Tags[0]], r.operation(method, path, op))
			}
		}
	}
	for _, t := range doc.Tags {
		ops := byTag[t.Name]
		slices.SortFunc(ops, func(a, b operation) int {
			return cmp.Compare(slices.Index(order, a.ID), slices.Index(order, b.ID))
		})
		out.Groups = append(out.Groups, group{
			Anchor: strings.ReplaceAll(strings.ToLower(t.Name), " ", "-"), Name: t.Name, About: t.Description,
			Operations: ops,
		})
	}
	all := doc.Components.Schemas.Map()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		out.Schemas = append(out.Schemas, schema{Name: name, Fields: r.fields(name, all[name])})
	}
	return out
}

// referrer follows the references of a document.
type referrer struct{ schemas huma.Registry }

func (r referrer) operation(method, path string, op *huma.Operation) operation {
	out := operation{
		ID: op.OperationID, Method: method, Path: path, Summary: op.Summary, About: op.Description,
		Open: len(op.Security) == 0, Device: len(op.Security) > 1,
	}
	if may, ok := op.Extensions["x-permission"]; ok {
		out.Permission = fmt.Sprint(may)
	}
	for _, p := range op.Parameters {
		f := r.field(p.Name, p.Schema)
		f.In, f.Required = p.In, p.Required
		out.Parameters = append(out.Parameters, f)
	}
	if op.RequestBody != nil {
		for _, t := range slices.Sorted(maps.Keys(op.RequestBody.Content)) {
			schema := op.RequestBody.Content[t].Schema
			out.Bodies = append(out.Bodies, body{Type: t, Schema: schemaName(schema)})
			if t == contentJSON {
				out.Request = r.text(schema, false)
			}
		}
	}
	for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
		if status == "default" || status >= "3" {
			continue
		}
		out.Status = status + " " + op.Responses[status].Description
		if m := op.Responses[status].Content[contentJSON]; m != nil {
			out.Answer, out.AnswerSchema = r.text(m.Schema, true), schemaName(m.Schema)
		}
		out.AnswerCSV = op.Responses[status].Content[contentCSV] != nil
	}
	return out
}

func schemaName(s *huma.Schema) string {
	if s.Items != nil {
		s = s.Items
	}
	return s.Ref[strings.LastIndex(s.Ref, "/")+1:]
}

// fields lists the properties of a named object in the order of its Go type.
func (r referrer) fields(name string, s *huma.Schema) []field {
	order := r.order(name)
	place := func(property string) int {
		if i := slices.Index(order, property); i >= 0 {
			return i
		}
		return len(order)
	}
	names := slices.SortedFunc(maps.Keys(s.Properties), func(a, b string) int {
		return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a, b))
	})
	var out []field
	for _, property := range names {
		f := r.field(property, s.Properties[property])
		f.Required = slices.Contains(s.Required, property)
		out = append(out, f)
	}
	return out
}

// order is how the properties of a schema are written in its Go type.
func (r referrer) order(name string) []string {
	t := r.schemas.TypeFromRef(schemaPrefix + name)
	if t == nil || t.Kind() != reflect.Struct {
		return nil
	}
	var out []string
	for _, f := range reflect.VisibleFields(t) {
		property, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		out = append(out, property)
	}
	return out
}

func (r referrer) field(name string, s *huma.Schema) field {
	f := field{Name: name, About: s.Description, Schema: schemaName(s), Type: typeName(s)}
	if len(s.Enum) > 0 {
		var words []string
		for _, v := range s.Enum {
			words = append(words, fmt.Sprint(v))
		}
		f.About = strings.TrimSpace(f.About + " One of: " + strings.Join(words, ", ") + ".")
	}
	if s.Default != nil {
		f.About = strings.TrimSpace(f.About + fmt.Sprintf(" Default: %v.", s.Default))
	}
	return f
}

func typeName(s *huma.Schema) string {
	switch {
	case s.Ref != "":
		return schemaName(s)
	case s.Type == huma.TypeArray:
		return "list of " + typeName(s.Items)
	case s.Format == "date-time":
		return "time"
	case s.Type == huma.TypeString && s.Format != "":
		return s.Format
	}
	return s.Type
}

// sampleDepthMax keeps a sample from following a schema that refers to itself.
const sampleDepthMax = 8

// text is a sample of a schema as people read JSON.
func (r referrer) text(s *huma.Schema, answer bool) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(r.sample(s, answer, sampleDepthMax)); err != nil {
		return ""
	}
	return strings.TrimSpace(b.String())
}

// sample makes a value from the examples of a schema; properties without an
// example are left out unless they are needed.
func (r referrer) sample(s *huma.Schema, answer bool, depth int) any {
	name := schemaName(s)
	if s.Ref != "" {
		s = r.schemas.SchemaFromRef(s.Ref)
	}
	switch {
	case depth == 0:
		return nil
	case len(s.Examples) > 0:
		return s.Examples[0]
	case s.Type == huma.TypeArray:
		return []any{r.sample(s.Items, answer, depth-1)}
	case s.Type == huma.TypeObject || len(s.Properties) > 0:
		var out ordered
		for _, f := range r.fields(name, s) {
			p := s.Properties[f.Name]
			if p.ReadOnly && !answer || p.WriteOnly && answer {
				continue
			}
			if f.Required || len(p.Examples) > 0 || answer && (p.Ref != "" || p.Type == huma.TypeArray) {
				out = append(out, member{f.Name, r.sample(p, answer, depth-1)})
			}
		}
		return out
	case len(s.Enum) > 0:
		return s.Enum[0]
	case s.Format == "date-time":
		return "2026-03-04T12:00:00Z"
	case s.Format == "id":
		return "48230118400001"
	case s.Format == "decimal":
		return "12.500000"
	case s.Type == huma.TypeBoolean:
		return false
	case s.Type == huma.TypeInteger:
		return 0
	}
	return "…"
}

// ordered is a JSON object whose members keep their order.
type ordered []member

type member struct {
	name  string
	value any
}

// MarshalJSON writes the members in order.
func (o ordered) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(m.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%s:%s", name, value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// Render makes the page, with the operations in the order of their ids.
func Render(doc *huma.OpenAPI, order []string) ([]byte, error) {
	page, err := template.New("docs").Parse(pageHTML)
	if err != nil {
		return nil, fmt.Errorf("parse the page of the reference: %w", err)
	}
	var b bytes.Buffer
	if err := page.Execute(&b, layOut(doc, order)); err != nil {
		return nil, fmt.Errorf("render the reference: %w", err)
	}
	return b.Bytes(), nil
}

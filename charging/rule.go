package charging

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"tollgate"
)

// rule is a call rule, compiled.
type rule struct {
	words      tollgate.CallRule
	conditions []condition
	broken     error // why it cannot be used: it fits no call
}

type condition struct {
	variable string
	pattern  *regexp.Regexp
}

func compileRules(words []tollgate.CallRule) []*rule {
	rules := make([]*rule, len(words))
	for i, w := range words {
		r := &rule{words: w}
		for _, c := range w.Conditions {
			pattern, err := regexp.Compile(c.Pattern)
			if err != nil {
				r.broken = fmt.Errorf("rule %q: %w", w.Name, err)
				break
			}
			variable := c.Variable
			if variable == "" {
				variable = varDestination
			}
			r.conditions = append(r.conditions, condition{variable, pattern})
		}
		rules[i] = r
	}
	return rules
}

// The variables that every call has, by the names that people know from
// dialplans; a device may send more.
const (
	varDestination = "destination_number"
	varCaller      = "caller_id_number"
	varExtension   = "extension"
	varOriginator  = "originator"
	varAccountCode = "accountcode"
	varTrunk       = "trunk"
	varPrivate     = "private" // 1, or empty
)

// variables are what conditions and expressions can ask of a call.
type variables struct {
	cdr   *tollgate.CDR
	extra map[string]string
}

func (v variables) get(name string) string {
	switch name {
	case varDestination:
		return v.cdr.Number.Dialed
	case varCaller:
		return v.cdr.Caller
	case varExtension:
		return v.cdr.Extension
	case varOriginator:
		return v.cdr.Originator
	case varAccountCode:
		return v.cdr.AccountCode
	case varTrunk:
		return v.cdr.Trunk
	case varPrivate:
		if v.cdr.Number.Private {
			return "1"
		}
		return ""
	}
	return v.extra[name]
}

// fits reports whether all conditions hold, and what the groups of the first
// one matched.
func (r *rule) fits(v variables) (groups []string, ok bool) {
	if r.broken != nil {
		return nil, false
	}
	for i, c := range r.conditions {
		found := c.pattern.FindStringSubmatch(v.get(c.variable))
		if found == nil {
			return nil, false
		}
		if i == 0 {
			groups = found
		}
	}
	return groups, true
}

// expand puts variables into an expression: ${name} and $1 to $9 for what the
// groups of the first condition matched. What does not exist is empty.
func expand(expression string, v variables, groups []string) string {
	return placeholder.ReplaceAllStringFunc(expression, func(found string) string {
		name := strings.Trim(found, "${}")
		if n, err := strconv.Atoi(name); err == nil {
			if n < len(groups) {
				return groups[n]
			}
			return ""
		}
		return v.get(name)
	})
}

var placeholder = regexp.MustCompile(`\$\{[a-zA-Z_][a-zA-Z0-9_]*\}|\$[0-9]`)

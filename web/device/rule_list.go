package device

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"

	"tollgate"
	"tollgate/web/view"
)

// rulesAnchor leads to the rules on a device's page.
const rulesAnchor = "#rules"

// ruleRow is a call rule in words.
type ruleRow struct {
	At                int // 1 is the first
	First, Last       bool
	Name              string
	When              []whenRow // empty: every call
	Tariff, Pays      string
	NoCredit, Drained string
}

// whenRow is a condition in words; its pattern is what is left to say in letters.
type whenRow struct{ Variable, Relation, Pattern string }

// newWhenRow says what a condition wants, in words where it is as simple as that.
func newWhenRow(c tollgate.Condition) whenRow {
	names := map[string]string{
		"": "number", "destination_number": "number", "caller_id_number": "caller shown", "accountcode": "account code",
	}
	name := names[c.Variable]
	if name == "" {
		name = c.Variable
	}
	rest, begins := strings.CutPrefix(c.Pattern, "^")
	rest, ends := strings.CutSuffix(rest, "$")
	switch plain := regexp.QuoteMeta(rest) == rest; {
	case plain && begins && ends && rest == "":
		return whenRow{name, "is empty", ""}
	case !plain || rest == "":
		return whenRow{name, "matches", c.Pattern}
	case begins && ends:
		return whenRow{name, "is", rest}
	case begins:
		return whenRow{name, "begins with", rest}
	case ends:
		return whenRow{name, "ends with", rest}
	}
	return whenRow{name, "contains", rest}
}

func ruleRows(rules []tollgate.CallRule, n *view.Names) []ruleRow {
	rows := make([]ruleRow, len(rules))
	for i, r := range rules {
		rows[i] = ruleRow{
			At: i + 1, First: i == 0, Last: i == len(rules)-1, Name: r.Name, Tariff: n.Tariff(r.Tariff),
			Pays: "whoever pays otherwise", NoCredit: actionText(r.NoCredit), Drained: actionText(r.Exhausted),
		}
		switch {
		case !r.Charge:
			rows[i].Pays, rows[i].NoCredit, rows[i].Drained = "nobody: rated only", "–", "–"
		case r.Account != "":
			rows[i].Pays = r.Account
		}
		for _, c := range r.Conditions {
			rows[i].When = append(rows[i].When, newWhenRow(c))
		}
	}
	return rows
}

// fingerprint tells one state of the rules from another, so that nobody changes
// what they have not seen.
func fingerprint(rules []tollgate.CallRule) string {
	text, err := json.Marshal(rules)
	if err != nil {
		return strconv.Itoa(len(rules)) // rules are plain values: this cannot be
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

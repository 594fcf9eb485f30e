package batch

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"tollgate"
	"tollgate/rating"

	"github.com/BurntSushi/toml"
)

// TariffBytesMax is how long a tariff file may be.
const TariffBytesMax = 1 << 20

// tariffFile is tariff.toml.
type tariffFile struct {
	Name             string       `toml:"name"`
	Description      string       `toml:"description,omitempty"`
	Currency         string       `toml:"currency"`
	Timezone         string       `toml:"timezone"`
	Per              int64        `toml:"per"`
	Decimals         int          `toml:"decimals"`
	Rounding         string       `toml:"rounding"`
	DurationRounding string       `toml:"duration_rounding"`
	Grace            int64        `toml:"grace,omitzero"`
	MinCharge        amountText   `toml:"min_charge,omitempty"`
	MaxCharge        amountText   `toml:"max_charge,omitempty"`
	DefaultCustomer  bool         `toml:"default_customer,omitempty"`
	Default          defaultTable `toml:"default"`
	Peak             peakTable    `toml:"peak"`
}

type defaultTable struct {
	Name          string      `toml:"name,omitempty"`
	Price         amountText  `toml:"price,omitempty"`
	PricePeak     amountText  `toml:"price_peak,omitempty"`
	ConnectFee    amountText  `toml:"connect_fee,omitempty"`
	FirstInterval secondsText `toml:"first_interval,omitempty"`
	NextInterval  secondsText `toml:"next_interval,omitempty"`
}

type peakTable struct {
	From     string   `toml:"from,omitempty"`
	To       string   `toml:"to,omitempty"`
	Weekend  nameList `toml:"weekend,omitempty"`
	Holidays nameList `toml:"holidays,omitempty"`
}

// amountText is an amount as written. A TOML float is refused: it would have
// been made binary before anybody could look at its digits.
type amountText string

// UnmarshalTOML takes a text or a whole number.
func (a *amountText) UnmarshalTOML(value any) error {
	switch v := value.(type) {
	case string:
		*a = amountText(v)
	case int64:
		*a = amountText(strconv.FormatInt(v, 10))
	default:
		return errors.New(`write the amount in quotes, such as "0.05"`)
	}
	return nil
}

// secondsText is a whole number that may be left out.
type secondsText string

// UnmarshalTOML takes a whole number, also in quotes.
func (s *secondsText) UnmarshalTOML(value any) error {
	switch v := value.(type) {
	case string:
		*s = secondsText(v)
	case int64:
		*s = secondsText(strconv.FormatInt(v, 10))
	default:
		return errors.New("want whole seconds, such as 60")
	}
	return nil
}

// MarshalTOML writes it without quotes.
func (s secondsText) MarshalTOML() ([]byte, error) { return []byte(s), nil }

// nameList is a list of names; one name may stand without brackets.
type nameList []string

// UnmarshalTOML takes a text or a list of texts.
func (n *nameList) UnmarshalTOML(value any) error {
	values, many := value.([]any)
	if !many {
		values = []any{value}
	}
	*n = nil
	for _, v := range values {
		name, ok := v.(string)
		if !ok {
			return errors.New(`want names in quotes, such as ["saturday", "sunday"] or "de"`)
		}
		*n = append(*n, name)
	}
	return nil
}

// ReadTariff reads a tariff file and checks it as rating does. What is wrong is
// reported with CodeInvalid and its line: unknown keys, values of the wrong
// kind, values out of range. Left out, timezone is UTC, per 60, decimals 6,
// rounding half_up, duration_rounding up.
func ReadTariff(r io.Reader) (tollgate.Tariff, error) {
	text, err := io.ReadAll(io.LimitReader(r, TariffBytesMax+1))
	if err != nil {
		return tollgate.Tariff{}, fmt.Errorf("reading the tariff: %w", err)
	}
	if len(text) > TariffBytesMax {
		return tollgate.Tariff{}, tollgate.Errorf(tollgate.CodeInvalid, "longer than %d bytes", TariffBytesMax)
	}
	file := tariffFile{
		Timezone: "UTC", Per: 60, Decimals: 6,
		Rounding: string(tollgate.RoundHalfUp), DurationRounding: string(tollgate.DurationUp),
	}
	meta, err := toml.Decode(strings.TrimPrefix(string(text), "\ufeff"), &file)
	if err != nil {
		return tollgate.Tariff{}, tollgate.Errorf(tollgate.CodeInvalid, "%s", strings.TrimPrefix(err.Error(), "toml: "))
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		key := unknown[0].String()
		return tollgate.Tariff{}, tollgate.Errorf(tollgate.CodeInvalid, "line %d: unknown key %q", lineOf(text, key), key)
	}
	if file.Name == "" {
		return tollgate.Tariff{}, tollgate.Errorf(tollgate.CodeInvalid, `key "name" is missing`)
	}
	t := file.tariff()
	if _, err := rating.Compile(t, nil); err != nil {
		if f := faultOf(err); f != nil {
			if line := lineOf(text, f.Key); line > 0 {
				return tollgate.Tariff{}, tollgate.Errorf(tollgate.CodeInvalid, "line %d: %w", line, f)
			}
			return tollgate.Tariff{}, tollgate.Errorf(tollgate.CodeInvalid, "%w", f)
		}
		return tollgate.Tariff{}, err
	}
	return t, nil
}

// lineOf finds the line of a key such as peak.from, 0 if it cannot.
func lineOf(text []byte, key string) int {
	table, number := "", 0
	for line := range strings.Lines(string(text)) {
		number++
		line = strings.TrimSpace(line)
		name, _, _ := strings.Cut(line, "=")
		if strings.HasPrefix(line, "[") {
			name, _, _ = strings.Cut(strings.Trim(line, "[ "), "]")
			table, name = "", strings.Trim(name, "[ ")
		}
		name = strings.NewReplacer(" ", "", "\t", "", `"`, "", "'", "").Replace(name)
		if table != "" {
			name = table + "." + name
		}
		if name == key {
			return number
		}
		if strings.HasPrefix(line, "[") {
			table = name
		}
	}
	return 0
}

func (f *tariffFile) tariff() tollgate.Tariff {
	return tollgate.Tariff{
		Name: f.Name, Description: f.Description, Currency: tollgate.Currency(f.Currency),
		Timezone: f.Timezone, Per: f.Per, Decimals: f.Decimals, Rounding: tollgate.Rounding(f.Rounding),
		DurationRounding: tollgate.DurationRounding(f.DurationRounding), Grace: f.Grace,
		MinCharge: string(f.MinCharge), MaxCharge: string(f.MaxCharge), DefaultCustomer: f.DefaultCustomer,
		Default: tollgate.Rate{
			Name: f.Default.Name, Price: string(f.Default.Price), PricePeak: string(f.Default.PricePeak),
			ConnectFee: string(f.Default.ConnectFee), First: string(f.Default.FirstInterval),
			Next: string(f.Default.NextInterval),
		},
		Peak: tollgate.PeakWindow{
			From: f.Peak.From, To: f.Peak.To, Weekend: f.Peak.Weekend, Holidays: f.Peak.Holidays,
		},
	}
}

// WriteTariff writes a tariff so that ReadTariff reads the same one; ids,
// enterprise and revision are not part of the file.
func WriteTariff(w io.Writer, t tollgate.Tariff) error {
	file := tariffFile{
		Name: t.Name, Description: t.Description, Currency: string(t.Currency), Timezone: t.Timezone,
		Per: t.Per, Decimals: t.Decimals, Rounding: string(t.Rounding),
		DurationRounding: string(t.DurationRounding), Grace: t.Grace,
		MinCharge: amountText(t.MinCharge), MaxCharge: amountText(t.MaxCharge), DefaultCustomer: t.DefaultCustomer,
		Default: defaultTable{
			Name: t.Default.Name, Price: amountText(t.Default.Price), PricePeak: amountText(t.Default.PricePeak),
			ConnectFee:    amountText(t.Default.ConnectFee),
			FirstInterval: secondsText(t.Default.First), NextInterval: secondsText(t.Default.Next),
		},
		Peak: peakTable{From: t.Peak.From, To: t.Peak.To, Weekend: t.Peak.Weekend, Holidays: t.Peak.Holidays},
	}
	encoder := toml.NewEncoder(w)
	encoder.Indent = ""
	if err := encoder.Encode(file); err != nil {
		return fmt.Errorf("writing tariff %q: %w", t.Name, err)
	}
	return nil
}

package batch

import (
	"cmp"
	"errors"
	"io"
	"slices"

	"tollgate"
	"tollgate/rating"
)

// RatesMax is how many rates one deck may have.
const RatesMax = 5_000_000

// The columns of rates.csv, in the order they are written.
const (
	ratePrefix = iota
	rateNumber
	rateClass
	rateName
	ratePrice
	ratePricePeak
	ratePer
	rateConnectFee
	rateFirst
	rateNext
)

func ratesForm() Form {
	return Form{Columns: []string{
		"prefix", "number", "class", "name", "price", "price_peak", "per", "connect_fee",
		"first_interval", "next_interval",
	}}
}

// ReadRates reads the rates of one deck. Each row has exactly one of prefix,
// number and class; an empty field inherits from the tariff, 0 is free. A row
// whose key another row has already is rejected, naming the other line. The
// rates are the good rows; a deck should only be made of them if nothing was
// rejected. The error is about the file as a whole.
func ReadRates(r io.Reader) ([]tollgate.Rate, []Reject, error) {
	sheet, err := NewSheet(r, ratesForm())
	if err != nil {
		return nil, nil, err
	}
	var rates []tollgate.Rate
	var rejects []Reject
	texts := interner{}
	for row, reject := range sheet.Rows() {
		if reject == nil && len(rates) == RatesMax {
			return nil, nil, tollgate.Errorf(tollgate.CodeInvalid,
				"line %d: a deck has at most %d rates", row.Line(), RatesMax)
		}
		if reject == nil {
			rate := readRate(row, texts)
			f := rating.CheckRate(&rate)
			if f == nil {
				rates = append(rates, rate)
				continue
			}
			wrong := rejectOf(f)
			reject = &wrong
		}
		if rejects = append(rejects, *reject); len(rejects) == rejectsMax {
			rejects = append(rejects, row.unread())
			break
		}
	}
	if err := sheet.Err(); err != nil {
		return nil, nil, err
	}
	rates, twice := withoutDuplicates(rates)
	rejects = append(rejects, twice...)
	slices.SortStableFunc(rejects, func(a, b Reject) int { return cmp.Compare(a.Line, b.Line) })
	return rates, rejects, nil
}

func readRate(row *Row, texts interner) tollgate.Rate {
	return tollgate.Rate{
		Prefix:     row.Text(ratePrefix),
		Number:     row.Text(rateNumber),
		Class:      tollgate.Class(texts.text(row.Field(rateClass))),
		Name:       texts.text(row.Field(rateName)),
		Price:      texts.text(row.Field(ratePrice)),
		PricePeak:  texts.text(row.Field(ratePricePeak)),
		Per:        texts.text(row.Field(ratePer)),
		ConnectFee: texts.text(row.Field(rateConnectFee)),
		First:      texts.text(row.Field(rateFirst)),
		Next:       texts.text(row.Field(rateNext)),
		Line:       row.Line(),
	}
}

// interner keeps equal texts once: a million rates have few different prices.
type interner map[string]string

func (x interner) text(b []byte) string {
	if s, ok := x[string(b)]; ok {
		return s
	}
	s := string(b)
	x[s] = s
	return s
}

func rejectOf(f *rating.Fault) Reject {
	return Reject{Line: f.Line, Column: f.Key, Value: shorten([]byte(f.Value)), Reason: f.Reason}
}

func withoutDuplicates(rates []tollgate.Rate) ([]tollgate.Rate, []Reject) {
	faults := rating.Duplicates(rates)
	if len(faults) == 0 {
		return rates, nil
	}
	rejects := make([]Reject, len(faults))
	lines := make(map[int]bool, len(faults))
	for i, f := range faults {
		rejects[i], lines[f.Line] = rejectOf(f), true
	}
	return slices.DeleteFunc(rates, func(r tollgate.Rate) bool { return lines[r.Line] }), rejects
}

// WriteRates writes rates so that ReadRates reads the same ones.
func WriteRates(w io.Writer, rates []tollgate.Rate) error {
	write, flush := RateWriter(w)
	for i := range rates {
		write(&rates[i])
	}
	return flush()
}

// RateWriter is WriteRates for rates that come one by one. A failure is kept for flush.
func RateWriter(w io.Writer) (write func(*tollgate.Rate), flush func() error) {
	out := NewWriter(w, ratesForm().Columns...)
	return func(r *tollgate.Rate) {
		out.Write(r.Prefix, r.Number, string(r.Class), r.Name, r.Price, r.PricePeak, r.Per,
			r.ConnectFee, r.First, r.Next)
	}, out.Flush
}

// faultOf finds the Fault in an error of rating, nil if there is none.
func faultOf(err error) *rating.Fault {
	f, _ := errors.AsType[*rating.Fault](err)
	return f
}

package bench

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"time"

	"tollgate"
	"tollgate/batch"
	"tollgate/rating/specimen"
	"tollgate/store"
)

// The office whose calls are imported.
const (
	officeUsers       = 200
	officeFirstNumber = 1000 // extension of the first
	officeRates       = 20_000
	officeSpan        = 28 * 24 * time.Hour
	officeTrunk       = "carrier"
)

// setUp fills an empty store: a company with users and their extensions, a
// tariff to sell and one to buy at, a carrier behind a trunk, and a device.
func setUp(ctx context.Context, db *store.DB) (device tollgate.ID, err error) {
	err = db.Change(ctx, store.Actor{Name: "bench"}, "an office", func(c *store.Change) error {
		sold, err := putTariff(c, "retail", true)
		if err != nil {
			return err
		}
		bought, err := putTariff(c, "carrier", false)
		if err != nil {
			return err
		}
		pbx := tollgate.Device{
			Name: "pbx", Kind: tollgate.DevicePush, Timezone: "Europe/Berlin", Enabled: true,
			ForwardPayer: tollgate.OriginatorPays,
			Plan: tollgate.DialingPlan{
				Country: "DE", AreaCode: "30", RoutePrefixes: []string{"0"}, PrivateCodes: []string{"*7*"},
			},
		}
		operator := tollgate.Operator{Name: "carrier", Tariff: bought}
		if err := c.PutDevice(&pbx, ""); err != nil {
			return err
		}
		if err := c.PutOperator(&operator); err != nil {
			return err
		}
		if err := c.PutTrunk(tollgate.Trunk{Device: pbx.ID, Name: officeTrunk, Operator: operator.ID}); err != nil {
			return err
		}
		device = pbx.ID
		return putUsers(c, pbx.ID, sold)
	})
	return device, err
}

func putTariff(c *store.Change, name string, sold bool) (tollgate.ID, error) {
	tariff := specimen.Tariff()
	tariff.ID, tariff.Name, tariff.DefaultCustomer = 0, name, sold
	if sold {
		tariff.Peak = tollgate.PeakWindow{From: "08:00", To: "18:00", Weekend: []string{"saturday", "sunday"}}
		tariff.Default.PricePeak = "0.10"
	}
	if err := c.PutTariff(&tariff); err != nil {
		return 0, err
	}
	return tariff.ID, c.PutDeck(&tollgate.Deck{Tariff: tariff.ID, Rates: specimen.Rates(officeRates)})
}

func putUsers(c *store.Change, device, tariff tollgate.ID) error {
	company := tollgate.Account{
		Kind: tollgate.KindEnterprise, Mode: tollgate.ModePostpaid, Name: "company", Currency: "EUR",
		Timezone: "Europe/Berlin", Tariff: tariff,
	}
	if err := c.PutAccount(&company); err != nil {
		return err
	}
	for i := range officeUsers {
		user := tollgate.Account{
			Enterprise: company.ID, Parent: company.ID, Kind: tollgate.KindUser, Mode: tollgate.ModePostpaid,
			Name: "user " + strconv.Itoa(i), Currency: "EUR", Timezone: "Europe/Berlin",
			CreditLimit: 1_000_000 * tollgate.MicroPerUnit,
		}
		if err := c.PutAccount(&user); err != nil {
			return err
		}
		number := strconv.Itoa(officeFirstNumber + i)
		if err := c.PutExtension(tollgate.Extension{Device: device, Number: number, Account: user.ID}); err != nil {
			return err
		}
	}
	return nil
}

// writeCalls writes a sheet of finished calls: at home and abroad, to numbers
// that hardly repeat, one in eight not answered.
func writeCalls(path string, calls int) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	buffered := bufio.NewWriter(file)
	sheet := batch.NewWriter(buffered,
		"unique_id", "start", "answer", "end", "extension", "caller", "dialed", "trunk", "cause")
	random := rand.New(rand.NewPCG(uint64(calls), 3))
	first := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	begins := []string{
		"0030", "0040", "0089", "00221", "0069", "00711", "00341", "00421", "0015", "0016", "0017", "0015", "00800",
		"00043", "00044", "00033", "00039", "0001212", "00048", "00031",
	}
	for i := range calls {
		start := first.Add(officeSpan / time.Duration(calls) * time.Duration(i))
		answer := start.Add(time.Duration(2+random.IntN(20)) * time.Second)
		end := answer.Add(time.Duration(random.IntN(600_000)) * time.Millisecond)
		answered, cause := answer.Format(time.RFC3339), "16"
		if random.IntN(8) == 0 {
			answered, cause = "", "17"
		}
		extension := strconv.Itoa(officeFirstNumber + random.IntN(officeUsers))
		dialed := begins[random.IntN(len(begins))] + strconv.Itoa(2_000_000+random.IntN(8_000_000))
		sheet.Write("bench-"+strconv.Itoa(i), start.Format(time.RFC3339), answered, end.Format(time.RFC3339Nano),
			extension, extension, dialed, officeTrunk, cause)
	}
	if err := sheet.Flush(); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := buffered.Flush(); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return file.Close()
}

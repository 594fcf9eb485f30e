package store

import (
	"encoding/json"
	"fmt"
	"time"

	"tollgate"
	"tollgate/store/internal/engine"
)

// secretShown stands in logs for a secret that is set.
const secretShown = "(set)"

const deviceColumns = "id, enterprise_id, name, account, settings"

// scanDevice reads the columns over what the settings say, so that the
// database's constraints and the value never disagree.
func scanDevice(row engine.Scanner, d *tollgate.Device) error {
	var id, enterprise tollgate.ID
	var name, account, settings string
	if err := row.Scan(&id, &enterprise, &name, &account, &settings); err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(settings), d); err != nil {
		return fmt.Errorf("settings of device %d: %w", id, err)
	}
	d.ID, d.Enterprise, d.Name, d.Account = id, enterprise, name, account
	return nil
}

// PutDevice stores a device. An empty passwordHash, or an empty AMI secret on
// a device that exists, keeps the one stored.
func (c *Change) PutDevice(d *tollgate.Device, passwordHash string) error {
	if err := c.checkDevice(d); err != nil {
		return err
	}
	var before any
	if d.ID == 0 {
		c.give(&d.ID)
	} else {
		old, err := c.device(d.ID)
		if err != nil {
			return err
		}
		if d.Asterisk.Secret == "" {
			d.Asterisk.Secret = old.Asterisk.Secret
		}
		before = shownDevice(old)
	}
	settings, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("device %q: %w", d.Name, err)
	}
	if before == nil {
		_, err = c.tx.Exec(`INSERT INTO device
			(id, enterprise_id, name, account, password_hash, settings, deleted_at)
			VALUES ($1, $2, $3, $4, $5, $6, 0)`,
			int64(d.ID), int64(d.Enterprise), d.Name, d.Account, passwordHash, string(settings))
	} else {
		_, err = c.tx.Exec(`UPDATE device SET enterprise_id = $2, name = $3, account = $4, settings = $5,
			password_hash = CASE WHEN $6 = '' THEN password_hash ELSE $6 END WHERE id = $1`,
			int64(d.ID), int64(d.Enterprise), d.Name, d.Account, string(settings), passwordHash)
	}
	if err != nil {
		return engine.Failed(err, "storing device %q", d.Name)
	}
	return c.log(object("device", d.ID), before, shownDevice(*d))
}

func shownDevice(d tollgate.Device) tollgate.Device {
	if d.Asterisk.Secret != "" {
		d.Asterisk.Secret = secretShown
	}
	return d
}

func (c *Change) device(id tollgate.ID) (tollgate.Device, error) {
	var d tollgate.Device
	row := c.tx.Row("SELECT "+deviceColumns+" FROM device WHERE id = $1 AND deleted_at = 0", int64(id))
	return d, engine.Failed(scanDevice(row, &d), "device %d", id)
}

func (c *Change) checkDevice(d *tollgate.Device) error {
	if d.Name == "" {
		return tollgate.Errorf(tollgate.CodeInvalid, "device: a name is missing")
	}
	if _, err := time.LoadLocation(d.Timezone); err != nil || d.Timezone == "Local" {
		return tollgate.Errorf(tollgate.CodeInvalid,
			"device %q: time zone %q: want an IANA name such as Europe/Berlin", d.Name, d.Timezone)
	}
	if len(d.Rules) > tollgate.RulesMax {
		return tollgate.Errorf(tollgate.CodeInvalid, "device %q: %d call rules: at most %d",
			d.Name, len(d.Rules), tollgate.RulesMax)
	}
	for i := range d.Rules {
		if err := d.Rules[i].Check(); err != nil {
			return tollgate.Errorf(tollgate.CodeInvalid, "device %q: call rule %d: %w", d.Name, i+1, err)
		}
		if err := c.require("tariff", "tariff", d.Rules[i].Tariff); err != nil {
			return err
		}
	}
	if err := c.requireEnterprise(d.Enterprise); err != nil {
		return err
	}
	return c.requireAccount(d.DefaultAccount, d.Enterprise)
}

func (c *Change) requireEnterprise(id tollgate.ID) error {
	if id == 0 {
		return nil
	}
	found, err := c.tx.Exists(`SELECT EXISTS(SELECT 1 FROM account
		WHERE enterprise_id = $1 AND id = $1)`, int64(id))
	if err == nil && !found {
		return tollgate.Errorf(tollgate.CodeInvalid, "enterprise %d does not exist", id)
	}
	return engine.Failed(err, "looking for enterprise %d", id)
}

// requireAccount fails unless id is 0 or an account that may pay for calls of
// a device of the enterprise; a shared device (0) serves every enterprise.
func (c *Change) requireAccount(id, enterprise tollgate.ID) error {
	if id == 0 {
		return nil
	}
	found, err := c.tx.Exists(`SELECT EXISTS(SELECT 1 FROM account
		WHERE id = $1 AND (enterprise_id = $2 OR $2 = 0) AND kind <> 'house')`,
		int64(id), int64(enterprise))
	if err == nil && !found {
		return tollgate.Errorf(tollgate.CodeInvalid, "account %d does not exist here", id)
	}
	return engine.Failed(err, "looking for account %d", id)
}

// refuseIfDefault fails with the message if the account is a device's default.
func (c *Change) refuseIfDefault(account tollgate.ID, message string) error {
	ctx, q := c.tx.Read()
	devices, err := devicesOf(ctx, q, Everything)
	if err != nil {
		return err
	}
	for _, d := range devices {
		if d.DefaultAccount == account {
			return tollgate.Errorf(tollgate.CodeConflict, "%s", message)
		}
	}
	return nil
}

// refuseIfRuled fails if a call rule of a device has the tariff.
func (c *Change) refuseIfRuled(tariff tollgate.ID) error {
	ctx, q := c.tx.Read()
	devices, err := devicesOf(ctx, q, Everything)
	if err != nil {
		return err
	}
	for _, d := range devices {
		for i := range d.Rules {
			if d.Rules[i].Tariff == tariff {
				return tollgate.Errorf(tollgate.CodeConflict, "a call rule of device %q still has this tariff", d.Name)
			}
		}
	}
	return nil
}

// DeleteDevice hides a device and removes its extensions, trunks and
// permits. Its calls
// keep their device, and its name becomes free.
func (c *Change) DeleteDevice(id tollgate.ID) error {
	d, err := c.device(id)
	if err != nil {
		return err
	}
	for _, text := range []string{
		"DELETE FROM extension WHERE device_id = $1",
		"DELETE FROM trunk WHERE device_id = $1",
		"DELETE FROM permit WHERE device_id = $1",
		"DELETE FROM device_state WHERE device_id = $1",
	} {
		if _, err := c.tx.Exec(text, int64(id)); err != nil {
			return engine.Failed(err, "deleting device %q", d.Name)
		}
	}
	if _, err := c.tx.Exec("UPDATE device SET deleted_at = $2, password_hash = '' WHERE id = $1",
		int64(id), engine.Micros(c.db.now())); err != nil {
		return engine.Failed(err, "deleting device %q", d.Name)
	}
	return c.log(object("device", id), shownDevice(d), nil)
}

func extensionObject(device tollgate.ID, number string) string {
	return object("device", device) + " extension " + number
}

// PutExtension stores an extension, whether it exists already or not.
func (c *Change) PutExtension(e tollgate.Extension) error {
	if e.Number == "" {
		return tollgate.Errorf(tollgate.CodeInvalid, "extension: a number is missing")
	}
	d, err := c.device(e.Device)
	if err != nil {
		return err
	}
	if err := c.requireAccount(e.Account, d.Enterprise); err != nil {
		return err
	}
	before, err := c.extension(e.Device, e.Number)
	if err != nil {
		return err
	}
	if _, err := c.tx.Exec(`INSERT INTO extension (device_id, number, account_id, name)
		VALUES ($1, $2, $3, $4) ON CONFLICT (device_id, number)
		DO UPDATE SET account_id = excluded.account_id, name = excluded.name`,
		int64(e.Device), e.Number, int64(e.Account), e.Name); err != nil {
		return engine.Failed(err, "storing extension %q", e.Number)
	}
	return c.log(extensionObject(e.Device, e.Number), before, e)
}

// extension returns what is stored, for the log; nil when nothing is.
func (c *Change) extension(device tollgate.ID, number string) (any, error) {
	e := tollgate.Extension{Device: device, Number: number}
	found, err := engine.Found(c.tx.QueryRow(`SELECT account_id, name FROM extension
		WHERE device_id = $1 AND number = $2`, []any{int64(device), number}, &e.Account, &e.Name))
	if err != nil || !found {
		return nil, engine.Failed(err, "reading extension %q", number)
	}
	return e, nil
}

// DeleteExtension removes an extension.
func (c *Change) DeleteExtension(device tollgate.ID, number string) error {
	before, err := c.extension(device, number)
	if err != nil {
		return err
	}
	touched, err := c.tx.Exec("DELETE FROM extension WHERE device_id = $1 AND number = $2",
		int64(device), number)
	if err := one(touched, err, fmt.Sprintf("extension %q", number)); err != nil {
		return err
	}
	return c.log(extensionObject(device, number), before, nil)
}

func trunkObject(device tollgate.ID, name string) string {
	return object("device", device) + " trunk " + name
}

// PutTrunk stores a trunk, whether it exists already or not.
func (c *Change) PutTrunk(t tollgate.Trunk) error {
	if t.Name == "" {
		return tollgate.Errorf(tollgate.CodeInvalid, "trunk: a name is missing")
	}
	d, err := c.device(t.Device)
	if err != nil {
		return err
	}
	if err := c.requireAccount(t.Account, d.Enterprise); err != nil {
		return err
	}
	if err := c.require("operator", "operator", t.Operator); err != nil {
		return err
	}
	before, err := c.trunk(t.Device, t.Name)
	if err != nil {
		return err
	}
	if _, err := c.tx.Exec(`INSERT INTO trunk (device_id, name, operator_id, account_id)
		VALUES ($1, $2, $3, $4) ON CONFLICT (device_id, name)
		DO UPDATE SET operator_id = excluded.operator_id, account_id = excluded.account_id`,
		int64(t.Device), t.Name, int64(t.Operator), int64(t.Account)); err != nil {
		return engine.Failed(err, "storing trunk %q", t.Name)
	}
	return c.log(trunkObject(t.Device, t.Name), before, t)
}

// trunk returns what is stored, for the log; nil when nothing is.
func (c *Change) trunk(device tollgate.ID, name string) (any, error) {
	t := tollgate.Trunk{Device: device, Name: name}
	found, err := engine.Found(c.tx.QueryRow(`SELECT operator_id, account_id FROM trunk
		WHERE device_id = $1 AND name = $2`, []any{int64(device), name}, &t.Operator, &t.Account))
	if err != nil || !found {
		return nil, engine.Failed(err, "reading trunk %q", name)
	}
	return t, nil
}

// DeleteTrunk removes a trunk. Calls that took it keep its name.
func (c *Change) DeleteTrunk(device tollgate.ID, name string) error {
	before, err := c.trunk(device, name)
	if err != nil {
		return err
	}
	touched, err := c.tx.Exec("DELETE FROM trunk WHERE device_id = $1 AND name = $2",
		int64(device), name)
	if err := one(touched, err, fmt.Sprintf("trunk %q", name)); err != nil {
		return err
	}
	return c.log(trunkObject(device, name), before, nil)
}

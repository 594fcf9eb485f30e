package main

import (
	"bytes"
	"context"
	"log/slog"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"tollgate"
	"tollgate/pbx/asterisk"
	"tollgate/pbx/asterisk/control"
	"tollgate/pbx/asterisk/tail"
	"tollgate/store"
	"tollgate/store/progress"
)

// configPoll is how soon a changed device is followed anew.
const configPoll = time.Second

// connectors follows every enabled device and starts its connector anew when
// its settings change.
type connectors struct {
	db      *store.DB
	charger tollgate.Charger
	alert   func(tollgate.Alert)
	log     *slog.Logger
	now     func() time.Time
	spool   *tail.Spool // of the journals that devices push; nil: there is none
	pushed  atomic.Bool // a device pushed for the first time

	mu      sync.Mutex
	running map[tollgate.ID]*following
}

// following is one device that is being followed.
type following struct {
	device    tollgate.Device
	connector *asterisk.Connector
	control   *control.Control
	stop      context.CancelFunc
	done      chan struct{} // closed when both have ended
}

// Run keeps what runs in step with the configuration until ctx ends.
func (c *connectors) Run(ctx context.Context) error {
	defer c.stopAll()
	seen := int64(-1)
	for {
		version, err := c.db.ConfigVersion(ctx)
		if err == nil && (c.pushed.Swap(false) || version != seen) {
			if err = c.reconcile(ctx); err == nil {
				seen = version
			}
		}
		if err != nil && ctx.Err() == nil {
			seen = -1
			c.log.Error("connectors: read the devices", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(configPoll):
		}
	}
}

// reconcile starts, restarts and stops connectors as the devices say.
func (c *connectors) reconcile(ctx context.Context) error {
	directory, err := c.db.Directory(ctx)
	if err != nil {
		return err
	}
	wanted := make(map[tollgate.ID]tollgate.Device)
	for _, device := range directory.Devices {
		if device.Enabled && device.Kind == tollgate.DeviceAsterisk {
			if device.Asterisk.CELFile == "" && c.spool != nil && c.spool.Has(device.ID) {
				device.Asterisk.CELFile = c.spool.Path(device.ID)
			}
			device.Rules = nil // who changes them need not be followed anew
			wanted[device.ID] = device
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, f := range c.running {
		if device, ok := wanted[id]; ok && reflect.DeepEqual(device, f.device) {
			delete(wanted, id)
			continue
		}
		f.stop()
		<-f.done
		delete(c.running, id)
	}
	for id, device := range wanted {
		f, err := c.follow(ctx, device)
		if err != nil {
			c.log.Error("device cannot be followed", "device", device.Name, "error", err)
			continue
		}
		c.running[id] = f
	}
	return nil
}

func (c *connectors) follow(ctx context.Context, device tollgate.Device) (*following, error) {
	zone, err := time.LoadLocation(device.Timezone)
	if err != nil {
		return nil, err
	}
	log := c.log.With("device", device.Name)
	keeper := control.New(control.Config{
		Device: device.ID, Enabled: device.Control, Trunks: device.Asterisk.Trunks, Beep: device.Asterisk.Warning,
		Charger: c.charger, Alert: c.alert, Log: log, Now: c.now,
	})
	connector := asterisk.New(asterisk.Config{
		Device: device.ID, AMI: device.Asterisk, Watcher: keeper, PrivateCodes: device.Plan.PrivateCodes,
		ExtensionDigits: device.Plan.ExtensionDigitsMax,
		Location:        zone, State: progress.Of(c.db, device.ID), Log: log, Now: c.now,
	})
	ctx, stop := context.WithCancel(ctx)
	f := &following{device: device, connector: connector, control: keeper, stop: stop, done: make(chan struct{})}
	go func() {
		defer close(f.done)
		var running sync.WaitGroup
		defer running.Wait()
		running.Go(func() {
			if err := keeper.Run(ctx); err != nil && ctx.Err() == nil {
				log.Error("control stopped", "error", err)
			}
		})
		if err := connector.Run(ctx, c.charger); err != nil && ctx.Err() == nil {
			log.Error("connector stopped", "error", err)
		}
	}()
	return f, nil
}

// cancel ends a call in progress: see tollgate.Canceler.
func (c *connectors) cancel(ctx context.Context, call tollgate.CallID, cause tollgate.Cause) error {
	c.mu.Lock()
	f := c.running[call.Device]
	c.mu.Unlock()
	if f == nil {
		return tollgate.Errorf(tollgate.CodeUnavailable,
			"the device of call %s is not followed, so nobody here can end it", call)
	}
	return f.control.Cancel(ctx, call, cause)
}

// status says how every device that is followed is doing.
func (c *connectors) status() []tollgate.DeviceStatus {
	c.mu.Lock()
	defer c.mu.Unlock()
	states := make([]tollgate.DeviceStatus, 0, len(c.running))
	for _, f := range c.running {
		states = append(states, f.connector.Status())
	}
	return states
}

// push keeps rows of a device's event journal and has them followed.
func (c *connectors) push(_ context.Context, device tollgate.ID, rows []byte) error {
	line, _, _ := bytes.Cut(rows, []byte("\n"))
	if !asterisk.IsCEL(bytes.TrimRight(line, "\r")) {
		return tollgate.Errorf(tollgate.CodeInvalid,
			"the first line is no row of a CEL journal: have Asterisk write it as cel_custom.conf of the manual says")
	}
	first := !c.spool.Has(device)
	if err := c.spool.Append(device, rows); err != nil {
		return err
	}
	if first {
		c.pushed.Store(true)
	}
	return nil
}

func (c *connectors) stopAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, f := range c.running {
		f.stop()
		<-f.done
		delete(c.running, id)
	}
}

package api

import (
	"cmp"
	"context"
	"net/http"
	"strconv"
	"time"

	"tollgate"
	"tollgate/ledger"
	"tollgate/store"

	"github.com/danielgtaylor/huma/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics is what a Prometheus server reads.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	grants   *prometheus.CounterVec
}

func newMetrics(s *server) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "tollgate_http_request_seconds", Help: "Time to answer a request of the API.",
			Buckets: prometheus.ExponentialBuckets(0.001, 4, 8),
		}, []string{"operation", "status"}),
		grants: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tollgate_api_authorizations_total", Help: "Calls that devices asked for over HTTP, by the answer.",
		}, []string{"answer"}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "tollgate_build_info", Help: "Always 1; the version is in the label.",
		ConstLabels: prometheus.Labels{"version": s.Version},
	})
	build.Set(1)
	m.registry.MustRegister(m.requests, m.grants, build, newGauges(s), collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// request counts one answered request. Its labels are bounded by the routes.
func (m *metrics) request(op *huma.Operation, status int, took time.Duration) {
	m.requests.WithLabelValues(op.OperationID, strconv.Itoa(status)).Observe(took.Seconds())
}

// authorized counts one answer to a call that wants to be placed.
func (m *metrics) authorized(g *tollgate.Grant) {
	answer := "allowed"
	if !g.Allowed {
		answer = string(cmp.Or(g.Code, tollgate.CodeNoCredit))
	}
	m.grants.WithLabelValues(answer).Inc()
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// gauges asks the rooms for their numbers whenever the metrics are read.
type gauges struct {
	s                                         *server
	records, rows, seconds                    *prometheus.Desc
	quarantine, connected, calls, deviceTotal *prometheus.Desc
	live, unposted                            *prometheus.Desc
}

func newGauges(s *server) *gauges {
	d := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("tollgate_"+name, help, labels, nil)
	}
	return &gauges{
		s:           s,
		records:     d("records_total", "Finished calls that were settled, by what became of them.", "outcome"),
		rows:        d("commit_rows", "Calls and transfers that one commit carried."),
		seconds:     d("commit_seconds", "Time that one commit took."),
		quarantine:  d("quarantine_records", "Reported calls that wait in quarantine."),
		connected:   d("device_connected", "1 while the device's connector is connected.", "device"),
		calls:       d("device_calls", "Legs in progress on the device.", "device"),
		unposted:    d("unposted_rows", "Calls and reservations in the daybook and not in the tables yet."),
		live:        d("live_calls", "Calls in progress that were authorised."),
		deviceTotal: d("device_records_total", "Finished calls that the device reported.", "device"),
	}
}

// Describe lists what Collect may send.
func (g *gauges) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		g.records, g.rows, g.seconds, g.quarantine, g.connected, g.calls, g.deviceTotal, g.live, g.unposted,
	} {
		ch <- d
	}
}

// Collect sends the present numbers. What cannot be read is left out: the
// absence of a number is an alarm of its own.
func (g *gauges) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), healthTimeMax)
	defer cancel()
	stats := g.s.Book.Stats()
	for outcome, n := range map[tollgate.Outcome]int64{
		tollgate.OutcomeStored: stats.Stored, tollgate.OutcomeDuplicate: stats.Duplicate,
		tollgate.OutcomeQuarantined: stats.Quarantined,
	} {
		ch <- prometheus.MustNewConstMetric(g.records, prometheus.CounterValue, float64(n), string(outcome))
	}
	ch <- prometheus.MustNewConstMetric(g.live, prometheus.GaugeValue, float64(g.s.Office.LiveCount()))
	ch <- prometheus.MustNewConstMetric(g.unposted, prometheus.GaugeValue, float64(stats.Unposted))
	ch <- histogram(g.rows, stats.Rows, 1)
	ch <- histogram(g.seconds, stats.Time, float64(time.Second/time.Microsecond))
	if n, err := g.s.Store.QuarantineCount(ctx, store.Everything); err == nil {
		ch <- prometheus.MustNewConstMetric(g.quarantine, prometheus.GaugeValue, float64(n))
	}
	names, err := g.s.deviceNames(ctx)
	if err != nil {
		return
	}
	for _, d := range g.s.Devices() {
		name, known := names[d.Device]
		if !known {
			continue
		}
		connected := 0.0
		if d.Connected {
			connected = 1
		}
		ch <- prometheus.MustNewConstMetric(g.connected, prometheus.GaugeValue, connected, name)
		ch <- prometheus.MustNewConstMetric(g.calls, prometheus.GaugeValue, float64(d.Calls), name)
		ch <- prometheus.MustNewConstMetric(g.deviceTotal, prometheus.CounterValue, float64(d.Records), name)
	}
}

// histogram shows a histogram of whole numbers, each divided by unit.
func histogram(d *prometheus.Desc, h ledger.Histogram, unit float64) prometheus.Metric {
	buckets := map[float64]uint64{}
	count := uint64(0)
	for i, n := range h.Counts {
		count += uint64(n)
		if i < len(h.Bounds) {
			buckets[float64(h.Bounds[i])/unit] = count
		}
	}
	return prometheus.MustNewConstHistogram(d, count, float64(h.Sum)/unit, buckets)
}

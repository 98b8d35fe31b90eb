package task

import (
	"testing"
	"time"

	"github.com/rectify-project/rectify/sdk/plugintest"
)

var noon = time.Date(2024, 6, 1, 12, 0, 0, 0, time.UTC)

func moment(minutes float64) time.Time {
	return noon.Add(time.Duration(minutes * float64(time.Minute)))
}

const taskLog = "Windows/System32/winevt/Logs/Microsoft-Windows-TaskScheduler%4Operational.evtx"

func TestConform(t *testing.T) { plugintest.Conform(t, Plugin()) }

package foldermachine

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/rectify-project/rectify/sdk"
)

type nothing struct{}

// newProbe makes a probe of a function of a machine.
func newProbe[In, Out any](name, summary, healthy string, look func(m Machine, in In) (Out, error)) sdk.Probe {
	return sdk.NewProbe(sdk.ProbeManifest{Name: name, Summary: summary, Targets: targets(), Healthy: json.RawMessage(healthy)},
		func(_ context.Context, call *sdk.Call, in In) (sdk.Reading[Out], error) {
			m, err := machineOf(call)
			if err != nil {
				return sdk.Reading[Out]{}, err
			}
			out, err := look(m, in)
			return sdk.Observed(out), plain(err)
		})
}

type clockOutput struct {
	Now    time.Time `json:"now" jsonschema_description:"The machine's own time"`
	Source string    `json:"source" jsonschema_description:"What the time rests on"`
}

func clockProbe() sdk.Probe {
	return newProbe("clock", "The machine's own time", `{"now":"2026-01-10T09:00:00Z","source":"the machine's clock file"}`,
		func(m Machine, _ nothing) (clockOutput, error) {
			now, err := m.Clock()
			return clockOutput{now, "the machine's clock file"}, err
		})
}

type serviceState struct {
	Name      string `json:"name" jsonschema_description:"Name of the service"`
	State     string `json:"state" jsonschema:"enum=running,enum=stopped" jsonschema_description:"What it does now"`
	StartType string `json:"start_type" jsonschema:"enum=auto,enum=manual,enum=disabled" jsonschema_description:"How it is started"`
}

type servicesOutput struct {
	Services []serviceState `json:"services" jsonschema_description:"The services, by name"`
}

func servicesProbe() sdk.Probe {
	return newProbe("services", "The services", `{"services":[{"name":"updater","state":"running","start_type":"manual"}]}`,
		func(m Machine, _ nothing) (servicesOutput, error) {
			services, err := m.Services()
			return statesOf(services, slices.Sorted(maps.Keys(services))), err
		})
}

func statesOf(services map[string]Service, names []string) servicesOutput {
	out := servicesOutput{Services: []serviceState{}}
	for _, name := range names {
		if s, ok := services[name]; ok {
			out.Services = append(out.Services, serviceState{name, s.State, s.StartType})
		}
	}
	return out
}

type serviceInput struct {
	Name string `json:"name" jsonschema_description:"Name of the service"`
}

func serviceProbe() sdk.Probe {
	return newProbe("service", "A service", `{"name":"updater","state":"running","start_type":"manual"}`,
		func(m Machine, in serviceInput) (serviceState, error) {
			if err := checkName(in.Name); err != nil {
				return serviceState{}, badName(err, "/name")
			}
			s, err := m.Service(in.Name)
			return serviceState{in.Name, s.State, s.StartType}, err
		})
}

type taskState struct {
	Name    string `json:"name" jsonschema_description:"Name of the task"`
	Enabled bool   `json:"enabled" jsonschema_description:"Whether it is started at its times"`
	Command string `json:"command" jsonschema_description:"What it runs"`
}

type tasksOutput struct {
	Tasks []taskState `json:"tasks" jsonschema_description:"The tasks, by name"`
}

func tasksProbe() sdk.Probe {
	return newProbe("tasks", "The scheduled tasks", `{"tasks":[]}`, func(m Machine, _ nothing) (tasksOutput, error) {
		out := tasksOutput{Tasks: []taskState{}}
		tasks, err := m.Tasks()
		for _, name := range slices.Sorted(maps.Keys(tasks)) {
			out.Tasks = append(out.Tasks, taskState{name, tasks[name].Enabled, tasks[name].Command})
		}
		return out, err
	})
}

type filesInput struct {
	Path string `json:"path" jsonschema_description:"A file or folder below files or data: files/config"`
}

type filesOutput struct {
	Exists bool     `json:"exists" jsonschema_description:"Whether something has this name"`
	Names  []string `json:"names" jsonschema_description:"What is in the folder, sorted; empty for a file"`
}

func filesProbe() sdk.Probe {
	return newProbe("files", "A file or folder", `{"exists":true,"names":[]}`, func(m Machine, in filesInput) (filesOutput, error) {
		out := filesOutput{Names: []string{}}
		if err := checkPath(in.Path); err != nil {
			return out, badName(err, "/path")
		}
		kind, err := m.kind(in.Path)
		if err != nil || kind == "" {
			return out, err
		}
		out.Exists = true
		if kind == "file" {
			return out, nil
		}
		entries, err := os.ReadDir(m.path(in.Path))
		for _, e := range entries {
			out.Names = append(out.Names, e.Name())
		}
		return out, err
	})
}

type problemItem struct {
	Name string `json:"name" jsonschema_description:"Name of what is wrong"`
}

type problemOutput struct {
	Present bool          `json:"present" jsonschema_description:"Whether anything is wrong"`
	Healed  bool          `json:"healed" jsonschema_description:"Whether it has gone by itself"`
	Items   []problemItem `json:"items" jsonschema_description:"What is wrong"`
}

func problemProbe() sdk.Probe {
	return newProbe("problem", "What is wrong with the machine", `{"present":false,"healed":false,"items":[]}`,
		func(m Machine, _ nothing) (problemOutput, error) {
			p, err := m.Problem()
			out := problemOutput{p.Present, p.Healed, []problemItem{}}
			for _, item := range p.Items {
				out.Items = append(out.Items, problemItem{item.Name})
			}
			return out, err
		})
}

type fixedOutput struct {
	All bool `json:"all" jsonschema_description:"Whether the cure of everything that was wrong is there"`
}

func fixedProbe() sdk.Probe {
	return newProbe("fixed", "Whether everything that was wrong is fixed", `{"all":true}`, func(m Machine, _ nothing) (fixedOutput, error) {
		p, err := m.Problem()
		if err != nil {
			return fixedOutput{}, err
		}
		for _, item := range p.Items {
			there := false
			if item.Cure != "" {
				if there, err = m.exists(item.Cure); err != nil {
					return fixedOutput{}, err
				}
			}
			if !there {
				return fixedOutput{}, nil
			}
		}
		return fixedOutput{true}, nil
	})
}

type pendingOutput struct {
	Any bool `json:"any" jsonschema_description:"Whether a restart was asked for and has not happened yet"`
}

func pendingProbe() sdk.Probe {
	return newProbe("pending", "Whether the machine waits for a restart", `{"any":false}`, func(m Machine, _ nothing) (pendingOutput, error) {
		any, err := m.RestartRequested()
		return pendingOutput{any}, err
	})
}

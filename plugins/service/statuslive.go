package service

import (
	"context"
	"fmt"

	"github.com/rectify-project/rectify/internal/machine/services"
	"github.com/rectify-project/rectify/sdk"
)

// liveStatus asks the service control manager. What a user without administrator's rights may not read is left out, with the reason.
func liveStatus(ctx context.Context, m services.Machine, name string) (sdk.Reading[StatusOutput], error) {
	reading := sdk.Reading[StatusOutput]{Value: StatusOutput{Name: name}, Missing: map[string]string{}}
	status, err := m.Status(ctx, name)
	if absent(err) {
		for _, field := range statusFields {
			reading.Missing["/"+field] = fmt.Sprintf("there is no service %s", name)
		}
		reading.Value.Evidence = []sdk.Evidence{{Key: servicesKey, Text: "the service control manager has no service " + name}}
		return reading, nil
	}
	c, configErr := m.Configuration(ctx, name)
	if err != nil && configErr != nil {
		return reading, services.Explain(err)
	}
	out := &reading.Value
	out.Exists = true
	key := servicesKey + `\` + name
	if err != nil {
		reading.Missing["/state"] = err.Error()
	} else {
		out.State = string(status.State)
		out.Evidence = append(out.Evidence, sdk.Evidence{Key: key, Text: fmt.Sprintf("%s is %s", name, status.State)})
	}
	if configErr != nil {
		for _, field := range []string{"display_name", "start_type", "account", "binary", "trigger_started"} {
			reading.Missing["/"+field] = configErr.Error()
		}
		return reading, nil
	}
	given := func(pointer, value string) string {
		if value == "" {
			reading.Missing[pointer] = "it is empty"
		}
		return value
	}
	out.DisplayName, out.Account, out.Binary = given("/display_name", c.DisplayName), given("/account", c.Account), given("/binary", c.Binary)
	if c.Type == services.Automatic && c.Delayed.Err != nil {
		reading.Missing["/start_type"] = c.Delayed.Err.Error()
	} else {
		out.StartType = c.Start().String()
		out.Evidence = append(out.Evidence, sdk.Evidence{Key: key, Value: "Start", Text: fmt.Sprintf("the start type of %s is %s", name, c.Start())})
	}
	if c.Triggered.Err != nil {
		reading.Missing["/trigger_started"] = c.Triggered.Err.Error()
	} else {
		out.TriggerStarted = &c.Triggered.Value
	}
	return reading, nil
}

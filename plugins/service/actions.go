package service

import (
	"time"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
)

// needs are those of every action here.
var needs = sdk.Needs{Elevation: true, Platforms: []string{"windows"}}

// ServiceState is a service after an action.
type ServiceState struct {
	Name  string `json:"name" jsonschema_description:"Key name of the service"`
	State string `json:"state" jsonschema:"enum=stopped,enum=start_pending,enum=stop_pending,enum=running,enum=continue_pending,enum=pause_pending,enum=paused,enum=absent" jsonschema_description:"State that was read back; absent where there is no such service"`
	// PassedOver is only there for what the input names optional.
	PassedOver string `json:"passed_over,omitempty" jsonschema_description:"Why this optional service was left as it is"`
}

// ServicesOutput is the output of the actions on several services.
type ServicesOutput struct {
	Services []ServiceState `json:"services" jsonschema_description:"Each service as it is afterwards"`
}

// StartInput is the input of `service.start`.
type StartInput struct {
	Names    []string `json:"names" jsonschema_description:"Key names, in the order of starting; one that does not exist is passed over"`
	Optional []string `json:"optional,omitempty" jsonschema_description:"Those of the names that are passed over, and named with the reason, where they refuse"`
}

func startAction(open opener) sdk.Action {
	return newAction(sdk.ActionManifest{
		Name:    "start",
		Summary: "Start services",
		Doc: "Gives held start types back first (see stop), then starts in the order given, and after that what a stop has stopped with them because it depends on them. " +
			"A service that runs already, or ends by itself when it has nothing to do, is fine. One that cannot be started, because it is disabled for instance, " +
			"does not keep the others from it; the action fails then and names it. An optional one that is disabled, denies the start or does not get there in time " +
			"is passed over instead, and is owed nothing any more. " +
			"Undo stops the services that it started, and holds those again that were held.",
		Targets: []sdk.TargetKind{sdk.Live},
		Needs:   needs,
		Effect:  sdk.Reversible, Risk: sdk.RiskLow, Typical: schema.Span(10 * time.Second),
	}, open, hands[StartInput, ServicesOutput, token]{prepareStart, applyStart, assessStart, undoStart})
}

// StopInput is the input of `service.stop`.
type StopInput struct {
	Names    []string `json:"names" jsonschema_description:"Key names, in the order of stopping; one that does not exist is passed over"`
	Optional []string `json:"optional,omitempty" jsonschema_description:"Those of the names that are passed over, and named with the reason, where they refuse"`
	Hold     bool     `json:"hold,omitempty" jsonschema_description:"Keep triggers from starting them again: the start type is disabled until start, restore or undo gives it back"`
}

func stopAction(open opener) sdk.Action {
	return newAction(sdk.ActionManifest{
		Name:    "stop",
		Summary: "Stop services",
		Doc: "Asks each service to stop, before it the running ones that depend on it, and waits until they have. A service that does not stop is never killed: " +
			"the action fails, and what it had stopped is started again. An optional one that denies to be stopped or held, takes no request to stop, " +
			"or does not stop or stay stopped in time is passed over instead: it gets its start type back, and its dependents are started again. Held start types are taken before anything is stopped, and are noted in the registry before that, " +
			`below HKLM\SOFTWARE\Rectify\Services, where start, restart and restore find them, also those of a run that died. ` +
			"Undo gives held start types back, starts the services that it stopped, and stops those that had not run and were started by service.start since.",
		Targets: []sdk.TargetKind{sdk.Live},
		Needs:   needs,
		Effect:  sdk.Reversible, Risk: sdk.RiskMedium, Typical: schema.Span(30 * time.Second),
	}, open, hands[StopInput, ServicesOutput, token]{prepareStop, applyStop, assessStop, undoStop})
}

// RestartInput is the input of `service.restart`.
type RestartInput struct {
	Names                []string   `json:"names" jsonschema_description:"Key names; stopped in this order, started in the reverse one; one that does not exist is passed over"`
	UnlessRestartedSince *time.Time `json:"unless_restarted_since,omitempty" jsonschema_description:"Leave out services that were started after this time"`
}

func restartAction(open opener) sdk.Action {
	return newAction(sdk.ActionManifest{
		Name:    "restart",
		Summary: "Restart services",
		Doc: "Stops the services that run, with the running ones that depend on them, and starts them again; gives held start types back first (see stop). One that refuses to be stopped, " +
			"as some Windows versions protect their services, is left as it is and named, and so is one that runs although it is disabled. Of services that share a process only the start of " +
			"that process is known: where it is older than unless_restarted_since, they are restarted. Once they run there is nothing to take back: " +
			"undo starts those that a restart which broke off has left stopped, and changes nothing else.",
		Targets: []sdk.TargetKind{sdk.Live},
		Needs:   needs,
		Effect:  sdk.Reversible, Risk: sdk.RiskLow, Typical: schema.Span(time.Minute),
	}, open, hands[RestartInput, ServicesOutput, token]{prepareRestart, applyRestart, assessRestart, undoRestart})
}

// ConfigureInput is the input of `service.configure`.
type ConfigureInput struct {
	Name      string `json:"name" jsonschema_description:"Key name of the service"`
	StartType string `json:"start_type" jsonschema:"enum=automatic,enum=automatic_delayed,enum=manual,enum=disabled" jsonschema_description:"How it is to be started"`
}

// ConfigureOutput is the output of `service.configure`.
type ConfigureOutput struct {
	Name      string `json:"name" jsonschema_description:"Key name of the service"`
	StartType string `json:"start_type" jsonschema:"enum=boot,enum=system,enum=automatic,enum=automatic_delayed,enum=manual,enum=disabled" jsonschema_description:"Start type that was read back"`
}

func configureAction(open opener) sdk.Action {
	return newAction(sdk.ActionManifest{
		Name:    "configure",
		Summary: "Change how a service is started",
		Doc: "Changes the start type, and for automatic ones whether it is delayed, and nothing else; a service that runs goes on. Refuses one whose start type is held (see stop). " +
			"Undo gives the start type back that the service had.",
		Targets: []sdk.TargetKind{sdk.Live},
		Needs:   needs,
		Effect:  sdk.Reversible, Risk: sdk.RiskMedium, Interruptible: true, Typical: schema.Span(time.Second),
	}, open, hands[ConfigureInput, ConfigureOutput, configureToken]{prepareConfigure, applyConfigure, assessConfigure, undoConfigure})
}

// RestoreInput is the input of `service.restore`.
type RestoreInput struct{}

func restoreAction(open opener) sdk.Action {
	return newAction(sdk.ActionManifest{
		Name:    "restore",
		Summary: "Bring the services that this run touched back to what they were",
		Doc: "Gives back all start types that are held, and starts what stop or restart has stopped and nothing has started since. A service that runs now and did not then is left running. " +
			"It is itself a way back: undo changes nothing, for the steps that touched the services have an undo of their own.",
		Targets: []sdk.TargetKind{sdk.Live},
		Needs:   needs,
		Effect:  sdk.Reversible, Risk: sdk.RiskLow, Typical: schema.Span(30 * time.Second),
	}, open, hands[RestoreInput, ServicesOutput, token]{prepareRestore, applyRestore, assessRestore, undoRestore})
}

package event

import (
	"strconv"
	"strings"

	"github.com/rectify-project/rectify/sdk/hresult"
	"github.com/rectify-project/rectify/sdk/schema"
)

// known is an event whose data are known.
type known struct {
	provider string
	ids      []int
	fields   []schema.Field
}

func text(names ...string) []schema.Field { return fields(schema.Text, names) }
func code(names ...string) []schema.Field { return fields(schema.HResult, names) }
func number(names ...string) []schema.Field {
	return fields(schema.Int, names)
}
func moment(names ...string) []schema.Field { return fields(schema.Time, names) }

func fields(kind schema.Kind, names []string) []schema.Field {
	var out []schema.Field
	for _, n := range names {
		out = append(out, schema.Field{Name: n, Type: schema.Of(kind)})
	}
	return out
}

func all(lists ...[]schema.Field) []schema.Field {
	var out []schema.Field
	for _, l := range lists {
		out = append(out, l...)
	}
	return out
}

// knownEvents is the table of events whose data have names and types that do not change between versions of Windows, or
// change only by additions. Seen in logs of Windows 7 to 11.
func knownEvents() []known {
	const (
		control   = "Service Control Manager"
		updates   = "Microsoft-Windows-WindowsUpdateClient"
		tasks     = "Microsoft-Windows-TaskScheduler"
		servicing = "Microsoft-Windows-Servicing"
		power     = "Microsoft-Windows-Kernel-Power"
		general   = "Microsoft-Windows-Kernel-General"
	)
	update := all(text("updateTitle", "updateGuid", "serviceGuid", "updateList"), number("updateRevisionNumber"))
	run := text("TaskName", "UserContext", "InstanceId", "UserName")
	action := all(text("TaskName", "TaskInstanceId", "ActionName"), number("EnginePID"))
	pack := all(text("PackageIdentifier", "InitialPackageStateTextized", "IntendedPackageStateTextized", "Client"),
		number("InitialPackageState", "IntendedPackageState"))
	return []known{
		{control, []int{7036}, text("param1", "param2", "binary")},
		{control, []int{7040}, text("param1", "param2", "param3", "param4", "binary")},
		{updates, []int{19, 43, 44, 41}, update},
		{updates, []int{20, 31}, all(code("errorCode"), update)},
		{tasks, []int{100, 102, 106, 107, 110, 111, 140, 141, 142}, run},
		{tasks, []int{101, 103}, all(code("ResultCode"), run, text("ActionName", "TaskInstanceId"))},
		{tasks, []int{129}, all(text("TaskName", "Path"), number("ProcessID", "Priority"))},
		{tasks, []int{200}, action},
		{tasks, []int{201}, all(code("ResultCode"), action)},
		{servicing, []int{1}, pack},
		{servicing, []int{2, 3, 4}, all(code("ErrorCode"), pack)},
		{"User32", []int{1074}, text("param1", "param2", "param3", "param4", "param5", "param6", "param7", "binary")},
		{power, []int{109}, number("ShutdownActionType", "ShutdownEventCode", "ShutdownReason")},
		{general, []int{12}, all(moment("StartTime"), number("MajorVersion", "MinorVersion", "BuildVersion", "QfeVersion", "ServiceVersion", "BootMode"))},
		{general, []int{13}, moment("StopTime")},
	}
}

func variants() []schema.Variant {
	var out []schema.Variant
	for _, k := range knownEvents() {
		for _, id := range k.ids {
			out = append(out, schema.Variant{When: map[string]any{"provider": k.provider, "ids": int64(id)}, Fields: k.fields})
		}
	}
	return out
}

// typeOf is the type that the data of the events have in the answer to a call, as the host works it out.
func typeOf(in QueryInput) *schema.Type {
	ids := make([]any, 0, len(in.IDs))
	for _, id := range in.IDs {
		ids = append(ids, int64(id))
	}
	args := map[string]any{}
	if in.Provider != "" {
		args["provider"] = in.Provider
	}
	if in.IDs != nil {
		args["ids"] = ids
	}
	data := &schema.Type{Kind: schema.Map, Elem: schema.Of(schema.Text), Variants: variants()}
	return data.Resolve(args)
}

// typed gives the data their types. A value that does not have its type is left out: it is damaged, and no text can
// stand for it. So is a value that a closed type does not have.
func typed(data map[string]string, t *schema.Type) map[string]any {
	out := make(map[string]any, len(data))
	for name, v := range data {
		f, ok := t.Field(name)
		switch {
		case ok:
			if x, ok := value(f.Type.Kind, v); ok {
				out[name] = x
			}
		case t.Elem != nil:
			out[name] = v
		}
	}
	return out
}

func value(kind schema.Kind, v string) (any, bool) {
	switch kind {
	case schema.HResult:
		c, err := readCode(v)
		return c, err == nil
	case schema.Int:
		n, err := strconv.ParseInt(v, 0, 64)
		return n, err == nil
	case schema.Time:
		t, err := schema.Of(schema.Time).Scalar(v)
		return t, err == nil
	}
	return v, true
}

// readCode reads a code in hexadecimal with 0x, or a decimal number whatever its digits look like.
func readCode(v string) (hresult.Code, error) {
	if strings.HasPrefix(v, "0x") {
		return hresult.Parse(v)
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil {
		return 0, err
	}
	return hresult.FromInt(n)
}

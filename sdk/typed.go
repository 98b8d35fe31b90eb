package sdk

import (
	"bytes"
	"encoding/json"

	"github.com/rectify-project/rectify/sdk/schema"
)

// reflectSchemas fills in the schemas that a manifest leaves to the Go types.
func reflectSchemas[In, Out any](in, out json.RawMessage) (json.RawMessage, json.RawMessage) {
	if in == nil {
		in = schema.Reflect[In]()
	}
	if out == nil {
		out = schema.Reflect[Out]()
	}
	return in, out
}

func decodeInput[In any](raw json.RawMessage) (In, error) {
	var in In
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil {
		return in, Errorf(InvalidInput, "the input cannot be read: %v", err)
	}
	return in, nil
}

package sdk

import (
	"bytes"
	"encoding/json"
	"reflect"

	"github.com/rectify-project/rectify/sdk/schema"
)

// What is here is written once for all functions; for each type of input and answer there is only what the compiler must make
// for it.

// reflectSchemas fills in the schemas that a manifest leaves to the Go types.
func reflectSchemas(givenIn, givenOut json.RawMessage, in, out reflect.Type) (json.RawMessage, json.RawMessage) {
	if givenIn == nil {
		givenIn = schema.ReflectType(in)
	}
	if givenOut == nil {
		givenOut = schema.ReflectType(out)
	}
	return givenIn, givenOut
}

// decodeInput reads an input into what in points at.
func decodeInput(raw json.RawMessage, in any) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(in); err != nil {
		return Errorf(InvalidInput, "the input cannot be read: %v", err)
	}
	return nil
}

// decodeToken reads a token into what token points at.
func decodeToken(raw json.RawMessage, token any) error {
	if err := json.Unmarshal(raw, token); err != nil {
		return Errorf(InvalidInput, "the token cannot be read; was it made by another version of this plugin?: %v", err)
	}
	return nil
}

// encode writes a part of an answer.
func encode(part string, v any) (json.RawMessage, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, Errorf(Internal, "%s cannot be written as JSON: %v", part, err)
	}
	return b, nil
}

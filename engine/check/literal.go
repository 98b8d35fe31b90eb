package check

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/rectify-project/rectify/engine/playbook"
	"github.com/rectify-project/rectify/sdk/schema"
)

// Literal reads a scalar of a document as a canonical value of a single-valued type.
func Literal(s playbook.Scalar, t *schema.Type) (any, error) {
	switch t.Kind {
	case schema.Bool:
		if s.Kind != playbook.Bool {
			return nil, fmt.Errorf("expected true or false, got %q", s.Value)
		}
		return s.Value == "true", nil
	case schema.Text, schema.Path:
		if s.Kind == playbook.Bool {
			return nil, fmt.Errorf("expected text, got the bare word %s; write it in quotes", s.Value)
		}
	case schema.Int, schema.Number:
		if s.Kind != playbook.Int && s.Kind != playbook.Number {
			return nil, fmt.Errorf("expected %s, got %q", t, s.Value)
		}
		return t.Scalar(json.Number(s.Value))
	case schema.Any:
		switch s.Kind {
		case playbook.Bool:
			return s.Value == "true", nil
		case playbook.Int, playbook.Number:
			return t.Scalar(json.Number(s.Value))
		}
	}
	v, err := t.Scalar(s.Value)
	if err != nil {
		var pe *schema.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return nil, err
	}
	return v, nil
}

// literalHint says how to write a scalar that is no literal of a type.
func literalHint(s playbook.Scalar, t *schema.Type) string {
	quoted := s.Style != playbook.Plain && s.Style != playbook.Literal && s.Style != playbook.Folded
	switch t.Kind {
	case schema.Bool:
		if quoted && (s.Value == "true" || s.Value == "false") {
			return "write it without quotes"
		}
	case schema.Int, schema.Number:
		if _, err := t.Scalar(json.Number(s.Value)); quoted && err == nil {
			return "write it without quotes"
		}
	case schema.Text, schema.Path:
		return didYouMean(s.Value, t.Enum)
	}
	return ""
}

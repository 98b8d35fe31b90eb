package main

import (
	"context"
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"github.com/rectify-project/rectify/sdk"
)

// greetInput is the input of hello.greet. Its JSON Schema is reflected from the struct: a field without omitempty is
// required, unless it has a default.
type greetInput struct {
	Name     string `json:"name" jsonschema:"description=who is greeted,pattern=\\S"`
	Language string `json:"language" jsonschema:"enum=en,enum=fr,enum=de,default=en"`
}

type greeting struct {
	Text      string    `json:"text" jsonschema:"description=the greeting"`
	Length    int       `json:"length" jsonschema:"description=its length in characters"`
	Languages []variant `json:"languages" jsonschema:"description=the name greeted in every language"`
}

// variant shows how evidence stands beside what it is evidence for: it is left out of the JSON, collected by the SDK,
// and crosses with the pointer of its object, /languages/0.
type variant struct {
	Language string       `json:"language"`
	Text     string       `json:"text"`
	Evidence sdk.Evidence `json:"-"`
}

var greetings = []struct{ language, format string }{
	{"de", "Hallo, %s!"},
	{"en", "Hello, %s!"},
	{"fr", "Bonjour, %s !"},
}

func greet() sdk.Probe {
	return sdk.NewProbe(sdk.ProbeManifest{
		Name:    "greet",
		Summary: "Greets somebody",
		Doc:     "Reads nothing of the target, so that it works on every one.",
		Targets: []sdk.TargetKind{sdk.Live, sdk.Offline},
		Healthy: json.RawMessage(`{"text": "Hello, you!", "length": 11, "languages": []}`),
	}, func(ctx context.Context, call *sdk.Call, in greetInput) (sdk.Reading[greeting], error) {
		var out greeting
		for i, g := range greetings {
			if err := ctx.Err(); err != nil { // a probe that takes long looks at its context
				return sdk.Reading[greeting]{}, err
			}
			call.Progress(sdk.Progress{Done: int64(i), Total: int64(len(greetings)), Unit: "languages"})
			text := fmt.Sprintf(g.format, in.Name)
			out.Languages = append(out.Languages, variant{
				Language: g.language,
				Text:     text,
				Evidence: sdk.Evidence{File: "greetings", Line: i + 1, Text: g.format},
			})
			if g.language == in.Language {
				out.Text, out.Length = text, utf8.RuneCountInString(text)
			}
		}
		return sdk.Observed(out), nil
	})
}

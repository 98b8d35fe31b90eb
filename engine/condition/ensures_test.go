package condition

import (
	"testing"

	"github.com/rectify-project/rectify/sdk/schema"
)

var withInputs = Types{
	"a": schema.Of(schema.Bool),
	"inputs": schema.ObjectOf(
		schema.Field{Name: "x", Type: schema.Of(schema.Text)},
		schema.Field{Name: "x2", Type: schema.Of(schema.Text)},
	),
}

func TestEnsures(t *testing.T) {
	for source, want := range map[string]struct{ whenTrue, whenFalse bool }{
		`given(inputs.x)`:                                {true, false},
		`(given(inputs.x))`:                              {true, false},
		`given( inputs["x"] )`:                           {true, false},
		`given(inputs.x2)`:                               {false, false},
		`a`:                                              {false, false},
		`not given(inputs.x)`:                            {false, true},
		`!(not given(inputs.x))`:                         {true, false},
		`a and given(inputs.x)`:                          {true, false},
		`a or given(inputs.x)`:                           {false, false},
		`a or not given(inputs.x)`:                       {false, true},
		`a and not given(inputs.x)`:                      {false, false},
		`given(inputs.x) and a or given(inputs.x)`:       {true, false},
		`given(inputs.x) and given(inputs.x)`:            {true, false},
		`not given(inputs.x) and not given(inputs.x)`:    {false, true},
		`given(inputs.x) or given(inputs.x2)`:            {false, false},
		`"given(inputs.x)" == "given(inputs.x)"`:         {false, false},
		`a ? given(inputs.x) : given(inputs.x)`:          {true, false},
		`a ? given(inputs.x) : true`:                     {false, false},
		`true`:                                           {false, true},
		`given(inputs.x) ? a : false`:                    {true, false},
		`not given(inputs.x) ? false : a`:                {true, false},
		`given(inputs.x) ? a : (a and given(inputs.x))`:  {true, false},
		`require(given(inputs.x), a, "there is no x")`:   {true, true},
		`require(a, given(inputs.x), "it is not known")`: {true, false},
		`let y = given(inputs.x); y and a`:               {false, false},
		`let y = a; y and given(inputs.x)`:               {true, false},
		`given(inputs.x) == true`:                        {false, false},
	} {
		t.Run(source, func(t *testing.T) {
			e, problems := Compile(source, withInputs, boolType)
			if len(problems) > 0 {
				t.Fatal(problems[0])
			}
			if got := e.Ensures("x", true); got != want.whenTrue {
				t.Errorf("when it is true: %v", got)
			}
			if got := e.Ensures("x", false); got != want.whenFalse {
				t.Errorf("when it is false: %v", got)
			}
		})
	}
}

func TestReference(t *testing.T) {
	for source, want := range map[string]string{
		`inputs.x`: "inputs.x", `( inputs . x )`: "inputs.x", `inputs?.x`: "inputs.x", `inputs["x"]`: "inputs.x",
		`a`: "a", `not a`: "", `inputs.x + ""`: "", `inputs.x ?? ""`: "", `"inputs.x"`: "",
	} {
		t.Run(source, func(t *testing.T) {
			e, problems := Compile(source, withInputs, nil)
			if len(problems) > 0 {
				t.Fatal(problems[0])
			}
			if got, ok := e.Reference(); got != want || ok != (want != "") {
				t.Errorf("got %q, %v, want %q", got, ok, want)
			}
		})
	}
}

package wire

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

// Call is one call of a function.
type Call struct {
	Function string // without the plugin's name
	Target   target.Spec
	Input    json.RawMessage
	Token    json.RawMessage
	StateDir string
	Progress func(sdk.Progress) // may be nil
}

func (c Call) message() *CallRequest {
	return &CallRequest{
		Function: c.Function,
		Target:   &Target{Kind: string(c.Target.Kind), Root: text(c.Target.Root), Now: stamp(c.Target.Now)},
		Input:    c.Input,
		Token:    c.Token,
		StateDir: text(c.StateDir),
	}
}

func (x *CallRequest) call() (Call, error) {
	now, err := moment(x.GetTarget().GetNow())
	if err != nil {
		return Call{}, err
	}
	return Call{
		Function: x.GetFunction(),
		Target:   target.Spec{Kind: target.Kind(x.GetTarget().GetKind()), Root: x.GetTarget().GetRoot(), Now: now},
		Input:    x.GetInput(),
		Token:    x.GetToken(),
		StateDir: x.GetStateDir(),
	}, nil
}

// text makes a string that protobuf accepts: lines of logs need not be valid UTF-8, and would fail the whole message.
func text(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

func stamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

func moment(t *timestamppb.Timestamp) (time.Time, error) {
	if t == nil {
		return time.Time{}, nil
	}
	if err := t.CheckValid(); err != nil {
		return time.Time{}, &ProtocolError{fmt.Sprintf("a time is out of range: %v", err)}
	}
	return t.AsTime(), nil
}

func errorMessage(err error) *Error {
	e := sdk.AsError(err)
	return &Error{Code: text(string(e.Code)), Message: text(e.Message), Path: text(e.Path), Hint: text(e.Hint)}
}

func (x *Error) sdk() *sdk.Error {
	code := sdk.ErrorCode(x.GetCode())
	switch code {
	case sdk.InvalidInput, sdk.Unsupported, sdk.NotFound, sdk.AccessDenied, sdk.Unavailable, sdk.Canceled:
	default:
		code = sdk.Internal
	}
	return &sdk.Error{Code: code, Message: x.GetMessage(), Path: x.GetPath(), Hint: x.GetHint()}
}

func progressMessage(p sdk.Progress) *Progress {
	return &Progress{Done: p.Done, Total: p.Total, Unit: text(p.Unit), Note: text(p.Note)}
}

func (x *Progress) sdk() sdk.Progress {
	return sdk.Progress{Done: x.GetDone(), Total: x.GetTotal(), Unit: x.GetUnit(), Note: x.GetNote()}
}

func evidenceMessage(e sdk.Evidence) *Evidence {
	return &Evidence{
		Pointer: text(e.Pointer), File: text(e.File), Line: int64(e.Line), Offset: e.Offset,
		Channel: text(e.Channel), Record: e.Record, EventId: e.EventID,
		Key: text(e.Key), Value: text(e.Value), Time: stamp(e.Time), Text: text(e.Text),
	}
}

func (x *Evidence) sdk() (sdk.Evidence, error) {
	t, err := moment(x.GetTime())
	if err != nil {
		return sdk.Evidence{}, err
	}
	e := sdk.Evidence{
		Pointer: x.GetPointer(), File: x.GetFile(), Line: int(x.GetLine()), Offset: x.GetOffset(),
		Channel: x.GetChannel(), Record: x.GetRecord(), EventID: x.GetEventId(),
		Key: x.GetKey(), Value: x.GetValue(), Time: t, Text: x.GetText(),
	}
	if len(e.Text) > sdk.MaxEvidenceText+len("…") {
		e.Text = strings.ToValidUTF8(e.Text[:sdk.MaxEvidenceText], "") + "…"
	}
	return e, nil
}

func readingMessage(a sdk.Answer) *Reading {
	r := &Reading{Partial: text(a.Partial), Settle: text(a.Settle)}
	if a.Covers != nil {
		r.Covers = &Window{From: stamp(a.Covers.From), To: stamp(a.Covers.To)}
	}
	if len(a.Missing) > 0 {
		r.Missing = make(map[string]string, len(a.Missing))
		for k, v := range a.Missing {
			r.Missing[text(k)] = text(v)
		}
	}
	return r
}

func (x *Reading) sdk() (sdk.Answer, error) {
	a := sdk.Answer{Partial: x.GetPartial(), Missing: x.GetMissing(), Settle: x.GetSettle()}
	if c := x.GetCovers(); c != nil {
		from, err := moment(c.GetFrom())
		if err != nil {
			return sdk.Answer{}, err
		}
		to, err := moment(c.GetTo())
		if err != nil {
			return sdk.Answer{}, err
		}
		a.Covers = &sdk.Window{From: from, To: to}
	}
	return a, nil
}

func preparedMessage(p sdk.Prepared) *Prepared {
	m := &Prepared{Summary: text(p.Summary), NoOp: p.NoOp, Predicted: p.Predicted, Token: p.Token, Material: p.Material}
	for _, c := range p.Changes {
		m.Changes = append(m.Changes, &Change{What: text(c.What), Before: text(c.Before), After: text(c.After)})
	}
	return m
}

func (x *Prepared) sdk() sdk.Prepared {
	p := sdk.Prepared{Summary: x.GetSummary(), NoOp: x.GetNoOp(), Predicted: document(x.GetPredicted()), Token: document(x.GetToken()), Material: document(x.GetMaterial())}
	for _, c := range x.GetChanges() {
		p.Changes = append(p.Changes, sdk.Change{What: c.GetWhat(), Before: c.GetBefore(), After: c.GetAfter()})
	}
	return p
}

// document is a JSON document, nil when there is none.
func document(b []byte) json.RawMessage {
	if len(b) == 0 {
		return nil
	}
	return b
}

func assessmentMessage(a sdk.Assessment) *Assessment {
	return &Assessment{State: string(a.State), Reason: text(a.Reason)}
}

func (x *Assessment) sdk() (sdk.Assessment, error) {
	s := sdk.State(x.GetState())
	switch s {
	case sdk.StateBefore, sdk.StateAfter, sdk.StatePartial, sdk.StateOther:
		return sdk.Assessment{State: s, Reason: x.GetReason()}, nil
	}
	return sdk.Assessment{}, &ProtocolError{fmt.Sprintf("unknown state %q; known are before, after, partial, other", x.GetState())}
}

package api

import (
	"context"
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"

	"github.com/runnel/runnel/functions/answer"
	"github.com/runnel/runnel/transform"
)

const (
	// maxAnswer is how many bytes an answer may have. Lambda takes 6 MB of it
	// (Lambda Developer Guide, quotas), as base64.
	maxAnswer = 4_400_000
	// plain is how many bytes go as text, which people can read in a log.
	plain = 64 << 10
)

// respond is the answer as API Gateway takes it.
func respond(ctx context.Context, a answer.Answer) (events.APIGatewayProxyResponse, error) {
	a, err := a.Encoded()
	content, _ := a.Body.(answer.Content)
	if err == nil && len(content.Data) > maxAnswer {
		err = fmt.Errorf("an answer of %d bytes", len(content.Data))
	}
	a.Base64 = len(content.Data) > plain
	if err != nil {
		a = answer.Failure(ctx, err)
	}
	out, err := a.Response()
	out.Headers["X-Content-Type-Options"] = "nosniff"
	return out, err
}

// An output is what a rule made, as a part of an answer.
type output struct {
	JSON json.RawMessage `json:"json,omitempty"`
	Text *string         `json:"text,omitempty"` // of what is not one JSON value, or is cut
}

func outputOf(text []byte, contentType string) output {
	if isOf(contentType, "application/json") && json.Valid(text) {
		return output{JSON: text}
	}
	return outputText(string(text))
}

func outputText(text string) output { return output{Text: &text} }

// fits tells whether a body is not too long for an answer.
func fits(body any) bool {
	b, err := transform.JSON(body)
	return err == nil && len(b) <= maxAnswer
}

// whole drops the character that a text was cut in.
func whole(text []byte) string {
	for i := len(text) - 1; i >= max(0, len(text)-utf8.UTFMax); i-- {
		if utf8.RuneStart(text[i]) {
			if !utf8.FullRune(text[i:]) {
				text = text[:i]
			}
			break
		}
	}
	return string(text)
}

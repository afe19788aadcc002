// Package refuse is the BadRequestExceptions of API Gateway.
package refuse

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
)

// BadRequest has a text that is a format if there are arguments.
func BadRequest(format string, args ...any) error {
	if len(args) > 0 {
		format = fmt.Sprintf(format, args...)
	}
	return &types.BadRequestException{Message: &format}
}

// NotSupported refuses what API Gateway has and Runnel does not.
func NotSupported(what string) error { return BadRequest("%s is not supported by Runnel", what) }

// Enum refuses a value that is not one of the model's.
func Enum[E ~string](value E, member string, values []E) error {
	if slices.Contains(values, value) {
		return nil
	}
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = string(v)
	}
	return BadRequest("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must satisfy enum value set: [%s]",
		value, member, strings.Join(texts, ", "))
}

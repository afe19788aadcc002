package iam

import (
	"fmt"

	"github.com/runnel/runnel/wire"
)

// The texts are IAM's where they are known; those that name Runnel are its own.

func errNoRole(name string) error {
	return wire.Errorf("NoSuchEntity", "The role with name %s cannot be found.", name)
}

func errRoleExists(name string) error {
	return wire.Errorf("EntityAlreadyExists", "Role with name %s already exists.", name)
}

func errNoRolePolicy(name string) error {
	return wire.Errorf("NoSuchEntity", "The role policy with name %s cannot be found.", name)
}

func errNoPolicy(arn string) error {
	return wire.Errorf("NoSuchEntity", "Policy %s was not found.", arn)
}

func errNotAttachable(arn string) error {
	return wire.Errorf("NoSuchEntity", "Policy %s does not exist or is not attachable.", arn)
}

func errNoVersion(arn, version string) error {
	return wire.Errorf("NoSuchEntity", "Policy %s version %s does not exist or is not attachable.", arn, version)
}

func errMalformed(format string, args ...any) error {
	return &wire.Error{Code: "MalformedPolicyDocument", Message: fmt.Sprintf(format, args...)}
}

// errConstraint is the text with which AWS refuses a value by its model.
func errConstraint(value any, at, constraint string) error {
	return wire.Errorf("ValidationError", "1 validation error detected: Value '%v' at '%s' failed to satisfy constraint: %s", value, at, constraint)
}

func errInvalid(parameter, rule string) error {
	return wire.Errorf("ValidationError", "The specified value for %s is invalid. %s", parameter, rule)
}

func errConflict(text string) error { return &wire.Error{Code: "DeleteConflict", Message: text} }

func errLimit(format string, args ...any) error { return wire.Errorf("LimitExceeded", format, args...) }

func errPolicyExists(name string) error {
	return wire.Errorf("EntityAlreadyExists", "A policy called %s already exists. Duplicate names are not allowed.", name)
}

func errAWSOwned() error {
	return &wire.Error{Code: "AccessDenied", Message: "Policy is an AWS managed policy and cannot be changed.", Status: 403}
}

// Package permission is the resource policies of functions: who else may invoke
// them.
package permission

import (
	"encoding/json"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/runnel/runnel/service/lambda/fault"
)

// MaxSize is the size of the largest resource policy, in bytes.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const MaxSize = 20 << 10

// Row is a function's resource policy, or that of a version or an alias.
type Row struct {
	Revision   string
	Statements []Statement
}

// Statement is a permission, with its members in AWS's order.
type Statement struct {
	Sid       string
	Effect    string
	Principal any // "*", or a map of kind to name
	Action    string
	Resource  string
	Condition map[string]map[string]string `json:",omitempty"`
}

// Document is the policy as AWS shows it.
func (r Row) Document() string {
	b, err := json.Marshal(struct {
		Version   string
		Id        string
		Statement []Statement
	}{"2012-10-17", "default", r.Statements})
	if err != nil {
		panic(err) // strings alone always encode
	}
	return string(b)
}

var (
	sidRegexp     = regexp.MustCompile(`^[a-zA-Z0-9-_]+$`)
	actionRegexp  = regexp.MustCompile(`^(lambda:[*]|lambda:[a-zA-Z]+|[*])$`)
	accountRegexp = regexp.MustCompile(`^\d{12}$`)
	serviceRegexp = regexp.MustCompile(`^[a-z0-9.-]+\.amazonaws\.com(\.cn)?$|^[a-z0-9-]+\.[a-z0-9.-]+$`)
)

// New is the permission that a request asks for on the function of an ARN.
func New(arn string, in *lambda.AddPermissionInput) (Statement, error) {
	var v fault.Constraints
	sid, action, principal := aws.ToString(in.StatementId), aws.ToString(in.Action), aws.ToString(in.Principal)
	if len(sid) > 100 {
		v.Fail("statementId", sid, fault.MustBeShort, 100)
	} else if !sidRegexp.MatchString(sid) {
		v.Fail("statementId", sid, fault.MustMatch, `([a-zA-Z0-9-_]+)`)
	}
	if !actionRegexp.MatchString(action) {
		v.Fail("action", action, fault.MustMatch, `(lambda:[*]|lambda:[a-zA-Z]+|[*])`)
	}
	if in.SourceAccount != nil && !accountRegexp.MatchString(*in.SourceAccount) {
		v.Fail("sourceAccount", *in.SourceAccount, fault.MustMatch, `\d{12}`)
	}
	if in.SourceArn != nil && !strings.HasPrefix(*in.SourceArn, "arn:") {
		v.Fail("sourceArn", *in.SourceArn, fault.MustMatch, `arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:([a-z]{2}(-gov)?-[a-z]+-\d{1})?:(\d{12})?:(.*)`)
	}
	if err := v.Err(); err != nil {
		return Statement{}, err
	}
	who, err := principalOf(principal)
	if err != nil {
		return Statement{}, err
	}
	if in.FunctionUrlAuthType != "" || in.InvokedViaFunctionUrl != nil {
		return Statement{}, fault.NotSupported("A permission for function URLs")
	}
	return Statement{
		Sid: sid, Effect: "Allow", Principal: who, Action: action, Resource: arn, Condition: conditionsOf(in),
	}, nil
}

func principalOf(p string) (any, error) {
	switch {
	case p == "*":
		return p, nil
	case accountRegexp.MatchString(p):
		return map[string]string{"AWS": "arn:aws:iam::" + p + ":root"}, nil
	case strings.HasPrefix(p, "arn:"):
		return map[string]string{"AWS": p}, nil
	case serviceRegexp.MatchString(p):
		return map[string]string{"Service": p}, nil
	}
	return nil, fault.Invalid("The provided principal was invalid. Please check the principal and try again.")
}

func conditionsOf(in *lambda.AddPermissionInput) map[string]map[string]string {
	c := make(map[string]map[string]string)
	add := func(operator, key string, value *string) {
		if value == nil {
			return
		}
		if c[operator] == nil {
			c[operator] = make(map[string]string)
		}
		c[operator][key] = *value
	}
	add("StringEquals", "AWS:SourceAccount", in.SourceAccount)
	add("StringEquals", "lambda:EventSourceToken", in.EventSourceToken)
	add("StringEquals", "aws:PrincipalOrgID", in.PrincipalOrgID)
	add("ArnLike", "AWS:SourceArn", in.SourceArn)
	return c
}

package policy

import (
	"strings"
	"testing"
)

const queue = "arn:aws:sqs:us-east-1:000000000000:jobs"

var fromBucket = map[string]string{
	"aws:SourceArn":     "arn:aws:s3:::uploads",
	"aws:SourceAccount": "000000000000",
}

func statementOf(rest string) string {
	return `{"Version":"2012-10-17","Statement":[{` + rest + `}]}`
}

func TestAllows(t *testing.T) {
	const s3 = `"Principal":{"Service":"s3.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"` + queue + `"`
	tests := []struct {
		name, document string
		want           bool
	}{
		{"service", statementOf(`"Effect":"Allow",` + s3), true},
		{"single statement without brackets", `{"Statement":{"Effect":"Allow",` + s3 + `}}`, true},
		{"other service", statementOf(`"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"*"`), false},
		{"one of services", statementOf(`"Effect":"Allow","Principal":{"Service":["sns.amazonaws.com","s3.amazonaws.com"]},"Action":"sqs:*"`), true},
		{"everyone", statementOf(`"Effect":"Allow","Principal":"*","Action":"sqs:SendMessage"`), true},
		{"every account", statementOf(`"Effect":"Allow","Principal":{"AWS":"*"},"Action":"SQS:Send*"`), true},
		{"an account is no service", statementOf(`"Effect":"Allow","Principal":{"AWS":"000000000000"},"Action":"sqs:*"`), false},
		{"not principal", statementOf(`"Effect":"Allow","NotPrincipal":{"Service":"sns.amazonaws.com"},"Action":"sqs:*"`), true},
		{"other action", statementOf(`"Effect":"Allow","Principal":"*","Action":["sqs:ReceiveMessage"]`), false},
		{"not action", statementOf(`"Effect":"Allow","Principal":"*","NotAction":["sqs:ReceiveMessage"]`), true},
		{"other resource", statementOf(`"Effect":"Allow","Principal":"*","Action":"*","Resource":"arn:aws:sqs:us-east-1:000000000000:other"`), false},
		{"resource pattern", statementOf(`"Effect":"Allow","Principal":"*","Action":"*","Resource":"arn:aws:sqs:*:*:j?bs"`), true},
		{"star stays within a part", statementOf(`"Effect":"Allow","Principal":"*","Action":"*","Resource":"arn:*:jobs"`), false},
		{"not resource", statementOf(`"Effect":"Allow","Principal":"*","Action":"*","NotResource":"` + queue + `"`), false},
		{"empty list of actions", statementOf(`"Effect":"Allow","Principal":"*","Action":[]`), false},
		{"deny outweighs", `{"Statement":[{"Effect":"Deny","Principal":"*","Action":"*"},{"Effect":"Allow",` + s3 + `}]}`, false},
		{"denied for others only", `{"Statement":[{"Effect":"Deny","Principal":{"Service":"sns.amazonaws.com"},"Action":"*"},{"Effect":"Allow",` + s3 + `}]}`, true},
		{"deny that cannot be judged", `{"Statement":[{"Effect":"Deny","Principal":"*","Action":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}},{"Effect":"Allow",` + s3 + `}]}`, false},
		{"deny with a condition that fails", `{"Statement":[{"Effect":"Deny","Principal":"*","Action":"*","Condition":{"IpAddress":{"a:b":"10.0.0.0/8"},"StringEquals":{"aws:SourceAccount":"1"}}},{"Effect":"Allow",` + s3 + `}]}`, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := Parse(tt.document)
			if err != nil {
				t.Fatal(err)
			}
			if got := Allows(d, "s3.amazonaws.com", "sqs:SendMessage", queue, fromBucket); got != tt.want {
				t.Errorf("Allows = %v, want %v", got, tt.want)
			}
		})
	}
	if Allows(nil, "s3.amazonaws.com", "sqs:SendMessage", queue, nil) {
		t.Error("no document allows")
	}
}

func TestConditions(t *testing.T) {
	tests := []struct {
		condition string
		want      bool
	}{
		{`"StringEquals":{"aws:SourceAccount":"000000000000"}`, true},
		{`"StringEquals":{"AWS:sourceaccount":["1","000000000000"]}`, true},
		{`"StringEquals":{"aws:SourceAccount":"111111111111"}`, false},
		{`"StringNotEquals":{"aws:SourceAccount":"111111111111"}`, true},
		{`"StringNotEquals":{"aws:SourceAccount":["1","000000000000"]}`, false},
		{`"StringEqualsIgnoreCase":{"aws:SourceArn":"ARN:aws:s3:::UPLOADS"}`, true},
		{`"StringNotEqualsIgnoreCase":{"aws:SourceArn":"ARN:aws:s3:::UPLOADS"}`, false},
		{`"StringLike":{"aws:SourceArn":"arn:*uploads"}`, true},
		{`"StringNotLike":{"aws:SourceArn":"arn:*uploads"}`, false},
		{`"ArnEquals":{"aws:SourceArn":"arn:aws:s3:::uploads"}`, true},
		{`"ArnEquals":{"aws:SourceArn":"arn:aws:s3:*:*:up*"}`, true},
		{`"ArnLike":{"aws:SourceArn":"arn:aws:s3:*:*:u?loads"}`, true},
		{`"ArnLike":{"aws:SourceArn":"arn:*uploads"}`, false},
		{`"ArnNotLike":{"aws:SourceArn":"arn:aws:s3:*:*:other"}`, true},
		{`"ArnNotEquals":{"aws:SourceArn":"arn:aws:s3:::uploads"}`, false},
		{`"StringEquals":{"aws:SourceAccount":"000000000000"},"ArnLike":{"aws:SourceArn":"arn:aws:s3:::other"}`, false},
		{`"StringEquals":{"aws:PrincipalOrgID":"o-1"}`, false},
		{`"StringNotEquals":{"aws:PrincipalOrgID":"o-1"}`, true},
		{`"StringEqualsIfExists":{"aws:PrincipalOrgID":"o-1"}`, true},
		{`"ForAllValues:StringEquals":{"aws:TagKeys":"a"}`, true},
		{`"ForAnyValue:StringEquals":{"aws:TagKeys":"a"}`, false},
		{`"ForAnyValue:StringNotEquals":{"aws:TagKeys":"a"}`, false},
		{`"Null":{"aws:SourceArn":"false"}`, true},
		{`"Null":{"aws:SourceArn":true}`, false},
		{`"Null":{"aws:Other":"true"}`, true},
		{`"Bool":{"aws:SecureTransport":true}`, false},
		{`"NumericEquals":{"aws:SourceAccount":0}`, false},
	}
	for _, tt := range tests {
		t.Run(tt.condition, func(t *testing.T) {
			d, err := Parse(statementOf(`"Effect":"Allow","Principal":"*","Action":"*","Condition":{` + tt.condition + `}`))
			if err != nil {
				t.Fatal(err)
			}
			if got := Allows(d, "s3.amazonaws.com", "sqs:SendMessage", queue, fromBucket); got != tt.want {
				t.Errorf("Allows = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct{ document, want string }{
		{``, "EOF"},
		{`[]`, "malformed"},
		{`null`, "no statement"},
		{`{}`, "no statement"},
		{`{"Version":"2020-01-01","Statement":[]}`, `version "2020-01-01"`},
		{`{"Statement":[],"statement":[]}`, "statement"},
		{`{"Statement":[],"Statement":[]}`, "duplicate"},
		{`{"Statement":[{"Effect":"Allow"}]} x`, "malformed"},
		{statementOf(`"Effect":"allow","Principal":"*","Action":"*"`), `Effect is "allow"`},
		{statementOf(`"Effect":"Allow","Action":"*"`), "exactly one of Principal"},
		{statementOf(`"Effect":"Allow","Principal":"*","NotPrincipal":"*","Action":"*"`), "exactly one of Principal"},
		{statementOf(`"Effect":"Allow","Principal":"s3.amazonaws.com","Action":"*"`), "Principal"},
		{statementOf(`"Effect":"Allow","Principal":{},"Action":"*"`), "Principal is empty"},
		{statementOf(`"Effect":"Allow","Principal":null,"Action":"*"`), "Principal"},
		{statementOf(`"Effect":"Allow","Principal":{"Svc":"x"},"Action":"*"`), `kind "Svc"`},
		{statementOf(`"Effect":"Allow","Principal":{"Service":3},"Action":"*"`), "Principal"},
		{statementOf(`"Effect":"Allow","Principal":"*"`), "no Action"},
		{statementOf(`"Effect":"Allow","Principal":"*","Action":"*","NotAction":"*"`), "both Action and NotAction"},
		{statementOf(`"Effect":"Allow","Principal":"*","Action":{"a":1}`), "malformed"},
		{statementOf(`"Effect":"Allow","Principal":"*","Action":"*","Resource":"a","NotResource":"b"`), "both Resource"},
		{statementOf(`"Effect":"Allow","Principal":"*","Action":"*","Condition":{"StringIs":{"a":"b"}}`), `operator "StringIs"`},
		{statementOf(`"Effect":"Allow","Principal":"*","Action":"*","Condition":{"StringEquals":{"a":{}}}`), "strings, numbers and booleans"},
		{statementOf(`"Effect":"Allow","Principal":"*","Action":"*","Extra":1`), "Extra"},
	}
	for _, tt := range tests {
		t.Run(tt.document, func(t *testing.T) {
			d, err := Parse(tt.document)
			if err == nil {
				t.Fatalf("Parse = %+v, want an error", d)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %q does not say %q", err, tt.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add(statementOf(`"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sqs:*","Condition":{"ArnLike":{"aws:SourceArn":"a*b?"}}`))
	f.Add(`{"Statement":{"Effect":"Deny","NotPrincipal":{"AWS":["*","1"]},"NotAction":["*"],"NotResource":"x","Condition":{"Null":{"a":true}}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		d, err := Parse(text)
		if err != nil {
			return
		}
		if len(d.Statements) == 0 {
			t.Fatal("a document without statements was accepted")
		}
		Allows(d, "s3.amazonaws.com", "sqs:SendMessage", queue, fromBucket)
	})
}

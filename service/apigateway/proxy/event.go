// Package proxy is what passes between API Gateway and the functions of Lambda
// proxy integrations: the event that a function gets (payload version 1.0), and
// the answer that it returns.
package proxy

import (
	"bytes"
	"encoding/base64"
	"encoding/json"

	"github.com/go-json-experiment/json/jsontext"
)

// Event is the event of a Lambda proxy integration. Members that are nil
// are null in the event.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-input-format
type Event struct {
	Resource          string              `json:"resource"`
	Path              string              `json:"path"`
	HTTPMethod        string              `json:"httpMethod"`
	Headers           map[string]string   `json:"headers"`
	MultiValueHeaders map[string][]string `json:"multiValueHeaders"`
	Query             map[string]string   `json:"queryStringParameters"`
	MultiValueQuery   map[string][]string `json:"multiValueQueryStringParameters"`
	PathParameters    map[string]string   `json:"pathParameters"`
	StageVariables    map[string]string   `json:"stageVariables"`
	RequestContext    Context             `json:"requestContext"`

	Body   []byte `json:"-"` // null if it is empty
	Base64 bool   `json:"-"` // it goes in base64, and not as the text that it is
}

// Payload is the event as the function gets it. The body is megabytes, of many
// calls at a time, and is written once. What is not UTF-8 in a text becomes
// U+FFFD.
func (e *Event) Payload() ([]byte, error) {
	var head bytes.Buffer
	enc := json.NewEncoder(&head)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e); err != nil {
		return nil, err
	}
	open := bytes.TrimSuffix(head.Bytes(), []byte("}\n"))
	b := make([]byte, 0, len(open)+base64.StdEncoding.EncodedLen(len(e.Body))+64)
	b = append(append(b, open...), `,"body":`...)
	encoded := "false"
	switch {
	case len(e.Body) == 0:
		b = append(b, "null"...)
	case e.Base64:
		b = append(base64.StdEncoding.AppendEncode(append(b, '"'), e.Body), '"')
		encoded = "true"
	default:
		b, _ = jsontext.AppendQuote(b, e.Body) // the error tells of what is not UTF-8
	}
	return append(append(append(b, `,"isBase64Encoded":`...), encoded...), '}'), nil
}

type Context struct {
	ResourceID        string   `json:"resourceId"`
	ResourcePath      string   `json:"resourcePath"`
	HTTPMethod        string   `json:"httpMethod"`
	ExtendedRequestID string   `json:"extendedRequestId"`
	RequestTime       string   `json:"requestTime"`
	Path              string   `json:"path"` // with the stage
	AccountID         string   `json:"accountId"`
	Protocol          string   `json:"protocol"`
	Stage             string   `json:"stage"`
	DomainPrefix      string   `json:"domainPrefix"`
	RequestTimeEpoch  int64    `json:"requestTimeEpoch"` // milliseconds
	RequestID         string   `json:"requestId"`
	Identity          Identity `json:"identity"`
	DomainName        string   `json:"domainName"`
	DeploymentID      string   `json:"deploymentId"`
	APIID             string   `json:"apiId"`
}

// Identity is who calls. Without an authorizer that is an address alone.
type Identity struct {
	CognitoIdentityPoolID         *string `json:"cognitoIdentityPoolId"`
	AccountID                     *string `json:"accountId"`
	CognitoIdentityID             *string `json:"cognitoIdentityId"`
	Caller                        *string `json:"caller"`
	SourceIP                      string  `json:"sourceIp"`
	PrincipalOrgID                *string `json:"principalOrgId"`
	AccessKey                     *string `json:"accessKey"`
	CognitoAuthenticationType     *string `json:"cognitoAuthenticationType"`
	CognitoAuthenticationProvider *string `json:"cognitoAuthenticationProvider"`
	UserARN                       *string `json:"userArn"`
	UserAgent                     *string `json:"userAgent"`
	User                          *string `json:"user"`
}

package wire_test

import (
	"reflect"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/schemas"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/aws/smithy-go/transport/http/protocol/awsjson"
	"github.com/aws/smithy-go/transport/http/protocol/awsquery"
	"github.com/aws/smithy-go/transport/http/protocol/rpcv2"

	"github.com/runnel/runnel/wire"
	"github.com/runnel/runnel/wire/wiretest"
)

// monitoring is CloudWatch as the wire sees it, less its operations.
func monitoring() wire.API {
	return wire.API{
		ID: "monitoring", Protocols: []wire.Protocol{wire.RPCv2CBOR, wire.JSON10, wire.Query},
		Target: "GraniteServiceVersion20100801", Version: "2010-08-01", Namespace: "http://monitoring.amazonaws.com/doc/2010-08-01/",
		Shapes: "com.amazonaws.cloudwatch",
		Names: wire.Names{
			"ConflictException.Message":                              {JSON: "Message"},
			"ResourceNotFoundException.Message":                      {JSON: "Message"},
			"DashboardInvalidInputError.DashboardValidationMessages": {JSON: "dashboardValidationMessages"},
		},
		Status:      map[string]int{"ResourceNotFoundException": 404, "ConflictException": 409},
		QueryErrors: map[string]string{"InvalidParameterValueException": "InvalidParameterValue", "ResourceNotFoundException": "ResourceNotFoundException", "DashboardInvalidInputError": "InvalidParameterInput"},
		Unions: []wire.Union{
			wire.UnionOf[cloudwatchtypes.EvaluationCriteria]((*cloudwatchtypes.EvaluationCriteriaMemberPromQLCriteria)(nil)),
			wire.UnionOf[cloudwatchtypes.EvaluationWindow]((*cloudwatchtypes.EvaluationWindowMemberSlidingWindow)(nil), (*cloudwatchtypes.EvaluationWindowMemberWallClockWindow)(nil)),
		},
	}
}

// TestRoundTripCloudWatch speaks the three protocols to one API.
func TestRoundTripCloudWatch(t *testing.T) {
	service := schemas.GraniteServiceVersion20100801
	for name, protocol := range map[string]smithyhttp.ClientProtocol{
		"cbor": rpcv2.NewCBOR(service), "json": awsjson.New10(service), "query": awsquery.New(service),
	} {
		t.Run(name, func(t *testing.T) {
			p, client := &peer{}, (*cloudwatch.Client)(nil)
			api := monitoring()
			api.Operations = operationsOf(client, p, nil)
			client = cloudwatch.NewFromConfig(wiretest.Config(t, newMux(api)), func(o *cloudwatch.Options) { o.Protocol = protocol })
			g := newGenerator()
			g.unions = map[reflect.Type][]any{
				reflect.TypeFor[cloudwatchtypes.EvaluationCriteria](): {(*cloudwatchtypes.EvaluationCriteriaMemberPromQLCriteria)(nil)},
				reflect.TypeFor[cloudwatchtypes.EvaluationWindow]():   {(*cloudwatchtypes.EvaluationWindowMemberSlidingWindow)(nil), (*cloudwatchtypes.EvaluationWindowMemberWallClockWindow)(nil)},
			}
			if name == "query" { // which has no parameter for a structure without members, such as SlidingWindow
				g.unions[reflect.TypeFor[cloudwatchtypes.EvaluationWindow]()] = []any{(*cloudwatchtypes.EvaluationWindowMemberWallClockWindow)(nil)}
			}
			roundTrip(t, client, p, g, nil)
		})
	}
}

func TestRoundTripSNS(t *testing.T) {
	p, client := &peer{}, (*sns.Client)(nil)
	m := newMux(wire.API{
		ID: "sns", Protocols: []wire.Protocol{wire.Query}, Version: "2010-03-31", Namespace: "http://sns.amazonaws.com/doc/2010-03-31/",
		Names: wire.Names{
			"*.MessageAttributes":                           {Key: "Name", Value: "Value"},
			"CheckIfPhoneNumberIsOptedOutInput.PhoneNumber": {Name: "phoneNumber"},
			"OptInPhoneNumberInput.PhoneNumber":             {Name: "phoneNumber"},
			"ListPhoneNumbersOptedOutInput.NextToken":       {Name: "nextToken"},
			"GetSMSAttributesInput.Attributes":              {Name: "attributes"},
			"SetSMSAttributesInput.Attributes":              {Name: "attributes"},
		},
		Operations: operationsOf(client, p, nil),
	})
	client = sns.NewFromConfig(wiretest.Config(t, m))
	roundTrip(t, client, p, newGenerator(), nil)
}

func TestRoundTripEventBridge(t *testing.T) {
	p, client := &peer{}, (*eventbridge.Client)(nil)
	m := newMux(wire.API{
		ID: "events", Protocols: []wire.Protocol{wire.JSON11}, Target: "AWSEvents", Operations: operationsOf(client, p, nil),
		Names: wire.Names{
			"NetworkConfiguration.AwsvpcConfiguration":      {Name: "awsvpcConfiguration"},
			"CapacityProviderStrategyItem.Base":             {Name: "base"},
			"CapacityProviderStrategyItem.CapacityProvider": {Name: "capacityProvider"},
			"CapacityProviderStrategyItem.Weight":           {Name: "weight"},
			"PlacementConstraint.Expression":                {Name: "expression"},
			"PlacementConstraint.Type":                      {Name: "type"},
			"PlacementStrategy.Field":                       {Name: "field"},
			"PlacementStrategy.Type":                        {Name: "type"},
		},
	})
	client = eventbridge.NewFromConfig(wiretest.Config(t, m))
	g := newGenerator()
	g.leave = map[string]bool{"EndpointId": true} // asks for SigV4a
	roundTrip(t, client, p, g, nil)
}

package apigateway_test

import (
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"

	"github.com/runnel/runnel/store/storetest"
)

// TestPowerCut does each kind of write, some at once, cuts the power after each
// round, and looks on the remains for all that was acknowledged.
func TestPowerCut(t *testing.T) {
	disk := storetest.NewDisk()
	st, _ := disk.Open(t)
	b := start(t, st)
	rounds := []func(*bench, *made){
		(*bench).makeAPI, (*bench).makeParts, (*bench).makeDeployment, (*bench).changeAll, (*bench).putAgain, (*bench).removeSome,
	}
	apis := []*made{{}, {}, {}}
	for n, round := range rounds {
		var wg sync.WaitGroup
		for _, m := range apis {
			wg.Go(func() { round(b, m) })
		}
		wg.Wait()
		for seed := range uint64(4) {
			after, shut := disk.PowerCut(seed + uint64(n)*10).Open(t)
			c := start(t, after)
			for _, m := range apis {
				c.verify(m, n)
			}
			shut()
		}
	}
}

// made is what was acknowledged of an API; empty fields are not looked for.
type made struct {
	api, root, resource, validator, deployment *string
	uri, stageVariable, tag, dump              string
	deleted                                    bool
}

func (b *bench) makeAPI(m *made) { m.api, m.root = b.api() }

func (b *bench) makeParts(m *made) {
	m.resource = b.path(m.api, m.root, "a/{b}")
	b.proxy(m.api, m.resource, "GET", "first")
	m.uri = uri("first")
	m.validator = must[*apigateway.CreateRequestValidatorOutput](b.t)(b.client.CreateRequestValidator(ctx, &apigateway.CreateRequestValidatorInput{RestApiId: m.api, Name: aws.String("v")})).Id
	must[*apigateway.CreateModelOutput](b.t)(b.client.CreateModel(ctx, &apigateway.CreateModelInput{RestApiId: m.api, Name: aws.String("M"), ContentType: aws.String("application/json")}))
	must[*apigateway.PutGatewayResponseOutput](b.t)(b.client.PutGatewayResponse(ctx, &apigateway.PutGatewayResponseInput{RestApiId: m.api, ResponseType: "THROTTLED", StatusCode: aws.String("420")}))
	m.dump = b.dump(m.api)
}

func (b *bench) makeDeployment(m *made) { m.deployment = b.deploy(m.api, "Prod") }

func (b *bench) changeAll(m *made) {
	must[*apigateway.UpdateIntegrationOutput](b.t)(b.client.UpdateIntegration(ctx, &apigateway.UpdateIntegrationInput{RestApiId: m.api, ResourceId: m.resource, HttpMethod: aws.String("GET"), PatchOperations: ops("replace /uri " + uri("second"))}))
	m.uri = uri("second")
	must[*apigateway.UpdateStageOutput](b.t)(b.client.UpdateStage(ctx, &apigateway.UpdateStageInput{RestApiId: m.api, StageName: aws.String("Prod"), PatchOperations: ops("replace /variables/a 1")}))
	m.stageVariable = "1"
	must[*apigateway.TagResourceOutput](b.t)(b.client.TagResource(ctx, &apigateway.TagResourceInput{ResourceArn: aws.String("arn:aws:apigateway:us-east-1::/restapis/" + *m.api), Tags: map[string]string{"t": "1"}}))
	m.tag = "1"
	m.dump = b.dump(m.api)
}

func (b *bench) putAgain(m *made) {
	must[*apigateway.PutRestApiOutput](b.t)(b.client.PutRestApi(ctx, &apigateway.PutRestApiInput{RestApiId: m.api, Mode: types.PutModeOverwrite, Body: []byte(document(b.t, "testdata/import/sam.txt"))}))
	m.resource = nil
	m.dump = b.dump(m.api)
}

func (b *bench) removeSome(m *made) {
	if *m.api > "i" {
		must[*apigateway.DeleteRestApiOutput](b.t)(b.client.DeleteRestApi(ctx, &apigateway.DeleteRestApiInput{RestApiId: m.api}))
		m.deleted = true
		return
	}
	must[*apigateway.DeleteStageOutput](b.t)(b.client.DeleteStage(ctx, &apigateway.DeleteStageInput{RestApiId: m.api, StageName: aws.String("Prod")}))
	must[*apigateway.DeleteDeploymentOutput](b.t)(b.client.DeleteDeployment(ctx, &apigateway.DeleteDeploymentInput{RestApiId: m.api, DeploymentId: m.deployment}))
	m.deployment, m.stageVariable = nil, ""
}

func (b *bench) verify(m *made, round int) {
	b.t.Helper()
	a, err := b.client.GetRestApi(ctx, &apigateway.GetRestApiInput{RestApiId: m.api})
	if m.deleted {
		refused(b.t, err, "NotFoundException", "Invalid API identifier")
		return
	}
	if err != nil {
		b.t.Fatalf("round %d: %v", round, err)
	}
	if a.Tags["t"] != m.tag {
		b.t.Errorf("round %d: tags %v", round, a.Tags)
	}
	if m.dump != "" {
		if got := b.dump(m.api); got != m.dump {
			b.t.Errorf("round %d: got %s\nwant %s", round, got, m.dump)
		}
	}
	if m.resource != nil {
		i := must[*apigateway.GetIntegrationOutput](b.t)(b.client.GetIntegration(ctx, &apigateway.GetIntegrationInput{RestApiId: m.api, ResourceId: m.resource, HttpMethod: aws.String("GET")}))
		if *i.Uri != m.uri {
			b.t.Errorf("round %d: uri %s", round, *i.Uri)
		}
	}
	if m.deployment == nil {
		return
	}
	st := must[*apigateway.GetStageOutput](b.t)(b.client.GetStage(ctx, &apigateway.GetStageInput{RestApiId: m.api, StageName: aws.String("Prod")}))
	if *st.DeploymentId != *m.deployment || st.Variables["a"] != m.stageVariable {
		b.t.Errorf("round %d: stage %+v", round, st)
	}
	// The deployment serves what it was made of, whatever came after.
	if res, body := b.call("GET", m.api, "/a/1", ""); res.StatusCode != 200 || b.functions.names[len(b.functions.names)-1] != "arn:aws:lambda:us-east-1:123456789012:function:first" {
		b.t.Errorf("round %d: %d %s %v", round, res.StatusCode, body, b.functions.names)
	}
}

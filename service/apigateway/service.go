// Package apigateway is Amazon API Gateway's REST APIs (version 1): the
// operations that make an API, and the data plane that answers its callers.
//
// Methods are integrated with Lambda functions (AWS_PROXY) or answered by the
// gateway itself (MOCK, as the CORS preflights of SAM are). An API can be
// imported from OpenAPI 2 or 3 with API Gateway's extensions. Resource
// policies and request parameters are enforced. Integrations with HTTP
// endpoints and with AWS services, mapping templates with VTL, authorizers,
// IAM authorization, validation of bodies, caches, canaries, settings of
// logging and throttling, and compression are refused by an error that names
// them; API keys, usage plans, domain names, VPC links, client certificates,
// documentation and exports are unknown operations. Of a stage's settings for
// methods only detailed metrics can be turned on; nobody checks that there is
// such a method. Tracing is kept as a setting and does nothing more: every
// event is traced anyway.
//
// Operations answer with the SDK's type of the resource (types.RestApi where
// the SDK has CreateRestApiOutput, GetRestApiOutput and so on, all equal).
//
// What holds: a deployment is a copy of the API's rows, made in one
// transaction, and a stage serves the deployment that it points at, so what
// callers meet changes with CreateDeployment and UpdateStage and never with
// the edits in between.
package apigateway

import (
	"log/slog"
	"slices"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/wire"
)

// Config is what the service is told of the runtime that it is part of.
type Config struct {
	Account, Region string
	Router          *event.Router // finds the functions that methods invoke
	Metrics         event.Metrics // nil: event.NoMetrics{}
	Logger          *slog.Logger  // nil: slog.Default()
}

// Service is API Gateway.
type Service struct {
	st    *store.Store
	cfg   Config
	log   *slog.Logger
	cache *cache
}

// New returns the service. It has nothing that runs in the background.
func New(st *store.Store, cfg Config) *Service {
	if cfg.Metrics == nil {
		cfg.Metrics = event.NoMetrics{}
	}
	log := cfg.Logger
	if log == nil {
		log = slog.Default()
	}
	return &Service{st: st, cfg: cfg, log: log, cache: newCache()}
}

// API is the service's surface.
func (s *Service) API() wire.API {
	return wire.API{
		ID:         "apigateway",
		Protocols:  []wire.Protocol{wire.RESTJSON},
		LowerCamel: true,
		Names: wire.Names{
			"*.Items": {Name: "item"},
			"PutIntegrationInput.IntegrationHttpMethod": {Name: "httpMethod"},
			// The label of the same name is not in the body.
			"PutIntegrationInput.HttpMethod": {Name: "-"},
		},
		Status: map[string]int{
			"NotFoundException": 404, "ConflictException": 409, "TooManyRequestsException": 429,
			"LimitExceededException": 429, "UnauthorizedException": 401,
		},
		Operations: s.operations(),
	}
}

// The operations, with their URIs.
// https://docs.aws.amazon.com/apigateway/latest/api/API_Operations.html
const (
	apiURI    = "/restapis/{RestApiId}"
	pagingURI = "?position={Position}&limit={Limit}"
)

func (s *Service) operations() []wire.Operation {
	return slices.Concat(s.apiOperations(), s.methodOperations(), s.deploymentOperations(), s.partOperations())
}

// apiOperations are those on APIs, their paths and their tags.
func (s *Service) apiOperations() []wire.Operation {
	const (
		resource = apiURI + "/resources/{ResourceId}"
		tags     = "/tags/{ResourceArn+}"
	)
	created, accepted, empty := wire.Status(201), wire.Status(202), wire.Status(204)
	return []wire.Operation{
		wire.Op("CreateRestApi", s.CreateRestApi, wire.HTTP("POST", "/restapis"), created),
		wire.Op("ImportRestApi", s.ImportRestApi, wire.HTTP("POST", "/restapis?mode=import&failonwarnings={FailOnWarnings}"),
			wire.QueryParam("", "Parameters"), wire.Payload("Body"), created),
		wire.Op("PutRestApi", s.PutRestApi, wire.HTTP("PUT", apiURI+"?mode={Mode}&failonwarnings={FailOnWarnings}"),
			wire.QueryParam("", "Parameters"), wire.Payload("Body")),
		wire.Op("GetRestApi", s.GetRestApi, wire.HTTP("GET", apiURI)),
		wire.Op("GetRestApis", s.GetRestApis, wire.HTTP("GET", "/restapis"+pagingURI)),
		wire.Op("UpdateRestApi", s.UpdateRestApi, wire.HTTP("PATCH", apiURI)),
		wire.Op("DeleteRestApi", s.DeleteRestApi, wire.HTTP("DELETE", apiURI), accepted),

		wire.Op("CreateResource", s.CreateResource, wire.HTTP("POST", apiURI+"/resources/{ParentId}"), created),
		wire.Op("GetResource", s.GetResource, wire.HTTP("GET", resource+"?embed={Embed}")),
		wire.Op("GetResources", s.GetResources, wire.HTTP("GET", apiURI+"/resources"+pagingURI+"&embed={Embed}")),
		wire.Op("UpdateResource", s.UpdateResource, wire.HTTP("PATCH", resource)),
		wire.Op("DeleteResource", s.DeleteResource, wire.HTTP("DELETE", resource), accepted),

		wire.Op("TagResource", s.TagResource, wire.HTTP("PUT", tags), empty),
		wire.Op("UntagResource", s.UntagResource, wire.HTTP("DELETE", tags+"?tagKeys={TagKeys}"), empty),
		wire.Op("GetTags", s.GetTags, wire.HTTP("GET", tags+pagingURI)),

		wire.Op("GetAccount", s.GetAccount, wire.HTTP("GET", "/account")),
		wire.Op("UpdateAccount", s.UpdateAccount, wire.HTTP("PATCH", "/account")),
	}
}

// methodOperations are those on what answers a path.
func (s *Service) methodOperations() []wire.Operation {
	const (
		method      = apiURI + "/resources/{ResourceId}/methods/{HttpMethod}"
		integration = method + "/integration"
		status      = "/responses/{StatusCode}"
	)
	created, empty := wire.Status(201), wire.Status(204)
	return []wire.Operation{
		wire.Op("PutMethod", s.PutMethod, wire.HTTP("PUT", method), created),
		wire.Op("GetMethod", s.GetMethod, wire.HTTP("GET", method)),
		wire.Op("UpdateMethod", s.UpdateMethod, wire.HTTP("PATCH", method)),
		wire.Op("DeleteMethod", s.DeleteMethod, wire.HTTP("DELETE", method), empty),
		wire.Op("TestInvokeMethod", s.TestInvokeMethod, wire.HTTP("POST", method)),

		wire.Op("PutMethodResponse", s.PutMethodResponse, wire.HTTP("PUT", method+status), created),
		wire.Op("GetMethodResponse", s.GetMethodResponse, wire.HTTP("GET", method+status)),
		wire.Op("UpdateMethodResponse", s.UpdateMethodResponse, wire.HTTP("PATCH", method+status), created),
		wire.Op("DeleteMethodResponse", s.DeleteMethodResponse, wire.HTTP("DELETE", method+status), empty),

		wire.Op("PutIntegration", s.PutIntegration, wire.HTTP("PUT", integration), created),
		wire.Op("GetIntegration", s.GetIntegration, wire.HTTP("GET", integration)),
		wire.Op("UpdateIntegration", s.UpdateIntegration, wire.HTTP("PATCH", integration)),
		wire.Op("DeleteIntegration", s.DeleteIntegration, wire.HTTP("DELETE", integration), empty),

		wire.Op("PutIntegrationResponse", s.PutIntegrationResponse, wire.HTTP("PUT", integration+status), created),
		wire.Op("GetIntegrationResponse", s.GetIntegrationResponse, wire.HTTP("GET", integration+status)),
		wire.Op("UpdateIntegrationResponse", s.UpdateIntegrationResponse, wire.HTTP("PATCH", integration+status)),
		wire.Op("DeleteIntegrationResponse", s.DeleteIntegrationResponse, wire.HTTP("DELETE", integration+status), empty),
	}
}

// deploymentOperations are those on what callers meet.
func (s *Service) deploymentOperations() []wire.Operation {
	const (
		deployment = apiURI + "/deployments/{DeploymentId}"
		stage      = apiURI + "/stages/{StageName}"
	)
	created, accepted := wire.Status(201), wire.Status(202)
	return []wire.Operation{
		wire.Op("CreateDeployment", s.CreateDeployment, wire.HTTP("POST", apiURI+"/deployments"), created),
		wire.Op("GetDeployment", s.GetDeployment, wire.HTTP("GET", deployment+"?embed={Embed}")),
		wire.Op("GetDeployments", s.GetDeployments, wire.HTTP("GET", apiURI+"/deployments"+pagingURI)),
		wire.Op("UpdateDeployment", s.UpdateDeployment, wire.HTTP("PATCH", deployment)),
		wire.Op("DeleteDeployment", s.DeleteDeployment, wire.HTTP("DELETE", deployment), accepted),

		wire.Op("CreateStage", s.CreateStage, wire.HTTP("POST", apiURI+"/stages"), created),
		wire.Op("GetStage", s.GetStage, wire.HTTP("GET", stage)),
		wire.Op("GetStages", s.GetStages, wire.HTTP("GET", apiURI+"/stages?deploymentId={DeploymentId}")),
		wire.Op("UpdateStage", s.UpdateStage, wire.HTTP("PATCH", stage)),
		wire.Op("DeleteStage", s.DeleteStage, wire.HTTP("DELETE", stage), accepted),
	}
}

// partOperations are those on what methods refer to.
func (s *Service) partOperations() []wire.Operation {
	const (
		model     = apiURI + "/models/{ModelName}"
		validator = apiURI + "/requestvalidators/{RequestValidatorId}"
		response  = apiURI + "/gatewayresponses/{ResponseType}"
	)
	created, accepted := wire.Status(201), wire.Status(202)
	return []wire.Operation{
		wire.Op("CreateModel", s.CreateModel, wire.HTTP("POST", apiURI+"/models"), created),
		wire.Op("GetModel", s.GetModel, wire.HTTP("GET", model+"?flatten={Flatten}")),
		wire.Op("GetModels", s.GetModels, wire.HTTP("GET", apiURI+"/models"+pagingURI)),
		wire.Op("UpdateModel", s.UpdateModel, wire.HTTP("PATCH", model)),
		wire.Op("DeleteModel", s.DeleteModel, wire.HTTP("DELETE", model), accepted),

		wire.Op("CreateRequestValidator", s.CreateRequestValidator, wire.HTTP("POST", apiURI+"/requestvalidators"), created),
		wire.Op("GetRequestValidator", s.GetRequestValidator, wire.HTTP("GET", validator)),
		wire.Op("GetRequestValidators", s.GetRequestValidators, wire.HTTP("GET", apiURI+"/requestvalidators"+pagingURI)),
		wire.Op("UpdateRequestValidator", s.UpdateRequestValidator, wire.HTTP("PATCH", validator)),
		wire.Op("DeleteRequestValidator", s.DeleteRequestValidator, wire.HTTP("DELETE", validator), accepted),

		wire.Op("PutGatewayResponse", s.PutGatewayResponse, wire.HTTP("PUT", response), created),
		wire.Op("GetGatewayResponse", s.GetGatewayResponse, wire.HTTP("GET", response)),
		wire.Op("GetGatewayResponses", s.GetGatewayResponses, wire.HTTP("GET", apiURI+"/gatewayresponses"+pagingURI)),
		wire.Op("UpdateGatewayResponse", s.UpdateGatewayResponse, wire.HTTP("PATCH", response)),
		wire.Op("DeleteGatewayResponse", s.DeleteGatewayResponse, wire.HTTP("DELETE", response), accepted),
	}
}

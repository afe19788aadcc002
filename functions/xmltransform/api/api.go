// Package api is the function behind the REST API of the pipeline
// pipelines/xml-transform, and behind its page.
//
//	POST   /upload            check a file by its rule and put it into the bucket
//	GET    /upload/{key+}     how far a file is, and its JSON
//	GET    /rules             the rules, a page at a time
//	POST   /rules             create a rule
//	GET    /rules/{id}        a rule as it was written
//	PUT    /rules/{id}        replace a rule, with If-Match, or create one
//	DELETE /rules/{id}        delete a rule
//	POST   /rules/{id}/try    run a rule, stored or not, over a document
//	GET    /                  the page; GET /page/{file}: what belongs to it
//
// What is not a success is {"message": ...}, with the failures of a document, the
// problems of a rule or the cases it fails. Nothing is stored before it is
// checked, and a request that is refused leaves nothing behind.
//
// Requests and answers pass through Lambda as base64, whose payloads have 6 MB at
// the most (Lambda Developer Guide, quotas): files have 4.5 MB here, and larger
// ones go into the bucket.
//
// The environment: XML_BUCKET, where files lie; JSON_BUCKET, where their results
// do; RULES_TABLE; DEFAULT_RULE, which may be empty.
package api

import (
	"context"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/runnel/runnel/functions/answer"
	"github.com/runnel/runnel/functions/environment"
	"github.com/runnel/runnel/functions/xmltransform/rules"
)

// An api is what the routes have in common.
type api struct {
	s3       *s3.Client
	rules    *rules.Table
	files    string // the bucket of the files
	results  string // the bucket of their results
	fallback string // the rule of files that name none, "" for none
}

// Open makes the function. It takes every route.
func Open(ctx context.Context) (any, error) {
	a := api{fallback: os.Getenv("DEFAULT_RULE")}
	table := ""
	for name, value := range map[string]*string{"XML_BUCKET": &a.files, "JSON_BUCKET": &a.results, "RULES_TABLE": &table} {
		var err error
		if *value, err = environment.Variable(name); err != nil {
			return nil, err
		}
	}
	cfg, err := environment.AWS(ctx)
	if err != nil {
		return nil, err
	}
	a.s3 = environment.S3(cfg)
	a.rules = rules.New(dynamodb.NewFromConfig(cfg), table)
	return a.handle, nil
}

// A route answers one method of one resource.
type route func(*api, context.Context, request) (answer.Answer, error)

var routes = map[string]route{
	"POST /upload":         (*api).upload,
	"GET /upload/{key+}":   (*api).status,
	"GET /rules":           (*api).list,
	"POST /rules":          (*api).create,
	"GET /rules/{id}":      (*api).get,
	"PUT /rules/{id}":      (*api).replace,
	"DELETE /rules/{id}":   (*api).remove,
	"POST /rules/{id}/try": (*api).try,
	"GET /":                (*api).page,
	"GET /page/{file}":     (*api).page,
}

// How long a request may take, and of it the jq of one record, so that a rule
// without end is told as what it is. API Gateway waits 29 seconds for a function
// (its quota for integration timeouts), and then says nothing of why.
const (
	patience       = 20 * time.Second
	recordPatience = 10 * time.Second
)

func (a *api) handle(ctx context.Context, r events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	serve, ok := routes[r.HTTPMethod+" "+r.Resource]
	if !ok {
		return respond(ctx, answer.Refuse(404, "there is no "+r.HTTPMethod+" "+r.Resource+" here"))
	}
	out, err := serve(a, ctx, request{r})
	if err != nil {
		out = failure(ctx, err)
	}
	return respond(ctx, out)
}

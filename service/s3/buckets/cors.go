package buckets

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/runnel/runnel/service/s3/fault"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/wire"
)

// maxCORSRules is the limit of rules
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/ManageCorsUsing.html).
const maxCORSRules = 100

// PutBucketCors sets which origins browsers may use the bucket from.
func (s *Service) PutBucketCors(ctx context.Context, in *s3.PutBucketCorsInput) (*s3.PutBucketCorsOutput, error) {
	c := in.CORSConfiguration
	if c == nil || len(c.CORSRules) == 0 || len(c.CORSRules) > maxCORSRules {
		return nil, fault.MalformedXML()
	}
	for _, r := range c.CORSRules {
		if err := checkCORSRule(r); err != nil {
			return nil, err
		}
	}
	return &s3.PutBucketCorsOutput{}, s.putConfig(ctx, in.Bucket, configCORS, c.CORSRules)
}

func checkCORSRule(r types.CORSRule) error {
	if len(r.AllowedMethods) == 0 || len(r.AllowedOrigins) == 0 {
		return fault.MalformedXML()
	}
	for _, m := range r.AllowedMethods {
		if !slices.Contains([]string{"GET", "PUT", "HEAD", "POST", "DELETE"}, m) {
			return fault.InvalidRequest("Found unsupported HTTP method in CORS config. Unsupported method is " + m)
		}
	}
	for _, o := range r.AllowedOrigins {
		if strings.Count(o, "*") > 1 {
			return fault.InvalidRequest(`AllowedOrigin "` + o + `" can not have more than one wildcard.`)
		}
	}
	for _, h := range r.AllowedHeaders {
		if strings.Count(h, "*") > 1 {
			return fault.InvalidRequest(`AllowedHeader "` + h + `" can not have more than one wildcard.`)
		}
	}
	for _, h := range r.ExposeHeaders {
		if strings.Contains(h, "*") {
			return fault.InvalidRequest(`ExposeHeader "` + h + `" contains wildcard. We currently do not support wildcard for ExposeHeader.`)
		}
	}
	return nil
}

// GetBucketCors gives the rules.
func (s *Service) GetBucketCors(ctx context.Context, in *s3.GetBucketCorsInput) (*s3.GetBucketCorsOutput, error) {
	var rules []types.CORSRule
	found, err := s.getConfig(ctx, in.Bucket, configCORS, &rules)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, fault.New("NoSuchCORSConfiguration", "The CORS configuration does not exist", "BucketName", *in.Bucket)
	}
	return &s3.GetBucketCorsOutput{CORSRules: rules}, nil
}

// DeleteBucketCors removes the rules.
func (s *Service) DeleteBucketCors(ctx context.Context, in *s3.DeleteBucketCorsInput) (*s3.DeleteBucketCorsOutput, error) {
	return &s3.DeleteBucketCorsOutput{}, s.deleteConfig(ctx, in.Bucket, configCORS)
}

// preflightInput is the question that a browser asks before a request.
type preflightInput struct {
	Bucket, Key    *string
	Origin         *string
	RequestMethod  *string
	RequestHeaders *string
}

// Preflight answers the OPTIONS request of a browser by the bucket's CORS rules
// (https://docs.aws.amazon.com/AmazonS3/latest/API/RESTOPTIONSobject.html).
func (s *Service) Preflight(ctx context.Context, in *preflightInput) (*struct{}, error) {
	origin, method := aws.ToString(in.Origin), aws.ToString(in.RequestMethod)
	switch {
	case origin == "":
		return nil, fault.New("BadRequest", "Insufficient information. Origin request header needed.")
	case method == "":
		return nil, fault.New("BadRequest", "Invalid Access-Control-Request-Method: null")
	}
	var rules []types.CORSRule
	found, err := s.getConfig(ctx, in.Bucket, configCORS, &rules)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, forbidden("CORSResponse: CORS is not enabled for this bucket.", method)
	}
	var asked []string
	for h := range strings.SplitSeq(aws.ToString(in.RequestHeaders), ",") {
		if h = strings.ToLower(strings.TrimSpace(h)); h != "" {
			asked = append(asked, h)
		}
	}
	for _, r := range rules {
		if corsAllows(r, origin, method, asked) {
			answerCORS(ctx, r, origin, asked)
			return &struct{}{}, nil
		}
	}
	return nil, forbidden("CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.", method)
}

// Share adds to the answer of the request that ctx belongs to what lets the page
// that sent it see the answer, if a CORS rule of the bucket allows the page's
// origin. It refuses nothing: without a rule the browser keeps the answer from
// the page (https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html).
func (s *Service) Share(ctx context.Context, bucket string) error {
	req := wire.RequestOf(ctx)
	var rules []types.CORSRule
	err := s.st.View(ctx, func(tx *store.Tx) error {
		tx.GetJSON(ConfigKey(bucket, configCORS), &rules)
		return nil
	})
	if err != nil {
		return err
	}
	for _, r := range rules {
		if corsAllows(r, req.Header.Get("Origin"), req.Method, nil) {
			answerCORS(ctx, r, req.Header.Get("Origin"), nil)
			break
		}
	}
	return nil
}

func forbidden(message, method string) error {
	return fault.New("AccessForbidden", message, "Method", method, "ResourceType", "OBJECT")
}

func corsAllows(r types.CORSRule, origin, method string, headers []string) bool {
	if !slices.Contains(r.AllowedMethods, method) ||
		!slices.ContainsFunc(r.AllowedOrigins, func(o string) bool { return wildcard(o, origin) }) {
		return false
	}
	for _, h := range headers {
		if !slices.ContainsFunc(r.AllowedHeaders, func(a string) bool { return wildcard(strings.ToLower(a), h) }) {
			return false
		}
	}
	return true
}

// answerCORS adds to the answer what a rule says of requests that it allows.
func answerCORS(ctx context.Context, r types.CORSRule, origin string, headers []string) {
	answer := wire.RequestOf(ctx).Answer
	set := func(name, value string) {
		if value != "" {
			answer.Set(name, value)
		}
	}
	if slices.Contains(r.AllowedOrigins, "*") {
		set("Access-Control-Allow-Origin", "*")
	} else {
		set("Access-Control-Allow-Origin", origin)
		set("Access-Control-Allow-Credentials", "true")
	}
	set("Access-Control-Allow-Methods", strings.Join(r.AllowedMethods, ", "))
	set("Access-Control-Allow-Headers", strings.Join(headers, ", "))
	set("Access-Control-Expose-Headers", strings.Join(r.ExposeHeaders, ", "))
	if r.MaxAgeSeconds != nil {
		set("Access-Control-Max-Age", strconv.Itoa(int(*r.MaxAgeSeconds)))
	}
	set("Vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method")
}

// wildcard reports whether s matches a pattern with at most one *.
func wildcard(pattern, s string) bool {
	before, after, ok := strings.Cut(pattern, "*")
	if !ok {
		return pattern == s
	}
	return len(s) >= len(before)+len(after) && strings.HasPrefix(s, before) && strings.HasSuffix(s, after)
}

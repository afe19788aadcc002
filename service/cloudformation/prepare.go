package cloudformation

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/runnel/runnel/service/cloudformation/sam"
	"github.com/runnel/runnel/service/cloudformation/template"
)

// Limits of the CloudFormation guide, "Quotas", in bytes.
const (
	maxTemplateBody = 51_200
	maxTemplateURL  = 1 << 20
)

// prepared is a template that is ready to deploy.
type prepared struct {
	body      string
	processed string // JSON, after the transforms
	values    map[string]string
	plan      *template.Plan
	macros    []string // the transforms that were applied
}

// body gives a template from either of the two places that requests have for it.
func (s *Service) body(ctx context.Context, text, at *string) (string, error) {
	switch {
	case text != nil && at != nil, text == nil && at == nil:
		return "", invalid("Either Template URL or Template Body must be specified.")
	case at != nil:
		return s.fetch(ctx, *at)
	case len(*text) == 0 || len(*text) > maxTemplateBody:
		return "", invalid("1 validation error detected: Value at 'templateBody' failed to satisfy constraint: " +
			"Member must have length less than or equal to 51200")
	}
	return *text, nil
}

// fetch reads a template from S3: by an AWS host name or by our own endpoint's,
// with the bucket in the path or in the host name.
func (s *Service) fetch(ctx context.Context, at string) (string, error) {
	bucket, key, ok := s3Location(at)
	if !ok {
		return "", invalid("TemplateURL must be a supported URL.")
	}
	out, err := s.clients.S3.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		var api smithy.APIError
		if errors.As(err, &api) {
			return "", invalid("S3 error: %s\nFor more information check http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html", api.ErrorMessage())
		}
		return "", err
	}
	defer out.Body.Close()
	body, err := io.ReadAll(io.LimitReader(out.Body, maxTemplateURL+1))
	if err != nil {
		return "", err
	}
	if len(body) > maxTemplateURL {
		return "", invalid("Template may not exceed %d bytes in size.", maxTemplateURL)
	}
	return string(body), nil
}

func s3Location(at string) (bucket, key string, ok bool) {
	u, err := url.Parse(at)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" && u.Scheme != "s3" || u.Host == "" {
		return "", "", false
	}
	host, path := u.Hostname(), strings.TrimPrefix(u.Path, "/")
	if u.Scheme == "s3" {
		return host, path, path != ""
	}
	if bucket, inHost := bucketOf(host); inHost {
		return bucket, path, path != ""
	}
	bucket, key, _ = strings.Cut(path, "/")
	return bucket, key, bucket != "" && key != ""
}

// bucketOf finds the bucket in a host name, if it is there.
func bucketOf(host string) (string, bool) {
	if rest, ok := strings.CutSuffix(host, ".amazonaws.com"); ok {
		for _, sep := range []string{".s3.", ".s3-"} {
			if bucket, _, ok := strings.Cut(rest, sep); ok {
				return bucket, true
			}
		}
		return strings.CutSuffix(rest, ".s3")
	}
	for _, suffix := range []string{".s3.localhost", ".localhost"} {
		if bucket, ok := strings.CutSuffix(host, suffix); ok && bucket != "s3" {
			return bucket, true
		}
	}
	return "", false
}

// prepare applies the transforms of a template and binds it to its parameters.
func (s *Service) prepare(body string, given map[string]string, env template.Env, probe template.Resolver) (*prepared, error) {
	tree, err := template.Parse(body)
	if err != nil {
		return nil, refusal(err)
	}
	for _, text := range append(slices.Collect(maps.Values(given)), body) {
		if strings.Contains(text, "{{resolve:") {
			return nil, invalid("Template error: dynamic references ({{resolve:...}}) are not supported")
		}
	}
	values, err := template.ParameterValues(tree, given)
	if err != nil {
		return nil, refusal(err)
	}
	tree, macros, err := transform(tree, values)
	if err != nil {
		return nil, refusal(err)
	}
	p, err := s.bind(tree, values, env, probe)
	if err != nil {
		return nil, err
	}
	processed, err := json.Marshal(tree)
	if err != nil {
		return nil, err
	}
	p.body, p.processed, p.macros = body, string(processed), macros
	return p, nil
}

// bind checks a template whose transforms have been applied.
func (s *Service) bind(tree map[string]any, values map[string]string, env template.Env, probe template.Resolver) (*prepared, error) {
	t, err := template.Load(tree)
	if err != nil {
		return nil, refusal(err)
	}
	if err := s.checkTypes(t); err != nil {
		return nil, err
	}
	if probe == nil {
		probe = unborn{s, t}
	}
	plan, err := t.Bind(values, env, probe)
	if err != nil {
		return nil, refusal(err)
	}
	return &prepared{values: values, plan: plan}, nil
}

// transform applies the macros that a template names.
func transform(tree map[string]any, values map[string]string) (map[string]any, []string, error) {
	names, err := template.Transforms(tree)
	if err != nil {
		return nil, nil, err
	}
	var kept []any
	for _, name := range names {
		switch name {
		case sam.Name:
		case template.LanguageExtensions:
			kept = append(kept, name)
		default:
			return nil, nil, invalid("No transform named %s found.", name)
		}
	}
	if len(kept) > 0 {
		if tree, err = template.Expand(tree, values); err != nil {
			return nil, nil, err
		}
	}
	if slices.Contains(names, sam.Name) {
		if tree, err = sam.Transform(tree, values); err != nil {
			return nil, nil, err
		}
	}
	if len(kept) > 0 {
		tree["Transform"] = kept
	} else {
		delete(tree, "Transform")
	}
	return tree, names, nil
}

// checkTypes refuses resource types that do not exist here.
func (s *Service) checkTypes(t *template.Template) error {
	var unknown []string
	for _, r := range t.Resources {
		if s.types[r.Type] == nil {
			unknown = append(unknown, r.Type)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	slices.Sort(unknown)
	return invalid("Template format error: Unrecognized resource types: [%s]", strings.Join(slices.Compact(unknown), ", "))
}

// unborn resolves references before anything exists: it knows which attributes
// the types have and no value.
type unborn struct {
	s *Service
	t *template.Template
}

func (u unborn) Ref(string) (any, error)    { return template.Unknown{}, nil }
func (u unborn) Import(string) (any, error) { return template.Unknown{}, nil }

func (u unborn) GetAtt(id, attribute string) (any, error) {
	kind := u.t.Resources[id].Type
	if !u.s.types[kind].HasAttribute(attribute) {
		return nil, &template.Error{Message: "Template error: resource " + id + " does not support attribute type " + attribute + " in Fn::GetAtt"}
	}
	return template.Unknown{}, nil
}

// capabilities are what the user must acknowledge for this template.
func (s *Service) capabilities(resources map[string]*template.Resource) (need []string, because string) {
	var reasons []string
	capability := ""
	for _, id := range template.Keys(resources) {
		r := resources[id]
		t := s.types[r.Type]
		if t.Capability == "" {
			continue
		}
		reasons = append(reasons, r.Type)
		if capability == "" {
			capability = t.Capability
		}
		if r.Properties[t.NameProperty] != nil {
			capability = string(types.CapabilityCapabilityNamedIam)
		}
	}
	if capability != "" {
		need = append(need, capability)
		slices.Sort(reasons)
		because = "The following resource(s) require capabilities: [" + strings.Join(slices.Compact(reasons), ", ") + "]"
	}
	return need, because
}

// allow checks the capabilities that a request acknowledges.
func (s *Service) allow(p *prepared, given []types.Capability, direct bool) error {
	if direct && len(p.macros) > 0 && !slices.Contains(given, types.CapabilityCapabilityAutoExpand) {
		return needs(string(types.CapabilityCapabilityAutoExpand))
	}
	need, _ := s.capabilities(p.plan.Resources)
	for _, n := range need {
		named := slices.Contains(given, types.CapabilityCapabilityNamedIam)
		if !named && !slices.Contains(given, types.Capability(n)) {
			return needs(n)
		}
	}
	return nil
}

// parameters gives the values of a request; one that asks for the previous value
// takes it from the stack.
func parameters(given []types.Parameter, previous map[string]string) (map[string]string, error) {
	values := make(map[string]string, len(given))
	for _, p := range given {
		key := aws.ToString(p.ParameterKey)
		if _, twice := values[key]; twice {
			return nil, invalid("Duplicate parameter key %s", key)
		}
		if !aws.ToBool(p.UsePreviousValue) {
			values[key] = aws.ToString(p.ParameterValue)
			continue
		}
		v, ok := previous[key]
		if p.ParameterValue != nil {
			return nil, invalid("Invalid input for parameter key %s. Cannot specify usePreviousValue as true and non empty value for a parameter", key)
		}
		if !ok {
			return nil, invalid("Invalid input for parameter key %s. Cannot specify usePreviousValue as true for a parameter key not in the previous template", key)
		}
		values[key] = v
	}
	return values, nil
}

// env is what the pseudo parameters say of a stack.
func (s *Service) env(name, id string, topics []string) template.Env {
	return template.Env{Account: s.cfg.Account, Region: s.cfg.Region, StackName: name, StackID: id, NotificationARNs: topics,
		Zones: []string{s.cfg.Region + "a", s.cfg.Region + "b", s.cfg.Region + "c"}}
}

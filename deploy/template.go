package deploy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Template is a template and the place that its local paths start from.
type Template struct {
	Body []byte
	Dir  string // local paths are relative to it

	// Builtin reports whether the Go package in a folder is the functions
	// program that runs inside Runnel, so that it need not be built. It may
	// be nil.
	Builtin func(dir string) bool

	depth int // how many templates this one is nested in
}

// maxNesting bounds how deep templates nest, since one could name itself.
const maxNesting = 16

// ReadTemplate reads a template file.
func ReadTemplate(file string) (*Template, error) {
	body, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return &Template{Body: body, Dir: filepath.Dir(file)}, nil
}

// artifact is a property that may name something local.
type artifact struct {
	property string
	// rewrite puts the uploaded object in the place of the path.
	rewrite func(object) *yaml.Node
	build   func(t *Template, ctx context.Context, up *uploader, path string, code runtimeOf) (*bundle, error)
}

// artifactOf is the property that `aws cloudformation package` uploads, for
// the resource types that Runnel has.
func artifactOf(typ string) (a artifact, ok bool) {
	switch typ {
	case "AWS::Serverless::Function":
		return artifact{"CodeUri", s3URI, (*Template).code}, true
	case "AWS::Lambda::Function":
		return artifact{"Code", s3Code, (*Template).code}, true
	case "AWS::Serverless::Api":
		return artifact{"DefinitionUri", s3URI, (*Template).file}, true
	case "AWS::ApiGateway::RestApi":
		return artifact{"BodyS3Location", s3Location, (*Template).file}, true
	case "AWS::CloudFormation::Stack":
		return artifact{"TemplateURL", s3URL, (*Template).nested}, true
	}
	return artifact{}, false
}

// runtimeOf is what must be known of a function to pack its code.
type runtimeOf struct{ runtime, handler string }

// pack uploads what the template names and returns the template that names
// the uploads.
func (t *Template) pack(ctx context.Context, up *uploader) (string, error) {
	doc, err := t.parse()
	if err != nil {
		return "", err
	}
	root := doc.Content[0]
	globals := member(member(root, "Globals"), "Function")
	changed, err := t.packOne(ctx, up, "AWS::Serverless::Function", "Globals", globals, nil)
	if err != nil {
		return "", err
	}
	resources := member(root, "Resources")
	for i := 0; resources != nil && i+1 < len(resources.Content); i += 2 {
		id, r := resources.Content[i].Value, resources.Content[i+1]
		typ := member(r, "Type")
		if typ == nil {
			continue
		}
		c, err := t.packOne(ctx, up, typ.Value, id, member(r, "Properties"), globals)
		if err != nil {
			return "", err
		}
		changed = changed || c
	}
	if !changed {
		return string(t.Body), nil
	}
	return encode(doc)
}

// parse reads the template, a mapping.
func (t *Template) parse() (*yaml.Node, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(t.Body, &doc); err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	if len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, errors.New("template: it is not a mapping of sections such as Resources")
	}
	return &doc, nil
}

// declares reports whether the template has the parameter.
func (t *Template) declares(parameter string) bool {
	doc, err := t.parse()
	return err == nil && member(member(doc.Content[0], "Parameters"), parameter) != nil
}

func encode(doc *yaml.Node) (string, error) {
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(doc); err != nil {
		return "", err
	}
	return out.String(), nil
}

// packOne uploads what one resource names, if it names something local.
func (t *Template) packOne(ctx context.Context, up *uploader, typ, id string, props, globals *yaml.Node) (bool, error) {
	a, ok := artifactOf(typ)
	if !ok {
		return false, nil
	}
	value := member(props, a.property)
	if value == nil || value.Kind != yaml.ScalarNode || value.Tag != "!!str" || remote(value.Value) {
		return false, nil
	}
	code := runtimeOf{scalar("Runtime", props, globals), scalar("Handler", props, globals)}
	b, err := a.build(t, ctx, up, value.Value, code)
	if err != nil {
		return false, fmt.Errorf("%s: %s: %w", id, a.property, err)
	}
	o, err := up.upload(ctx, b)
	if err != nil {
		return false, fmt.Errorf("%s: %s: upload: %w", id, a.property, err)
	}
	*value = *a.rewrite(o)
	return true, nil
}

func remote(path string) bool {
	return strings.HasPrefix(path, "s3://") || strings.HasPrefix(path, "https://") || strings.HasPrefix(path, "http://")
}

// local is where a path of the template is on this machine.
func (t *Template) local(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(t.Dir, filepath.FromSlash(path))
}

// member is the value of a key of a mapping, or nil.
func member(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// scalar is the first value of a key that is plain text, or "".
func scalar(key string, from ...*yaml.Node) string {
	for _, n := range from {
		if v := member(n, key); v != nil && v.Kind == yaml.ScalarNode {
			return v.Value
		}
	}
	return ""
}

func text(s string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
}

func mapping(pairs ...string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for _, s := range pairs {
		n.Content = append(n.Content, text(s))
	}
	return n
}

func s3URI(o object) *yaml.Node      { return text("s3://" + o.bucket + "/" + o.key) }
func s3URL(o object) *yaml.Node      { return text(o.url()) }
func s3Code(o object) *yaml.Node     { return mapping("S3Bucket", o.bucket, "S3Key", o.key) }
func s3Location(o object) *yaml.Node { return mapping("Bucket", o.bucket, "Key", o.key) }

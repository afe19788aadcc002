package resource

import (
	"archive/zip"
	"bytes"
	"context"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

func functionTypes() map[string]*Type {
	return map[string]*Type{
		"AWS::Lambda::Function": {
			Properties: properties(`FunctionName! PackageType! Code Role Handler Runtime Description MemorySize Timeout
				Environment VpcConfig KmsKeyArn Layers DeadLetterConfig TracingConfig Architectures EphemeralStorage
				FileSystemConfigs SnapStart LoggingConfig CodeSigningConfigArn ReservedConcurrentExecutions Tags`),
			Required:   []string{"Code", "Role"},
			Attributes: []string{"Arn"}, NameProperty: "FunctionName", MaxName: 64,
			Exists: functionExists, Create: createFunction, Update: updateFunction, Configure: configureFunction,
			Delete: func(ctx context.Context, c *Call) error {
				_, err := c.Lambda.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: &c.Name})
				return gone(err)
			},
		},
		"AWS::Lambda::Version": {
			Properties: properties("FunctionName! Description! CodeSha256!"), Required: []string{"FunctionName"},
			Attributes: []string{"Version", "FunctionArn"},
			Create:     publishVersion, Delete: deleteVersion,
		},
		"AWS::Lambda::Alias": {
			Properties: properties("Name! FunctionName! FunctionVersion Description RoutingConfig"),
			Required:   []string{"Name", "FunctionName", "FunctionVersion"},
			Attributes: []string{"AliasArn"},
			Exists:     aliasExists, Create: createAlias, Update: updateAlias, Delete: deleteAlias,
		},
	}
}

func functionExists(ctx context.Context, c *Call) (bool, error) {
	out, err := c.Lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &c.Name})
	ok, err := found(err)
	if ok {
		c.ID = c.Name
		c.set("Arn", aws.ToString(out.FunctionArn))
	}
	return ok, err
}

var functionConfiguration = []string{"Role", "Handler", "Runtime", "Description", "MemorySize", "Timeout", "Environment",
	"VpcConfig", "KmsKeyArn", "Layers", "DeadLetterConfig", "TracingConfig", "EphemeralStorage", "FileSystemConfigs",
	"SnapStart", "LoggingConfig"}

func createFunction(ctx context.Context, c *Call) error {
	in := &lambda.CreateFunctionInput{}
	names := append([]string{"PackageType", "Architectures", "CodeSigningConfigArn"}, functionConfiguration...)
	if err := assign(in, pick(c.Props, names...), c.Logical); err != nil {
		return err
	}
	code, err := functionCode(c)
	if err != nil {
		return err
	}
	in.Code, in.FunctionName, in.Tags = code, &c.Name, c.tags()
	if _, err := c.Lambda.CreateFunction(ctx, in); err != nil {
		return err
	}
	c.ID = c.Name
	return functionReady(ctx, c)
}

// functionReady waits until the function is active and its last update done.
func functionReady(ctx context.Context, c *Call) error {
	return await(ctx, func() (bool, error) {
		out, err := c.Lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &c.Name})
		if err != nil {
			return false, err
		}
		if out.State == types.StateFailed || out.LastUpdateStatus == types.LastUpdateStatusFailed {
			return false, &PropertyError{"Resource is not in the state functionActive: " +
				aws.ToString(out.StateReason) + aws.ToString(out.LastUpdateStatusReason)}
		}
		c.ID = c.Name
		c.set("Arn", aws.ToString(out.FunctionArn))
		return out.State != types.StatePending && out.LastUpdateStatus != types.LastUpdateStatusInProgress, nil
	})
}

// functionCode is the Code property: a place in S3, or the source of one file.
func functionCode(c *Call) (*types.FunctionCode, error) {
	code := &types.FunctionCode{}
	props := object(c.Props["Code"])
	inline, ok := props["ZipFile"].(string)
	if !ok {
		return code, assign(code, props, c.Logical+"/Code")
	}
	packed, err := zipSource(c.text("Runtime"), inline)
	if err != nil {
		return nil, err
	}
	code.ZipFile = packed
	return code, nil
}

// zipSource packs inline source as the file that CloudFormation names index,
// with the ending of the runtime's language.
func zipSource(runtime, source string) ([]byte, error) {
	name := ""
	switch {
	case strings.HasPrefix(runtime, "python"):
		name = "index.py"
	case strings.HasPrefix(runtime, "nodejs"):
		name = "index.js"
	default:
		return nil, &PropertyError{"ZipFile can only be used when Runtime is set to either of nodejs or python"}
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	h := &zip.FileHeader{Name: name, Method: zip.Deflate}
	h.SetMode(0o644)
	f, err := z.CreateHeader(h)
	if err != nil {
		return nil, err
	}
	if _, err := f.Write([]byte(source)); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func updateFunction(ctx context.Context, c *Call) error {
	if c.changed("Code", "Architectures") || c.changed("Runtime") && object(c.Props["Code"])["ZipFile"] != nil {
		code, err := functionCode(c)
		if err != nil {
			return err
		}
		in := &lambda.UpdateFunctionCodeInput{FunctionName: &c.Name, ZipFile: code.ZipFile, S3Bucket: code.S3Bucket,
			S3Key: code.S3Key, S3ObjectVersion: code.S3ObjectVersion, ImageUri: code.ImageUri}
		if err := assign(in, pick(c.Props, "Architectures"), c.Logical); err != nil {
			return err
		}
		if _, err := c.Lambda.UpdateFunctionCode(ctx, in); err != nil {
			return err
		}
		if err := functionReady(ctx, c); err != nil {
			return err
		}
	}
	if c.changed(functionConfiguration...) {
		if err := updateConfiguration(ctx, c); err != nil {
			return err
		}
	}
	return tagLambda(ctx, c, "Arn")
}

// updateConfiguration returns what a template no longer sets to its default.
func updateConfiguration(ctx context.Context, c *Call) error {
	in := &lambda.UpdateFunctionConfigurationInput{FunctionName: &c.Name, Description: aws.String(""),
		MemorySize: aws.Int32(128), Timeout: aws.Int32(3), Environment: &types.Environment{Variables: map[string]string{}},
		Layers: []string{}, TracingConfig: &types.TracingConfig{Mode: types.TracingModePassThrough}}
	if c.Old["DeadLetterConfig"] != nil {
		in.DeadLetterConfig = &types.DeadLetterConfig{TargetArn: aws.String("")}
	}
	if c.Old["LoggingConfig"] != nil {
		in.LoggingConfig = &types.LoggingConfig{LogFormat: types.LogFormatText, LogGroup: aws.String("/aws/lambda/" + c.Name)}
	}
	if c.Old["EphemeralStorage"] != nil {
		in.EphemeralStorage = &types.EphemeralStorage{Size: aws.Int32(512)}
	}
	if err := assign(in, pick(c.Props, functionConfiguration...), c.Logical); err != nil {
		return err
	}
	if _, err := c.Lambda.UpdateFunctionConfiguration(ctx, in); err != nil {
		return err
	}
	return functionReady(ctx, c)
}

// tagLambda tags what has its ARN in an attribute.
func tagLambda(ctx context.Context, c *Call, attribute string) error {
	arn, _ := c.Attributes[attribute].(string)
	if keys := c.removedTags(); len(keys) > 0 {
		if _, err := c.Lambda.UntagResource(ctx, &lambda.UntagResourceInput{Resource: &arn, TagKeys: keys}); err != nil {
			return err
		}
	}
	tags := c.tags()
	if len(tags) == 0 || !c.changed("Tags") && len(c.Tags) == 0 {
		return nil
	}
	_, err := c.Lambda.TagResource(ctx, &lambda.TagResourceInput{Resource: &arn, Tags: tags})
	return err
}

func configureFunction(ctx context.Context, c *Call) error {
	if !c.changed("ReservedConcurrentExecutions") {
		return nil
	}
	if c.Props["ReservedConcurrentExecutions"] == nil {
		_, err := c.Lambda.DeleteFunctionConcurrency(ctx, &lambda.DeleteFunctionConcurrencyInput{FunctionName: &c.Name})
		return err
	}
	in := &lambda.PutFunctionConcurrencyInput{FunctionName: &c.Name}
	if err := assign(in, pick(c.Props, "ReservedConcurrentExecutions"), c.Logical); err != nil {
		return err
	}
	_, err := c.Lambda.PutFunctionConcurrency(ctx, in)
	return err
}

// publishVersion may be repeated: Lambda gives the latest version again if
// nothing has changed since.
func publishVersion(ctx context.Context, c *Call) error {
	in := &lambda.PublishVersionInput{}
	if err := assign(in, c.Props, c.Logical); err != nil {
		return err
	}
	out, err := c.Lambda.PublishVersion(ctx, in)
	if err != nil {
		return err
	}
	c.ID = aws.ToString(out.FunctionArn)
	version := aws.ToString(out.Version)
	if !strings.HasSuffix(c.ID, ":"+version) {
		c.ID += ":" + version
	}
	c.set("Version", version)
	c.set("FunctionArn", c.ID)
	return nil
}

func deleteVersion(ctx context.Context, c *Call) error {
	version := c.ID[strings.LastIndexByte(c.ID, ':')+1:]
	if _, err := strconv.Atoi(version); err != nil {
		return nil // never published
	}
	function := strings.TrimSuffix(c.ID, ":"+version)
	_, err := c.Lambda.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: &function, Qualifier: &version})
	return gone(err)
}

func aliasExists(ctx context.Context, c *Call) (bool, error) {
	out, err := c.Lambda.GetAlias(ctx, &lambda.GetAliasInput{FunctionName: aws.String(c.text("FunctionName")),
		Name: aws.String(c.text("Name"))})
	ok, err := found(err)
	if ok {
		c.ID = aws.ToString(out.AliasArn)
		c.set("AliasArn", c.ID)
	}
	return ok, err
}

func createAlias(ctx context.Context, c *Call) error {
	in := &lambda.CreateAliasInput{}
	if err := assign(in, c.Props, c.Logical); err != nil {
		return err
	}
	out, err := c.Lambda.CreateAlias(ctx, in)
	if err != nil {
		return err
	}
	c.ID = aws.ToString(out.AliasArn)
	c.set("AliasArn", c.ID)
	return nil
}

func updateAlias(ctx context.Context, c *Call) error {
	in := &lambda.UpdateAliasInput{}
	if err := assign(in, c.Props, c.Logical); err != nil {
		return err
	}
	_, err := c.Lambda.UpdateAlias(ctx, in)
	return err
}

func deleteAlias(ctx context.Context, c *Call) error {
	_, err := c.Lambda.DeleteAlias(ctx, &lambda.DeleteAliasInput{FunctionName: aws.String(c.text("FunctionName")),
		Name: aws.String(c.text("Name"))})
	return gone(err)
}

package lambda

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/runnel/runnel/store/storetest"
	"github.com/runnel/runnel/wire"
)

func TestCreateFunction(t *testing.T) {
	r := newRig(t)
	out := r.create("f", "echo", func(in *lambda.CreateFunctionInput) {
		in.MemorySize, in.Timeout, in.Environment = nil, nil, nil
		in.Tags = map[string]string{"team": "data"}
	})
	if *out.FunctionArn != "arn:aws:lambda:us-east-1:000000000000:function:f" || *out.Version != "$LATEST" ||
		*out.MemorySize != 128 || *out.Timeout != 3 || out.State != types.StateActive ||
		out.LastUpdateStatus != types.LastUpdateStatusSuccessful || out.Environment != nil {
		t.Errorf("got %+v", out)
	}
	if _, err := time.Parse(timeFormat, *out.LastModified); err != nil || !strings.HasSuffix(*out.LastModified, "+0000") {
		t.Errorf("LastModified %s: %v", *out.LastModified, err)
	}
	waiter := lambda.NewFunctionActiveV2Waiter(r.lambda)
	if err := waiter.Wait(t.Context(), &lambda.GetFunctionInput{FunctionName: aws.String("f")}, time.Minute); err != nil {
		t.Error(err)
	}
	got, err := r.lambda.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: out.FunctionArn})
	if err != nil {
		t.Fatal(err)
	}
	if got.Tags["team"] != "data" || *got.Configuration.RevisionId != *out.RevisionId || *got.Code.RepositoryType != "S3" {
		t.Errorf("got %+v", got)
	}
	if code := r.download(*got.Code.Location); !bytes.Equal(code, selfZip(t)) {
		t.Errorf("Code.Location gives %d bytes", len(code))
	}
}

func (r *rig) download(url string) []byte {
	r.t.Helper()
	client := http.Client{Transport: wire.InProcess(r.mux)}
	res, err := client.Get(url)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 200 {
		r.t.Fatalf("%s: %s %s %v", url, res.Status, b, err)
	}
	return b
}

func TestCreateFunctionFromS3(t *testing.T) {
	r := newRig(t)
	if _, err := r.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("code")}); err != nil {
		t.Fatal(err)
	}
	_, err := r.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("code"), Key: aws.String("f.zip"), Body: bytes.NewReader(selfZip(t))})
	if err != nil {
		t.Fatal(err)
	}
	r.create("f", "echo", func(in *lambda.CreateFunctionInput) {
		in.Code = &types.FunctionCode{S3Bucket: aws.String("code"), S3Key: aws.String("f.zip")}
	})
	out, err := r.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("f"), Payload: []byte(`7`)})
	if err != nil || string(out.Payload) != "7" {
		t.Fatalf("got %+v, %v", out, err)
	}
	for bucket, message := range map[string]string{
		"code": "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist.",
		"none": "Error occurred while GetObject. S3 Error Code: NoSuchBucket. S3 Error Message: The specified bucket does not exist",
	} {
		_, err := r.lambda.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("f"), S3Bucket: &bucket, S3Key: aws.String("none")})
		fails(t, err, "InvalidParameterValueException", message)
	}
}

func TestCreateFunctionRefused(t *testing.T) {
	r := newRig(t)
	r.create("f", "echo")
	const bad, constraint = "InvalidParameterValueException", "ValidationException"
	type input = lambda.CreateFunctionInput
	tests := []struct {
		name          string
		change        func(*input)
		code, message string
	}{
		{"twice", func(in *input) { in.FunctionName = aws.String("f") }, "ResourceConflictException", "Function already exist: f"},
		{"name", func(in *input) { in.FunctionName = aws.String("a b") }, constraint,
			`1 validation error detected: Value 'a b' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern: ` + namePattern},
		{"long name", func(in *input) { in.FunctionName = aws.String(strings.Repeat("x", 65)) }, constraint,
			`1 validation error detected: Value '` + strings.Repeat("x", 65) + `' at 'functionName' failed to satisfy constraint: Member must have length less than or equal to 64`},
		{"role", func(in *input) { in.Role = aws.String("me") }, constraint,
			`1 validation error detected: Value 'me' at 'role' failed to satisfy constraint: Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+`},
		{"handler", func(in *input) { in.Handler = aws.String("my handler") }, constraint,
			`1 validation error detected: Value 'my handler' at 'handler' failed to satisfy constraint: Member must satisfy regular expression pattern: [^\s]+`},
		{"timeout and memory", func(in *input) { in.Timeout, in.MemorySize = aws.Int32(901), aws.Int32(64) }, constraint,
			`2 validation errors detected: Value '901' at 'timeout' failed to satisfy constraint: Member must have value less than or equal to 900; ` +
				`Value '64' at 'memorySize' failed to satisfy constraint: Member must have value greater than or equal to 128`},
		{"memory", func(in *input) { in.MemorySize = aws.Int32(10241) }, bad,
			`'MemorySize' value failed to satisfy constraint: Member must have value less than or equal to 10240`},
		{"java", func(in *input) { in.Runtime = types.RuntimeJava21 }, bad,
			`runtime "java21" is not supported: functions run as a bootstrap (provided.al2, provided.al2023, go1.x), on python3.* or on nodejs*`},
		{"no runtime", func(in *input) { in.Runtime = "" }, bad, "Runtime is mandatory for functions created with deployment packages."},
		{"reserved variables", func(in *input) {
			in.Environment = &types.Environment{Variables: map[string]string{"AWS_REGION": "x", "_HANDLER": "x"}}
		}, bad, "Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: AWS_REGION, _HANDLER"},
		{"no zip", func(in *input) { in.Code.ZipFile = []byte("no zip") }, bad, "Could not unzip uploaded file. Please check your file, then try to upload again."},
		{"empty zip", func(in *input) { in.Code.ZipFile = zipOf(t, nil) }, bad, "Uploaded file must be a non-empty zip"},
		{"zip that leads out", func(in *input) { in.Code.ZipFile = zipOf(t, map[string]string{"../x": ""}) }, bad, "Could not unzip uploaded file. Please check your file, then try to upload again."},
		{"image", func(in *input) { in.Code = &types.FunctionCode{ImageUri: aws.String("x")} }, bad, "A function from a container image (PackageType Image) is not supported by Runnel."},
		{"layers", func(in *input) { in.Layers = []string{"arn:aws:lambda:us-east-1:1:layer:x:1"} }, bad, "Layers is not supported by Runnel."},
		{"VPC", func(in *input) { in.VpcConfig = &types.VpcConfig{SubnetIds: []string{"subnet-1"}} }, bad, "VpcConfig is not supported by Runnel."},
		{"dead letters", func(in *input) {
			in.DeadLetterConfig = &types.DeadLetterConfig{TargetArn: aws.String("arn:aws:sns:us-east-1:000000000000:t")}
		}, bad,
			`The target arn:aws:sns:us-east-1:000000000000:t of DeadLetterConfig cannot be used: arn:aws:sns:us-east-1:000000000000:t: service "sns" takes no events here: no such resource`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			in := input{FunctionName: aws.String("new"), Handler: aws.String("h"), Role: aws.String(role),
				Runtime: types.RuntimeProvidedal2023, Code: &types.FunctionCode{ZipFile: selfZip(t)}}
			test.change(&in)
			_, err := r.lambda.CreateFunction(t.Context(), &in)
			fails(t, err, test.code, test.message)
		})
	}
	t.Run("nothing is left", func(t *testing.T) {
		_, err := r.lambda.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: aws.String("new")})
		fails(t, err, "ResourceNotFoundException", "Function not found: arn:aws:lambda:us-east-1:000000000000:function:new")
	})
	t.Run("unknown runtime", func(t *testing.T) {
		_, err := r.lambda.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("f"), Runtime: "cobol"})
		if err == nil || !strings.Contains(err.Error(), "Value cobol at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [nodejs, ") {
			t.Error(err)
		}
	})
}

func TestUpdateFunction(t *testing.T) {
	r := newRig(t)
	created := r.create("f", "fail")
	invoke := func() string {
		out, err := r.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("f"), Payload: []byte(`1`)})
		if err != nil {
			t.Fatal(err)
		}
		return string(out.Payload)
	}
	invoke()
	out, err := r.lambda.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{
		FunctionName: aws.String("f"), Handler: aws.String("echo"), Timeout: aws.Int32(9), RevisionId: created.RevisionId,
	})
	if err != nil {
		t.Fatal(err)
	}
	if *out.Handler != "echo" || *out.Timeout != 9 || *out.MemorySize != 512 || *out.RevisionId == *created.RevisionId {
		t.Errorf("got %+v", out)
	}
	if got := invoke(); got != "1" {
		t.Errorf("after the update the function says %s", got)
	}
	_, err = r.lambda.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("f"), RevisionId: created.RevisionId})
	fails(t, err, "PreconditionFailedException", "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id")
	_, err = r.lambda.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("nobody"), ZipFile: selfZip(t)})
	fails(t, err, "ResourceNotFoundException", "Function not found: arn:aws:lambda:us-east-1:000000000000:function:nobody")

	other := zipOf(t, map[string]string{"bootstrap": "#!/bin/sh\nexit 7\n"})
	_, err = r.lambda.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("f"), ZipFile: other, Architectures: []types.Architecture{"vax"}})
	fails(t, err, "ValidationException", "1 validation error detected: Value '[vax]' at 'architectures' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64]]")
	dry, err := r.lambda.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("f"), ZipFile: other, DryRun: true})
	if err != nil || *dry.CodeSha256 == *created.CodeSha256 || *dry.RevisionId != *out.RevisionId {
		t.Errorf("dry run: %+v, %v", dry, err)
	}
	if got := invoke(); got != "1" {
		t.Errorf("after the dry run the function says %s", got)
	}
	published, err := r.lambda.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("f"), ZipFile: other, Publish: true})
	if err != nil || *published.Version != "1" || *published.CodeSha256 != *dry.CodeSha256 || published.CodeSize != int64(len(other)) {
		t.Fatalf("published: %+v, %v", published, err)
	}
	if got := invoke(); !strings.Contains(got, "Runtime exited with error: exit status 7") {
		t.Errorf("the new code says %s", got)
	}
}

func TestVersionsAndAliases(t *testing.T) {
	r := newRig(t)
	r.create("f", "echo")
	f := aws.String("f")
	publish := func(handler string) string {
		t.Helper()
		_, err := r.lambda.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: f, Handler: &handler})
		if err != nil {
			t.Fatal(err)
		}
		out, err := r.lambda.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: f, Description: aws.String("of " + handler)})
		if err != nil {
			t.Fatal(err)
		}
		again, err := r.lambda.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: f})
		if err != nil || *again.Version != *out.Version {
			t.Errorf("published twice: %v, %v", again, err)
		}
		return *out.Version
	}
	one, two := publish("echo"), publish("fail")
	if one != "1" || two != "2" {
		t.Fatalf("versions %s, %s", one, two)
	}
	_, err := r.lambda.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: f, CodeSha256: aws.String("x")})
	if err == nil || !strings.Contains(err.Error(), "CodeSHA256 (x) is different from current CodeSHA256 in $LATEST (") {
		t.Error(err)
	}
	var listed []string
	pages := lambda.NewListVersionsByFunctionPaginator(r.lambda, &lambda.ListVersionsByFunctionInput{FunctionName: f, MaxItems: aws.Int32(2)})
	for pages.HasMorePages() {
		p, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range p.Versions {
			listed = append(listed, *v.Version+" "+*v.Handler)
		}
	}
	if !slices.Equal(listed, []string{"$LATEST fail", "1 echo", "2 fail"}) {
		t.Errorf("listed %v", listed)
	}
	alias, err := r.lambda.CreateAlias(t.Context(), &lambda.CreateAliasInput{FunctionName: f, Name: aws.String("live"), FunctionVersion: aws.String("2")})
	if err != nil || *alias.AliasArn != "arn:aws:lambda:us-east-1:000000000000:function:f:live" {
		t.Fatal(alias, err)
	}
	_, err = r.lambda.CreateAlias(t.Context(), &lambda.CreateAliasInput{FunctionName: f, Name: aws.String("live"), FunctionVersion: aws.String("2")})
	fails(t, err, "ResourceConflictException", "Alias already exists: arn:aws:lambda:us-east-1:000000000000:function:f:live")
	_, err = r.lambda.DeleteFunction(t.Context(), &lambda.DeleteFunctionInput{FunctionName: f, Qualifier: aws.String("2")})
	fails(t, err, "ResourceConflictException", "Unable to delete version because the following aliases reference it: [live]")
	_, err = r.lambda.UpdateAlias(t.Context(), &lambda.UpdateAliasInput{FunctionName: f, Name: aws.String("live"),
		RoutingConfig: &types.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{"1": 1}}})
	if err != nil {
		t.Fatal(err)
	}
	out, err := r.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: f, Qualifier: aws.String("live"), Payload: []byte(`5`)})
	if err != nil || string(out.Payload) != "5" || *out.ExecutedVersion != "1" {
		t.Errorf("weight 1: %s by %s, %v", out.Payload, *out.ExecutedVersion, err)
	}
	_, err = r.lambda.UpdateAlias(t.Context(), &lambda.UpdateAliasInput{FunctionName: f, Name: aws.String("live"), FunctionVersion: aws.String("9")})
	fails(t, err, "ResourceNotFoundException", "Function not found: arn:aws:lambda:us-east-1:000000000000:function:f:9")
	if _, err := r.lambda.DeleteAlias(t.Context(), &lambda.DeleteAliasInput{FunctionName: f, Name: aws.String("live")}); err != nil {
		t.Fatal(err)
	}
	_, err = r.lambda.GetAlias(t.Context(), &lambda.GetAliasInput{FunctionName: f, Name: aws.String("live")})
	fails(t, err, "ResourceNotFoundException", "Cannot find alias arn: arn:aws:lambda:us-east-1:000000000000:function:f:live")
	if _, err = r.lambda.DeleteFunction(t.Context(), &lambda.DeleteFunctionInput{FunctionName: f, Qualifier: aws.String("2")}); err != nil {
		t.Error(err)
	}
	_, err = r.lambda.DeleteFunction(t.Context(), &lambda.DeleteFunctionInput{FunctionName: f, Qualifier: aws.String("$LATEST")})
	fails(t, err, "InvalidParameterValueException", "$LATEST version cannot be deleted without deleting the function.")
}

func TestListFunctions(t *testing.T) {
	r := newRig(t)
	for i := range 5 {
		r.create(fmt.Sprintf("f%d", i), "echo", func(in *lambda.CreateFunctionInput) { in.Publish = true })
	}
	list := func(in lambda.ListFunctionsInput) (names []string) {
		pages := lambda.NewListFunctionsPaginator(r.lambda, &in)
		for pages.HasMorePages() {
			p, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if len(p.Functions) > 2 {
				t.Errorf("a page of %d", len(p.Functions))
			}
			for _, f := range p.Functions {
				names = append(names, *f.FunctionName+":"+*f.Version)
			}
		}
		return names
	}
	if got := strings.Join(list(lambda.ListFunctionsInput{MaxItems: aws.Int32(2)}), " "); got != "f0:$LATEST f1:$LATEST f2:$LATEST f3:$LATEST f4:$LATEST" {
		t.Errorf("latest: %s", got)
	}
	if got := list(lambda.ListFunctionsInput{MaxItems: aws.Int32(2), FunctionVersion: types.FunctionVersionAll}); len(got) != 10 || got[1] != "f0:1" {
		t.Errorf("all: %v", got)
	}
	_, err := r.lambda.ListFunctions(t.Context(), &lambda.ListFunctionsInput{Marker: aws.String("?")})
	fails(t, err, "InvalidParameterValueException", "Invalid Marker: ?")
}

// TestDeleteFunction: nothing of a function is left, its blobs included.
func TestDeleteFunction(t *testing.T) {
	disk := storetest.NewDisk()
	r := openRig(t, disk)
	r.create("f", "echo", func(in *lambda.CreateFunctionInput) { in.Publish = true })
	if n := blobs(t, disk); n != 1 {
		t.Fatalf("%d blobs", n)
	}
	if _, err := r.lambda.DeleteFunction(t.Context(), &lambda.DeleteFunctionInput{FunctionName: aws.String("f")}); err != nil {
		t.Fatal(err)
	}
	if n := blobs(t, disk); n != 0 {
		t.Errorf("%d blobs are left", n)
	}
	_, err := r.lambda.DeleteFunction(t.Context(), &lambda.DeleteFunctionInput{FunctionName: aws.String("f")})
	fails(t, err, "ResourceNotFoundException", "Function not found: arn:aws:lambda:us-east-1:000000000000:function:f")
	r.create("f", "echo")
	out, err := r.lambda.ListVersionsByFunction(t.Context(), &lambda.ListVersionsByFunctionInput{FunctionName: aws.String("f")})
	if err != nil || len(out.Versions) != 1 {
		t.Errorf("versions of a new function: %v, %v", out, err)
	}
}

func blobs(t *testing.T, disk *storetest.Disk) int {
	t.Helper()
	names, err := disk.FS.List("data/blobs")
	if err != nil {
		t.Fatal(err)
	}
	return len(names)
}

// TestFunctionsSurvivePowerCut: every acknowledged change is there, with code
// that can be run.
func TestFunctionsSurvivePowerCut(t *testing.T) {
	disk := storetest.NewDisk()
	r := openRig(t, disk)
	r.create("deleted", "echo")
	r.create("f", "fail", func(in *lambda.CreateFunctionInput) { in.Publish = true })
	f := aws.String("f")
	_, err := r.lambda.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: f, Handler: aws.String("echo")})
	if err == nil {
		_, err = r.lambda.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{FunctionName: f, ZipFile: zipOf(t, map[string]string{"bootstrap": "#!runnel", "more": "x"})})
	}
	if err == nil {
		_, err = r.lambda.CreateAlias(t.Context(), &lambda.CreateAliasInput{FunctionName: f, Name: aws.String("live"), FunctionVersion: aws.String("1")})
	}
	if err == nil {
		_, err = r.lambda.PutFunctionConcurrency(t.Context(), &lambda.PutFunctionConcurrencyInput{FunctionName: f, ReservedConcurrentExecutions: aws.Int32(3)})
	}
	if err == nil {
		_, err = r.lambda.TagResource(t.Context(), &lambda.TagResourceInput{Resource: aws.String("arn:aws:lambda:us-east-1:000000000000:function:f"), Tags: map[string]string{"a": "b"}})
	}
	if err == nil {
		_, err = r.lambda.DeleteFunction(t.Context(), &lambda.DeleteFunctionInput{FunctionName: aws.String("deleted")})
	}
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(4) {
		r := openRig(t, disk.PowerCut(seed))
		out, err := r.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: f, Payload: []byte(`1`)})
		if err != nil || string(out.Payload) != "1" {
			t.Errorf("$LATEST: %+v, %v", out, err)
		}
		old, err := r.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: f, Qualifier: aws.String("live")})
		if err != nil || old.FunctionError == nil {
			t.Errorf("live: %+v, %v", old, err)
		}
		got, err := r.lambda.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: f})
		if err != nil || *got.Concurrency.ReservedConcurrentExecutions != 3 || got.Tags["a"] != "b" {
			t.Errorf("got %+v, %v", got, err)
		}
		if n, _ := r.s.slots.Reserved("f"); n != 3 {
			t.Errorf("%d reserved", n)
		}
		_, err = r.lambda.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: aws.String("deleted")})
		fails(t, err, "ResourceNotFoundException", "Function not found: arn:aws:lambda:us-east-1:000000000000:function:deleted")
		r.stop()
	}
}

// TestUnpackedCodeGoes: the folder of code that nobody needs is removed, that
// of code in use is not.
func TestUnpackedCodeGoes(t *testing.T) {
	r := newRig(t)
	r.create("f", "echo")
	code := r.create("g", "echo")
	_, err := r.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("f")})
	if err != nil {
		t.Fatal(err)
	}
	remove := func(name string) {
		t.Helper()
		if _, err := r.lambda.DeleteFunction(context.Background(), &lambda.DeleteFunctionInput{FunctionName: &name}); err != nil {
			t.Fatal(err)
		}
		r.st.Clock().Advance(codeRest)
	}
	folder := r.s.code.Path(*code.CodeSha256)
	remove("f")
	if _, err := os.Stat(folder); err != nil {
		t.Errorf("the folder of g's code: %v", err)
	}
	remove("g")
	for !errors.Is(err, fs.ErrNotExist) {
		_, err = os.Stat(folder)
	}
}

func FuzzRef(f *testing.F) {
	for _, name := range []string{"f", "f:live", "000000000000:function:f", "arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST", "a:b:c:d"} {
		f.Add(name, "1")
	}
	s := &Service{cfg: Config{Account: account, Region: region}}
	f.Fuzz(func(t *testing.T, name, q string) {
		r, err := s.ref(&name, &q)
		if err != nil || strings.Contains(r.Qualifier, "$") && r.Qualifier != latest {
			return // a qualifier that ARNs cannot have: there is no such function
		}
		again, err := s.ref(aws.String(s.arn(r)), nil)
		if err != nil || again != r {
			t.Errorf("%q %q is %v, whose ARN is %v, %v", name, q, r, again, err)
		}
	})
}

package openapi

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/rogpeppe/go-internal/txtar"
)

func archived(t testing.TB, file string) []byte {
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return a.Files[0].Data
}

// FuzzRead reads documents: what it lets pass has the form that the
// rest of an import relies on.
func FuzzRead(f *testing.F) {
	f.Add(archived(f, "../testdata/import/sam.txt"))
	f.Add(archived(f, "../testdata/import/openapi3.txt"))
	f.Add([]byte(`{"swagger":"2.0","info":{"title":"x"},"paths":{"/":{"get":{"parameters":[{"$ref":"#/a/b"},7],"security":[{"a":[]},null],"x-amazon-apigateway-integration":{"type":"mock","responses":{"default":{"statusCode":200}}}}}}}`))
	f.Add([]byte("openapi: 3.0.0\ninfo: {title: [x]}\nservers: [{url: '%'}, 7]\npaths: {/a: {get: null}}"))
	f.Fuzz(func(t *testing.T, body []byte) {
		def, err := Read(body, map[string]string{"basepath": "prepend"})
		if err != nil {
			if _, ok := err.(*types.BadRequestException); !ok {
				t.Errorf("%T: %v", err, err)
			}
			return
		}
		for path, methods := range def.Paths {
			for verb, m := range methods {
				if strings.ToUpper(verb) != verb || *m.HttpMethod != verb || m.AuthorizationType == nil {
					t.Errorf("%s %s: %+v", verb, path, m)
				}
			}
		}
		for _, m := range def.Models {
			if !json.Valid([]byte(*m.Schema)) {
				t.Errorf("schema %q", *m.Schema)
			}
		}
	})
}

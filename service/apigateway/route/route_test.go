package route

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"pgregory.net/rapid"
)

func resourcesAt(paths ...string) (list []*types.Resource) {
	for _, p := range paths {
		part := p[strings.LastIndexByte(p, '/')+1:]
		list = append(list, &types.Resource{Path: &p, PathPart: &part, ResourceMethods: map[string]types.Method{"GET": {}}})
	}
	return list
}

// TestRoutes is the precedence of
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-settings-method-request.html
// and of literal paths over variables over greedy ones.
func TestRoutes(t *testing.T) {
	r := New(resourcesAt("/", "/pets", "/pets/{id}", "/pets/best", "/pets/{id}/toys", "/{proxy+}", "/a/{x}/c", "/a/b/{rest+}"))
	for path, want := range map[string]string{
		"":                 "/ map[]",
		"/":                "/ map[]",
		"/pets":            "/pets map[]",
		"/pets/":           "/pets map[]",
		"/pets/best":       "/pets/best map[]",
		"/pets/7":          "/pets/{id} map[id:7]",
		"/pets/a%2Fb%20c":  "/pets/{id} map[id:a/b c]",
		"/pets/%zz":        "/pets/{id} map[id:%zz]",
		"/pets/best/toys":  "/pets/{id}/toys map[id:best]",
		"/pets/7/food":     "/{proxy+} map[proxy:pets/7/food]",
		"/other":           "/{proxy+} map[proxy:other]",
		"/other/x/":        "/{proxy+} map[proxy:other/x]",
		"/a/b/c":           "/a/b/{rest+} map[rest:c]",
		"/a/z/c":           "/a/{x}/c map[x:z]",
		"/a/b":             "/{proxy+} map[proxy:a/b]",
		"/pets//toys":      "/{proxy+} map[proxy:pets//toys]",
		"/p%65ts/b%65st":   "/pets/best map[]",
		"/PETS":            "/{proxy+} map[proxy:PETS]",
		"//pets":           "/{proxy+} map[proxy:/pets]",
		"/pets/%7Bid%7D/x": "/{proxy+} map[proxy:pets/{id}/x]",
	} {
		res, params := r.Match(path)
		if got := fmt.Sprint(*res.Path, " ", params); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	if res, _ := New(resourcesAt("/a/{b}")).Match("/a"); res != nil {
		t.Errorf("a path above matches %s", *res.Path)
	}
}

// TestRoutesModel compares with a matcher that tries all resources and keeps
// the one whose segments are the most particular, from the left.
func TestRoutesModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var paths []string
		for _, p := range rapid.SliceOfN(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "{v}"}), 0, 3), 1, 8).Draw(t, "paths") {
			path := "/" + strings.Join(p, "/")
			if rapid.Bool().Draw(t, "greedy") {
				path = strings.TrimSuffix(path, "/") + "/{g+}"
			}
			if !slices.Contains(paths, path) {
				paths = append(paths, path)
			}
		}
		request := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "d/e"}), 0, 4).Draw(t, "request")
		escaped := ""
		for _, s := range request {
			escaped += "/" + url.PathEscape(s)
		}
		got, params := New(resourcesAt(paths...)).Match(escaped)
		want, wantParams := naive(paths, request)
		if got == nil && want != "" || got != nil && *got.Path != want || fmt.Sprint(params) != fmt.Sprint(wantParams) {
			t.Fatalf("%v of %v: got %v %v, want %s %v", request, paths, got, params, want, wantParams)
		}
	})
}

func naive(paths, request []string) (best string, params map[string]string) {
	rank := ""
	for _, p := range paths {
		if r, values, ok := try(Segments(p), request); ok && (best == "" || r < rank) {
			best, rank, params = p, r, values
		}
	}
	return best, params
}

// try ranks a match by one letter a segment, the lesser the better.
func try(pattern, request []string) (rank string, params map[string]string, ok bool) {
	params = map[string]string{}
	for i, part := range pattern {
		switch {
		case i >= len(request):
			return "", nil, false
		case part == "{g+}":
			params["g"] = strings.Join(request[i:], "/")
			return rank + "3", params, true
		case part == "{v}":
			// The variable that is further left is found last, and stays.
			if _, twice := params["v"]; !twice {
				params["v"] = request[i]
			}
			rank += "2"
		case part == request[i]:
			rank += "1"
		default:
			return "", nil, false
		}
	}
	return rank, params, len(pattern) == len(request)
}

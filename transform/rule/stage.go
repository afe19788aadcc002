package rule

import (
	"strings"

	"github.com/itchyny/gojq"
)

// A stage is a part of a query that works on what the part before it gives: of
// .a | map(.b) | add there are three. The errors of jq do not say where in a
// query they come from; that the query fails up to the end of one stage, and not
// up to the end of the one before, does.
type stage struct {
	begins int        // character of the query, from 1
	code   *gojq.Code // of the query up to the end of the stage
}

// maxStages is how many are looked at, each of which is a query to be compiled.
const maxStages = 50

// stagesOf finds the stages of a query: what its pipes separate, or the steps of
// a plain path. A character that seems to separate two does so if there is a
// query before it: within a string or brackets there is none.
func stagesOf(query string) []stage {
	separators := "|"
	if q, err := gojq.Parse(query); err == nil {
		if _, plain := plainPath(q); plain {
			separators = "|.["
		}
	}
	var stages []stage
	begins := 0
	for i := 1; i <= len(query) && len(stages) < maxStages; i++ {
		if i < len(query) && !strings.Contains(separators, query[i:i+1]) || strings.HasPrefix(query[i:], "|=") {
			continue
		}
		q, err := gojq.Parse(query[:i])
		if err != nil {
			continue
		}
		code, err := gojq.Compile(q, gojq.WithVariables([]string{headVariable}))
		if err != nil {
			continue
		}
		for begins < i-1 && strings.ContainsAny(query[begins:begins+1], "| \t\r\n") {
			begins++
		}
		stages = append(stages, stage{character(query, begins), code})
		begins = i
	}
	return stages
}

// offset is where the query failed, 0 if it is one stage.
func (e *expression) offset(s *subject) int {
	stages := e.stages()
	if len(stages) < 2 {
		return 0
	}
	for _, stage := range stages {
		if s.fails(stage.code) {
			return stage.begins
		}
	}
	return 0
}

// fails says whether a query fails with one of its first values.
func (s *subject) fails(code *gojq.Code) (fails bool) {
	defer func() {
		if recover() != nil {
			fails = true
		}
	}()
	results := code.RunWithContext(s.context(), s.any(), s.head)
	for range 1000 {
		v, ok := results.Next()
		if !ok {
			return false
		}
		if _, failed := v.(error); failed {
			return !s.over()
		}
	}
	return false
}

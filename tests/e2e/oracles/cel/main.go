// Command cel answers how Kubernetes 1.34 compiles and evaluates CEL: k8s.io/apiserver's environment for admission, and
// that of dynamic resource allocation.
//
// Each line of standard input is a question, each line of standard output its answer:
//
//	{"expression", "environment": "admission" | "dra", "variables": {NAME: JSON}, "composed": [[NAME, EXPRESSION]], "repeat"}
//	{"type", "mistakes": [{"offset", "message"}], "result", "error", "cost", "others": [answer], "crash"}
//
// "composed" are the variables of a policy, in their order. Maps have no order in Go, so an expression is evaluated
// "repeat" times; "others" are answers that differ from the first. "crash" is what cel-go panics with. Values are tagged
// with their type: see values.go.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"reflect"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common"
	utiljson "k8s.io/apimachinery/pkg/util/json"
)

type question struct {
	Expression  string                     `json:"expression"`
	Environment string                     `json:"environment"`
	Variables   map[string]json.RawMessage `json:"variables"`
	Composed    [][2]string                `json:"composed"`
	Repeat      int                        `json:"repeat"`
}

type mistake struct {
	Offset  int32  `json:"offset"`
	Message string `json:"message"`
}

type answer struct {
	Type     string    `json:"type,omitempty"`
	Mistakes []mistake `json:"mistakes,omitempty"`
	Result   any       `json:"result,omitempty"`
	Error    *string   `json:"error,omitempty"`
	Cost     *uint64   `json:"cost,omitempty"`
	Others   []answer  `json:"others,omitempty"`
	Crash    string    `json:"crash,omitempty"`
}

// evaluation is what an environment makes of an expression without mistakes.
type evaluation func(context.Context) (any, *cel.EvalDetails, error)

func mistakesOf(issues *cel.Issues, expression string) []mistake {
	source := common.NewTextSource(expression)
	found := []mistake{}
	for _, one := range issues.Errors() {
		offset := int32(-1)
		if place, ok := source.LocationOffset(one.Location); ok {
			offset = place
		}
		found = append(found, mistake{Offset: offset, Message: one.Message})
	}
	return found
}

func failed(err error) answer {
	text := err.Error()
	return answer{Error: &text}
}

func run(evaluate evaluation) answer {
	result, details, err := evaluate(context.Background())
	found := answer{}
	if err != nil {
		found = failed(err)
	} else {
		found.Result = result
	}
	if details != nil {
		found.Cost = details.ActualCost()
	}
	return found
}

func respond(asked question) (found answer) {
	defer func() {
		if cause := recover(); cause != nil {
			found = answer{Crash: fmt.Sprint(cause)}
		}
	}()
	variables := map[string]any{}
	for name, text := range asked.Variables {
		var value any
		if err := utiljson.Unmarshal(text, &value); err != nil {
			return failed(err)
		}
		variables[name] = value
	}
	var typeName string
	var mistakes []mistake
	var evaluate evaluation
	if asked.Environment == "dra" {
		typeName, mistakes, evaluate = selector(asked, variables)
	} else {
		typeName, mistakes, evaluate = admission(asked, variables)
	}
	if mistakes != nil {
		return answer{Mistakes: mistakes}
	}
	first := run(evaluate)
	for range asked.Repeat {
		next := run(evaluate)
		known := reflect.DeepEqual(next, first)
		for _, one := range first.Others {
			known = known || reflect.DeepEqual(next, one)
		}
		if !known {
			// Only answers are compared, so the first may not have its list yet.
			others := first.Others
			first.Others = nil
			if !reflect.DeepEqual(next, first) {
				others = append(others, next)
			}
			first.Others = others
		}
	}
	first.Type = typeName
	return first
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<26)
	out := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for in.Scan() {
		var asked question
		if err := json.Unmarshal(in.Bytes(), &asked); err != nil {
			panic(err)
		}
		if err := encoder.Encode(respond(asked)); err != nil {
			panic(err)
		}
		if err := out.Flush(); err != nil {
			panic(err)
		}
	}
	if err := in.Err(); err != nil {
		panic(err)
	}
}

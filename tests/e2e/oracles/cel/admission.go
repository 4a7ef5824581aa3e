package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/interpreter"
	"k8s.io/apimachinery/pkg/util/version"
	plugin "k8s.io/apiserver/pkg/admission/plugin/cel"
	apiservercel "k8s.io/apiserver/pkg/cel"
	"k8s.io/apiserver/pkg/cel/environment"
)

var options = plugin.OptionalVariableDeclarations{HasParams: true, HasAuthorizer: true, StrictCost: true}

// text is an expression of a policy, which may have a name and gives a value of any type.
type text struct {
	name, expression string
}

func (t text) GetExpression() string    { return t.expression }
func (t text) GetName() string          { return t.name }
func (t text) ReturnTypes() []*cel.Type { return []*cel.Type{cel.AnyType} }

func newCompiler() *plugin.CompositedCompiler {
	set := environment.MustBaseEnvSet(version.MajorMinor(1, 34), true)
	compiler, err := plugin.NewCompositedCompiler(set)
	if err != nil {
		panic(err)
	}
	return compiler
}

// plain is for expressions without composed variables: making an environment takes long.
var plain = sync.OnceValue(newCompiler)

// activation gives the variables of a policy; what is not given is not there.
type activation struct {
	given    map[string]any
	composed any
}

func (a activation) ResolveName(name string) (any, bool) {
	if name == plugin.VariableVarName {
		return a.composed, true
	}
	value, there := a.given[name]
	return value, there
}

func (a activation) Parent() interpreter.Activation { return nil }

// compiled gives the mistakes of an expression; an error that is none of the author's stops the program.
func compiled(result plugin.CompilationResult, expression string) []mistake {
	if result.Error == nil {
		return nil
	}
	var cause *apiservercel.CompilationError
	if errors.As(result.Error, &cause) {
		return mistakesOf(cause.Issues, expression)
	}
	return []mistake{{Offset: -1, Message: result.Error.Detail}}
}

func admission(asked question, variables map[string]any) (string, []mistake, evaluation) {
	compiler := plain()
	if len(asked.Composed) > 0 {
		compiler = newCompiler()
	}
	for _, one := range asked.Composed {
		result := compiler.CompileAndStoreVariable(text{one[0], one[1]}, options, environment.NewExpressions)
		if mistakes := compiled(result, one[1]); mistakes != nil {
			return "", append(mistakes, mistake{-1, fmt.Sprintf("in variable %s", one[0])}), nil
		}
	}
	result := compiler.CompileCELExpression(text{"", asked.Expression}, options, environment.NewExpressions)
	if mistakes := compiled(result, asked.Expression); mistakes != nil {
		return "", mistakes, nil
	}
	return result.OutputType.String(), nil, func(parent context.Context) (any, *cel.EvalDetails, error) {
		composition := compiler.CompositionEnv.CreateContext(parent)
		names := &activation{given: variables}
		names.composed = composition.Variables(names)
		value, details, err := result.Program.ContextEval(composition, names)
		if err != nil {
			return nil, details, err
		}
		return tagged(value), details, nil
	}
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"sync"

	"github.com/google/cel-go/cel"
	resource "k8s.io/api/resource/v1"
	dra "k8s.io/dynamic-resource-allocation/cel"
)

// device is the variable "device": attributes and capacity by qualified name, as in a ResourceSlice.
type device struct {
	Driver     string                                              `json:"driver"`
	Attributes map[resource.QualifiedName]resource.DeviceAttribute `json:"attributes"`
	Capacity   map[resource.QualifiedName]resource.DeviceCapacity  `json:"capacity"`
}

// selectors is the environment of the scheduler, which its compiler only shows beside an expression.
var selectors = sync.OnceValue(func() *cel.Env {
	return dra.GetCompiler(dra.Features{}).CompileCELExpression("true", dra.Options{}).Environment
})

func selector(asked question, variables map[string]any) (string, []mistake, evaluation) {
	tree, issues := selectors().Compile(asked.Expression)
	if issues.Err() != nil {
		return "", mistakesOf(issues, asked.Expression), nil
	}
	result := dra.GetCompiler(dra.Features{}).CompileCELExpression(asked.Expression, dra.Options{})
	if result.Error != nil {
		return "", []mistake{{Offset: -1, Message: result.Error.Detail}}, nil
	}
	return tree.OutputType().String(), nil, func(ctx context.Context) (any, *cel.EvalDetails, error) {
		var given device
		if err := json.Unmarshal(asked.Variables["device"], &given); err != nil {
			return nil, nil, errors.New("device: " + err.Error())
		}
		matches, details, err := result.DeviceMatches(ctx, dra.Device{
			Driver: given.Driver, Attributes: given.Attributes, Capacity: given.Capacity,
		})
		if err != nil {
			return nil, details, err
		}
		return map[string]any{"bool": matches}, details, nil
	}
}

package main

import (
	"encoding/base64"
	"fmt"
	"math"
	"sort"
	"strconv"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
	apiservercel "k8s.io/apiserver/pkg/cel"
)

func double(value float64) any {
	switch {
	case math.IsNaN(value):
		return "NaN"
	case math.IsInf(value, 1):
		return "Infinity"
	case math.IsInf(value, -1):
		return "-Infinity"
	case value == 0 && math.Signbit(value):
		return "-0"
	}
	return value
}

// tagged gives a value as a JSON object with one member, whose name is the value's type.
//
// {"null": true} {"bool"} {"int"} {"uint"} {"double": number or "NaN", "Infinity", "-Infinity", "-0"} {"string"}
// {"bytes": base64} {"list": [value]} {"map": [[key, value]], by key} {"type": name} {"duration": ns} {"timestamp": ns}
// {"optional": null or value} {"quantity"} {"url"} {"ip"} {"cidr"} {"semver"} {"format"}
func tagged(value ref.Val) any {
	switch one := value.(type) {
	case types.Null:
		return map[string]any{"null": true}
	case types.Bool:
		return map[string]any{"bool": bool(one)}
	case types.Int:
		return map[string]any{"int": int64(one)}
	case types.Uint:
		return map[string]any{"uint": uint64(one)}
	case types.Double:
		return map[string]any{"double": double(float64(one))}
	case types.String:
		return map[string]any{"string": string(one)}
	case types.Bytes:
		return map[string]any{"bytes": base64.StdEncoding.EncodeToString(one)}
	case types.Duration:
		return map[string]any{"duration": one.Duration.Nanoseconds()}
	case types.Timestamp:
		return map[string]any{"timestamp": strconv.FormatInt(one.Unix(), 10) + fmt.Sprintf(".%09d", one.Nanosecond())}
	case *types.Type:
		return map[string]any{"type": one.TypeName()}
	case *types.Optional:
		if !one.HasValue() {
			return map[string]any{"optional": nil}
		}
		return map[string]any{"optional": tagged(one.GetValue())}
	case apiservercel.Quantity:
		return map[string]any{"quantity": one.Quantity.String()}
	case apiservercel.URL:
		return map[string]any{"url": one.URL.String()}
	case apiservercel.IP:
		return map[string]any{"ip": one.Addr.String()}
	case apiservercel.CIDR:
		return map[string]any{"cidr": one.Prefix.String()}
	case apiservercel.Semver:
		return map[string]any{"semver": one.Version.String()}
	case *apiservercel.Quantity:
		return map[string]any{"quantity": one.Quantity.String()}
	case apiservercel.Format:
		return map[string]any{"format": one.Name}
	case traits.Mapper:
		return map[string]any{"map": entries(one)}
	case traits.Lister:
		items := []any{}
		for it := one.Iterator(); it.HasNext() == types.True; {
			items = append(items, tagged(it.Next()))
		}
		return map[string]any{"list": items}
	}
	return map[string]any{"other": fmt.Sprintf("%s %v", value.Type().TypeName(), value.Value())}
}

func entries(value traits.Mapper) []any {
	found := [][2]any{}
	for it := value.Iterator(); it.HasNext() == types.True; {
		key := it.Next()
		found = append(found, [2]any{tagged(key), tagged(value.Get(key))})
	}
	sort.Slice(found, func(i, j int) bool { return fmt.Sprint(found[i][0]) < fmt.Sprint(found[j][0]) })
	pairs := []any{}
	for _, one := range found {
		pairs = append(pairs, one)
	}
	return pairs
}

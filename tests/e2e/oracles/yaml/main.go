// Command yaml answers how kubectl reads YAML: sigs.k8s.io/yaml over apimachinery's YAMLReader.
//
// It reads a JSON array of base64 strings from standard input, each the bytes of a file, and prints one JSON
// object a document: {"input", "json" | "error", "strict"}. "strict" is the error of strict decoding, if any.
// With the argument "whole" each input is one document and is not split.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"

	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

type answer struct {
	Input  int             `json:"input"`
	JSON   json.RawMessage `json:"json,omitempty"`
	Error  string          `json:"error,omitempty"`
	Strict string          `json:"strict,omitempty"`
}

func read(input int, document []byte) answer {
	converted, err := yaml.YAMLToJSON(document)
	if err != nil {
		return answer{Input: input, Error: err.Error()}
	}
	found := answer{Input: input, JSON: converted}
	if _, err := yaml.YAMLToJSONStrict(document); err != nil {
		found.Strict = err.Error()
	}
	return found
}

func main() {
	var inputs [][]byte
	if err := json.NewDecoder(os.Stdin).Decode(&inputs); err != nil {
		panic(err)
	}
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for i, input := range inputs {
		if len(os.Args) > 1 && os.Args[1] == "whole" {
			_ = encoder.Encode(read(i, input))
			continue
		}
		reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(input)))
		for {
			document, err := reader.Read()
			if err == io.EOF {
				break
			}
			if err != nil {
				_ = encoder.Encode(answer{Input: i, Error: err.Error()})
				continue
			}
			_ = encoder.Encode(read(i, document))
		}
	}
}

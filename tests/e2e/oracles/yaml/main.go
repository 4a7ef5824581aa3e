// Command yaml answers how kubectl reads YAML: sigs.k8s.io/yaml over apimachinery's YAMLReader.
//
// It reads a JSON array of base64 strings from standard input, each the bytes of a file, and prints one JSON
// object a document: {"input", "json" | "error", "strict"}. "strict" is the error of strict decoding, if any.
// With the argument "whole" each input is one document and is not split. With "stream" it is read as kubectl reads a
// file, YAML or JSON, up to the first error.
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

// stream prints the documents of one input, and the error that ends it, if any.
func stream(input int, data []byte, encoder *json.Encoder) {
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096)
	for {
		var document any
		err := decoder.Decode(&document)
		if err == io.EOF {
			return
		}
		if err != nil {
			_ = encoder.Encode(answer{Input: input, Error: err.Error()})
			return
		}
		text, err := json.Marshal(document)
		if err != nil {
			_ = encoder.Encode(answer{Input: input, Error: err.Error()})
			return
		}
		_ = encoder.Encode(answer{Input: input, JSON: text})
	}
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
		if len(os.Args) > 1 && os.Args[1] == "stream" {
			stream(i, input, encoder)
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

// Command trail-witness is the C2SP witness of transparency-dev on 127.0.0.1, remembering in memory only.
//
//	trail-witness -log VKEY [-log "VKEY ORIGIN"]... [-name NAME] [-mldsa] [-port PORT]
//
// It prints one line of JSON, {"port": …, "vkeys": ["…"]}: its Ed25519 cosignature key, and with -mldsa its ML-DSA-44
// key. POST /add-checkpoint is answered until standard input ends.
package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	stdlog "log"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	fnote "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/witness/persistence/inmemory"
	"github.com/transparency-dev/witness/witness"
	"golang.org/x/mod/sumdb/note"
)

type logs map[string]note.Verifier

func (l logs) String() string { return fmt.Sprint(len(l)) }

func (l logs) Set(value string) error {
	vkey, origin, named := strings.Cut(value, " ")
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return err
	}
	if !named {
		origin = verifier.Name()
	}
	l[origin] = verifier
	return nil
}

// keys are new ones, with the verifier keys to print.
func keys(name string, mldsa bool) ([]note.Signer, []string, error) {
	private, public, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		return nil, nil, err
	}
	signer, err := fnote.NewSignerForCosignatureV1(private)
	if err != nil {
		return nil, nil, err
	}
	vkey, err := fnote.VKeyToCosignatureV1(public)
	if err != nil {
		return nil, nil, err
	}
	signers, vkeys := []note.Signer{signer}, []string{vkey}
	if mldsa {
		private, vkey, err := fnote.GenerateMLDSAKey(name)
		if err != nil {
			return nil, nil, err
		}
		signer, err := fnote.NewMLDSASigner(private)
		if err != nil {
			return nil, nil, err
		}
		signers, vkeys = append(signers, signer), append(vkeys, vkey)
	}
	return signers, vkeys, nil
}

func run() error {
	known := logs{}
	flag.Var(known, "log", "the verifier key of a log, and its origin when that is not the key's name")
	name := flag.String("name", "witness.example/go", "the witness's name")
	mldsa := flag.Bool("mldsa", false, "cosign with ML-DSA-44 too")
	port := flag.Int("port", 0, "the port; 0 for a free one")
	flag.Parse()
	signers, vkeys, err := keys(*name, *mldsa)
	if err != nil {
		return err
	}
	made, err := witness.New(context.Background(), witness.Opts{
		Persistence: inmemory.New(),
		Signers:     signers,
		VerifierForLog: func(_ context.Context, origin string) (note.Verifier, bool, error) {
			verifier, ok := known[origin]
			return verifier, ok, nil
		},
	})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", *port))
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /add-checkpoint", witness.NewHTTPHandler(made).AddCheckpoint)
	server := http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	ready := map[string]any{"port": listener.Addr().(*net.TCPAddr).Port, "vkeys": vkeys}
	if err := json.NewEncoder(os.Stdout).Encode(ready); err != nil {
		return err
	}
	return server.Serve(listener)
}

func main() { stdlog.Fatal(run()) }

// Command trail-peer is Tessera's POSIX log with the intervals that it is given, on 127.0.0.1, with a new key.
//
//	trail-peer -dir DIR [-batch N] [-age DURATION] [-checkpoint DURATION]
//
// Flags default to the library's own defaults. It prints one line of JSON, {"port": …, "vkey": "…"}, and until its
// standard input ends it answers POST /add with the index that the body has durably got, GET /checkpoint and GET
// /tile/…. Tessera's own conformance personality does the same with fixed intervals.
package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
)

const maxEntry = 64 << 10

func run() error {
	dir := flag.String("dir", "", "where the log is kept")
	batch := flag.Uint("batch", tessera.DefaultBatchMaxSize, "the most entries of a batch")
	age := flag.Duration("age", tessera.DefaultBatchMaxAge, "how long a batch waits for more entries")
	interval := flag.Duration("checkpoint", tessera.DefaultCheckpointInterval, "the time between checkpoints")
	origin := flag.String("origin", "example.com/peer", "the log's origin")
	flag.Parse()
	ctx := context.Background()

	private, vkey, err := note.GenerateKey(rand.Reader, *origin)
	if err != nil {
		return err
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		return err
	}
	driver, err := posix.New(ctx, posix.Config{Path: *dir})
	if err != nil {
		return err
	}
	appender, shutdown, _, err := tessera.NewAppender(ctx, driver, tessera.NewAppendOptions().
		WithCheckpointSigner(signer).
		WithCheckpointInterval(*interval).
		WithCheckpointRepublishInterval(max(*interval, time.Minute)).
		WithBatching(*batch, *age))
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /add", func(w http.ResponseWriter, r *http.Request) {
		entry, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxEntry))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		index, err := appender.Add(r.Context(), tessera.NewEntry(entry))()
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		_, _ = fmt.Fprintf(w, "%d", index.Index)
	})
	files := http.FileServer(http.Dir(*dir))
	mux.Handle("GET /checkpoint", files)
	mux.Handle("GET /tile/", files)

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = shutdown(ctx)
		os.Exit(0)
	}()
	ready := map[string]any{"port": listener.Addr().(*net.TCPAddr).Port, "vkey": vkey}
	if err := json.NewEncoder(os.Stdout).Encode(ready); err != nil {
		return err
	}
	server := http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	return server.Serve(listener)
}

func main() { log.Fatal(run()) }

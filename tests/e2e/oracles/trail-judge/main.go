// Command trail-judge asks libraries that share no code with Lockgate about an export or a proof.
//
//	trail-judge fsck DIR [-vkey FILE] [-timeout 60s]       Tessera's fsck library, over all entries and tiles
//	trail-judge note FILE -vkey FILE...                    x/mod's note.Open
//	trail-judge tlog DIR [-vkey FILE] [-old FILE]... [-records N]
//	                                                       x/mod's tlog: all entries against authenticated tiles,
//	                                                       CheckRecord of N of them, CheckTree from each old checkpoint
//	trail-judge proofs FILE                                merkle's VerifyInclusion, VerifyConsistency; x/mod's Check…
//	trail-judge checkpoint FILE -vkey FILE [-origin O] [-witness VKEY]...
//	                                                       formats' ParseCheckpoint; each witness must have cosigned
//	trail-judge dsse FILE                                  go-securesystemslib's envelope verifier
//	trail-judge export DIR                                 fsck, note, tlog and checkpoint of one folder
//
// DIR has a log in C2SP tlog-tiles layout (checkpoint, tile/…) and, unless -vkey is given, log.vkey with one verifier
// key a line. FILE may be - for standard input. -vkey takes a file, or the key itself.
//
// proofs reads a JSON array; hashes are base64, "size" and "root" are of the (newer) tree:
//
//	{"inclusion": {"index": 3, "size": 8, "leaf": "…", "proof": ["…"], "root": "…"}}
//	{"consistency": {"old_size": 3, "old_root": "…", "size": 8, "proof": ["…"], "root": "…"}}
//
// dsse reads {"envelope": {…}, "keys": [{"keyid": "…", "pem": "…"}], "threshold": 1}; keyid is how the signer calls
// the key, since the library's own default differs from others'. PEM holds a PKIX Ed25519 or ECDSA P-256 public key.
//
// Each check prints one line, "NAME: ok" or "NAME: refused: REASON". The exit code is 0 when all are ok, 1 when one is
// refused and 2 when it cannot be asked.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// maxInput bounds what is read of one file that is not a tile.
const maxInput = 64 << 20

type list []string

func (l *list) String() string { return strings.Join(*l, " ") }

func (l *list) Set(value string) error {
	*l = append(*l, value)
	return nil
}

// options are the flags; each command looks at its own.
type options struct {
	vkeys     list
	witnesses list
	old       list
	origin    string
	timeout   time.Duration
	records   int
}

// usageError is a question that cannot be asked.
type usageError struct{ error }

// judge prints what the checks find.
type judge struct{ refused bool }

func (j *judge) say(name string, err error) {
	if err != nil {
		j.refused = true
		fmt.Printf("%s: refused: %s\n", name, strings.ReplaceAll(err.Error(), "\n", " "))
		return
	}
	fmt.Printf("%s: ok\n", name)
}

// command looks at the file or folder that it is given.
type command func(j *judge, place string, o options) error

var commands = map[string]command{
	"fsck":       fsckCommand,
	"note":       noteCommand,
	"tlog":       tlogCommand,
	"proofs":     proofsCommand,
	"checkpoint": checkpointCommand,
	"dsse":       dsseCommand,
	"export":     exportCommand,
}

func exportCommand(j *judge, dir string, o options) error {
	if len(o.vkeys) == 0 {
		o.vkeys = list{filepath.Join(dir, "log.vkey")}
	}
	for _, each := range []struct {
		run   command
		place string
	}{
		{noteCommand, filepath.Join(dir, "checkpoint")},
		{checkpointCommand, filepath.Join(dir, "checkpoint")},
		{fsckCommand, dir},
		{tlogCommand, dir},
	} {
		if err := each.run(j, each.place, o); err != nil {
			return err
		}
	}
	return nil
}

func readInput(place string) ([]byte, error) {
	source := os.Stdin
	if place != "-" {
		file, err := os.Open(place)
		if err != nil {
			return nil, usageError{err}
		}
		defer file.Close()
		source = file
	}
	data, err := io.ReadAll(io.LimitReader(source, maxInput+1))
	if err != nil {
		return nil, usageError{err}
	}
	if len(data) > maxInput {
		return nil, usageError{fmt.Errorf("%s is too big", place)}
	}
	return data, nil
}

func run(arguments []string) int {
	if len(arguments) < 2 || commands[arguments[0]] == nil {
		fmt.Fprintln(os.Stderr, "usage: trail-judge fsck|note|tlog|proofs|checkpoint|dsse|export PLACE [flags]")
		return 2
	}
	var o options
	flags := flag.NewFlagSet(arguments[0], flag.ContinueOnError)
	flags.Var(&o.vkeys, "vkey", "the log's verifier key, or a file of them")
	flags.Var(&o.witnesses, "witness", "the verifier key of a witness that must have cosigned")
	flags.Var(&o.old, "old", "an older checkpoint that the tree must extend")
	flags.StringVar(&o.origin, "origin", "", "the origin, when it is not the key's name")
	flags.DurationVar(&o.timeout, "timeout", time.Minute, "what fsck is given")
	flags.IntVar(&o.records, "records", 100, "how many entries' proofs are checked")
	if err := flags.Parse(arguments[2:]); err != nil {
		return 2
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "not understood: %q\n", flags.Args())
		return 2
	}
	var j judge
	if err := commands[arguments[0]](&j, arguments[1], o); err != nil {
		var usage usageError
		if errors.As(err, &usage) {
			fmt.Fprintln(os.Stderr, err)
			return 2
		}
		j.say(arguments[0], err)
	}
	if j.refused {
		return 1
	}
	return 0
}

func main() { os.Exit(run(os.Args[1:])) }

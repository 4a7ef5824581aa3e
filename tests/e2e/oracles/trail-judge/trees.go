package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/api/layout"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	// With few workers fsck 1.0.4 never returns from a log with mistakes.
	fsckWorkers = 2048
	tileHeight  = 8
	tileWidth   = 1 << tileHeight
)

func bundleHashes(bundle []byte) ([][]byte, error) {
	var entries api.EntryBundle
	if err := entries.UnmarshalText(bundle); err != nil {
		return nil, err
	}
	hashes := make([][]byte, 0, len(entries.Entries))
	for _, entry := range entries.Entries {
		hashes = append(hashes, rfc6962.DefaultHasher.HashLeaf(entry))
	}
	return hashes, nil
}

func fsckCommand(j *judge, dir string, o options) error {
	keys, err := verifiers(o, dir)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(filepath.Join(dir, layout.CheckpointPath))
	if err != nil {
		return err
	}
	// The library takes one key: the one that has signed.
	for _, key := range keys {
		origin := o.origin
		if origin == "" {
			origin = key.Name()
		}
		if _, _, _, err = log.ParseCheckpoint(data, origin, key); err != nil {
			continue
		}
		check := fsck.New(origin, key, &client.FileFetcher{Root: dir}, bundleHashes, fsck.Opts{N: fsckWorkers})
		done := make(chan error, 1)
		go func() { done <- check.Check(context.Background()) }()
		select {
		case err = <-done:
		case <-time.After(o.timeout):
			err = fmt.Errorf("no answer in %s", o.timeout)
		}
		break
	}
	j.say("fsck", err)
	return nil
}

// tiles reads the tiles of a folder for x/mod, which has other paths for them.
type tiles struct{ source client.FileFetcher }

func (t tiles) Height() int                         { return tileHeight }
func (t tiles) SaveTiles(_ []tlog.Tile, _ [][]byte) {}

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	read := make([][]byte, 0, len(wanted))
	for _, tile := range wanted {
		data, err := t.source.ReadTile(context.Background(), uint64(tile.L), uint64(tile.N), uint8(tile.W%tileWidth))
		if err != nil {
			return nil, err
		}
		// A full tile may stand for a partial one.
		if len(data) > tile.W*tlog.HashSize {
			data = data[:tile.W*tlog.HashSize]
		}
		read = append(read, data)
	}
	return read, nil
}

func tree(checkpoint *log.Checkpoint) (tlog.Tree, error) {
	if len(checkpoint.Hash) != tlog.HashSize {
		return tlog.Tree{}, fmt.Errorf("a root of %d bytes", len(checkpoint.Hash))
	}
	return tlog.Tree{N: int64(checkpoint.Size), Hash: tlog.Hash(checkpoint.Hash)}, nil
}

func tlogCommand(j *judge, dir string, o options) error {
	keys, err := verifiers(o, dir)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(filepath.Join(dir, layout.CheckpointPath))
	if err != nil {
		return err
	}
	checkpoint, _, err := openCheckpoint(data, o.origin, keys)
	if err != nil {
		j.say("tlog checkpoint", err)
		return nil
	}
	head, err := tree(checkpoint)
	if err != nil {
		j.say("tlog checkpoint", err)
		return nil
	}
	source := client.FileFetcher{Root: dir}
	reader := tlog.TileHashReader(head, tiles{source})
	j.say("tlog entries", checkEntries(source, reader, head))
	j.say("tlog records", checkRecords(source, reader, head, o.records))
	for _, place := range o.old {
		old, err := readInput(place)
		if err != nil {
			return err
		}
		before, _, err := openCheckpoint(old, o.origin, keys)
		if err == nil {
			err = checkTree(reader, head, before)
		}
		j.say("tlog tree "+filepath.Base(place), err)
	}
	return nil
}

// entriesOf are the entries of one bundle of a tree of that size, exactly as many as there must be.
func entriesOf(source client.FileFetcher, bundle, size int64) ([][]byte, error) {
	width := min(size-bundle*tileWidth, tileWidth)
	data, err := source.ReadEntryBundle(context.Background(), uint64(bundle), uint8(width%tileWidth))
	if err != nil {
		return nil, err
	}
	var read api.EntryBundle
	if err := read.UnmarshalText(data); err != nil {
		return nil, err
	}
	if int64(len(read.Entries)) < width {
		return nil, fmt.Errorf("bundle %d has %d entries of %d", bundle, len(read.Entries), width)
	}
	return read.Entries[:width], nil
}

func checkEntries(source client.FileFetcher, reader tlog.HashReader, head tlog.Tree) error {
	for start := int64(0); start < head.N; start += tileWidth {
		entries, err := entriesOf(source, start/tileWidth, head.N)
		if err != nil {
			return err
		}
		indexes := make([]int64, len(entries))
		for i := range entries {
			indexes[i] = tlog.StoredHashIndex(0, start+int64(i))
		}
		hashes, err := reader.ReadHashes(indexes)
		if err != nil {
			return err
		}
		for i, entry := range entries {
			if tlog.RecordHash(entry) != hashes[i] {
				return fmt.Errorf("entry %d is not the tree's", start+int64(i))
			}
		}
	}
	return nil
}

func checkRecords(source client.FileFetcher, reader tlog.HashReader, head tlog.Tree, count int) error {
	step := max(head.N/int64(max(count, 1)), 1)
	for index := int64(0); index < head.N; index += step {
		entries, err := entriesOf(source, index/tileWidth, head.N)
		if err != nil {
			return err
		}
		path, err := tlog.ProveRecord(head.N, index, reader)
		if err != nil {
			return err
		}
		leaf := tlog.RecordHash(entries[index%tileWidth])
		if err := tlog.CheckRecord(path, head.N, head.Hash, index, leaf); err != nil {
			return fmt.Errorf("entry %d: %w", index, err)
		}
	}
	return nil
}

func checkTree(reader tlog.HashReader, head tlog.Tree, before *log.Checkpoint) error {
	old, err := tree(before)
	if err != nil {
		return err
	}
	if old.N > head.N {
		return fmt.Errorf("a tree of %d entries is not before one of %d", old.N, head.N)
	}
	if old.N == 0 {
		return nil
	}
	path, err := tlog.ProveTree(head.N, old.N, reader)
	if err != nil {
		return err
	}
	return tlog.CheckTree(path, head.N, head.Hash, old.N, old.Hash)
}

type inclusion struct {
	Index uint64   `json:"index"`
	Size  uint64   `json:"size"`
	Leaf  []byte   `json:"leaf"`
	Proof [][]byte `json:"proof"`
	Root  []byte   `json:"root"`
}

type consistency struct {
	OldSize uint64   `json:"old_size"`
	OldRoot []byte   `json:"old_root"`
	Size    uint64   `json:"size"`
	Proof   [][]byte `json:"proof"`
	Root    []byte   `json:"root"`
}

type statement struct {
	Inclusion   *inclusion   `json:"inclusion"`
	Consistency *consistency `json:"consistency"`
}

func proofsCommand(j *judge, place string, _ options) error {
	data, err := readInput(place)
	if err != nil {
		return err
	}
	var statements []statement
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&statements); err != nil {
		return usageError{fmt.Errorf("proofs: %w", err)}
	}
	for i, each := range statements {
		switch {
		case each.Inclusion != nil && each.Consistency == nil:
			p := each.Inclusion
			err := proof.VerifyInclusion(rfc6962.DefaultHasher, p.Index, p.Size, p.Leaf, p.Proof, p.Root)
			j.say(fmt.Sprintf("%d inclusion merkle", i), err)
			j.say(fmt.Sprintf("%d inclusion tlog", i), tlogInclusion(p))
		case each.Consistency != nil && each.Inclusion == nil:
			p := each.Consistency
			err := proof.VerifyConsistency(rfc6962.DefaultHasher, p.OldSize, p.Size, p.Proof, p.OldRoot, p.Root)
			j.say(fmt.Sprintf("%d consistency merkle", i), err)
			// x/mod proves nothing about the empty tree.
			if p.OldSize > 0 {
				j.say(fmt.Sprintf("%d consistency tlog", i), tlogConsistency(p))
			}
		default:
			return usageError{fmt.Errorf("proof %d is neither inclusion nor consistency", i)}
		}
	}
	return nil
}

func hashes(of ...[]byte) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, 0, len(of))
	for _, each := range of {
		if len(each) != tlog.HashSize {
			return nil, fmt.Errorf("a hash of %d bytes", len(each))
		}
		found = append(found, tlog.Hash(each))
	}
	return found, nil
}

func tlogInclusion(p *inclusion) error {
	path, err := hashes(p.Proof...)
	if err != nil {
		return err
	}
	ends, err := hashes(p.Root, p.Leaf)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(path, int64(p.Size), ends[0], int64(p.Index), ends[1])
}

func tlogConsistency(p *consistency) error {
	path, err := hashes(p.Proof...)
	if err != nil {
		return err
	}
	ends, err := hashes(p.Root, p.OldRoot)
	if err != nil {
		return err
	}
	return tlog.CheckTree(path, int64(p.Size), ends[0], int64(p.OldSize), ends[1])
}

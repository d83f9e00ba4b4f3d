// The verifiers of Go: x/mod/sumdb/tlog and note. Reads lines of JSON, and answers each with 1
// (accepted) or 0.
package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log"
	"os"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type claim struct {
	Kind    string
	Leaf    string
	Index   int64
	Size    int64
	Root    string
	Old     int64
	OldRoot string `json:"old_root"`
	New     int64
	NewRoot string `json:"new_root"`
	Path    []string
	Key     string
	Note    string
}

func raw(text string) []byte {
	bytes, err := hex.DecodeString(text)
	if err != nil {
		log.Fatal(err)
	}
	return bytes
}

func hash(text string) (found tlog.Hash) {
	copy(found[:], raw(text))
	return found
}

func accepts(of claim) bool {
	var path []tlog.Hash
	for _, one := range of.Path {
		path = append(path, hash(one))
	}
	switch of.Kind {
	case "inclusion":
		leaf := tlog.RecordHash(raw(of.Leaf))
		return tlog.CheckRecord(path, of.Size, hash(of.Root), of.Index, leaf) == nil
	case "consistency":
		return tlog.CheckTree(path, of.New, hash(of.NewRoot), of.Old, hash(of.OldRoot)) == nil
	case "checkpoint":
		key, err := note.NewVerifier(of.Key)
		if err != nil {
			log.Fatal(err)
		}
		opened, err := note.Open(raw(of.Note), note.VerifierList(key))
		if err != nil {
			return false
		}
		_, err = tlog.ParseTree([]byte("go.sum database tree\n" + rest(opened.Text)))
		return err == nil
	}
	log.Fatalf("%s: not known", of.Kind)
	return false
}

// What follows the first line: ParseTree knows the origin of Go's own log alone.
func rest(text string) string {
	for at := range text {
		if text[at] == '\n' {
			return text[at+1:]
		}
	}
	return text
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var of claim
		if err := json.Unmarshal(lines.Bytes(), &of); err != nil {
			log.Fatal(err)
		}
		if accepts(of) {
			fmt.Println(1)
		} else {
			fmt.Println(0)
		}
	}
}

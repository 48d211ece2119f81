// Command cel-oracle evaluates CEL expressions as kube-apiserver does.
//
// In: a case per line on standard input, as JSON (see Case). Out: an answer per line, in the
// same order (see Answer). It uses the packages of kube-apiserver's own admission plugins:
// nothing here decides what an expression means.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"time"
	_ "time/tzdata" // the image of kube-apiserver has a time zone database; this machine may not

	"k8s.io/klog/v2"
)

// The longest line that is read: a table's row with a large object has some ten kilobytes.
const longestLine = 64 << 20

func main() {
	crd := flag.String("crd", "", "a CustomResourceDefinition (YAML) whose schema is used for its kind")
	version := flag.Bool("version", false, "print the versions of what is asked, and end")
	flag.Parse()
	time.Local = time.UTC // for the time zone "Local"
	klog.SetOutput(discard{})
	klog.LogToStderr(false)
	if *version {
		printVersions()
		return
	}
	if err := run(*crd); err != nil {
		fmt.Fprintln(os.Stderr, "cel-oracle:", err)
		os.Exit(1)
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

func run(crd string) error {
	oracle, err := newOracle(crd)
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 0, 1<<20), longestLine)
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for lines.Scan() {
		if err := encoder.Encode(oracle.answerLine(lines.Bytes())); err != nil {
			return err
		}
		// The reader may be waiting for this answer before it writes the next case.
		if err := out.Flush(); err != nil {
			return err
		}
	}
	return lines.Err()
}

// printVersions names the modules that decide what an answer is.
func printVersions() {
	found := map[string]string{}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			switch module.Path {
			case "k8s.io/apiserver", "github.com/google/cel-go", "k8s.io/apiextensions-apiserver":
				found[module.Path] = module.Version
			}
		}
	}
	_ = json.NewEncoder(os.Stdout).Encode(found)
}

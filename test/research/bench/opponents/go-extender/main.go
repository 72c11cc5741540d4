// An extender in Go's net/http with the documented, dense answer: one entry for each node that it was asked
// about. It is written to win: it decodes nothing but the names, has no state to look anything up in, gives
// every node the same score, and writes its answer by hand into a buffer that it keeps.
//
// With --one it names a single node, drawn by lot: nobody can ask less of a scheduler, so that is the floor of what
// being asked costs at all.
package main

import (
	"encoding/json"
	"flag"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"
)

type arguments struct {
	NodeNames []string
}

var buffers = sync.Pool{New: func() any { return new([]byte) }}

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address")
	one := flag.Bool("one", false, "name a single node")
	flag.Parse()
	server := &http.Server{
		Addr:        *listen,
		Handler:     prioritize{one: *one},
		IdleTimeout: 120 * time.Second,
	}
	log.Fatal(server.ListenAndServe())
}

type prioritize struct{ one bool }

func (p prioritize) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var in arguments
	if err := json.Unmarshal(body, &in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if len(in.NodeNames) > 0 && p.one {
		at := rand.IntN(len(in.NodeNames))
		in.NodeNames = in.NodeNames[at : at+1]
	}
	buffer := buffers.Get().(*[]byte)
	out := append((*buffer)[:0], '[')
	for index, name := range in.NodeNames {
		if index > 0 {
			out = append(out, ',')
		}
		out = append(out, `{"Host":"`...)
		out = append(out, name...)
		out = append(out, `","Score":5}`...)
	}
	out = append(out, ']')
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(out)))
	w.Write(out)
	*buffer = out
	buffers.Put(buffer)
}

// An extender in Go's net/http with the documented, dense answer: one entry for each node that it was asked
// about. It is written to win: it decodes nothing but the names, has no state to look anything up in, gives
// every node the same score, and writes its answer by hand into a buffer that it keeps.
package main

import (
	"encoding/json"
	"flag"
	"io"
	"log"
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
	flag.Parse()
	server := &http.Server{
		Addr:        *listen,
		Handler:     http.HandlerFunc(prioritize),
		IdleTimeout: 120 * time.Second,
	}
	log.Fatal(server.ListenAndServe())
}

func prioritize(w http.ResponseWriter, r *http.Request) {
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

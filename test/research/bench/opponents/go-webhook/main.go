// A webhook in Go's net/http that makes the same two changes as ours: a toleration and a raised
// termination grace. It is written to win: it decodes only the fields it needs, writes its patch by
// hand, and explains nothing.
package main

import (
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"flag"
	"io"
	"log"
	"net/http"
)

type review struct {
	Request struct {
		UID    string `json:"uid"`
		Object struct {
			Spec struct {
				Grace       *int64 `json:"terminationGracePeriodSeconds"`
				Tolerations []struct {
					Key    string `json:"key"`
					Effect string `json:"effect"`
				} `json:"tolerations"`
			} `json:"spec"`
		} `json:"object"`
	} `json:"request"`
}

const (
	toleration = `{"op":"add","path":"/spec/tolerations/-","value":{"key":"nvidia.com/gpu","operator":"Exists","effect":"NoSchedule"}}`
	list       = `{"op":"add","path":"/spec/tolerations","value":[]},`
	grace      = `{"op":"add","path":"/spec/terminationGracePeriodSeconds","value":60}`
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address")
	certificate := flag.String("cert", "", "certificate, PEM")
	key := flag.String("key", "", "key, PEM")
	flag.Parse()
	server := &http.Server{
		Addr:      *listen,
		Handler:   http.HandlerFunc(mutate),
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS13},
	}
	log.Fatal(server.ListenAndServeTLS(*certificate, *key))
}

func mutate(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var in review
	if err := json.Unmarshal(body, &in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	spec := in.Request.Object.Spec
	patch := make([]byte, 0, 256)
	patch = append(patch, '[')
	held := false
	for _, t := range spec.Tolerations {
		held = held || (t.Key == "nvidia.com/gpu" && (t.Effect == "" || t.Effect == "NoSchedule"))
	}
	if !held {
		if spec.Tolerations == nil {
			patch = append(patch, list...)
		}
		patch = append(patch, toleration...)
	}
	if spec.Grace == nil || *spec.Grace == 30 {
		if len(patch) > 1 {
			patch = append(patch, ',')
		}
		patch = append(patch, grace...)
	}
	patch = append(patch, ']')
	out := make([]byte, 0, 768)
	out = append(out, `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"`...)
	out = append(out, in.Request.UID...)
	out = append(out, `","allowed":true,"patchType":"JSONPatch","patch":"`...)
	out = base64.StdEncoding.AppendEncode(out, patch)
	out = append(out, `"}}`...)
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(out)
}

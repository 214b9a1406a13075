package main

import (
	"fmt"
	"html/template"
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

// url is where the user interface is inside of the cluster.
func (u ui) url(namespace string) *url.URL {
	return &url.URL{Scheme: "http", Host: fmt.Sprintf("%s.%s:%d", u.Service, namespace, u.Port)}
}

// startPath is the path of a page of ours, which stores what a page wants to find in the browser, and goes on to it.
const startPath = "/start-of-screenshots"

var start = template.Must(template.New("start").Parse("<script>\nfor (const [name, value] of Object.entries({{.Stored}} ?? {})) localStorage.setItem(name, value)\n" +
	"location.replace({{.Path}})\n</script>\n"))

// serve leads from an address of this machine to a user interface in the cluster, and adds the headers of the page to each request. stop
// ends that.
func serve(cluster *kube.Cluster, namespace string, u ui, p page) (address string, stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	transport, target := through(cluster, namespace), u.url(namespace)
	// As many as a browser has: each new one goes through the API server.
	transport.MaxIdleConnsPerHost = 6
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+startPath, func(w http.ResponseWriter, _ *http.Request) {
		_ = start.Execute(w, map[string]any{"Stored": p.stored, "Path": p.path})
	})
	mux.Handle("/", &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			maps.Copy(r.Out.Header, p.header)
		},
	})
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: mux}
	go server.Serve(listener) //nolint:errcheck // it ends when stop closes it
	return listener.Addr().String(), func() {
		_ = server.Close()
		transport.CloseIdleConnections()
	}, nil
}

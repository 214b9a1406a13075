package mlflow

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
)

// privateAddresses are patterns of the private IPv4 networks, as MLflow itself has
// them by default.
func privateAddresses() []string {
	out := []string{"10.*", "192.168.*"}
	for i := 16; i < 32; i++ {
		out = append(out, fmt.Sprintf("172.%d.*", i))
	}
	return out
}

// ways are the host names by which clients come to the Service, its fixed address
// among them.
func (m *Model) ways(n names) []string {
	inNamespace := n.resource + "." + n.env.Namespace
	out := []string{n.resource, inNamespace, inNamespace + ".svc", n.host()}
	if m.Service != nil && m.Service.ClusterIP != nil {
		out = append(out, *m.Service.ClusterIP)
	}
	return out
}

// allowedHosts are the values of the header Host that servers answer to. They compare
// it as it is, with the port that it has.
func (m *Model) allowedHosts(n names) string {
	var out []string
	for _, host := range m.ways(n) {
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		} else {
			out = append(out, host)
		}
		out = append(out, host+":"+strconv.Itoa(serverPort))
	}
	// A port-forward has any port on this side, and the probes have none.
	out = append(out, "localhost", "localhost:*", "127.0.0.1", "127.0.0.1:*")
	if m.Ingress != nil {
		out = append(out, m.Ingress.Host, m.Ingress.Host+":*")
	}
	if m.outside() || m.Metrics != nil { // Prometheus comes by the pods' addresses
		out = append(out, privateAddresses()...)
	}
	return strings.Join(unique(append(out, m.AllowedHosts...)), ",")
}

// allowedOrigins are the origins whose pages may call the API: the UI itself is one of
// them, wherever a browser got it from.
func (m *Model) allowedOrigins(n names) string {
	var out []string
	for _, host := range m.ways(n) {
		out = append(out, "http://"+net.JoinHostPort(host, strconv.Itoa(serverPort)))
	}
	if m.Ingress != nil {
		out = append(out, m.Ingress.URL())
	}
	if m.outside() {
		for _, address := range privateAddresses() {
			out = append(out, "http://"+address)
		}
	}
	return strings.Join(unique(append(out, m.AllowedOrigins...)), ",")
}

// outside reports whether the Service has addresses outside of the cluster.
func (m *Model) outside() bool {
	return m.Service != nil && m.Service.Type != nil && *m.Service.Type != "ClusterIP"
}

func unique(values []string) []string {
	var out []string
	for _, value := range values {
		if !slices.Contains(out, value) {
			out = append(out, value)
		}
	}
	return out
}

package main

import (
	"bytes"
	"embed"
	"path"
	"text/template"
)

// files are the configuration of the node's programs and the objects that every
// cluster gets.
//
//go:embed config addons
var files embed.FS

// settings are what the files are rendered with.
type settings struct {
	Dir, Cgroup, NodeName, Arch            string
	Addresses                              addresses
	PauseImage, CoreDNSImage, MetricsImage string
	KubeletSelfSigned                      bool // no authority knows the kubelet's certificate
}

// render fills in a template of files.
func render(name string, data any) ([]byte, error) {
	t, err := template.New(path.Base(name)).Option("missingkey=error").ParseFS(files, name)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = t.Execute(&out, data)
	return out.Bytes(), err
}

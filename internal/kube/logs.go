package kube

import (
	"context"
	"strconv"
)

// logLimit bounds what Logs returns, whatever the length of the lines.
const logLimit = 1 << 20

// Logs returns the last lines of a container's log; "" as container is the pod's only one. With previous, the log is that of the
// container's last run, before it was restarted.
func (c *Cluster) Logs(ctx context.Context, namespace, pod, container string, tail int64, previous bool) (string, error) {
	// Log requests have no time limit of their own in the transport, since they may be followed; these are not.
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	request := c.rest.Get().AbsPath("/api/v1").Namespace(namespace).Resource("pods").Name(pod).SubResource("log").
		Param("limitBytes", strconv.Itoa(logLimit))
	if tail > 0 {
		request.Param("tailLines", strconv.FormatInt(tail, 10))
	}
	if container != "" {
		request.Param("container", container)
	}
	if previous {
		request.Param("previous", "true")
	}
	text, err := request.DoRaw(ctx)
	return string(text), err
}

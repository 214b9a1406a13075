//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

func (c embedded) up(ctx context.Context, opts options) error {
	unlock, err := c.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if err := ensurePackages(ctx); err != nil {
		return err
	}
	if err := remember(c.dir, kindEmbedded); err != nil {
		return err
	}
	profile, err := c.decideProfile(opts.profile)
	if err != nil {
		return err
	}
	built, err := buildAll(ctx, c.components(profile))
	if err != nil {
		return err
	}
	images, err := c.ownImages(ctx, profile)
	if err != nil {
		return err
	}
	if err := ensurePKI(c.path("pki"), c.name(), c.addresses()); err != nil {
		return err
	}

	limited, cancel := context.WithTimeoutCause(ctx, opts.timeout, fmt.Errorf("the cluster did not start within %s (--timeout)", opts.timeout))
	defer cancel()
	begin := time.Now()
	spec := c.spec(built, profile)
	pid := c.nodePID()
	fresh := pid == 0
	if fresh {
		// A predecessor that was killed may still be going.
		if err := c.clearNode(ctx); err != nil {
			return err
		}
		if err := ensureBridgeFilter(ctx); err != nil {
			return err
		}
		if err := c.saveSysctls(ctx); err != nil {
			return err
		}
		if err := c.writeConfig(); err != nil {
			return err
		}
		if pid, err = c.startNode(spec); err != nil {
			return errors.Join(err, c.stopNode(ctx))
		}
		progress("node started: its namespaces are those of process %d", pid)
	} else {
		if err := c.ensureNetwork(pid); err != nil {
			return err
		}
		if c.outdated(spec) {
			progress("note: the node runs programs of an earlier build; down and up take the new ones")
		}
	}
	if err := c.waitUntilReady(limited, built, profile, images, fresh, begin); err != nil {
		return err
	}
	progress("cluster %d is ready, %.1f s after its start began", c.id, time.Since(begin).Seconds())
	return nil
}

func (c embedded) lock(ctx context.Context) (func(), error) {
	return lock(ctx, c.name(), "another up or down of this cluster")
}

// outdated says whether the running node was started with other programs than
// would be started now.
func (c embedded) outdated(spec nodeSpec) bool {
	data, err := os.ReadFile(c.path("node.json"))
	now, marshalErr := json.MarshalIndent(spec, "", "  ")
	return err != nil || marshalErr != nil || string(data) != string(now)
}

func (c embedded) waitUntilReady(ctx context.Context, built builds, profile string, images []string, fresh bool, begin time.Time) error {
	if profile == profileNode {
		if err := c.wait(ctx, "containerd", func() error {
			_, err := c.ctr(ctx, built, "version")
			return err
		}); err != nil {
			return err
		}
		for _, image := range images {
			if err := c.load(ctx, image, nil); err != nil {
				return err
			}
		}
		// The first of the images is the one that the kubelet waits for.
		if err := os.WriteFile(c.pauseLoaded(), nil, 0o644); err != nil {
			return err
		}
	}
	if err := c.wait(ctx, "the API server", func() error {
		_, err := c.kubectl(ctx, built, nil, "get", "--raw", "/readyz")
		return err
	}); err != nil {
		return err
	}
	progress("API server ready")
	addons, node := []string{"dns", "storage", "metrics"}, nodeName
	if profile == profileAPI {
		addons, node = []string{"kwok", "storage"}, kwokNode
	}
	if err := c.wait(ctx, "the add-ons to be accepted", func() error {
		return c.apply(ctx, built, addons...)
	}); err != nil {
		return err
	}
	since := begin
	if !fresh || profile == profileAPI {
		since = time.Time{}
	}
	if err := c.wait(ctx, "the node "+node, func() error { return c.nodeReady(ctx, built, node, since) }); err != nil {
		return err
	}
	progress("node ready")
	if profile == profileAPI {
		return nil
	}
	if err := c.wait(ctx, "DNS", func() error { return c.resolve(ctx, "kubernetes.default.svc.cluster.local") }); err != nil {
		return err
	}
	progress("DNS ready")
	if err := c.wait(ctx, "the metrics server", func() error {
		_, err := c.kubectl(ctx, built, nil, "get", "--raw", "/apis/metrics.k8s.io/v1beta1/nodes/"+nodeName)
		return err
	}); err != nil {
		return err
	}
	progress("metrics ready")
	return nil
}

// nodeReady says whether the node is ready, by a heartbeat later than since:
// after a start the API server still tells what was before.
func (c embedded) nodeReady(ctx context.Context, built builds, name string, since time.Time) error {
	out, err := c.kubectl(ctx, built, nil, "get", "node", name, "-o", "json")
	if err != nil {
		return err
	}
	var node struct {
		Status struct {
			Conditions []struct {
				Type, Status, Message string
				LastHeartbeatTime     time.Time
			}
		}
	}
	if err := json.Unmarshal([]byte(out), &node); err != nil {
		return err
	}
	for _, condition := range node.Status.Conditions {
		switch {
		case condition.Type != "Ready":
		case condition.LastHeartbeatTime.Before(since.Truncate(time.Second)):
			return errors.New("no heartbeat since the start")
		case condition.Status != "True":
			return errors.New(condition.Message)
		default:
			return nil
		}
	}
	return errors.New("the kubelet has not reported yet")
}

// resolve asks the cluster's DNS, from this machine.
func (c embedded) resolve(ctx context.Context, name string) error {
	resolver := net.Resolver{
		PreferGo: true,
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, network, net.JoinHostPort(c.addresses().DNS.String(), "53"))
		},
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	addrs, err := resolver.LookupHost(ctx, name+".")
	if err != nil {
		return err
	}
	if api := c.addresses().API.String(); len(addrs) != 1 || addrs[0] != api {
		return fmt.Errorf("%s is %v, not %s", name, addrs, api)
	}
	return nil
}

const (
	// A program that ended so often within the last minute is not coming up.
	tooManyEnds = 5
	endsWithin  = time.Minute
)

// wait asks again and again until there is no error. It gives up early when the
// node is gone or one of its programs keeps ending.
func (c embedded) wait(ctx context.Context, what string, ready func() error) error {
	for {
		last := ready()
		if last == nil {
			return nil
		}
		if err := c.failing(); err != nil {
			return fmt.Errorf("waiting for %s: %w", what, err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("gave up waiting for %s: %w; the last answer was: %w\n%s", what, context.Cause(ctx), last, c.summary())
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// failing says why the node cannot become ready, if so.
func (c embedded) failing() error {
	if c.nodePID() == 0 {
		return fmt.Errorf("the node has ended; the end of its log:\n%s", c.logEnd("node", 20))
	}
	states, err := c.states()
	if err != nil {
		return nil //nolint:nilerr // it does not answer yet
	}
	for _, s := range states {
		recent := 0
		for _, e := range s.Ends {
			if time.Since(e.Time) < endsWithin {
				recent++
			}
		}
		if recent >= tooManyEnds {
			return fmt.Errorf("%s keeps ending: it %s; the end of its log (%s):\n%s",
				s.Name, s.Ends[len(s.Ends)-1].How, c.logFile(s.Name), c.logEnd(s.Name, 20))
		}
	}
	return nil
}

// summary is one line for each program.
func (c embedded) summary() string {
	states, err := c.states()
	if err != nil {
		return err.Error()
	}
	var lines []string
	for _, s := range states {
		lines = append(lines, s.String())
	}
	return strings.Join(lines, "\n")
}

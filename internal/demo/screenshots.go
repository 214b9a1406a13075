package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

const (
	// pictureWidth and pictureHeight are those of a picture, in pixels.
	pictureWidth, pictureHeight = 1280, 720
	// largestPicture is how many bytes a picture may have: people load them with the README.
	largestPicture = 200_000
	// pictureLimit is how long one may take: a page loads many files, from a server that may be busy.
	pictureLimit = 5 * time.Minute
	// settle is the time that a page has for what it loads after it is there, as the browser's own clock counts.
	settle = 20 * time.Second
)

// takeScreenshots brings the platform up, or uses it as it stands, and has a browser take a picture of each page, signed in.
func takeScreenshots(ctx context.Context, cluster *kube.Cluster, w *workspace) error {
	if w.browser == "" {
		return errors.New("-browser is needed")
	}
	if err := apply(ctx, cluster, w); err != nil {
		return err
	}
	made, err := w.outputs(ctx)
	if err != nil {
		return err
	}
	pages, err := pagesOf(ctx, cluster, w.namespace, made)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(w.pictures, 0o755); err != nil {
		return err
	}
	fmt.Println()
	var failed []error
	for _, p := range pages {
		if err := takePicture(ctx, w, cluster, made.UI.Value[p.ui], p); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", p.picture, err))
		}
	}
	return errors.Join(failed...)
}

func takePicture(ctx context.Context, w *workspace, cluster *kube.Cluster, u ui, p page) error {
	ctx, cancel := context.WithTimeout(ctx, pictureLimit)
	defer cancel()
	listener, stop, err := serve(cluster, w.namespace, u, p)
	if err != nil {
		return err
	}
	defer stop()
	// The browser asks for the address that the user interface has inside of the cluster.
	address := u.url(w.namespace)
	profile, err := os.MkdirTemp("", "screenshots")
	if err != nil {
		return err
	}
	defer os.RemoveAll(profile)
	taken := filepath.Join(profile, "picture.png")
	browser := exec.CommandContext(ctx, w.browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
		"--user-data-dir="+filepath.Join(profile, "profile"), fmt.Sprintf("--window-size=%d,%d", pictureWidth, pictureHeight),
		// A page that waits for an address outside would stop the browser's clock. None has anything to ask there.
		fmt.Sprintf("--host-resolver-rules=MAP %s %s,MAP * ~NOTFOUND", address.Hostname(), listener),
		fmt.Sprintf("--virtual-time-budget=%d", settle.Milliseconds()), "--screenshot="+taken, address.String()+startPath)
	if out, err := browser.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", filepath.Base(w.browser), err, out)
	}
	picture, err := os.ReadFile(taken)
	if err != nil {
		return err
	}
	if len(picture) > largestPicture {
		return fmt.Errorf("the picture has %d bytes, and %d are the most", len(picture), largestPicture)
	}
	file := filepath.Join(w.pictures, p.picture+".png")
	fmt.Printf("%s has %d kB.\n", file, (len(picture)+999)/1000)
	return os.WriteFile(file, picture, 0o644)
}

// drain lets a connection be used again.
func drain(body io.ReadCloser) {
	_, _ = io.Copy(io.Discard, body)
	_ = body.Close()
}

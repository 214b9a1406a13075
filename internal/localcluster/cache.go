package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// cacheDir is a folder of the cache: programs and images that were built, and
// what the clusters write. It is outside the repository.
func cacheDir(elem ...string) (string, error) {
	root := os.Getenv("ANALYTICS_CACHE")
	if root == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("no folder for the cache: %w: set ANALYTICS_CACHE", err)
		}
		root = filepath.Join(user, "terraform-provider-analytics")
	}
	dir, err := filepath.Abs(filepath.Join(append([]string{root}, elem...)...))
	if err != nil {
		return "", err
	}
	return dir, os.MkdirAll(dir, 0o755)
}

// clusterDir is the folder of everything that one cluster writes. It may not
// exist.
func clusterDir(id int) (string, error) {
	clusters, err := cacheDir("clusters")
	return filepath.Join(clusters, strconv.Itoa(id)), err
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

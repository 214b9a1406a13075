package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
)

// mavenJars gives a folder with the jars that a pom.xml in components depends on.
// The folder's name is made of that file, which pins them.
func mavenJars(ctx context.Context, pom string) (string, error) {
	unlock, err := lock(ctx, "maven", "another download from Maven's repository")
	if err != nil {
		return "", err
	}
	defer unlock()
	pom = filepath.Join(sourceDir(), "components", pom)
	text, err := os.ReadFile(pom)
	if err != nil {
		return "", err
	}
	parent, err := cacheDir("maven")
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	jars := filepath.Join(parent, hex.EncodeToString(sum[:])[:16])
	if exists(jars) {
		return jars, nil
	}
	maven, err := ensureProgram(ctx, "mvn", "maven")
	if err != nil {
		return "", err
	}
	work, err := os.MkdirTemp(parent, ".new-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	progress("downloading jars from Maven's repository")
	if _, err := runCommand(ctx, nil, maven, "--batch-mode", "--quiet", "--file", pom,
		copyDependencies, "-DincludeScope=runtime", "-DoutputDirectory="+filepath.Join(work, "jars")); err != nil {
		return "", err
	}
	return jars, os.Rename(filepath.Join(work, "jars"), jars)
}

const copyDependencies = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"

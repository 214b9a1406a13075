package provider

import (
	"os"
	"path/filepath"
	"strconv"
)

// The configuration wins over the environment.

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func orEnv(s *string, variable string) string {
	if s != nil {
		return *s
	}
	return os.Getenv(variable)
}

func boolOrEnv(b *bool, variable string) (bool, error) {
	if b != nil {
		return *b, nil
	}
	text := os.Getenv(variable)
	if text == "" {
		return false, nil
	}
	return strconv.ParseBool(text)
}

// kubeconfigs returns the files that the block names, else those of the
// environment.
func (m *model) kubeconfigs() (string, []string) {
	switch {
	case m.ConfigPath != nil:
		return *m.ConfigPath, nil
	case len(m.ConfigPaths) > 0:
		return "", m.ConfigPaths
	}
	if list := os.Getenv("KUBE_CONFIG_PATHS"); list != "" {
		return "", filepath.SplitList(list)
	}
	return os.Getenv("KUBE_CONFIG_PATH"), nil
}

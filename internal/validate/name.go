package validate

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// ObjectName validates the name of a Kubernetes object.
func ObjectName() Text {
	return Text{
		Allowed: "the name of a Kubernetes object: lower case letters, digits, '-' and '.'",
		Check:   func(s string) error { return joined(validation.IsDNS1123Subdomain(s)) },
		Forms:   [2]string{"standin-a", "standin-b"},
	}
}

// DNSLabel validates the name of a container, a volume or a Service.
func DNSLabel() Text {
	return Text{
		Allowed: "a DNS label: at most 63 lower case letters, digits and '-', beginning and ending with a letter or digit",
		Check:   func(s string) error { return joined(validation.IsDNS1123Label(s)) },
		Forms:   [2]string{"standin-a", "standin-b"},
	}
}

// LabelKey validates the key of a label, of a taint or of a node's topology.
func LabelKey() Text {
	return Text{
		Allowed: `a label key such as "team" or "example.com/team"`,
		Check:   func(s string) error { return joined(validation.IsQualifiedName(s)) },
		Forms:   [2]string{"standin-a", "standin-b"},
	}
}

// LabelValue validates the value of a label or of a taint.
func LabelValue() Text {
	return Text{
		Allowed: "a label value: at most 63 letters, digits, '-', '_' and '.', beginning and ending with a letter or digit",
		Check:   func(s string) error { return joined(validation.IsValidLabelValue(s)) },
		Forms:   [2]string{"standin-a", "standin-b"},
	}
}

// AnnotationKey validates the key of an annotation.
func AnnotationKey() Text {
	return Text{
		Allowed: `an annotation key such as "example.com/owner"`,
		// As the API server does, which lets annotations have upper case prefixes.
		Check: func(s string) error { return joined(validation.IsQualifiedName(strings.ToLower(s))) },
		Forms: [2]string{"standin-a", "standin-b"},
	}
}

// DataKey validates a key of a Secret or of a ConfigMap.
func DataKey() Text {
	return Text{
		Allowed: "a key of a Secret or ConfigMap: letters, digits, '-', '_' and '.'",
		Check:   func(s string) error { return joined(validation.IsConfigMapKey(s)) },
		Forms:   [2]string{"standin-a", "standin-b"},
	}
}

// EnvName validates the name of an environment variable.
func EnvName() Text {
	return Text{
		Allowed: "the name of an environment variable: letters, digits and '_', not beginning with a digit",
		Check:   func(s string) error { return joined(validation.IsCIdentifier(s)) },
		Forms:   [2]string{"STANDIN_A", "STANDIN_B"},
	}
}

// PortName validates the name of a container's port.
func PortName() Text {
	return Text{
		Allowed: "a port name: at most 15 lower case letters, digits and '-', at least one of them a letter",
		Check:   func(s string) error { return joined(validation.IsValidPortName(s)) },
		Forms:   [2]string{"standin-a", "standin-b"},
	}
}

// Image validates a reference to a container image.
func Image() Text {
	return Text{
		Allowed: `a container image such as "docker.io/library/busybox:1.37"`,
		Check: func(s string) error {
			if s == "" {
				return fmt.Errorf("it is empty")
			}
			if strings.ContainsFunc(s, isSpace) {
				return fmt.Errorf("%q contains white space", s)
			}
			return nil
		},
		Forms: [2]string{"standin-a", "standin-b"},
	}
}

func joined(messages []string) error {
	if len(messages) == 0 {
		return nil
	}
	return fmt.Errorf("%s", strings.Join(messages, "; "))
}

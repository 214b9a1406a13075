package validate

import (
	"fmt"
	"math"
	"regexp"

	"k8s.io/apimachinery/pkg/api/resource"
)

// CPU validates an amount of CPU.
func CPU() Text {
	return Text{Allowed: `an amount of CPU such as "500m" or "2"`, Check: positive, Forms: [2]string{"1", "2"}}
}

// Bytes validates an amount of memory or storage.
func Bytes() Text {
	return Text{Allowed: `an amount of bytes such as "512Mi" or "10Gi"`, Check: bytes, Forms: [2]string{"1Gi", "2Gi"}}
}

// wideExponent is one with which no amount is meant, and on which the parser would
// spend minutes.
var wideExponent = regexp.MustCompile(`[eE][+-]?[0-9]{3,}`)

// ParseQuantity parses an amount in Kubernetes' notation.
func ParseQuantity(text string) (resource.Quantity, error) {
	if wideExponent.MatchString(text) {
		return resource.Quantity{}, fmt.Errorf("%q is not a quantity: its exponent is out of range", text)
	}
	q, err := resource.ParseQuantity(text)
	if err != nil {
		return q, fmt.Errorf("%q is not a quantity", text)
	}
	return q, nil
}

func positive(text string) error { return within(text, math.MaxInt64/1000) }

func bytes(text string) error {
	if err := within(text, math.MaxInt64); err != nil {
		return err
	}
	if q := resource.MustParse(text); q.Value() < 1<<20 && q.MilliValue()%1000 != 0 {
		return fmt.Errorf("%q is a fraction of a byte; %q means thousandths, %q mebibytes", text, "m", "Mi")
	}
	return nil
}

// within reports what is not above zero or beyond what Kubernetes counts up to.
func within(text string, most int64) error {
	q, err := ParseQuantity(text)
	switch {
	case err != nil:
		return err
	case q.Sign() <= 0:
		return fmt.Errorf("%q is not above zero", text)
	case q.CmpInt64(most) > 0:
		return fmt.Errorf("%q is too much", text)
	}
	return nil
}

package minio

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
)

// jsonDocument validates policy documents.
func jsonDocument() validate.Text {
	return validate.Text{
		Allowed: "a policy document in JSON, as jsonencode makes it",
		Check: func(s string) error {
			_, err := canonical(s)
			return err
		},
		Forms: [2]string{
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject"],"Resource":["arn:aws:s3:::a/*"]}]}`,
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject"],"Resource":["arn:aws:s3:::b/*"]}]}`,
		},
	}
}

// canonical brings a policy document into one form, so that what MinIO returns
// can be compared with what was sent: sorted members, lists for single values,
// sorted lists.
func canonical(document string) (string, error) {
	var plain map[string]any
	if err := json.Unmarshal([]byte(document), &plain); err != nil {
		return "", fmt.Errorf("it is no JSON object: %w", err)
	}
	statements, ok := plain["Statement"].([]any)
	if !ok {
		return "", fmt.Errorf(`it has no list "Statement"`)
	}
	for _, s := range statements {
		statement, ok := s.(map[string]any)
		if !ok {
			return "", fmt.Errorf("a statement is no object")
		}
		for _, key := range []string{"Action", "NotAction", "Resource", "NotResource"} {
			if value, there := statement[key]; there {
				statement[key] = sortedList(value)
			}
		}
		if principal, ok := statement["Principal"].(map[string]any); ok && len(principal) == 0 {
			delete(statement, "Principal")
		}
	}
	// With a line for each member a plan shows the lines that change.
	out, err := json.MarshalIndent(plain, "", "  ")
	return string(out), err
}

func sortedList(value any) any {
	if single, ok := value.(string); ok {
		return []any{single}
	}
	list, ok := value.([]any)
	if !ok {
		return value
	}
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b any) int {
		x, y := fmt.Sprint(a), fmt.Sprint(b)
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		default:
			return 0
		}
	})
	return list
}

package postgres_test

import (
	"testing"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest"
)

func TestMain(m *testing.M) { acctest.Main(m) }
